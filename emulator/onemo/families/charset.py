"""The character set of the DTE and the card's own number: AT+CSCS (27.007 5.5), AT+CNUM (7.1)."""

from __future__ import annotations

from onemo.at.command import Action, NoParameters, Setting, print_line
from onemo.at.family import FamilyDefinition
from onemo.at.reply import Reply
from onemo.modem.modem import Modem
from onemo.modem.slots import CHARACTER_SET

_INTERNATIONAL = 145


def _number(modem: Modem, record: NoParameters) -> Reply:
    """Tell the card's number (AT+CNUM). Raises CommandError unless the card is READY."""
    modem.sim.require()
    return Reply((print_line("CNUM", "", modem.sim.card.number, _INTERNATIONAL),))


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Setting(CHARACTER_SET),
        Action("CNUM", NoParameters, _number),
    ),
    shows={"CNUM": ("identity", "sim")},
)
