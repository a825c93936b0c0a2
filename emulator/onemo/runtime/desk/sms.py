"""Short messages: what one does from outside with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from onemo.errors import UsageError
from onemo.faults.kinds_sms import ARRIVAL
from onemo.runtime.desk.operation import DeskOperation, Values

if TYPE_CHECKING:  # ctl has the declarations alone
    from onemo.families.sms.mailbox import SentMessage
    from onemo.families.sms.state import SmsInfo
    from onemo.modem.modem import Modem
    from onemo.runtime.controls import ModuleControls

_MOST_BODY = 1 << 22
"""Bytes of a request: a text of 2 MB, and what JSON may add to it."""


class TextResult(NamedTuple):
    """What came of a text. number: the module's own; waiting: the messages that its centre still has for it."""

    number: str
    waiting: int


class TextControls:
    """The short messages of a module, from outside: its mailbox at the centre."""

    def __init__(self, controls: ModuleControls) -> None:
        self._controls = controls

    def receive(self, sender: str, text: str, *, encoding: str | None = None, message_class: int | None = None) -> None:
        """Let a text come to the module; a long one comes in parts.

        sender: ``+`` and digits, digits, or a name of up to 11 letters. text: any characters; in hex for encoding
        ``8bit``.
        encoding: ``7bit``, ``8bit`` or ``ucs2``; None is ``7bit`` where that alphabet has every character, else
        ``ucs2``. message_class: 0 to 3. Raises FaultError, and changes nothing: it cannot be sent, the model has no
        short messages, or too much waits.
        """
        given = {"from": sender, "text": text, "encoding": encoding, "class": message_class}
        send(self._controls, {name: value for name, value in given.items() if value is not None})

    def receive_pdu(self, pdu: str) -> None:
        """Let a DELIVER come as it is: its TPDU in hex, without the centre. Raises FaultError, as receive does."""
        send(self._controls, {"pdu": pdu})

    @property
    def sent(self) -> tuple[SentMessage, ...]:
        """The newest messages that the module sent, oldest first: ``to``, ``text``, ``report`` and more."""
        return told(self._controls).sent

    @property
    def waiting(self) -> int:
        """How many messages its centre still has for the module."""
        return told(self._controls).waiting

    @property
    def number(self) -> str:
        """The telephone number of the module."""
        return told(self._controls).number


def told(controls: ModuleControls) -> SmsInfo:
    """Tell of a module's short messages. Raises UsageError: its model has none."""

    def tell(modem: Modem, now: float) -> SmsInfo:
        from onemo.families.sms.state import told

        modem.now = now
        found = told(modem)
        if found is None:
            raise UsageError(f"{modem.profile.sub_model} has no short messages: choose a model with AT+CMGS")
        return found

    return controls._do(tell)


def send(controls: ModuleControls, values: Values) -> TextResult:
    """Let a text come to a module. Raises FaultError."""
    from onemo.faults.say import fault_of

    controls.happen(fault_of({"kind": ARRIVAL.name, **values}))
    found = told(controls)
    return TextResult(found.number, found.waiting)


TEXT = DeskOperation(
    command="sms",
    about="Send a text to a module, and tell how many wait for it.",
    method="POST",
    path="/sms",
    keys=ARRIVAL.keys,
    act=send,
    result=TextResult,
    example="sms --from 10086 'Hello!'",
    arguments=("text",),
    table=lambda said: (("Number", "Waiting"), [(said["number"], said["waiting"])]),
    instead="pdu",
    most_body=_MOST_BODY,
)
