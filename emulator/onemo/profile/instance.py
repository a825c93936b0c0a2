"""One module of a model: who it is, and how fast its time passes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2s
from typing import Any, get_args

from onemo.errors import UsageError
from onemo.profile.schema import IS_DELAY, IdentitySection, Profile
from onemo.profile.shape import hints_of, is_number

_TAC = 8
_ISSUER = 7
_MACHINES = "+86144"
"""The range of numbers for things, which have 13 digits."""
_NUMBERED = re.compile(r"(.*?)([0-9]{0,5})", re.DOTALL)
"""A name, and the number at its end: with five digits no two of a series get the same six digits of an IMEI."""


def luhn(digits: str) -> str:
    """Append their check digit to digits (ITU-T E.118 annex B, 3GPP TS 23.003 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return digits + str(-total % 10)


def with_name(profile: Profile, name: str) -> Profile:
    """Give a profile the numbers of the module of this name: its own, valid, and the same at every start.

    IMEI, IMEISV and ICCID keep the model's type allocation and issuer, the IMSI its PLMN, the card's number the range
    for things. Names that differ in the number at their end have numbers that follow each other, and so no two of them
    the same.
    """
    identity = profile.identity
    serial = _digits(name, "serial", 6)
    imei = luhn(identity.imei[:_TAC] + serial)
    iccid = luhn(identity.iccid[:_ISSUER] + _digits(name, "iccid", len(identity.iccid) - _ISSUER - 1))
    imsi = identity.imsi[:5] + _digits(name, "imsi", len(identity.imsi) - 5)
    number = identity.serial[: -len(serial)] + serial
    msisdn = _MACHINES + _digits(name, "msisdn", 10)
    return _with(
        profile,
        identity._replace(
            imei=imei, imeisv=imei[:-1] + identity.svn, iccid=iccid, imsi=imsi, serial=number, msisdn=msisdn
        ),
    )


def with_numbers(
    profile: Profile,
    *,
    imei: str | None = None,
    imsi: str | None = None,
    iccid: str | None = None,
    msisdn: str | None = None,
    revision: str | None = None,
) -> Profile:
    """Put in the numbers that the user gives; None leaves one as it is. Raises UsageError: not so many digits."""
    identity = profile.identity
    if imei is not None:
        imei = _checked("IMEI", imei, len(identity.imei))
        identity = identity._replace(imei=imei, imeisv=imei[:-1] + identity.svn)
    if imsi is not None:
        identity = identity._replace(imsi=_checked("IMSI", imsi, len(identity.imsi)))
    if iccid is not None:
        identity = identity._replace(iccid=_checked("ICCID", iccid, len(identity.iccid)))
    if msisdn is not None:
        if is_number(msisdn):
            raise UsageError(f"{msisdn!r} is no number: give + and 3 to 20 digits, like +861440000000001")
        identity = identity._replace(msisdn=msisdn)
    if revision is not None:
        if not (revision.isascii() and revision.isprintable() and revision):
            raise UsageError(f"{revision!r} is no revision: give printable ASCII characters, like ML307R-DC-V1")
        identity = identity._replace(revision=revision)
    return _with(profile, identity)


def with_card(profile: Profile, *, present: bool, pin: str | None) -> Profile:
    """Put in the card, if there is one; with a PIN it asks for that. Raises UsageError: no PIN."""
    sim = profile.sim._replace(present=present)
    if pin is not None:
        if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 8):
            raise UsageError(f"{pin!r} is no PIN: give 4 to 8 digits")
        sim = sim._replace(pin=pin, locked=True)
    return profile._replace(sim=sim)


def with_file_store(profile: Profile, size: int) -> Profile:
    """Give the file store a room of so many bytes."""
    tables = _ChangedTables(profile.tables, lambda name, table: table._replace(size=size) if name == "files" else table)
    return profile._replace(tables=tables)


def speed_up(profile: Profile, speed: float) -> Profile:
    """Divide every emulated delay by speed.

    Shortened are boot, registration, search and scan, 2 MSL, pings, the silence before sleep. The seconds that the DTE
    asks for stay.
    """
    if speed == 1.0:
        return profile
    own = {name: _speed_up(value, speed) for name, value in profile._asdict().items() if hasattr(value, "_fields")}
    own["answers"] = {line: _speed_up(answer, speed) for line, answer in profile.answers.items()}
    return profile._replace(**own, tables=_ChangedTables(profile.tables, lambda name, table: _speed_up(table, speed)))


class _ChangedTables(Mapping[str, Any]):
    """The tables of families, each changed when it is first asked for: that may be at every piece."""

    def __init__(self, tables: Mapping[str, Any], change: Callable[[str, Any], Any]) -> None:
        self._tables, self._change = tables, change
        self._changed: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401  (as the tables have it)
        if name not in self._changed:
            self._changed[name] = self._change(name, self._tables[name])
        return self._changed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def _speed_up(section: Any, speed: float) -> Any:  # noqa: ANN401
    """Shorten a section's own delays."""
    if not hasattr(section, "_fields"):
        return section
    hints = hints_of(type(section))
    shortened = {name: getattr(section, name) / speed for name, hint in hints.items() if _is_delay(hint)}
    for name, hint in hints.items():
        if any(map(_is_delay, get_args(hint)[:1])):
            shortened[name] = tuple(each / speed for each in getattr(section, name))
    return section._replace(**shortened)


def _is_delay(hint: Any) -> bool:  # noqa: ANN401
    return IS_DELAY in getattr(hint, "__metadata__", ())


def _with(profile: Profile, identity: IdentitySection) -> Profile:
    return profile._replace(identity=identity)


def _digits(name: str, kind: str, count: int) -> str:
    found = _NUMBERED.fullmatch(name)
    assert found is not None
    stem, number = found.groups()
    first = int.from_bytes(blake2s(f"{kind}:{stem}".encode("utf-8", "surrogatepass")).digest())
    return str((first + int("1" + number)) % 10**count).zfill(count)  # the 1 tells 07 from 7


def _checked(kind: str, text: str, count: int) -> str:
    if len(text) != count or not (text.isascii() and text.isdigit()):
        raise UsageError(f"{text!r} is no {kind}: give its {count} digits")
    return text
