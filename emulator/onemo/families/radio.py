"""The radio: its function, the signal, the registration, the operator, and the zone that the network tells.

AT+CFUN, AT+CSQ, AT+CESQ (27.007 8.2, 8.5, 8.69), AT+CREG, AT+CGREG, AT+CEREG, AT+C5GREG (7.2, 10.1.20, 10.1.22,
10.1.47), AT+COPS (7.3), AT+CTZR, AT+CTZU (8.41, 8.40).
"""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

from typing import Any, NamedTuple

from onemo.at.command import Action, NoParameters, Query, Setting, print_line
from onemo.at.family import FamilyDefinition
from onemo.at.outcome import Outcome, Pending
from onemo.at.params import BoundRecord, Defaulted, Maybe, MaybeText, Required
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.modem.cells import cell_problems
from onemo.modem.intents import Wait
from onemo.modem.modem import Modem
from onemo.modem.radio import Function, Selection
from onemo.modem.registration import NO_SIGNAL
from onemo.modem.slots import CHARACTER_SET, REGISTRATION_REPORTS, ZONE_REPORT, ZONE_UPDATE, RegistrationReport

_NUMERIC = 2
"""<format> of AT+COPS: numbers."""

_HEX_SETS = {"UCS2": "utf-16-be", "HEX": "latin-1"}
"""The sets in which text is in hex, and of what coding."""


def coded_name(modem: Modem, name: str) -> str:
    """Return the name of an operator in the character set of the DTE (AT+CSCS)."""
    chosen = modem.settings_of(CHARACTER_SET).get(CHARACTER_SET).chset if modem.has("CSCS") else ""
    coding = _HEX_SETS.get(chosen)
    return name.encode(coding, "replace").hex().upper() if coding else name


class PhoneFunction(NamedTuple):
    """AT+CFUN; rst 1 restarts the module."""

    fun: Required
    rst: Defaulted


class Operator(NamedTuple):
    """AT+COPS; format 0 and 1 names, 2 numbers: of oper, and of what is told from then on."""

    mode: Required
    format: Maybe
    oper: MaybeText
    act: Maybe


# AT+CFUN.


def _function(modem: Modem) -> Reply:
    """Tell the phone function (AT+CFUN?)."""
    return Reply((print_line("CFUN", int(modem.radio.function)),))


def _set_function(modem: Modem, record: PhoneFunction) -> Outcome:
    """Set the phone function (AT+CFUN=); the URCs of all that goes down come before OK.

    A restart is into the full function only. Raises CommandError: INCORRECT_PARAMETERS (CME 50), rst 1 with another
    one; MEMORY_FULL. [decided]
    """
    function, before = Function(record.fun), modem.radio.function
    profile = modem.profile.radio
    if record.rst and function is not Function.FULL:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    woken = before is Function.MINIMUM and function is Function.FULL
    if record.rst or (woken and profile.full_reboots and not modem.contexts.waits("minimum")):
        modem.restart()
        return Reply(last=True)
    modem.radio.set_function(function, modem.now)
    if function is not Function.FULL:
        modem.tell_first()
    if profile.resets_contexts and function is Function.MINIMUM and before is not function:
        return modem.keeping.keep_contexts(lambda: None)
    return DONE


# The signal.


def _signal(modem: Modem, record: NoParameters) -> Reply:
    """Tell the signal (AT+CSQ)."""
    signal = modem.radio.signal
    return Reply((print_line("CSQ", signal.rssi, signal.ber),))


def _extended_signal(modem: Modem, record: NoParameters) -> Reply:
    """Tell the signal (AT+CESQ): <rsrq> and <rsrp> of LTE; <ber> and the figures of UMTS are not known."""
    signal = modem.radio.signal
    rxlev = NO_SIGNAL.rssi if signal == NO_SIGNAL else modem.profile.radio.rxlev
    return Reply((print_line("CESQ", rxlev, 99, 255, 255, signal.rsrq, signal.rsrp),))


# AT+COPS.


def _operator(modem: Modem) -> Reply:
    """Tell the operator (AT+COPS?); unregistered, the mode alone."""
    radio = modem.radio
    if not radio.registered:
        return Reply((print_line("COPS", int(radio.selection)),))
    name = _coded(modem, radio.name_format, radio.shown_operator)
    return Reply((print_line("COPS", int(radio.selection), radio.name_format, name, modem.profile.radio.act),))


def _coded(modem: Modem, name_format: int, name: str) -> str:
    """Return what stands for an operator in a format: a name in the character set of the DTE, a number as it is."""
    return name if name_format == _NUMERIC else coded_name(modem, name)


def _select(modem: Modem, record: Operator) -> Outcome:
    """Choose the operator (AT+COPS=): OK at once; the registration follows.

    Raises CommandError: INCORRECT_PARAMETERS without the operator that a mode needs; as Sim.require; NO_NETWORK when
    the operator is not here. [decided]
    """
    radio, selection = modem.radio, Selection(record.mode)
    named = selection in (Selection.MANUAL, Selection.MANUAL_AUTOMATIC)
    if named and record.oper is None:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    if selection is not Selection.FORMAT_ONLY:
        modem.sim.require()
    if record.format is not None:
        radio.name_format = record.format
    if selection is Selection.FORMAT_ONLY:
        return DONE
    operator = record.oper if named else None
    if operator == _coded(modem, radio.name_format, radio.shown_operator):
        operator = radio.shown_operator
    if named and record.act not in (None, modem.profile.radio.act):
        operator = ""  # not of this technology
    registered = radio.registered
    try:
        radio.select(selection, operator, modem.now)
    finally:
        if registered and not radio.registered:
            modem.tell_first()
    return DONE


def _scan(modem: Modem, bound: BoundRecord[Any]) -> Outcome:
    """List the networks that are on the air, after a while (AT+COPS=?).

    Raises CommandError: as Sim.require; NOT_ALLOWED while the radio is off. [decided]
    """
    modem.sim.require()
    if modem.radio.function is not Function.FULL:
        raise CommandError(Cme.NOT_ALLOWED)

    def found(result: object) -> Reply:
        act, ranges = modem.profile.radio.act, ",".join(param.shown for param in bound.params[:2])
        networks = ",".join(
            f"({stat}," + ",".join(f'"{_coded(modem, *each)}"' for each in enumerate(names)) + f",{act})"
            for stat, names in modem.radio.found
        )
        return Reply((print_line("COPS", f"{networks},,{ranges}".encode("latin-1")),))

    return Pending(Wait(modem.profile.radio.scan_time), found)


# AT+CREG, AT+CGREG, AT+CEREG.


def _registration(modem: Modem, record: RegistrationReport) -> tuple[int | str | bytes | None, ...]:
    """Return the values of a read-back: <n>, and the fields that it asks for."""
    return record.n, *modem.radio.fields(record)


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    check=cell_problems,
    declarations=(
        Query("CFUN", PhoneFunction, read=_function, select=_set_function),
        Action("CSQ", NoParameters, _signal),
        Action("CESQ", NoParameters, _extended_signal),
        *(Setting(slot, shown=_registration) for slot in REGISTRATION_REPORTS),
        Query("COPS", Operator, read=_operator, select=_select, test=_scan, test_reads_device=True),
        Setting(ZONE_REPORT),
        Setting(ZONE_UPDATE),
    ),
    shows={
        **dict.fromkeys(("CSQ", "CESQ", "CREG", "CGREG", "CEREG", "C5GREG", "COPS"), ("radio",)),
        "CFUN": ("radio", "power"),
        **dict.fromkeys(("CTZR", "CTZU"), ("clock",)),
    },
)
