"""The state of a module for a snapshot, and a module that is put into the state of one before it starts."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from onemo.at.store import Kept, Settings
from onemo.errors import UsageError
from onemo.families import HTTP
from onemo.modem.cells import CellChoice
from onemo.modem.memory import Content, plain_settings
from onemo.modem.modem import Modem
from onemo.modem.per_context import PerContext
from onemo.runtime.shell import NvFile
from onemo.runtime.snapshot import Snapshot, SnapshotContexts, SnapshotText

_GIVEN_OUT = (HTTP.name,)
"""The indices of instances that are created, and gone with the boot cycle: their settings go with them."""
_MOST_WAIT = 1e9
_TOLD = 3


class ModuleState(NamedTuple):
    """What a module has, as a snapshot has it; contents: of its files, by number."""

    nv: dict[str, Any]
    contents: Mapping[int, Content]
    settings: dict[str, Any]
    consoles: tuple[dict[str, Any], ...]
    contexts: SnapshotContexts
    waiting: tuple[SnapshotText, ...]


def state_of(modem: Modem, now: float) -> ModuleState:
    """Return what a module has now, between two steps. What is written to files that are open is not kept yet."""
    memory, keeping = modem.memory, modem.keeping
    own = {**memory.values, **memory.profile}
    return ModuleState(
        nv=dict(memory.snapshot()),
        contents=dict(memory.contents()),
        settings=plain_settings(_changed(modem, modem.settings, own)),
        consoles=tuple(
            plain_settings(_changed(modem, console.settings, own if console is modem.first else memory.profile))
            for console in modem.consoles
        ),
        contexts=SnapshotContexts(_plain(keeping.definitions), _plain(keeping.logins)),
        waiting=tuple(_waiting(modem, now)),
    )


def restore(snapshot: Snapshot, modem: Modem, nv: NvFile | None, now: float) -> None:
    """Put a module that has not started yet into the state of a snapshot, and write its NV down.

    Raises UsageError: it does not fit, and then nothing is written; or the NV holds something already.
    """
    if modem.memory.snapshot():
        raise UsageError("--restore: the NV file holds what a module kept already: name another one, or move it away")
    document = snapshot.document
    lost: list[str] = []

    def read(number: int, size: int, path: str) -> Content | None:
        content = snapshot.contents.get(number)
        if content is None or len(content) != size:
            lost.append(path)
            return None
        return content

    modem.memory.read_content = read
    refused = [f"nv.{name}" for name in modem.restore(document.nv)]
    refused += [f"the content of {path}" for path in lost]
    refused += [f"settings.{name}" for name in modem.memory.restore_settings(document.settings, modem.settings)]
    for console, settings in zip(modem.consoles, document.consoles, strict=False):
        place = f"consoles.{console.number}"
        refused += [f"{place}.{name}" for name in modem.memory.restore_settings(settings, console.settings)]
        console.begin_cycle(console.settings)
    refused += _restore_contexts(modem, document.contexts)
    refused += _restore_waiting(modem, document.waiting, now)
    if refused:
        more = f" and {len(refused) - _TOLD} more" if len(refused) > _TOLD else ""
        shown = f"{', '.join(refused[:_TOLD])}{more}"
        raise snapshot.refusal(f"{shown} does not fit the module: give the options that it had (--pin, --card, …)")
    modem.radio.choice = CellChoice(modem.cell.cells, modem.settings)
    _make_parts(modem, {name.partition(".")[0] for name in document.settings})
    if nv is not None:
        nv.save(modem.memory.snapshot(), modem.memory.contents())


def _make_parts(modem: Modem, commands: Collection[str]) -> None:
    """Make the parts that have to be there once a setting of these commands is another than its default."""
    if "CSCON" in commands:
        from onemo.families.cell import Connected

        modem.part(Connected)
    if "MSSLCFG" in commands:
        from onemo.families.tls import TlsMemory

        modem.part(TlsMemory)


def _changed(modem: Modem, settings: Settings, kept: Kept) -> Kept:
    """Return the settings that a boot cycle would not begin with."""
    model, found = modem.model, Kept()
    for (slot, index), record in settings.values.items():
        if slot.indexed_by in _GIVEN_OUT:
            continue
        if (begins_with := kept.get((slot, index))) is None:
            bound = model.slots[slot]
            begins_with = bound.initial(**{slot.indexed_by: index}) if slot.indexed_by else bound.initial()
        if record != begins_with:
            found[slot, index] = record
    return found


def _plain(records: PerContext[Any]) -> dict[str, Any]:
    return {str(cid): record._asdict() for cid, record in sorted(records.now.items())}


def _restore_contexts(modem: Modem, contexts: SnapshotContexts) -> Iterator[str]:
    """Take up the contexts of the boot cycle; yield the names of what does not fit."""
    keeping = modem.keeping
    kept: tuple[tuple[str, PerContext[Any], dict[str, Any]], ...] = (
        ("definitions", keeping.definitions, contexts.definitions),
        ("logins", keeping.logins, contexts.logins),
    )
    for name, keeper, entries in kept:
        if entries or keeper.now:
            found, refused = keeper.read(entries)
            yield from (f"contexts.{name}.{each}" for each in refused)
            keeper.now.clear()
            keeper.now.update(found or {})
    modem.contexts.resumed = True


def _waiting(modem: Modem, now: float) -> Iterator[SnapshotText]:
    if "sms" in modem.memory.keepers:
        from onemo.families.sms.stores import memory_of

        for waiting in memory_of(modem).mailbox.waiting:
            yield SnapshotText(waiting.tpdu.hex(), max(0.0, waiting.due - now))


def _restore_waiting(modem: Modem, texts: tuple[SnapshotText, ...], now: float) -> list[str]:
    """Have texts wait at the centre; return the names of what is none."""
    if not texts:
        return []
    from onemo.families.sms.fields import TpduError
    from onemo.families.sms.mailbox import MailboxFull, WaitingMessage
    from onemo.families.sms.operator import has_messages
    from onemo.families.sms.stores import memory_of
    from onemo.families.sms.tpdu import decode_received

    if not has_messages(modem):
        return ["waiting"]
    messages, refused = [], []
    for number, text in enumerate(texts):
        try:
            tpdu = bytes.fromhex(text.tpdu)
            decode_received(tpdu)
            if not (0 <= text.due < _MOST_WAIT and math.isfinite(text.due)):
                raise ValueError(text.due)
            messages.append(WaitingMessage(tpdu, now + text.due))
        except (TpduError, ValueError):
            refused.append(f"waiting.{number}")
    try:
        memory_of(modem).mailbox.take_in(messages)
    except MailboxFull:
        refused.append("waiting")
    return refused
