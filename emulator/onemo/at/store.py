"""What settings hold now: one value a setting, or one for each connection instance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from onemo.at.params import BoundRecord

R = TypeVar("R", bound=NamedTuple)


class Slot(NamedTuple, Generic[R]):
    """The name of one stored setting and the record it holds. indexed: one for each value of its first field
    (connect_id, ssl_id).

    lasts: whether a record outlives the boot cycle where the setting does; None: every one.
    """

    name: str
    record: type[R]
    indexed: bool
    lasts: Callable[[Any], bool] | None = None


class Settings:
    """The settings of one boot cycle. Values are shared between modules until they are set.

    kept: those set in earlier cycles that outlive them.
    """

    __slots__ = ("_bound", "_values", "changes")

    def __init__(
        self, bound: Mapping[Slot[Any], BoundRecord[Any]], kept: Mapping[tuple[Slot[Any], int], Any] = {}
    ) -> None:
        self._bound = bound
        self._values: dict[tuple[Slot[Any], int], Any] = dict(kept)
        self.changes = 0
        """How often something was set: for who takes settings up when they are new."""

    def get(self, slot: Slot[R], index: int = 0) -> R:
        """The record as it was set, for read-back."""
        value = self._values.get((slot, index))
        if value is None:
            bound = self._bound[slot]
            value = bound.initial(**{bound.params[0].name: index}) if slot.indexed else bound.initial()
            self._values[slot, index] = value
        return value  # type: ignore[no-any-return]

    def effective(self, slot: Slot[R], index: int = 0) -> R:
        """The record as it acts: what is inert on this model is at its default."""
        return self._bound[slot].effective(self.get(slot, index))  # type: ignore[no-any-return]

    def set(self, slot: Slot[R], value: R, index: int = 0) -> None:
        self._values[slot, index] = value
        self.changes += 1

    def reset(self, *slots: Slot[Any]) -> None:
        """Back to the defaults: these slots, or all without any."""
        self.changes += 1
        for key in [key for key in self._values if not slots or key[0] in slots]:
            del self._values[key]
