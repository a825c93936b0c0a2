"""Calls: what one does from outside with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from onemo.faults.kinds_voice import NUMBER
from onemo.runtime.desk.operation import DeskOperation, Values

if TYPE_CHECKING:  # ctl has the declarations alone
    from onemo.families.voice.call import CallInfo
    from onemo.modem.modem import Modem
    from onemo.runtime.controls import ModuleControls


class CallResult(NamedTuple):
    """What a caller hears; why: nothing rings, "" if it does."""

    heard: Literal["ringing", "busy", "unreachable"]
    why: str


class VoiceControls:
    """The calls of a module, from outside, as on a phone."""

    def __init__(self, controls: ModuleControls) -> None:
        self._controls = controls

    def call(self, number: str = "") -> CallResult:
        """Call the module; return what the caller hears. number: the caller's, withheld if left out.

        Raises FaultError: it is no number.
        """
        return place(self._controls, CALL.read({"from": number} if number else {}))

    def answer(self) -> None:
        """Answer the call that rings by hand; where none does, nothing."""
        self._happen("call-answer")

    def end(self, cause: int = 16) -> None:
        """End the call from its other side; without one nothing. Raises FaultError: cause is not 1 to 127."""
        self._happen("call-end", cause=cause)

    def ussd(self, text: str) -> None:
        """Let the network send a USSD text. Raises FaultError: it is empty, or longer than 182 characters."""
        self._happen("ussd", text=text)

    @property
    def calls(self) -> tuple[CallInfo, ...]:
        """The calls that there are."""

        def tell(modem: Modem, now: float) -> tuple[CallInfo, ...]:
            from onemo.families.voice.calls import Calls

            return modem.part(Calls).told

        return self._controls._do(tell)

    def _happen(self, event: str, **keys: object) -> None:
        from onemo.faults.say import fault_of

        self._controls.happen(fault_of({"kind": event, **keys}))


def place(controls: ModuleControls, values: Values) -> CallResult:
    """Call the module."""

    def call(modem: Modem, now: float) -> CallResult:
        from onemo.families.voice.calls import Reached, call_in

        modem.now = now
        reached = call_in(modem, values.get("from", ""))
        if not modem.has("CLCC"):
            why = f"{modem.profile.sub_model} has no voice calls; sub-models like ML307A-DSLN have"
        elif reached is Reached.BUSY:
            why = "there is a call already"
        elif reached is Reached.UNREACHABLE:
            why = "the module is off, boots, or is not registered"
        else:
            why = ""
        return CallResult(heard=reached.value, why=why)

    return controls._do(call)


CALL = DeskOperation(
    command="call",
    about="Call a module, and tell what the caller hears: ringing, busy or unreachable.",
    method="POST",
    path="/calls",
    keys=(NUMBER,),
    act=place,
    result=CallResult,
    example="call --from 13800138000",
)
