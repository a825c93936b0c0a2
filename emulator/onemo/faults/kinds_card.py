"""The kinds of faults of the card."""

from __future__ import annotations

from onemo.faults.kind import FaultKey, FaultKind, Layer, Type, event_kind

_SCOPE = ("file", "ins")

CARD_KINDS = (
    FaultKind("card-answer", Layer.CARD, "The card does not do what it is asked, and answers this status word. "
              "What the module itself reads or writes of it (AT+CIMI) then ends in +CME ERROR: 13, AT+CSCA in "
              "+CMS ERROR: 313.", (
        FaultKey("sw", Type.TEXT, "The status word, four hex digits like 6F00.", required=True,
            pattern=r"[0-9A-Fa-f]{4}"),
    ), _SCOPE, example="card-answer sw=6F00 file=6F07 ins=B0"),
    FaultKind("card-slow", Layer.CARD, "The card answers late. The command waits.", (
        FaultKey("seconds", Type.SECONDS, "How late.", 1.0),
    ), _SCOPE, example="card-slow seconds=5s ins=88"),
    event_kind("card-file", "A file of the card holds something else, or is added.",
               FaultKey("id", Type.TEXT, "Its identifier, four hex digits like 6F3E.", required=True,
                        pattern=r"[0-9A-Fa-f]{4}"),
               FaultKey("data", Type.TEXT, "What it holds, in hex: as many octets as before, if it is there.",
                        required=True, pattern=r"([0-9A-Fa-f]{2}){1,32767}"),
               example="card-file id=6F3E data=0A after=2s"),
)  # fmt: skip
