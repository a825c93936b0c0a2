"""Lists of operators: AT+CPOL, AT+CPLS (27.007 7.19, 7.20), which are files of the card; AT+COPN (7.21)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from onemo.at.command import print_line
from onemo.at.outcome import Outcome, Pending
from onemo.at.params import Defaulted, Maybe, MaybeText
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.at.store import Slot
from onemo.families.card.apdu import Apdu, CardRefusal
from onemo.families.card.uicc import UPDATE_BINARY, LogicalChannel, Uicc, home_of
from onemo.families.radio import coded_name
from onemo.modem.cardfiles import READ_BINARY, Ef, plmn_file, plmn_of
from onemo.modem.modem import Modem
from onemo.modem.part import Part
from onemo.profile.schema import Table
from onemo.profile.shape import digits


class OperatorsSection(NamedTuple):
    """Operators by their numbers.

    technologies: of an entry of AT+CPOL: one alone, any, or all four have to be given.
    """

    technologies: Literal["one", "any", "all"]
    names: Mapping[Annotated[str, digits(5, 6)], str]


OPERATORS = Table("operators", OperatorsSection, "Operators by number, and how AT+CPOL takes their technologies")


class PreferredOperator(NamedTuple):
    """AT+CPOL: an entry of the list; the technologies are GSM, GSM compact, UTRAN and E-UTRAN."""

    place: Maybe
    format: Maybe
    oper: MaybeText
    gsm: Maybe
    gsm_compact: Maybe
    utran: Maybe
    eutran: Maybe


class PreferredList(NamedTuple):
    """AT+CPLS: 0 the user's, 1 the operator's, 2 the home network's."""

    list: Defaulted


PREFERRED_LIST = Slot("CPLS", PreferredList)
_FILES = (Ef.PLMN_WITH_ACT, Ef.OPERATOR_PLMN_WITH_ACT, Ef.HOME_PLMN_WITH_ACT)
_ENTRY = 5
_EMPTY = b"\xff\xff\xff\x00\x00"
_BITS = (0x0080, 0x0040, 0x8000, 0x4000)
"""Of each technology, in the order of AT+CPOL (31.102 4.2.5)."""
_LTE = (0, 0, 0, 1)
_NUMERIC = 2


class ListFormat(Part):
    """How AT+CPOL? prints operators: 0 and 1 by name, 2 by number."""

    format = _NUMERIC


def _name_of(modem: Modem, plmn: str) -> str:
    """Return the name of an operator; "": it is not known."""
    radio = modem.profile.radio
    return radio.operator if plmn == radio.plmn else modem.profile.table(OPERATORS).names.get(plmn, "")


def _list(modem: Modem) -> Ef:
    return _FILES[modem.settings.get(PREFERRED_LIST).list if modem.has("CPLS") else 0]


def _entries(modem: Modem) -> list[bytes]:
    """Return the entries of the chosen list. Raises CommandError unless the card is READY and has it."""
    modem.sim.require()
    name = _list(modem)
    modem.sim.require_answer(READ_BINARY, name)
    content = modem.sim.card.file(name)
    if content is None:
        raise CommandError(Cme.NOT_FOUND)
    return [content[at : at + _ENTRY] for at in range(0, len(content) - _ENTRY + 1, _ENTRY)]


def tell_preferred(modem: Modem) -> Reply:
    """Tell the entries of the list (AT+CPOL?). Raises CommandError unless the card is READY and has one."""
    shown, lines = modem.part(ListFormat).format, []
    for index, entry in enumerate(_entries(modem), 1):
        plmn, bits = plmn_of(entry[:3]), int.from_bytes(entry[3:])
        if plmn:
            name = "" if shown == _NUMERIC else coded_name(modem, _name_of(modem, plmn))
            technologies = (int(bool(bits & bit)) for bit in _BITS)
            lines.append(print_line("CPOL", index, shown if name else _NUMERIC, name or plmn, *technologies))
    return Reply(lines)


def set_preferred(modem: Modem, record: PreferredOperator) -> Outcome:
    """Set or delete an entry, or choose how they are printed (AT+CPOL=).

    Raises CommandError: INCORRECT_PARAMETERS; NOT_SUPPORTED, the card has the list written by its issuer alone; unless
    the card is READY and has one.
    """
    if record.place is None:
        if record.format is None or record.oper is not None:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        modem.part(ListFormat).format = record.format
        return DONE
    entry = _EMPTY if record.format is None and record.oper is None else _entry(modem, record)
    entries = _entries(modem)
    if record.place > len(entries):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    if entries[record.place - 1] != entry:
        return _write(modem, _list(modem), (record.place - 1) * _ENTRY, entry)
    return DONE


def _write(modem: Modem, name: Ef, offset: int, data: bytes) -> Outcome:
    """Have the card write it, which may refuse. Raises CommandError: NOT_SUPPORTED; as Sim.require_answer."""
    modem.sim.require_answer(UPDATE_BINARY, name)
    channel = LogicalChannel(home_of(name), file=name)
    try:
        modem.part(Uicc).run(channel, Apdu(0, UPDATE_BINARY, offset >> 8, offset & 0xFF, data))
    except CardRefusal as refusal:
        raise CommandError(Cme.NOT_SUPPORTED) from refusal
    return Pending(modem.keeping.store(), lambda done: DONE)


def _entry(modem: Modem, record: PreferredOperator) -> bytes:
    """Return the octets of an entry. Raises CommandError(INCORRECT_PARAMETERS)."""
    given = (record.gsm, record.gsm_compact, record.utran, record.eutran)
    takes = modem.profile.table(OPERATORS).technologies
    chosen = tuple(value or 0 for value in given) if any(value is not None for value in given) else _LTE
    plmn = _number_of(modem, record)
    if not plmn or (takes == "one" and sum(chosen) > 1) or (takes == "all" and None in given):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    bits = sum(bit for bit, value in zip(_BITS, chosen, strict=True) if value)
    return plmn_file(plmn) + bits.to_bytes(2)


def _number_of(modem: Modem, record: PreferredOperator) -> str:
    """Return the number of the operator of an entry; "": it is none, or of a name that is not known."""
    oper = record.oper or ""
    if record.format is None:
        return ""
    if record.format == _NUMERIC:
        return oper if oper.isascii() and oper.isdigit() and len(oper) in (5, 6) else ""
    known = {**modem.profile.table(OPERATORS).names, modem.profile.radio.plmn: modem.profile.radio.operator}
    return next((plmn for plmn, name in known.items() if oper in (name, coded_name(modem, name))), "")


def tell_names(modem: Modem, record: NamedTuple) -> Reply:
    """Tell the names of operators (AT+COPN). Raises CommandError: as Sim.require."""
    modem.sim.require()
    radio = modem.profile.radio
    known = {**modem.profile.table(OPERATORS).names, radio.plmn: radio.operator}
    return Reply([print_line("COPN", plmn, coded_name(modem, name)) for plmn, name in sorted(known.items())])
