"""The kinds of faults of short messages. Pure data."""

from __future__ import annotations

from onemo.faults.kind import INDICES, FaultKey, FaultKind, Layer, Type

_SCOPE = ("on", *(index.name for index in INDICES), "form")

ARRIVAL = FaultKind(
    "sms", Layer.EVENT, "A text comes for the module, a long one in parts. The centre keeps it while the "
         "module cannot be reached.", (
        FaultKey("from", Type.TEXT, "The sender: + and digits, digits, or up to 11 letters.", ""),
        FaultKey("text", Type.TEXT, "The text, of any characters; of encoding 8bit in hex.", ""),
        FaultKey("encoding", Type.CHOICE, "How it is sent; if left out, 7bit where that alphabet has every character, "
            "else ucs2.", choices=("7bit", "8bit", "ucs2")),
        FaultKey("class", Type.INTEGER, "Its class; none if left out.", None, 0, 3),
        FaultKey("pdu", Type.TEXT, "The TPDU of a DELIVER in hex instead of all that, sent as it is."),
    ), _SCOPE, once=True, example="sms from=10086 text='Hello!' after=2s",
)  # fmt: skip

SMS_KINDS = (ARRIVAL,)
