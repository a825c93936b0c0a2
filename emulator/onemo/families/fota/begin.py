"""The begin of an upgrade: its order is written down, and the module restarts."""

from __future__ import annotations

from collections.abc import Callable

from onemo.at.outcome import Outcome, Pending
from onemo.at.reply import CommandError, ReplyFormat
from onemo.families.fota.profile import FOTA, FotaError
from onemo.modem.firmware import FirmwareMemory, UpgradeOrder
from onemo.modem.memory import FIRMWARE
from onemo.modem.modem import Modem
from onemo.modem.slots import BAUD_RATE, BaudRate
from onemo.net.firmware import FirmwareHeader


class NoAnswer(CommandError):
    """The end of a command that has no final result code: the module restarts."""

    def final(self, form: ReplyFormat) -> bytes:
        return b""


def begin_upgrade(device: Modem, header: FirmwareHeader, go_on: Callable[[], Outcome]) -> Pending:
    """Write the order down, and the rate in use as AT+IPR; make the outcome that goes on then.

    A failure that a tester wants stands for that of the package. Raises CommandError(WRITING).
    """
    firmware: FirmwareMemory = device.keeping.keeper(FIRMWARE)
    fault, firmware.fault = firmware.fault, None
    step, at = (header.step, header.at) if fault is None else fault
    if step == "download":
        at //= 2  # the first half of the whole
    rate = BaudRate(device.first.settings.get(BAUD_RATE).rate or device.profile.table(FOTA).rate)

    def change() -> None:
        firmware.order = UpgradeOrder(mini=header.mini, revision=header.revision, failure=step, at=at)
        if device.memory.lasts(BAUD_RATE, rate):
            device.memory.values[BAUD_RATE, 0] = rate

    pending = device.keeping.write_down(change, FotaError.WRITING)

    def finish(done: bool) -> Outcome:
        pending.finish(done)
        return go_on()

    return Pending(pending.operation, finish)
