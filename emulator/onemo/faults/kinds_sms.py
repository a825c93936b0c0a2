"""The kinds of faults of short messages. Pure data."""

from __future__ import annotations

from collections.abc import Mapping

from onemo.faults.kind import INDICES, FaultKey, FaultKind, Layer, Type, Value, of_seam

_SCOPE = ("on", *(index.name for index in INDICES), "form")

_ORDER = r"reverse|(drop|twice):([1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_SENDER = r"\+[0-9]{1,20}|[0-9*#]{1,20}|(?=.*[^\W\d_])[\w .&-]{1,11}"

_OF_TEXT = ("from", "text", "encoding", "class")


def _is_message(values: Mapping[str, Value]) -> str:
    """Tell what is missing of a message, or too much."""
    given = [key for key in _OF_TEXT if key in values]
    if "pdu" in values:
        return f"pdu has {given[0]} in it: give pdu alone" if given else ""
    missing = next((key for key in _OF_TEXT[:2] if key not in given), None)
    if missing is None:
        return ""
    return f"{missing} is missing, or a whole message as pdu. {ARRIVAL.all_keys[missing].about}"


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
    ), _SCOPE, once=True, example="sms from=10086 text='Hello!' after=2s", misfit=_is_message,
)  # fmt: skip

SMS_KINDS = of_seam("sms",
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
            "second; twice:1: the first one twice; parts 1 to 255.", required=True, pattern=_ORDER),
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
