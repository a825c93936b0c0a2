"""Questions to a journal: which entries are wanted, and whether things happened in an order."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from onemo.control.endpoints import MOST_LISTED, Refused
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
EXAMPLE = '{"steps": [{"sent": "AT+MIPOPEN", "times": 2}, {"event": "closed"}]}'
"""A body with steps."""
_MOST_STEPS = 100


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
        tests.append(lambda entry: entry.line.label is not None and entry.line.label.is_among(labels))
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


def steps_of(body: Mapping[str, object]) -> list[TraceStep]:
    """Read the steps of a verification. Raises Refused (422)."""
    steps = body.get("steps")
    if not isinstance(steps, list) or not 0 < len(steps) <= _MOST_STEPS or len(body) > 1:
        raise Refused(422, f"steps is a list of 1 to {_MOST_STEPS} steps, and is alone: send {EXAMPLE}")
    return [_step(number, step) for number, step in enumerate(steps)]


def verify_body() -> dict[str, Any]:
    """Return the schema of the body that has the steps."""
    times = {"type": "integer", "minimum": 0, "maximum": MOST_LISTED, "default": 1}
    step = [
        {
            "type": "object",
            "properties": {matter: {"type": "string", "minLength": 1}, "times": times},
            "required": [matter],
            "additionalProperties": False,
        }
        for matter in MATTERS
    ]
    steps = {"type": "array", "items": {"oneOf": step}, "minItems": 1, "maxItems": _MOST_STEPS}
    return {"type": "object", "properties": {"steps": steps}, "required": ["steps"], "additionalProperties": False}


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


def _step(number: int, step: object) -> TraceStep:
    matters = ", ".join(MATTERS)
    problem = f"steps[{number}]: give one of {matters} with a text, and times from 0 to {MOST_LISTED} if not 1"
    if not isinstance(step, dict):
        raise Refused(422, problem)
    times = step.get("times", 1)
    found = [(key, value) for key, value in step.items() if key != "times"]
    if len(found) != 1 or type(times) is not int or not 0 <= times <= MOST_LISTED:
        raise Refused(422, problem)
    matter, pattern = found[0]
    if matter not in MATTERS or not isinstance(pattern, str) or not pattern:
        raise Refused(422, problem)
    return TraceStep(matter, pattern, times)
