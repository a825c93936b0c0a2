"""Voice calls and USSD: ATA, ATH (V.250 6.3), AT+CHUP, CLCC, CRC, CLIP, CUSD (27.007 chapters 6 and 7)."""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.command import Action, NoParameters, Query, Setting
from onemo.at.family import FamilyDefinition, StateField, Trait, either
from onemo.at.params import Defaulted
from onemo.at.reply import DONE, Reply
from onemo.families.voice.calls import CallInfo, Calls
from onemo.families.voice.profile import VOICE, check
from onemo.families.voice.ussd import UssdRequest, read, request
from onemo.modem.modem import Modem
from onemo.modem.slots import CALLER_IDENTITY, RING_FORMAT, CallerIdentity
from onemo.profile.schema import Profile


class HangUp(NamedTuple):
    """ATH; value 0 is all that it may be (V.250 6.3.6)."""

    value: Defaulted


def _answer(modem: Modem, record: NoParameters) -> Reply:
    """Answer the call that rings (ATA); what follows in the line is not run. Raises NoCarrier: none rings."""
    modem.part(Calls).answer()
    return Reply(last=True)


def _hang_up(modem: Modem, record: HangUp | NoParameters) -> Reply:
    """End every call (ATH, AT+CHUP)."""
    modem.part(Calls).end()
    return DONE


def _list(modem: Modem, record: NoParameters) -> Reply:
    """List the calls (AT+CLCC)."""
    return Reply(modem.part(Calls).lines)


def _clip(modem: Modem, record: CallerIdentity) -> tuple[int, int]:
    """Show whether callers are told, and whether the network tells them."""
    return record.n, modem.profile.table(VOICE).clip_provision


def traits(profile: Profile) -> dict[str, Trait]:
    """Return whether a model has voice calls."""
    return {"voice": either(profile.commands["CLCC"].available, "voice calls and USSD", "no voice calls, no USSD")}


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Action("A", NoParameters, _answer),
        Action("H", HangUp, _hang_up),
        Action("CHUP", NoParameters, _hang_up),
        Action("CLCC", NoParameters, _list),
        Setting(RING_FORMAT),
        Setting(CALLER_IDENTITY, shown=_clip),
        Query("CUSD", UssdRequest, read=read, select=request),
    ),
    tables=(VOICE,),
    check=check,
    shows={"CUSD": ("voice",), "CLIP": ("voice",), "A": ("voice",)},
    traits=traits,
    state=(StateField("calls", tuple[CallInfo, ...], lambda modem: modem.part(Calls).told),),
    remarks={"A": "a call has no sound", "CLCC": "one call at a time: while there is one, other callers hear busy"},
)
