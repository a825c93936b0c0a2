"""The firmware of a module beyond what it was made with: the revision that it was upgraded to, and what is on the way.

Pure. A keeper, which the family of the upgrades makes; the module itself asks it for its revision, and at a boot
whether there is firmware to be written first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from onemo.modem.memory import put_back
from onemo.modem.part import Part


class Upgraded(NamedTuple):
    """The revision that a module was upgraded to, and the one that it was made with."""

    made: str = ""
    revision: str = ""


class Fetched(NamedTuple):
    """A download of a package. state: 0 broken off, 2 done, 3 failed for good; total, done: bytes, total -1: unknown.

    url: of the package.
    """

    state: int = 0
    total: int = -1
    done: int = 0
    url: str = ""


class UpgradeOrder(NamedTuple):
    """An upgrade that has begun. mini: by the minimal system; revision: the new one.

    percent: told last, -1: none was. failure, at: the step that fails, and the percentage; "": none does, any more.
    """

    mini: bool = False
    revision: str = ""
    percent: int = -1
    failure: str = ""
    at: int = 0


_RECORDS: Mapping[str, type[Any]] = {"upgraded": Upgraded, "fetched": Fetched, "order": UpgradeOrder}


_ALLOWED: Mapping[str, Any] = {
    "state": (0, 2, 3),
    "percent": range(-1, 101),
    "failure": ("", "download", "apply", "power"),
    "at": range(101),
    "done": range(1 << 40),
}
"""The values of fields that are confined."""


class UpgradeFault(NamedTuple):
    """The failure of the next upgrade, by a tester's wish. at: per cent."""

    step: str
    at: int


class FirmwareMemory:
    """The keeper of a module's firmware. writer: the part that writes new firmware at a boot.

    fault: how the next upgrade fails; None: as its package says. Changes are to be written down.
    """

    def __init__(self, writer: type[Part]) -> None:
        self.writer = writer
        self.fault: UpgradeFault | None = None
        self._records: dict[str, Any] = {}

    def revision(self, made: str) -> str:
        """Return the revision of now; another one that it is made with counts as flashed anew."""
        upgraded: Upgraded | None = self._records.get("upgraded")
        return upgraded.revision if upgraded is not None and upgraded.made == made else made

    def upgrade(self, made: str, revision: str) -> None:
        """Be upgraded."""
        self._records["upgraded"] = Upgraded(made, revision)

    @property
    def fetched(self) -> Fetched | None:
        """The last download from a URL; None: there was none, or it is used up."""
        return self._records.get("fetched")

    @fetched.setter
    def fetched(self, fetched: Fetched | None) -> None:
        self._set("fetched", fetched)

    @property
    def order(self) -> UpgradeOrder | None:
        """The upgrade that has begun; None: there is none."""
        return self._records.get("order")

    @order.setter
    def order(self, order: UpgradeOrder | None) -> None:
        self._set("order", order)

    def take_fault(self, step: str) -> UpgradeFault | None:
        """Return the failure that a tester wants at this step, which is then over; None: there is none."""
        fault = self.fault
        if fault is None or fault.step != step:
            return None
        self.fault = None
        return fault

    @property
    def is_as_made(self) -> bool:
        """True where clear would change nothing."""
        return not self._records and self.fault is None

    def clear(self) -> None:
        """Forget all: the module is flashed anew."""
        self._records.clear()
        self.fault = None

    def _set(self, name: str, record: NamedTuple | None) -> None:
        if record is None:
            self._records.pop(name, None)
        else:
            self._records[name] = record

    # Keeper.

    def save(self) -> Mapping[str, object]:
        return self._records

    def put_back(self, records: Mapping[Any, Any]) -> None:
        put_back(self._records, records)

    def begin_cycle(self) -> None:
        """Leave it: it outlives the boot cycle."""

    def snapshot(self) -> object:
        """Return the records by name, as plain values; None without any."""
        return {name: record._asdict() for name, record in self._records.items()} or None

    def restore(self, entry: object) -> list[str]:
        """Take up a snapshot; return the names of what does not fit."""
        if not isinstance(entry, Mapping):
            return [""]
        refused = []
        for name, record in entry.items():
            kind = _RECORDS.get(name)
            if kind is None or not _fits(kind, record):
                refused.append(str(name))
            else:
                self._records[name] = kind(**record)
        return refused


def _fits(kind: type[Any], record: object) -> bool:
    """Tell whether a plain value is a record of this kind: each field of the type of its default, texts printable."""
    usual: Mapping[str, object] = kind._field_defaults
    if not isinstance(record, Mapping) or record.keys() != usual.keys():
        return False
    values = record.values()
    same = all(type(record[name]) is type(usual[name]) for name in usual)
    printable = all(value.isascii() and value.isprintable() for value in values if isinstance(value, str))
    ranges = all(record[name] in allowed for name, allowed in _ALLOWED.items() if name in usual)
    return same and printable and ranges
