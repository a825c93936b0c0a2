"""The attributes that a server writes for notifications (OMA-TS-LightweightM2M-V1_0 5.1.2): pmin, pmax, lt, gt, st."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from onemo.families.lwm2m.readings import Path
from onemo.net.lwm2m.values import Lwm2mMalformed, plain_number

_WHOLE = re.compile(r"\d{1,10}")
_REAL = re.compile(r"-?\d{1,20}(?:\.\d{1,20})?")
_PERIODS, _LEVELS = ("pmin", "pmax"), ("lt", "gt", "st")


def read_attributes(path: Path, query: Iterable[str]) -> dict[str, str]:
    """Return the attributes that a request writes, in the order and form in which they are told.

    Raises Lwm2mMalformed: unknown ones, what is no number, and combinations that the platform does not allow.
    """
    given = dict(each.partition("=")[::2] for each in query)
    if unknown := given.keys() - {*_PERIODS, *_LEVELS}:
        raise Lwm2mMalformed(f"no attribute: {', '.join(unknown)}")
    if len(path) < 3 and given.keys() & set(_LEVELS):
        raise Lwm2mMalformed("levels of no resource")
    found: dict[str, str] = {}
    for name in _PERIODS + _LEVELS:
        if name in given:
            if (_WHOLE if name in _PERIODS else _REAL).fullmatch(given[name]) is None:
                raise Lwm2mMalformed(f"{name} is no number")
            found[name] = given[name] if name in _PERIODS else _shown(given[name])
    numbers = {name: Decimal(text) for name, text in found.items()}
    least, most = numbers.get("pmin"), numbers.get("pmax")
    if least == 0 or (most is not None and most <= (least or 0)):
        raise Lwm2mMalformed("not pmax > pmin > 0")
    if "lt" in numbers and "gt" in numbers and numbers["lt"] + 2 * numbers.get("st", Decimal(0)) >= numbers["gt"]:
        raise Lwm2mMalformed("not lt + 2 st < gt")
    return found


def _shown(text: str) -> str:
    """Write a number with one decimal at least."""
    shown = plain_number(text)
    return shown if "." in shown else f"{shown}.0"
