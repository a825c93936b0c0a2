"""The non-volatile memory: what outlives a boot cycle, and its form for whoever writes it down.

Pure: the shell has the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from onemo.at.registry import BoundModel
from onemo.at.store import R, Slot
from onemo.modem.files import Files
from onemo.modem.names import SERVER_SLOTS, require_addresses
from onemo.modem.sleep import EdrxMode, Saving, require_cycle, require_timers
from onemo.modem.slots import EDRX, POWER_SAVING, PROFILE, Edrx, PowerSaving

_SIM = "sim"
_FILES = "files"
_FILE_COMMAND = b"MSSLCERTWR"
Stored = Mapping[str, object]
"""By the name of the setting: its record by field names; of a setting of each connect_id, those by connect_id."""


def _require_timers(record: PowerSaving) -> None:
    require_timers(record)
    if record.mode == Saving.RESET:
        raise ValueError(record.mode)


def _require_cycle(record: Edrx) -> None:
    require_cycle(record)
    if record.mode == EdrxMode.RESET:
        raise ValueError(record.mode)


_CHECKS: Mapping[Slot[Any], Callable[[Any], None]] = {
    **{slot: partial(require_addresses, family) for family, slot in SERVER_SLOTS.items()},
    POWER_SAVING: _require_timers,
    EDRX: _require_cycle,
}
"""What a record must be beyond its parameters' ranges and types, as its command would see to it; raise ValueError."""


PER_CONTEXT = ("CGDCONT", "CGAUTH")
"""The commands that keep a record for each PDP context."""


Kept = dict[tuple[Slot[Any], int], Any]
_PROFILE = "&W"


class Memory:
    """The settings that the model keeps. values: by slot and index, as Settings takes them; files: those of TLS."""

    def __init__(self, model: BoundModel[Any]) -> None:
        self._model = model
        self.files = Files(model.profile.tls)
        self.values: dict[tuple[Slot[Any], int], Any] = {}
        self.sim: Mapping[str, object] | None = None
        """What the card remembers."""
        self.profile: Kept = {}
        """What AT&W stored."""
        self.by_cid: dict[str, dict[int, Any]] = {}
        """Records of PDP contexts, by the name of their command."""

    def set(self, slot: Slot[R], record: R | None, index: int) -> None:
        """None: it was never set."""
        if record is None:
            self.values.pop((slot, index), None)
        else:
            self.values[slot, index] = record

    def snapshot(self) -> Stored:
        """Everything, as plain values."""
        stored: dict[str, Any] = {}
        if self.sim is not None:
            stored[_SIM] = dict(self.sim)
        for (slot, index), record in sorted(self.values.items(), key=lambda item: (item[0][0].name, item[0][1])):
            plain = record._asdict()
            name = self._model.kept[slot]
            if slot.indexed:
                stored.setdefault(name, {})[str(index)] = plain
            else:
                stored[name] = plain
        for command, records in self.by_cid.items():
            stored[command] = {str(cid): record._asdict() for cid, record in sorted(records.items())}
        if self.profile:
            stored[_PROFILE] = {slot.name: record._asdict() for (slot, _), record in self.profile.items()}
        if self.files.stored:
            stored[_FILES] = self.files.snapshot()
        return stored

    def restore(self, stored: Stored) -> list[str]:
        """Take up a snapshot. Returns the names of what does not fit this model, which is left at its default. What
        the card remembers is for the card to judge."""
        slots = {name: slot for slot, name in self._model.kept.items()}
        indices = {str(connect_id): connect_id for connect_id in self._model.connect_ids}
        refused: list[str] = []
        for name, entry in stored.items():
            if name == _SIM and isinstance(entry, Mapping):
                self.sim = entry
                continue
            if name == _FILES and isinstance(entry, Mapping) and _FILE_COMMAND in self._model.commands:
                longest = self._model.commands[_FILE_COMMAND].records[""].params[0].section.max_length or 0
                refused += [f"{_FILES}.{other}" for other in self.files.restore(entry, longest)]
                continue
            slot = slots.get(name)
            if name in PER_CONTEXT and isinstance(entry, Mapping):
                self._restore_contexts(name, entry, refused)
            elif name == _PROFILE and isinstance(entry, Mapping):
                self._restore_profile(entry, refused)
            elif slot is None or not isinstance(entry, Mapping):
                refused.append(name)
            elif not slot.indexed:
                self._restore(slot, entry, 0, name, refused)
            else:
                for index, record in entry.items():
                    if index in indices:
                        self._restore(slot, record, indices[index], f"{name}.{index}", refused)
                    else:
                        refused.append(f"{name}.{index}")
        return refused

    def _restore_contexts(self, command: str, entries: Mapping[str, object], refused: list[str]) -> None:
        bound = self._model.commands[command.encode()].records[""] if command.encode() in self._model.commands else None
        if bound is None:
            refused.append(command)
            return
        records = self.by_cid[command] = {}
        for key, entry in entries.items():
            fields = entry if isinstance(entry, Mapping) else {}
            fits = fields.keys() == bound.defaults.keys() and all(p.fits(fields[p.name]) for p in bound.params)
            if fits and key == str(fields["cid"]):
                records[int(key)] = bound.record(**fields)
            else:
                refused.append(f"{command}.{key}")

    def _restore_profile(self, entries: Mapping[object, object], refused: list[str]) -> None:
        for name, entry in entries.items():
            slot = next((slot for slot in PROFILE if slot.name == name), None)
            if slot is None or slot.name.encode() not in self._model.commands:
                refused.append(f"{_PROFILE}.{name}")
            else:
                self._restore(slot, entry, 0, f"{_PROFILE}.{name}", refused, self.profile)

    def _restore(
        self, slot: Slot[Any], entry: object, index: int, name: str, refused: list[str], into: Kept | None = None
    ) -> None:
        record = self._record(slot, entry, index)
        if record is None:
            refused.append(name)
        else:
            (self.values if into is None else into)[slot, index] = record

    def _record(self, slot: Slot[Any], entry: object, index: int) -> object | None:
        """The record that entry means; None when it does not fit."""
        bound = self._model.slots[slot]
        names = [param.name for param in bound.params]
        if not isinstance(entry, Mapping) or entry.keys() != set(names):
            return None
        if slot.indexed and entry[names[0]] != index:
            return None
        if not all(param.fits(entry[param.name]) for param in bound.params):
            return None
        record: object = bound.record(**entry)
        check = _CHECKS.get(slot)
        try:
            if check is not None:
                check(record)
        except ValueError:
            return None
        return record
