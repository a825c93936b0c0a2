"""Questions to a journal: which entries are wanted, and whether things happened in an order."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from onemo.control.journal import Entry
from onemo.dialogue.pattern import occurs
from onemo.faults.plan import tells
from onemo.profile.index import Label

Filter = Callable[[Entry], bool]
_SOURCES = {"sent": ("command", "data"), "received": ("answer", "urc", "prompt"), "event": ("event",),
            "network": ("payload", "event")}  # fmt: skip
MATTERS = tuple(_SOURCES)
"""The matters that a step can look for."""
FILTERS = ("side", "contains", "command", "urc", "console")
"""The parameters of ``filtered`` beside the labels."""


class TraceStep(NamedTuple):
    """A number of entries that match, behind those of the step before; times 0: none until those of the next step."""

    matter: str
    pattern: str
    times: int = 1


class StepHits(NamedTuple):
    """The entries found for a step: how many, and where; at most ``times``, and one where there should be none."""

    found: int
    at: tuple[int, ...]


def text_of(entry: Entry) -> str:
    """Return the text in which patterns are looked for: the line, or the event on the network."""
    event = entry.line.event
    data = entry.line.data.decode("utf-8", "replace") if entry.kind == "event" else entry.data
    return f"{event} {data}" if event else data


def filtered(
    labels: Collection[Label],
    side: str | None,
    contains: str | None,
    command: str | None,
    urc: str | None,
    console: int | None = None,
) -> Filter:
    """Make a filter for the entries that are all that is asked for; None, or no label: anything."""
    tests: list[Filter] = []
    if side is not None:
        tests.append(lambda entry: ("network" if entry.kind == "event" else entry.way[0]) == side)
    if contains is not None:
        tests.append(lambda entry: occurs(contains, text_of(entry)))
    if command is not None:
        name = re.sub(r"^(AT)?\+", "", command.upper())
        typed = re.compile(rf"(?:^AT|;)\+?{re.escape(name)}(?![A-Z])", re.IGNORECASE)
        tests.append(lambda entry: entry.kind == "command" and typed.search(entry.data) is not None)
    if urc is not None:
        tests.append(lambda entry: entry.kind == "urc" and tells(entry.data, urc))
    if labels:
        tests.append(lambda entry: entry.line.label in labels)
    if console is not None:
        tests.append(lambda entry: entry.line.source != "network" and entry.line.console == console)
    return lambda entry: all(test(entry) for test in tests)


def verify(entries: Iterable[Entry], steps: Iterable[TraceStep]) -> tuple[bool, list[StepHits]]:
    """Tell whether the steps were taken in this order, and the entries found for each."""
    left = list(entries)
    matched, found = True, list[StepHits]()
    never: list[tuple[int, TraceStep]] = []
    at = 0
    for step in steps:
        if not step.times:
            never.append((len(found), step))
            found.append(StepHits(0, ()))
            continue
        hits = _hits(left, at, len(left), step)
        matched = matched and len(hits) == step.times
        end = hits[0] if hits else len(left)
        matched = _none(left, at, end, never, found) and matched
        found.append(_told(left, hits))
        at = hits[-1] + 1 if hits else len(left)
        never.clear()
    return _none(left, at, len(left), never, found) and matched, found


def _hits(entries: list[Entry], start: int, end: int, step: TraceStep) -> list[int]:
    kinds, hits = _SOURCES[step.matter], list[int]()
    for index in range(start, end):
        if entries[index].kind in kinds and occurs(step.pattern, text_of(entries[index])):
            hits.append(index)
            if len(hits) >= max(step.times, 1):
                break
    return hits


def _none(
    entries: list[Entry], start: int, end: int, never: list[tuple[int, TraceStep]], found: list[StepHits]
) -> bool:
    """Tell whether no entry was found that should not be there, and put those that were into found."""
    for place, step in never:
        found[place] = _told(entries, _hits(entries, start, end, step))
    return not any(found[place].found for place, _ in never)


def _told(entries: list[Entry], hits: list[int]) -> StepHits:
    return StepHits(len(hits), tuple(entries[hit].seq for hit in hits))
