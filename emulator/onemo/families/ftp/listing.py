"""The lines of a server's LIST: those of Unix, and those of DOS."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from onemo.families.ftp.replies import printable

_MONTHS = b"jan feb mar apr may jun jul aug sep oct nov dec".split()
_UNIX = re.compile(
    rb"([-bcdlps])([-r][-w][-xsStT])[-rwxsStT]{6}\S?\s+\d+\s+(?:\S+\s+){1,2}?(\d{1,19})\s+"
    rb"([A-Za-z]{3})\s+(\d{1,2})\s+(?:(\d{1,2}):(\d{2})|(\d{4}))\s(.+)"
)
_DOS = re.compile(rb"(\d{2})-(\d{2})-(\d{4}|\d{2})\s+(\d{1,2}):(\d{2})(?:\s*([AaPp][Mm]))?\s+(<DIR>|\d{1,19})\s+(.+)")
_TOTAL = re.compile(rb"total\s+\d+\s*", re.IGNORECASE)
_ARROW = b" -> "
_FOLDER, _FILE = "rwx", "rw-"
"""What is told of entries of DOS, which has no permissions."""
_AHEAD = timedelta(days=1)
_CENTURY, _PIVOT = 100, 70
_LEAP = 8
"""Years within which there is a 29 February."""
_HALF_DAY = 12


class ListedEntry(NamedTuple):
    """An entry of a list. size None: a directory. time: ``YYYYMMDDHHMMSS``. permissions: the owner's."""

    name: bytes
    size: int | None
    time: bytes
    permissions: str


def read_list(data: bytes, utc: float) -> list[ListedEntry]:
    """Read a whole list; utc: the time of now, in seconds since 1970. Raises ValueError: another format."""
    now = datetime.fromtimestamp(utc, UTC).replace(tzinfo=None)
    found = (_read(line.rstrip(b"\r"), now) for line in data.split(b"\n"))
    return [each for each in found if each is not None and each.name not in (b".", b"..")]


def _read(line: bytes, now: datetime) -> ListedEntry | None:
    """Read a line; None: it tells of no entry. Raises ValueError."""
    if not line.strip() or _TOTAL.fullmatch(line):
        return None
    if match := _UNIX.fullmatch(line):
        return _of_unix(match, now)
    if match := _DOS.fullmatch(line):
        return _of_dos(match)
    raise ValueError("neither of Unix nor of DOS")


def _of_unix(match: re.Match[bytes], now: datetime) -> ListedEntry:
    kind, owner, size, month, day, hour, minute, year, name = match.groups()
    numbers = _MONTHS.index(month.lower()) + 1, int(day)
    moment = datetime(int(year), *numbers) if year else _latest(numbers, int(hour), int(minute), now)
    if kind == b"l":
        name = name.partition(_ARROW)[0]
    return _entry(name, None if kind == b"d" else int(size), moment, owner.decode("ascii"))


def _latest(day: tuple[int, int], hour: int, minute: int, now: datetime) -> datetime:
    """Return the latest past moment of that day of a year; up to a day ahead counts as past. Raises ValueError."""
    for year in range(now.year + 1, now.year - _LEAP - 1, -1):
        try:
            moment = datetime(year, *day, hour, minute)
        except ValueError:
            if day != (2, 29):
                raise
            continue
        if moment <= now + _AHEAD:
            return moment
    raise ValueError(day)


def _of_dos(match: re.Match[bytes]) -> ListedEntry:
    month, day, year, hour, minute, half, size, name = match.groups()
    number, hours = int(year), int(hour)
    if number < _CENTURY:
        number += 1900 if number >= _PIVOT else 2000
    if half is not None:
        hours = hours % _HALF_DAY + (_HALF_DAY if half.lower() == b"pm" else 0)
    moment = datetime(number, int(month), int(day), hours, int(minute))
    folder = size == b"<DIR>"
    return _entry(name, None if folder else int(size), moment, _FOLDER if folder else _FILE)


def _entry(name: bytes, size: int | None, moment: datetime, permissions: str) -> ListedEntry:
    # Not by strftime, which writes the years before 1000 with less than four digits.
    time = b"%04d%02d%02d%02d%02d00" % (moment.year, moment.month, moment.day, moment.hour, moment.minute)
    return ListedEntry(printable(name), size, time, permissions)
