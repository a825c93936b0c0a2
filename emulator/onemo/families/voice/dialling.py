"""The grammar of what ATD dials (V.250 6.3.1, 27.007 6.2)."""

from __future__ import annotations

import re
from typing import NamedTuple

from onemo.at.grammar import Argument, Arguments
from onemo.at.params import RequiredText

_DIALLED = re.compile(r"([TPW ]*+\+?[0-9*#A-C,TPW!@ ().-]++)[GI]*+(;?)", re.IGNORECASE | re.ASCII)
"""Of what is read once nothing is given back: a line is as long as the module takes one."""
_IGNORED = re.compile(r"[^0-9*#A-C]")
_DATA = re.compile(r"\*99(\*.*)?#")
_LONGEST = 40


class DialString(NamedTuple):
    """ATD: what is dialled, with the ; at its end of a voice call."""

    text: RequiredText


class Dialled(NamedTuple):
    """A number to call. voice: a ; stands behind it; data: it is that of PPP."""

    number: str
    voice: bool
    data: bool


def split_dialled(device: object, line: bytes, position: int) -> tuple[Arguments, int]:
    """Read what is dialled at a position of a line: up to a ; or the end of the line."""
    text, semicolon, _ = line[position:].partition(b";")
    end = position + len(text) + len(semicolon)
    text = text.strip() + semicolon
    return ((Argument(text, quoted=False),) if text.strip(b" ;") else ()), end


def dialled(text: str) -> Dialled | None:
    """Read what is dialled; None: it is no number."""
    match = _DIALLED.fullmatch(text)
    if match is None:
        return None
    number = _IGNORED.sub("", match[1].upper())
    if not 0 < len(number) <= _LONGEST:
        return None
    plus = "+" if "+" in match[1] else ""
    return Dialled(plus + number, bool(match[2]), not match[2] and _DATA.fullmatch(number) is not None)
