r"""The source of a transcript: what its lines rest on.

The header ``source:`` names one or more, between semicolons::

    TCP/IP manual 3.5, fn 20        a section of the vendor's TCP/IP manual, of 2023, and footnotes; or "note"
    newer TCP/IP manual 3.17        of a later edition
    base guide, SSL guide 3.8       another guide of the vendor's, of MQTT's with its footnotes
    public table                    a table made by others from later editions
    V.250 6.2.6, RFC 7252 4.2       a clause of a standard
    capture 19                      a row of captures.toml, beside the transcripts
    drivers in use                  drivers that work on hardware rely on it
    decided                         nobody says so: a value or a behaviour that a measurement may overturn
"""

from __future__ import annotations

import re
import tomllib
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from onemo.errors import UsageError

CAPTURES = Path(__file__).parents[1] / "transcripts" / "captures.toml"


class Evidence(Enum):
    """A kind of source, strongest first; the value is its name in docs/fidelity.md."""

    CAPTURE = "capture"
    DRIVERS = "drivers"
    MANUAL = "manual"
    GUIDE = "guide"
    STANDARD = "standard"
    TABLE = "public table"
    DECIDED = "decided"


_NOTES = r"(, (fn \d+( and \d+)*|note))*"
_FORMS = {
    Evidence.CAPTURE: r"capture (?P<row>\d+)",
    Evidence.DRIVERS: r"drivers in use",
    Evidence.MANUAL: rf"(newer )?TCP/IP manual \d(\.\d+)?{_NOTES}",
    Evidence.GUIDE: r"(base|extended|upgrade|SSL|flow|dial-up|NB|HTTP|MQTT|LwM2M|file|FTP|LBS|Wi-Fi|hardware) guide"
    r"( \d+(\.\d+)*)?(, fn \d+( and \d+)*)?",
    Evidence.STANDARD: r"(V\.250|\d{2,3}\.\d{3}|RFC \d+) \d+(\.\d+)*",
    Evidence.TABLE: r"public table",
    Evidence.DECIDED: r"decided",
}


class Source(NamedTuple):
    """One source. capture: the row's number, of a capture."""

    text: str
    evidence: Evidence
    capture: int | None = None


class Capture(NamedTuple):
    """A row of captures.toml: what was seen on a real module.

    series: those on which it was seen. kind: bytes, a count of bytes or a logic analyser backs it; lines, exact in its
    lines; relied, a driver on hardware works only so. left_out: why no transcript shows it; "": one does.
    """

    number: int
    series: tuple[str, ...]
    said: str
    kind: Literal["bytes", "lines", "relied"]
    left_out: str = ""


@cache
def captures() -> dict[int, Capture]:
    """Read captures.toml, by number."""
    rows = tomllib.loads(CAPTURES.read_text("utf-8"))["capture"]
    found = [Capture(**{**row, "series": tuple(row["series"])}) for row in rows]
    return {row.number: row for row in found}


def sources(text: str) -> tuple[Source, ...]:
    """Read a header. Raises UsageError: a source of no known form, or a capture that is in no row."""
    return tuple(map(_source, text.split("; ")))


def _source(text: str) -> Source:
    for evidence, form in _FORMS.items():
        if match := re.fullmatch(form, text):
            row = match.groupdict().get("row")
            if row is not None and int(row) not in captures():
                raise UsageError(f"there is no capture {row} in {CAPTURES.name}")
            return Source(text, evidence, None if row is None else int(row))
    raise UsageError(f"{text!r} is no source: write one like 'TCP/IP manual 3.5, fn 20', 'V.250 5.2.4', 'capture 19'")
