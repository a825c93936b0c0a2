"""The control API: what it answers. Everything here runs in the modules' loop, between their steps, and is quick."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypeVar

from onemo.control import ask, describe, state
from onemo.control.endpoints import MOST_LISTED, Asked, Endpoint, Query, Refused
from onemo.control.journal import Journal
from onemo.control.stream import TraceStream
from onemo.errors import FaultError, UsageError
from onemo.faults.kinds import INDICES
from onemo.faults.plan import Fault
from onemo.faults.presets import faults_of
from onemo.faults.say import fault_of, words
from onemo.profile.index import Label
from onemo.runtime.faulty import armed_on
from onemo.runtime.hand import Hand
from onemo.runtime.lab import Condition, Running

_T = TypeVar("_T")
_MOST_FAULTS = 1000
_MOST_STEPS = 100
_MOST_STREAMS = 32


class Alive(NamedTuple):
    alive: Literal[True]


class Ready(NamedTuple):
    """Every module is."""

    ready: Literal[True]
    modules: int


class Trace(NamedTuple):
    """Part of a journal. first: the oldest entry that is remembered; dropped: how many were before it; next: what to
    give as since, to go on."""

    first: int
    next: int
    dropped: int
    entries: list[dict[str, object]]


class StepFound(NamedTuple):
    """at: the numbers of the entries."""

    found: int
    at: list[int]


class Verified(NamedTuple):
    matched: bool
    steps: list[StepFound]


class Control:
    """modules: by name, as they are at each moment. awaited: the names of those that are to be, and are not there yet,
    or could not be started."""

    def __init__(self, modules: Mapping[str, Running]) -> None:
        self.awaited: set[str] = set()
        self._modules = modules
        self._journals: dict[str, Journal] = {}
        self._streams = 0

    def journal(self, name: str) -> Journal:
        """That of a module, to be its trace from its start."""
        return self._journals.setdefault(name, Journal(name))

    # What is asked.

    def ready(self, asked: Asked) -> Ready:
        there = {name for name, running in self._modules.items() if running.condition is Condition.READY}
        waiting = sorted((self._modules.keys() | self.awaited) - there)
        if waiting or not self._modules:
            of = (
                f"{', '.join(waiting[:10])}{' …' if len(waiting) > 10 else ''}" if waiting else "there is no module yet"
            )
            raise Refused(503, f"not ready: {of}")
        return Ready(True, len(self._modules))

    def modules(self, asked: Asked) -> list[state.Summary]:
        return [state.summary(running) for running in self._modules.values()]

    def module(self, asked: Asked) -> state.Module:
        return self._state(self._running(asked))

    def faults(self, asked: Asked) -> list[state.Fault]:
        running = self._running(asked)
        return [state.fault(armed) for armed in armed_on(running.module)] if running.built else []

    def arm(self, asked: Asked) -> list[state.Fault]:
        hand, faults = self._hand(asked), _faults(asked.body)
        if len(hand.armed) + len(faults) > _MOST_FAULTS:
            raise Refused(409, f"there are {_MOST_FAULTS} faults already: remove those that are spent")
        return [state.fault(armed) for armed in _declared(lambda: [hand.arm(fault) for fault in faults])]

    def disarm_all(self, asked: Asked) -> list[state.Fault]:
        return [state.fault(armed) for armed in self._hand(asked).disarm_all()]

    def fault(self, asked: Asked) -> state.Fault:
        wanted, faults = asked.path["id"], self.faults(asked)
        for fault in faults:
            if str(fault.id) == wanted:
                return fault
        ids = ", ".join(str(fault.id) for fault in faults[:20]) or "none"
        raise Refused(404, f"there is no fault {wanted} on {asked.path['name']}; there are {ids}")

    def disarm(self, asked: Asked) -> state.Fault:
        hand, fault = self._hand(asked), self.fault(asked)
        return state.fault(hand.disarm(fault.id))

    def event(self, asked: Asked) -> state.Module:
        hand, event = self._hand(asked), _event(asked.body)
        _declared(lambda: hand.happen(event))
        return self._state(self._running(asked))

    def trace(self, asked: Asked) -> Trace:
        query, journal = asked.query, self.journal(self._running(asked).name)
        limit, since = query.get("limit", 200), query.get("since")
        labels = [Label(name, query[name]) for name in INDICES if name in query]
        wanted = ask.filtered(labels, **{key: query.get(key) for key in ("side", "contains", "command", "urc")})
        found = [entry for entry in journal.since(since or 0) if wanted(entry)]
        going_on = since is not None and len(found) > limit
        kept = found[:limit] if since is not None else found[len(found) - min(limit, len(found)) :]
        after = kept[-1].seq + 1 if going_on else journal.next
        return Trace(journal.first, after, journal.first - 1, [entry.shown(journal.module) for entry in kept])

    def verify(self, asked: Asked) -> Verified:
        journal = self.journal(self._running(asked).name)
        matched, found = ask.verify(journal.since(0), _steps(asked.body))
        return Verified(matched, [StepFound(step.found, list(step.at)) for step in found])

    def stream(self, asked: Asked) -> TraceStream:
        journal = self.journal(self._running(asked).name)
        since = asked.query.get("since")
        last = asked.headers.get("last-event-id", "")
        if last.isascii() and last.isdecimal() and len(last) < 20:
            since = int(last) + 1
        return self._stream(lambda: [journal], since)

    def stream_all(self, asked: Asked) -> TraceStream:
        return self._stream(lambda: [self.journal(name) for name in self._modules], None)

    # Inside.

    def _stream(self, journals: Callable[[], list[Journal]], since: int | None) -> TraceStream:
        if self._streams >= _MOST_STREAMS:
            raise Refused(503, f"there are {_MOST_STREAMS} streams already: end one of them")
        return TraceStream(journals, since, self._summary, self._count)

    def _count(self, change: int) -> None:
        self._streams += change

    def _summary(self, name: str) -> object:
        running = self._modules.get(name)
        return None if running is None else state.summary(running)

    def _state(self, running: Running) -> state.Module:
        return state.state(running, self.journal(running.name))

    def _running(self, asked: Asked) -> Running:
        name = asked.path["name"]
        running = self._modules.get(name)
        if running is None:
            known = ", ".join(list(self._modules)[:10]) + (" …" if len(self._modules) > 10 else "")
            raise Refused(404, f"there is no module {name!r}; there are {known or 'none'}")
        return running

    def _hand(self, asked: Asked) -> Hand:
        """That of a module that runs."""
        running = self._running(asked)
        if running.condition is not Condition.READY:
            what = running.condition.value
            raise Refused(409, f"{running.name} is {what}: wait until /ready says so, or start it again")
        return Hand(running)


def _declared(call: Callable[[], _T]) -> _T:
    """What call returns. Raises Refused for what cannot be."""
    try:
        return call()
    except (FaultError, UsageError) as error:
        raise Refused(409 if isinstance(error, UsageError) else 422, str(error)) from error


def _object(body: object, example: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refused(422, f"the body is no object: send {example}")
    return body


def _faults(body: object) -> list[Fault]:
    table = _object(body, '{"fault": "urc-drop urc=MIPOPEN times=1"} or {"kind": "urc-drop", "urc": "MIPOPEN"}')
    if "fault" in table:
        text = table["fault"]
        if len(table) > 1 or not isinstance(text, str):
            raise Refused(422, "fault is a text, and is alone; or send kind and its keys")
        return _declared(lambda: faults_of(_said("kind", text)))
    return _declared(lambda: faults_of(table))


def _event(body: object) -> Fault:
    table = _object(body, '{"event": "signal", "rssi": 3} or {"event": "signal rssi=3"}')
    text = table.get("event")
    if not isinstance(text, str):
        raise Refused(422, 'event is missing, or no text: send {"event": "sim-remove"}')
    if "kind" in table:
        raise Refused(422, "kind is for faults: event says what is to happen")
    rest = {key: value for key, value in table.items() if key != "event"}
    return _declared(lambda: fault_of({**_said("kind", text), **rest}))


def _said(key: str, text: str) -> dict[str, object]:
    name, given = words(text)
    return {key: name, **given}


def _steps(body: object) -> list[ask.Step]:
    example = '{"steps": [{"sent": "AT+MIPOPEN", "times": 2}, {"event": "closed"}]}'
    steps = _object(body, example).get("steps")
    if not isinstance(steps, list) or not 0 < len(steps) <= _MOST_STEPS or len(body) > 1:  # type: ignore[arg-type]
        raise Refused(422, f"steps is a list of 1 to {_MOST_STEPS} steps, and is alone: send {example}")
    return [_step(number, step) for number, step in enumerate(steps)]


def _step(number: int, step: object) -> ask.Step:
    matters = ", ".join(ask.MATTERS)
    problem = f"steps[{number}]: give one of {matters} with a text, and times from 0 to {MOST_LISTED} if not 1"
    if not isinstance(step, dict):
        raise Refused(422, problem)
    times = step.get("times", 1)
    found = [(key, value) for key, value in step.items() if key != "times"]
    if len(found) != 1 or type(times) is not int or not 0 <= times <= MOST_LISTED:
        raise Refused(422, problem)
    matter, pattern = found[0]
    if matter not in ask.MATTERS or not isinstance(pattern, str) or not pattern:
        raise Refused(422, problem)
    return ask.Step(matter, pattern, times)


def _verify_body() -> dict[str, Any]:
    times = {"type": "integer", "minimum": 0, "maximum": MOST_LISTED, "default": 1}
    step = [
        {
            "type": "object",
            "properties": {matter: {"type": "string", "minLength": 1}, "times": times},
            "required": [matter],
            "additionalProperties": False,
        }
        for matter in ask.MATTERS
    ]
    steps = {"type": "array", "items": {"oneOf": step}, "minItems": 1, "maxItems": _MOST_STEPS}
    return {"type": "object", "properties": {"steps": steps}, "required": ["steps"], "additionalProperties": False}


_SINCE = Query("since", int, "From this entry on; the newest if left out.")
_FILTERS = (
    _SINCE,
    Query("limit", int, "At most so many: 200 if left out.", 1, MOST_LISTED),
    Query("side", str, "Only what that side said.", choices=("dte", "module", "network")),
    Query("contains", str, "Only where this is found; * stands for anything."),
    Query("command", str, "Only this command: MIPOPEN, AT+MIPOPEN."),
    Query("urc", str, "Only this URC: its name (MIPOPEN), or what it tells (rtcp)."),
    *(Query(each.name, int, f"Only of this {each.noun}, on the network.", 0, 99) for each in INDICES.values()),
)
_M = "/v1/modules/{name}"
ENDPOINTS: tuple[Endpoint[Control], ...] = (
    Endpoint("GET", "/health", "The process runs.", lambda control, asked: Alive(True), Alive),
    Endpoint("GET", "/ready", "Every module is ready; 503 tells which are not.", Control.ready, Ready, fails=(503,)),
    Endpoint("GET", "/v1/modules", "Every module.", Control.modules, list[state.Summary]),
    Endpoint("GET", _M, "The state of a module.", Control.module, state.Module, fails=(404,)),
    Endpoint("GET", "/v1/kinds", "What can go wrong and what can happen, with its keys.",
             lambda control, asked: describe.kinds(), list[describe.FaultKind]),
    Endpoint("GET", "/v1/presets", "Faults ready-made.",
             lambda control, asked: describe.presets(), list[describe.Preset]),
    Endpoint("GET", f"{_M}/faults", "Its faults, and how often each fired.", Control.faults, list[state.Fault],
             fails=(404,)),
    Endpoint("POST", f"{_M}/faults", "Arm a fault, or all of a preset.", Control.arm, list[state.Fault],
             body=describe.fault_body, status=201, fails=(404, 409, 422)),
    Endpoint("DELETE", f"{_M}/faults", "Disarm every fault; those that were armed.", Control.disarm_all,
             list[state.Fault], fails=(404, 409)),
    Endpoint("GET", f"{_M}/faults/{{id}}", "One fault.", Control.fault, state.Fault, fails=(404,)),
    Endpoint("DELETE", f"{_M}/faults/{{id}}", "Disarm a fault: what it held back goes on, an event is undone.",
             Control.disarm, state.Fault, fails=(404, 409)),
    Endpoint("POST", f"{_M}/events", "Let something happen now; the state after it.", Control.event, state.Module,
             body=describe.event_body, fails=(404, 409, 422)),
    Endpoint("GET", f"{_M}/trace", "The journal: the newest lines of the line and of the network.", Control.trace,
             Trace, query=_FILTERS, fails=(404, 422)),
    Endpoint("POST", f"{_M}/trace/verify", "Whether things happened in this order.", Control.verify, Verified,
             body=_verify_body, fails=(404, 422)),
    Endpoint("GET", f"{_M}/trace/stream", "The journal as server-sent events: entry, state, lost. Last-Event-ID "
             "resumes.", Control.stream, TraceStream, query=(_SINCE,), fails=(404, 422, 503)),
    Endpoint("GET", "/v1/trace/stream", "The same of all modules, from now on.", Control.stream_all, TraceStream,
             fails=(503,)),
)  # fmt: skip
