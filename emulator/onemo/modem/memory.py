"""The non-volatile memory: what outlives a boot cycle, and its form for whoever writes it down.

Pure: the shell has the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from onemo.at.params import BoundRecord
from onemo.at.registry import BoundModel
from onemo.at.store import Kept, R, Settings, Slot

FIRMWARE = "firmware"
"""The name of the keeper of what an upgrade left."""
_PROFILE = "&W"
Content = bytes | bytearray
"""The bytes of a stored file. One that is kept never changes."""
AS_IT_IS = object()
"""The mark of a record that a transaction did not change."""
Stored = Mapping[str, object]
"""Plain values by name: the record of a setting by field names, or by index and those; what a keeper keeps."""


class Changeable(Protocol):
    """Records that a transaction may have to put back."""

    def save(self) -> Mapping[Any, object]:
        """Return the records as they are now, for put_back."""
        ...

    def put_back(self, records: Mapping[Any, Any]) -> None:
        """Make these records what they were, as nothing could be written down; as ``put_back`` takes them."""
        ...


class Keeper(Changeable, Protocol):
    """Something that outlives the boot cycle, under a name of its own in the NV."""

    def begin_cycle(self) -> None:
        """Forget what does not outlive the boot cycle."""
        ...

    def snapshot(self) -> object:
        """Return all of it as plain values; None: there is nothing to write down."""
        ...

    def restore(self, entry: object) -> list[str]:
        """Take up a snapshot; return the names of what does not fit, "" for all of it."""
        ...


class Bulk(Protocol):
    """Contents that are too large for the NV itself, which holds their numbers."""

    def contents(self) -> Mapping[int, Content]:
        """Return all of them, by number; another content has another number."""
        ...

    @property
    def crowded(self) -> bool:
        """True where so little room is left that a real module may not start again."""
        ...

    def commit(self) -> bool:
        """Keep what is on its way to be kept, as an orderly restart does; tell whether there was any."""
        ...


class _Records:
    """Records by setting and index, as something that can be put back."""

    def __init__(self, records: Kept) -> None:
        self._records = records

    def save(self) -> Kept:
        return self._records

    def put_back(self, records: Mapping[Any, Any]) -> None:
        put_back(self._records, records)


class Memory:
    """Everything of a module that its model keeps.

    values: settings by slot and index, as Settings takes them; profile: what AT&W stored; keepers: the rest, by name.
    bulk: what has contents beside the NV. read_content(number, size, path): reads one, None: it is lost.
    """

    def __init__(self, model: BoundModel[Any], profile: tuple[Slot[Any], ...]) -> None:
        self._model = model
        self._in_profile = profile
        self._live: list[Settings] = []
        self.values: Kept = {}
        self.profile: Kept = {}
        self.keepers: dict[str, Keeper] = {}
        self.bulk: Bulk | None = None
        self.read_content: Callable[[int, int, str], Content | None] = lambda number, size, path: None

    def begin_cycle(self) -> Settings:
        """Begin a boot cycle; return the settings of the device. Each console has its own: console_settings."""
        for keeper in self.keepers.values():
            keeper.begin_cycle()
        self._live = [Settings(self._model.slots, {**self.values, **self.profile})]
        return self._live[0]

    def console_settings(self, *, first: bool) -> Settings:
        """Make the settings of a console for this boot cycle.

        The first one's are kept, of the others what AT&W stored.
        """
        kept = {**self.values, **self.profile} if first else self.profile
        self._live.append(Settings(self._model.slots, kept))
        return self._live[-1]

    def lasts(self, slot: Slot[R], record: R) -> bool:
        """Tell whether a record of a setting outlives the boot cycle."""
        return slot in self._model.kept and (slot.lasts is None or slot.lasts(record))

    def forget(self, index_name: str, index: int) -> None:
        """Drop the settings of an instance that is gone, for good."""
        for settings in self._live:
            settings.forget(index_name, index)
        for key in [key for key in self.values if key[0].indexed_by == index_name and key[1] == index]:
            del self.values[key]

    # A transaction.

    def change(self, act: Callable[[], None]) -> Callable[[], None]:
        """Let a command change what it will; return what takes that back, and nothing else that changed meanwhile."""
        before = [(keeper, dict(keeper.save())) for keeper in self._all()]
        act()
        undone = []
        for keeper, was in before:
            now = keeper.save()
            changed = {key for key in {**was, **now} if was.get(key) is not now.get(key)}
            if changed:
                undone.append((keeper, {key: was.get(key) if key in changed else AS_IT_IS for key in {**was, **now}}))

        def take_back() -> None:
            for settings in self._live:
                settings.changes += 1
            for keeper, records in undone:
                keeper.put_back(records)

        return take_back

    def _all(self) -> list[Changeable]:
        live = (settings.values for settings in self._live)
        return [*map(_Records, (*live, self.values, self.profile)), *self.keepers.values()]

    # The NV.

    def contents(self) -> Mapping[int, Content]:
        """Return the contents that are kept beside the snapshot, by number."""
        return self.bulk.contents() if self.bulk is not None else {}

    def snapshot(self) -> Stored:
        """Return everything, as plain values."""
        stored = plain_settings(self.values)
        if self.profile:
            stored[_PROFILE] = {slot.name: record._asdict() for (slot, _), record in self.profile.items()}
        kept = ((name, keeper.snapshot()) for name, keeper in self.keepers.items())
        return {**stored, **{name: entry for name, entry in kept if entry is not None}}

    def restore(self, stored: Stored) -> list[str]:
        """Take up a snapshot; return the names of what does not fit this model, which is left at its default."""
        refused: list[str] = []
        for name, entry in stored.items():
            if name in self.keepers:
                refused += [f"{name}.{part}" if part else name for part in self.keepers[name].restore(entry)]
            elif name == _PROFILE and isinstance(entry, Mapping):
                self._restore_profile(entry, refused)
            else:
                self._restore_setting(name, entry, self._model.kept, refused, self.values)
        return refused

    def restore_settings(self, entries: Stored, settings: Settings) -> list[str]:
        """Take up settings of a boot cycle, as plain_settings has them; return the names of what does not fit."""
        refused: list[str] = []
        found: Kept = {}
        for name, entry in entries.items():
            self._restore_setting(name, entry, self._model.slots, refused, found)
        for (slot, index), record in found.items():
            settings.set(slot, record, index)
        return refused

    def _restore_setting(
        self, name: str, entry: object, among: Iterable[Slot[Any]], refused: list[str], into: Kept
    ) -> None:
        slot = self._slot(name, among)
        if slot is None or not isinstance(entry, Mapping):
            refused.append(name)
        elif not slot.indexed_by:
            self._restore(slot, entry, 0, name, refused, into)
        else:
            indices = {str(index): index for index in self._model.slots[slot].indices}
            for index, record in entry.items():
                if index in indices:
                    self._restore(slot, record, indices[index], f"{name}.{index}", refused, into)
                else:
                    refused.append(f"{name}.{index}")

    def _slot(self, name: str, among: Iterable[Slot[Any]]) -> Slot[Any] | None:
        """Return the setting of a name in the NV, its family bound if need be; None: there is none."""
        if name.isascii():
            self._model.has(name.partition(".")[0])
        return next((slot for slot in among if slot.nv_name == name), None)

    def _restore_profile(self, entries: Mapping[object, object], refused: list[str]) -> None:
        for name, entry in entries.items():
            slot = next((slot for slot in self._in_profile if slot.name == name), None)
            if slot is None or not self._model.has(slot.name):
                refused.append(f"{_PROFILE}.{name}")
            else:
                self._restore(slot, entry, 0, f"{_PROFILE}.{name}", refused, self.profile)

    def _restore(self, slot: Slot[Any], entry: object, index: int, name: str, refused: list[str], into: Kept) -> None:
        record = restored(self._model.slots[slot], entry)
        if record is None or (slot.indexed_by and getattr(record, slot.indexed_by) != index) or not slot.fits(record):
            refused.append(name)
        else:
            into[slot, index] = record


def plain_settings(records: Kept) -> dict[str, Any]:
    """Return settings as plain values, by their names in the NV; those with an index by that, too."""
    plain: dict[str, Any] = {}
    for (slot, index), record in sorted(records.items(), key=lambda item: (item[0][0].name, item[0][1])):
        if slot.indexed_by:
            plain.setdefault(slot.nv_name, {})[str(index)] = record._asdict()
        else:
            plain[slot.nv_name] = record._asdict()
    return plain


def put_back(records: dict[Any, Any], before: Mapping[Any, Any]) -> None:
    """Make records what they were before, in the order of before; None: there was none; AS_IT_IS: it did not change."""
    now = dict(records)
    records.clear()
    for key, was in before.items():
        found = now.pop(key, None)
        found = found if was is AS_IT_IS else was
        if found is not None:
            records[key] = found
    records.update(now)


def restored(bound: BoundRecord[R], entry: object) -> R | None:
    """Read the record that a plain entry of the NV means; None: it does not fit."""
    if not isinstance(entry, Mapping) or entry.keys() != bound.defaults.keys():
        return None
    return bound.record(**entry) if all(param.fits(entry[param.name]) for param in bound.params) else None
