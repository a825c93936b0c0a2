"""The commands of the card, as tests.support.commands has all others."""

from __future__ import annotations

FORMS = {
    "CRSM": "test set",
    "CSIM": "test set",
    "CCHO": "test set",
    "CCHC": "test set",
    "CGLA": "test set",
    "CPOL": "test read set",
    "CPLS": "test read set",
    "COPN": "test execute",
}
PARAMETERS: dict[str, tuple[str, ...]] = {
    "CRSM": ("command", "fileid", "p1", "p2", "p3", "data", "path"),
    "CSIM": ("length", "command"),
    "CCHO": ("dfname",),
    "CCHC": ("sessionid",),
    "CGLA": ("sessionid", "length", "command"),
    "CPOL": ("place", "format", "oper", "gsm", "gsm_compact", "utran", "eutran"),
    "CPLS": ("list",),
    "COPN": (),
}
STRINGS = {
    # Also lengths, which are those of a string, channels, which have to be open, and what depends on others.
    "CRSM": ("data", "path"),
    "CSIM": ("length", "command"),
    "CCHO": ("dfname",),
    "CCHC": ("sessionid",),
    "CGLA": ("sessionid", "length", "command"),
    "CPOL": ("format", "oper", "gsm", "gsm_compact", "utran", "eutran"),
}
