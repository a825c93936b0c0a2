"""Faults of short messages."""

from __future__ import annotations

import time

from onemo.errors import FaultError, UsageError
from onemo.families.sms.operator import has_messages, inject, inject_pdu
from onemo.faults.plan import Fault
from onemo.modem.modem import Modem
from onemo.profile.index import Label


def receive(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Let a text come. Raises FaultError, and changes nothing: there is no such text; too much waits."""
    require(modem, fault)
    values = fault.values
    try:
        if "pdu" in values:
            inject_pdu(modem, fault.text("pdu"), now)
            return
        inject(
            modem,
            fault.text("from"),
            fault.text("text"),
            utc=time.time(),
            now=now,
            encoding=fault.text("encoding") if "encoding" in values else None,
            message_class=fault.whole("class") if "class" in values else None,
        )
    except UsageError as error:
        raise FaultError(f"event sms: {error}") from error


def require(modem: Modem, fault: Fault) -> None:
    """Require that such a text can ever come. Raises FaultError: the model has no short messages; nobody sends it."""
    if not has_messages(modem):
        raise FaultError(f"event sms: {modem.profile.sub_model} has no short messages: choose a model with AT+CMGS")
    if "pdu" not in fault.values and not fault.text("from"):
        raise FaultError("event sms: from is missing: give the sender's number, or up to 11 letters")
