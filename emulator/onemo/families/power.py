"""Restarting the module and switching it off: AT+MREBOOT, AT+MPOF (vendor's extended guide)."""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

from typing import NamedTuple

from onemo.at.command import Action
from onemo.at.family import FamilyDefinition
from onemo.at.params import Defaulted
from onemo.at.reply import Reply
from onemo.modem.modem import Modem


class Ending(NamedTuple):
    """AT+MREBOOT[=0], AT+MPOF[=0]."""

    value: Defaulted


def _reboot(modem: Modem, record: Ending) -> Reply:
    """Restart the module (AT+MREBOOT): OK, REBOOTING, then a new boot cycle.

    Commands that followed in the line are lost with the old one.
    """
    modem.restart()
    return Reply(trailer=(modem.profile.power.reboot_notice.encode(),), last=True)


def _switch_off(modem: Modem, record: Ending) -> Reply:
    """Switch the module off (AT+MPOF): OK, POWER OFF, then silence until the supply returns."""
    modem.switch_off()
    return Reply(trailer=(modem.profile.power.off_notice.encode(),), last=True)


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Action("MREBOOT", Ending, _reboot, bare=True),
        Action("MPOF", Ending, _switch_off, bare=True),
    ),
    shows={"MREBOOT": ("power",), "MPOF": ("power",)},
)
