"""The module's own clock: UTC, and the zone in quarters of an hour (27.007 8.15).

Pure: now is a time in seconds on the clock that the whole core is given; utc counts seconds since 1970-01-01.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

from onemo.profile.ranges import Range

_FORMAT = "%y/%m/%d,%H:%M:%S"
_TIME = r"(\d\d)/(\d\d)/(\d\d),(\d\d):(\d\d):(\d\d)([+-]\d\d)?"
_FIRST_YEAR = 70
_LAST_YEAR = 2069
_ZONES = Range.parse("0-96")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """The clock of a module, which runs from what it was last set to. zone: quarters of an hour east of UTC."""

    def __init__(self, zone: int) -> None:
        self.zone = zone
        self._set: tuple[float, float] | None = None

    @property
    def is_set(self) -> bool:
        """True once it was set."""
        return self._set is not None

    def set(self, utc: float, now: float) -> None:
        """Set it to utc as of now."""
        # Not their difference: rounded, it could show the second before.
        self._set = utc, now

    def utc(self, now: float) -> float:
        """Return the seconds since 1970-01-01 UTC. Raises AssertionError when it was never set."""
        assert self._set is not None
        utc, since = self._set
        return utc + (now - since)

    def shown(self, now: float) -> str:
        """Write the time as ``yy/MM/dd,hh:mm:ss±zz``: UTC, followed by the zone."""
        return show(self.utc(now), self.zone)


def show(utc: float, zone: int) -> str:
    """Write a time as ``yy/MM/dd,hh:mm:ss±zz``: UTC, followed by the zone."""
    return (_EPOCH + timedelta(seconds=math.floor(utc))).strftime(_FORMAT) + f"{zone:+03d}"


def read(text: str, zones: Range = _ZONES, last_year: int = _LAST_YEAR) -> tuple[float, int | None]:
    """Read what show writes; return utc, and the zone, which may be left out. Years are those from 1970 to 2069.

    zones: the quarters of an hour that a zone may be, east or west. Raises ValueError: malformed, no date of the
    calendar, after the last year, another zone.
    """
    match = re.fullmatch(_TIME, text, re.ASCII)
    if match is None:
        raise ValueError(text)
    *fields, signed = match.groups()
    # Not by strptime: importing what that needs takes a start some milliseconds.
    year, month, day, hour, minute, second = map(int, fields)
    moment = datetime(year + (1900 if year >= _FIRST_YEAR else 2000), month, day, hour, minute, second, tzinfo=UTC)
    zone = int(signed) if signed else None
    if moment.year > last_year or (zone is not None and abs(zone) not in zones):
        raise ValueError(text)
    return (moment - _EPOCH).total_seconds(), zone
