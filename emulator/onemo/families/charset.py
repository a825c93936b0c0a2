"""The character set of the DTE and the card's own number: AT+CSCS (27.007 5.5), AT+CNUM (7.1)."""

from __future__ import annotations

from onemo.at.command import Action, NoParameters, Setting, print_line
from onemo.at.family import FamilyDefinition
from onemo.at.outcome import Outcome
from onemo.at.reply import Reply
from onemo.modem.cardaccess import use_file
from onemo.modem.cardfiles import READ_RECORD, Ef
from onemo.modem.modem import Modem
from onemo.modem.slots import CHARACTER_SET

_INTERNATIONAL, _UNKNOWN = 145, 129
_IN_QUOTES = bytes.maketrans(b'"\r\n', b"'  ")
"""What ends the quotes, or the line."""


def _numbers(modem: Modem, record: NoParameters) -> Outcome:
    """Tell the card's numbers, a line each (AT+CNUM). Raises CommandError unless the card is READY, and answers."""
    modem.sim.require()
    entries = modem.sim.card.entries
    return use_file(modem, READ_RECORD, Ef.MSISDN, lambda: Reply([_line(modem, *entry) for entry in entries]))


def _line(modem: Modem, name: bytes, number: str) -> bytes:
    """Make the line of a number. name: as the card holds it."""
    from onemo.families.sms.alphabet import from_alpha
    from onemo.families.sms.printing import in_character_set

    shown = in_character_set(modem, from_alpha(name)).translate(_IN_QUOTES) if name else b""
    kind = _INTERNATIONAL if number.startswith("+") else _UNKNOWN
    return print_line("CNUM", b'"' + shown + b'"', number, kind)


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Setting(CHARACTER_SET),
        Action("CNUM", NoParameters, _numbers),
    ),
    shows={"CNUM": ("identity", "sim")},
)
