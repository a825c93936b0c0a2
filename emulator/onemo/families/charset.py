"""The character set of the DTE and the card's own number: AT+CSCS (27.007 5.5), AT+CNUM (7.1)."""

from __future__ import annotations

from onemo.at.command import Action, NoParameters, Setting, print_line
from onemo.at.family import FamilyDefinition
from onemo.at.reply import Reply
from onemo.modem.cardfiles import READ_RECORD, Ef
from onemo.modem.modem import Modem
from onemo.modem.slots import CHARACTER_SET

_INTERNATIONAL, _UNKNOWN = 145, 129


def _number(modem: Modem, record: NoParameters) -> Reply:
    """Tell the card's numbers, a line each (AT+CNUM). Raises CommandError unless the card is READY, and answers."""
    modem.sim.require()
    modem.sim.require_answer(READ_RECORD, Ef.MSISDN)
    lines = ((number, _INTERNATIONAL if number.startswith("+") else _UNKNOWN) for number in modem.sim.card.numbers)
    return Reply([print_line("CNUM", "", number, kind) for number, kind in lines])


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Setting(CHARACTER_SET),
        Action("CNUM", NoParameters, _number),
    ),
    shows={"CNUM": ("identity", "sim")},
)
