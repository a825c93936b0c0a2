"""The kinds of events that happen to calls and USSD."""

from __future__ import annotations

from onemo.faults.kind import FaultKey, Type, event_kind

NUMBER = FaultKey(
    "from", Type.TEXT, "The caller's number: up to 20 digits, * and #, a + before them or not; withheld if left out.",
    pattern=r"\+?[0-9*#]{1,20}",
)  # fmt: skip
_MOST_CAUSE = 127

VOICE_KINDS = (
    event_kind("call", "Somebody calls: RING, until the call is answered or ends. Nothing rings on a model without "
               "voice, without a network, or while there is a call.", NUMBER, undo="call-end",
               example="call from=13800138000 for_seconds=20"),
    event_kind("call-answer", "The call that rings is answered by hand, as with a button of the device; one that the "
               "module makes is answered by the other side."),
    event_kind("call-end", "The other side ends the call, or gives up ringing: NO CARRIER.",
               FaultKey("cause", Type.INTEGER, "Why, for the trace (24.008 10.5.4.11): 16 as usual, 17 busy.", 16, 1,
                        _MOST_CAUSE), example="call-end cause=17 after=10s"),
    event_kind("call-busy", "The next call that the module makes finds the other side busy: BUSY."),
    event_kind("call-no-answer", "Nobody answers the next call that the module makes: NO ANSWER."),
    event_kind("call-refused", "The network refuses the next call that the module makes: NO CARRIER.",
               FaultKey("cause", Type.INTEGER, "Why (24.008 10.5.4.11), as AT+CEER tells it.", 21, 1, _MOST_CAUSE),
               example="call-refused cause=34"),
    event_kind("call-drop", "The next call that the module makes is lost a while after it was answered: NO CARRIER.",
               FaultKey("seconds", Type.SECONDS, "How long after the answer.", 5.0, 0),
               example="call-drop seconds=10s"),
    event_kind("ussd", "The network sends a USSD text of its own: +CUSD, after AT+CUSD=1.",
               FaultKey("text", Type.TEXT, "Up to 182 characters.", required=True,
                        pattern="(?s)[^\ud800-\udfff]{1,182}"), example="ussd text='Your balance is low.'"),
)  # fmt: skip
