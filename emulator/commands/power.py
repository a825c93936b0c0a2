"""Restarting the module: AT+MREBOOT."""

from __future__ import annotations

from typing import NamedTuple

from emulator.at.command import Action, Declaration
from emulator.at.params import Defaulted
from emulator.at.reply import Reply
from emulator.modem.modem import Modem


class Reboot(NamedTuple):
    """AT+MREBOOT[=0]."""

    value: Defaulted


def _reboot(modem: Modem, record: Reboot) -> Reply:
    """OK, REBOOTING, then a new boot cycle; what followed in the line is lost with the old one."""
    modem.restart()
    return Reply(trailer=(modem.model.profile.power.reboot_notice.encode(),), last=True)


DECLARATIONS: tuple[Declaration[Modem], ...] = (Action("MREBOOT", Reboot, _reboot, bare=True),)
