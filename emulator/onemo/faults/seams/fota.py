"""Events of firmware upgrades."""

from __future__ import annotations

from onemo.errors import FaultError
from onemo.families.fota.loader import FirmwareLoader
from onemo.faults.plan import Fault
from onemo.modem.firmware import FirmwareMemory, UpgradeFault
from onemo.modem.memory import FIRMWARE
from onemo.modem.modem import Modem
from onemo.modem.power import PowerEvent, PowerState
from onemo.profile.index import Label


def require(modem: Modem, fault: Fault) -> None:
    """Raise FaultError for a module whose firmware cannot be upgraded."""
    if not modem.has("MFWUPGRADE"):
        raise FaultError(f"{fault}: {modem.profile.sub_model} has no firmware upgrades")


def fail(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Have the next upgrade fail."""
    require(modem, fault)
    firmware: FirmwareMemory = modem.keeping.keeper(FIRMWARE)
    firmware.fault = UpgradeFault(fault.text("step"), fault.whole("at"))


def reflash(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Flash the module with what it was made with, and restart it, unless its supply is off."""
    require(modem, fault)
    loader = modem.part(FirmwareLoader)
    loader.stop()

    def change() -> None:
        loader.drop()
        loader.firmware.clear()

    modem.keeping.note(change)
    if modem.power.state is not PowerState.OFF:
        modem.lifecycle.end(PowerEvent.RESTART, now)
