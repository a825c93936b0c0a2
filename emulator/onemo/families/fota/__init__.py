"""Firmware upgrades over the air: AT+MFWCFG, MFWDLOAD, MFWUPGRADE, MFWERASE (vendor's firmware upgrade guide)."""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.family import FamilyDefinition, StateField, Trait
from onemo.at.reply import errors_in
from onemo.families.fota import commands
from onemo.families.fota.loader import FirmwareLoader
from onemo.families.fota.profile import FOTA, FotaError
from onemo.families.fota.writer import FirmwareWriter
from onemo.modem.firmware import FirmwareMemory
from onemo.modem.memory import FIRMWARE
from onemo.modem.modem import Modem
from onemo.profile.schema import Profile


class FirmwareInfo(NamedTuple):
    """The firmware, for the control API.

    made: the revision that the module was made with; revision: that of now. to: the one that is being written, None:
    none is; percent: of that by the minimal system, None: none was told. state, total, done: of the last download, in
    bytes; None: there was none, or it is not known.
    """

    made: str
    revision: str
    to: str | None
    percent: int | None
    state: int | None
    total: int | None
    done: int | None


def _info(modem: Modem) -> FirmwareInfo | None:
    if not modem.has("MFWUPGRADE"):
        return None
    firmware: FirmwareMemory = modem.keeping.keeper(FIRMWARE)
    order = firmware.order
    loader = modem.part(FirmwareLoader)
    fetched = loader.told() if loader.running else firmware.fetched
    return FirmwareInfo(
        made=modem.made_revision,
        revision=modem.revision,
        to=None if order is None else order.revision,
        percent=None if order is None or order.percent < 0 else order.percent,
        state=None if fetched is None else fetched.state,
        total=None if fetched is None or fetched.total < 0 else fetched.total,
        done=None if fetched is None else fetched.done,
    )


def _traits(profile: Profile) -> dict[str, Trait]:
    """Tell the ways of an upgrade."""
    diff = profile.commands["MFWDLOAD"].available
    ways = "a package that was downloaded before, or the minimal system" if diff else "the minimal system alone"
    return {"firmware": Trait(f"upgrades by {ways}")}


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=commands.DECLARATIONS,
    errors=errors_in(FotaError),
    tables=(FOTA,),
    part=FirmwareLoader,
    keepers={FIRMWARE: lambda modem: FirmwareMemory(FirmwareWriter)},
    shows={"MFWDLOAD": ("fota", "files"), "MFWUPGRADE": ("fota",), "MFWCFG": ("fota",)},
    traits=_traits,
    state=(StateField("firmware", FirmwareInfo | None, _info, empty=None),),
    remarks={"MFWUPGRADE": "a package is a text of the emulator's own; the vendor's are refused"},
)
