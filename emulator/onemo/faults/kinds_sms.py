"""The kinds of faults of short messages. Pure data."""

from __future__ import annotations

from onemo.faults.kind import INDICES, FaultKey, FaultKind, Layer, Type

_SCOPE = ("on", *(index.name for index in INDICES), "form")

_SENDER = r"\+[0-9]{1,20}|[0-9*#]{1,20}|(?=.*[^\W\d_])[\w .&-]{1,11}"

ARRIVAL = FaultKind(
    "sms", Layer.EVENT, "A text comes for the module, a long one in parts. The centre keeps it while the "
         "module cannot be reached.", (
        FaultKey("from", Type.TEXT, "The sender: up to 20 digits, behind a + or with * and #; or a name of up to 11 "
            "letters, digits, blanks and . - _ &, one letter at least.", pattern=_SENDER),
        FaultKey("text", Type.TEXT, "The text, of any characters; of encoding 8bit in hex."),
        FaultKey("encoding", Type.CHOICE, "How it is sent; if left out, 7bit where that alphabet has every character, "
            "else ucs2.", choices=("7bit", "8bit", "ucs2")),
        FaultKey("class", Type.INTEGER, "Its class; none if left out.", None, 0, 3),
        FaultKey("pdu", Type.TEXT, "The TPDU of a DELIVER in hex instead of all that, sent as it is."),
    ), _SCOPE, once=True, example="sms from=10086 text='Hello!' after=2s",
)  # fmt: skip

SMS_KINDS = (
    FaultKind("sms-refuse", Layer.TEXT, "The centre refuses a message of the module.", (
        FaultKey("cms", Type.INTEGER, "With this +CMS ERROR.", 38, 1, 999),
    ), ("to",), example="sms-refuse cms=42 times=2", operations=("submit",)),
    FaultKind("sms-silence", Layer.TEXT, "The centre never answers a message of the module, which gives up in the end: "
         "+CMS ERROR: 332, after a minute that --speed shortens. Nobody gets the message.", (), ("to",),
         example="sms-silence times=1", operations=("submit",)),
    FaultKind("sms-report", Layer.TEXT, "The status report on a message of the module is another one, late or lost.", (
        FaultKey("st", Type.CHOICE, "none: it is lost; 0: delivered; 32: congestion, and the centre goes on trying, so "
            "that the final one follows; 70: the validity period is over.", "none", choices=("none", "0", "32", "70")),
        FaultKey("seconds", Type.SECONDS, "So much later; of 32 the final one.", 0.0),
    ), ("to",), example="sms-report st=32 seconds=10s", operations=("report",)),
    FaultKind("sms-parts", Layer.TEXT, "The parts of a long text come otherwise.", (
        FaultKey("order", Type.TEXT, "reverse: the last one first, where they come at once; drop:2: without the "
            "second; twice:1: the first one twice.", required=True),
    ), (), example="sms-parts order=drop:2 times=1", operations=("parts",)),
    FaultKind("sms-delay", Layer.TEXT, "A text for the module comes late; others overtake it.", (
        FaultKey("seconds", Type.SECONDS, "How late.", 10.0),
        FaultKey("jitter", Type.SECONDS, "Up to so much more, evenly spread.", 0.0),
    ), (), example="sms-delay seconds=5s jitter=10s", operations=("deliver",)),
    ARRIVAL,
    FaultKind("sms-full", Layer.EVENT, "A store of messages is full: its free places are filled with texts that were "
         "read. What comes for it waits at the centre until one is deleted.", (
        FaultKey("store", Type.CHOICE, "Which one.", "ME", choices=("ME", "SM")),
    ), _SCOPE, once=True, example="sms-full store=ME after=2s"),
    FaultKind("sms-reset", Layer.EVENT, "The settings of short messages are the defaults again, AT+CNMI and AT+CMGF "
         "among them, and nobody says so.", (), _SCOPE, once=True, example="sms-reset on=urc:CMTI"),
)  # fmt: skip
