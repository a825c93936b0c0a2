"""The values of settings: one for a setting, or one for each instance that it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from onemo.at.params import BoundRecord

R = TypeVar("R", bound=NamedTuple)


class Slot(NamedTuple, Generic[R]):
    """The name of one stored setting and the record it holds.

    of: the command that sets it, where the name is a key of that. of_console: each console has its own. indexed_by: the
    first field of the record ("connect_id", "ssl_id"), where there is a record for each value of it. lasts: tells
    whether a record outlives the boot cycle where the setting does; None: every one. check: raises ValueError for a
    record that may not be held, though its parameters are in range.
    """

    name: str
    record: type[R]
    of: str = ""
    of_console: bool = False
    indexed_by: str | None = None
    lasts: Callable[[Any], bool] | None = None
    check: Callable[[Any], None] | None = None

    def fits(self, record: R) -> bool:
        """Tell whether a record may be held, beyond the ranges and types of its parameters."""
        try:
            if self.check is not None:
                self.check(record)
        except ValueError:
            return False
        return True

    @property
    def command(self) -> str:
        """The command that sets it."""
        return self.of or self.name

    @property
    def nv_name(self) -> str:
        """Its name in the NV."""
        return f"{self.of}.{self.name}" if self.of else self.name


Change = tuple[Slot[Any], Any]
"""A setting without an index, and its new record."""
Kept = dict[tuple[Slot[Any], int], Any]
"""Records by setting and index."""


class Settings:
    """The settings of one boot cycle. Values are shared between modules until they are set.

    kept: those set in earlier cycles that outlive them.
    """

    __slots__ = ("_bound", "_values", "changes")

    def __init__(
        self, bound: Mapping[Slot[Any], BoundRecord[Any]], kept: Mapping[tuple[Slot[Any], int], Any] = {}
    ) -> None:
        self._bound = bound
        self._values: Kept = dict(kept)
        self.changes = 0
        """The number of times that something was set, for those who take settings up when they are new."""

    def get(self, slot: Slot[R], index: int = 0) -> R:
        """Return the record as it was set, for read-back."""
        value = self._values.get((slot, index))
        if value is None:
            bound = self._bound[slot]
            value = bound.initial(**{slot.indexed_by: index}) if slot.indexed_by else bound.initial()
            self._values[slot, index] = value
        return value  # type: ignore[no-any-return]

    def is_default(self, slot: Slot[Any]) -> bool:
        """Tell whether a setting without an index is at its default, or is none of the model."""
        value = self._values.get((slot, 0))
        return value is None or value == self._bound[slot].initial()

    def effective(self, slot: Slot[R], index: int = 0) -> R:
        """Return the record as it acts: what is inert on this model is at its default."""
        return self._bound[slot].effective(self.get(slot, index))  # type: ignore[no-any-return]

    def set(self, slot: Slot[R], value: R, index: int = 0) -> None:
        """Take a record."""
        self._values[slot, index] = value
        self.changes += 1

    def reset(self, *slots: Slot[Any]) -> None:
        """Go back to the defaults: these slots, or all without any."""
        self._drop(lambda slot, index: not slots or slot in slots)

    def forget(self, index_name: str, index: int) -> None:
        """Drop the settings of an instance that is gone."""
        self._drop(lambda slot, each: slot.indexed_by == index_name and each == index)

    def _drop(self, gone: Callable[[Slot[Any], int], bool]) -> None:
        self.changes += 1
        for key in [key for key in self._values if gone(*key)]:
            del self._values[key]

    @property
    def values(self) -> Kept:
        """The records of now, also those that were only read."""
        return self._values
