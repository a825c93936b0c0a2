"""Events of calls and USSD. On a model without voice nothing of them is there, and nothing happens."""

from __future__ import annotations

from onemo.families.voice.call import CallFate, Cause
from onemo.families.voice.calls import Calls, call_in
from onemo.families.voice.ussd import network_text
from onemo.faults.plan import Fault
from onemo.modem.modem import Modem
from onemo.profile.index import Label


def ring(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Call the module."""
    call_in(modem, fault.text("from") if "from" in fault.values else "")


def answer(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Answer the call that rings, or have the one answered that the module makes; where there is none, nothing."""
    if (calls := _calls(modem)) is not None:
        calls.answer()


def keep_busy(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Have the other side of the next call busy."""
    modem.cell.call_fate = CallFate("busy", Cause.BUSY)


def leave_unanswered(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Have nobody answer the next call."""
    modem.cell.call_fate = CallFate("no-answer", Cause.NO_ANSWER)


def refuse(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Refuse the next call."""
    modem.cell.call_fate = CallFate("refused", fault.whole("cause"))


def drop(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Drop the next call a while after it was answered."""
    modem.cell.call_fate = CallFate("drop", Cause.TEMPORARY_FAILURE, fault.number("seconds"))


def end(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """End the call from its other side; without one nothing."""
    if (calls := _calls(modem)) is not None:
        calls.hang_up(fault.whole("cause"))


def tell(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Let the network send a USSD text."""
    network_text(modem, fault.text("text"))


def _calls(modem: Modem) -> Calls | None:
    return modem.part(Calls) if modem.has("CLCC") else None
