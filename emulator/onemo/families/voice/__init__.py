"""Voice calls and USSD: ATD, ATA, ATH, ATS0 (V.250 6.3), AT+CHUP, CLCC, CRC, CLIP, CHLD, CEER, CPAS, CUSD (27.007)."""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.command import Action, NoParameters, Query, Setting, print_line
from onemo.at.family import FamilyDefinition, StateField
from onemo.at.params import Defaulted, Required
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.families.voice.call import CallInfo, NoCarrier
from onemo.families.voice.calls import Activity, Calls
from onemo.families.voice.dialling import DialString, dialled, split_dialled
from onemo.families.voice.profile import VOICE, check
from onemo.families.voice.ussd import UssdRequest, read, request
from onemo.modem.modem import Modem
from onemo.modem.registration import Registration
from onemo.modem.slots import AUTO_ANSWER, CALLER_IDENTITY, RING_FORMAT, CallerIdentity


class HangUp(NamedTuple):
    """ATH; value 0 is all that it may be (V.250 6.3.6)."""

    value: Defaulted


class CallHold(NamedTuple):
    """AT+CHLD: 0 ends the held calls, 1 the active ones, 2 swaps them, 3 joins them (27.007 7.13)."""

    n: Required


_INDICATORS = (b"CIEV: SOUNDER 0", b"CIEV: CALL 0")
"""The URCs behind ATH (vendor's base guide 4.3)."""


def _dial(modem: Modem, record: DialString) -> Reply:
    """Call a number (ATD): OK at once.

    Raises CommandError: INCORRECT_PARAMETERS, it is none; NoCarrier, it is for data; as Calls.dial.
    """
    wanted = dialled(record.text)
    if wanted is None:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    if wanted.data or (modem.profile.table(VOICE).needs_semicolon and not wanted.voice):
        raise NoCarrier
    modem.part(Calls).dial(wanted.number)
    return DONE


def _hold(modem: Modem, record: CallHold) -> Reply:
    """Hold calls and take others (AT+CHLD). Raises CommandError: as Calls.hold."""
    modem.part(Calls).hold(record.n)
    return DONE


def _cause(modem: Modem, record: NoParameters) -> Reply:
    """Tell why the last call ended, or why the network refuses the module (AT+CEER)."""
    radio, cell = modem.radio, modem.cell
    refused = cell.refusal if radio.stat is Registration.DENIED else None
    return Reply((print_line("CEER", int(modem.part(Calls).cause) if refused is None else refused),))


def _activity(modem: Modem, record: NoParameters) -> Reply:
    """Tell whether it rings, or a call is on (AT+CPAS), as far as the model tells it."""
    activity = modem.part(Calls).activity.value
    has = activity in modem.profile.table(VOICE).activity
    return Reply((print_line("CPAS", activity if has else Activity.READY.value),))


def _test_activity(modem: Modem, bound: object) -> Reply:
    """Answer AT+CPAS=?: what it may tell."""
    return Reply((print_line("CPAS", f"({modem.profile.table(VOICE).activity.text})".encode()),))


def _answer(modem: Modem, record: NoParameters) -> Reply:
    """Answer the call that rings (ATA); what follows in the line is not run. Raises CommandError: as Calls.take."""
    modem.part(Calls).take()
    return Reply(last=True)


def _hook(modem: Modem, record: HangUp) -> Reply:
    """End every call (ATH). Raises CommandError: as Calls.hook."""
    modem.part(Calls).hook()
    for line in _INDICATORS if modem.profile.table(VOICE).ciev else ():
        modem.report(line)
    return DONE


def _hang_up(modem: Modem, record: NoParameters) -> Reply:
    """End every call (AT+CHUP)."""
    modem.part(Calls).end()
    return DONE


def _list(modem: Modem, record: NoParameters) -> Reply:
    """List the calls (AT+CLCC)."""
    return Reply(modem.part(Calls).lines)


def _clip(modem: Modem, record: CallerIdentity) -> tuple[int, int]:
    """Show whether callers are told, and whether the network tells them."""
    return record.n, modem.profile.table(VOICE).clip_provision


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Action("D", DialString, _dial, split=split_dialled),
        Action("A", NoParameters, _answer),
        Action("H", HangUp, _hook),
        Setting(AUTO_ANSWER),
        Action("CHUP", NoParameters, _hang_up),
        Action("CLCC", NoParameters, _list),
        Action("CHLD", CallHold, _hold),
        Action("CEER", NoParameters, _cause),
        Action("CPAS", NoParameters, _activity, test=_test_activity, test_reads_device=True),
        Setting(RING_FORMAT),
        Setting(CALLER_IDENTITY, shown=_clip),
        Query("CUSD", UssdRequest, read=read, select=request),
    ),
    tables=(VOICE,),
    check=check,
    shows=dict.fromkeys(("CUSD", "CLIP", "A", "D", "CPAS"), ("voice",)),
    state=(StateField("calls", tuple[CallInfo, ...], lambda modem: modem.part(Calls).told),),
    remarks={
        "A": "a call has no sound",
        "D": "a call has no sound; without an event it is answered after a while",
        "CLCC": "one call at a time, two with AT+CHLD: while there are as many, other callers hear busy",
    },
    kept_only={"S0": "calls over LTE are never answered by themselves"},
)
