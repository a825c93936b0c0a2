"""The control API: the answers of its endpoints.

Everything here runs in the loop of the modules, between their steps, and is quick; operations of the desk may wait.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Literal, NamedTuple, TypeVar

from onemo.control import ask, describe, state
from onemo.control.download import QUERY, TraceFile
from onemo.control.endpoints import MOST_LISTED, ApiRequest, Endpoint, QueryParameter, Refused, TextAnswer
from onemo.control.journal import Journal
from onemo.control.metrics import CONTENT_TYPE, metrics_text
from onemo.control.stream import TraceStream
from onemo.errors import FaultError, UsageError
from onemo.faults.kind import INDICES
from onemo.faults.plan import Fault
from onemo.faults.presets import faults_of
from onemo.faults.say import event_of, words
from onemo.profile.index import Label
from onemo.runtime.controls import ModuleControls
from onemo.runtime.desk import OPERATIONS
from onemo.runtime.desk.operation import DeskOperation
from onemo.runtime.faulty import armed_on
from onemo.runtime.lab import Condition, RunningModule

_T = TypeVar("_T")
_MOST_FAULTS = 1000
_MOST_STREAMS = 32


class HealthInfo(NamedTuple):
    """The answer of a process that runs."""

    alive: Literal[True]


class ReadyInfo(NamedTuple):
    """The answer once every module is ready."""

    ready: Literal[True]
    modules: int


class TracePage(NamedTuple):
    """Part of a journal.

    first: the oldest entry that is remembered; dropped: how many were before it; next: the since with which to go on;
    started: seconds since 1970-01-01 UTC at which the time of an entry is 0.
    """

    first: int
    next: int
    dropped: int
    entries: list[dict[str, object]]
    started: float


class StepResult(NamedTuple):
    """The entries found for one step. at: their numbers."""

    found: int
    at: list[int]


class VerifyResult(NamedTuple):
    """The result of a verification, step by step."""

    matched: bool
    steps: list[StepResult]


def no_module(name: str, names: Collection[str]) -> Refused:
    """Make the refusal (404) of a module that is none of those."""
    known = ", ".join(list(names)[:10]) + (" …" if len(names) > 10 else "")
    return Refused(404, f"there is no module {name!r}; there are {known or 'none'}")


class Control:
    """The answers to all requests of the control API.

    modules: by name, as they are at each moment. awaited: the names of those that are to be, and are not there yet, or
    could not be started.
    """

    def __init__(self, modules: Mapping[str, RunningModule]) -> None:
        self.awaited: set[str] = set()
        self._modules = modules
        self._journals: dict[str, Journal] = {}
        self._streams = 0

    def journal(self, name: str) -> Journal:
        """Return the journal of a module, to be its trace from its start."""
        return self._journals.setdefault(name, Journal(name))

    # The endpoints.

    async def metrics(self, request: ApiRequest) -> TextAnswer:
        """Tell the figures of all modules, as Prometheus reads them."""
        known = [(running, self.journal(name)) for name, running in self._modules.items()]
        return TextAnswer(await metrics_text(known), CONTENT_TYPE)

    def ready(self, request: ApiRequest) -> ReadyInfo:
        """Answer that every module is ready. Raises Refused (503) while one is not."""
        there = {name for name, running in self._modules.items() if running.condition is Condition.READY}
        waiting = sorted((self._modules.keys() | self.awaited) - there)
        if waiting or not self._modules:
            of = (
                f"{', '.join(waiting[:10])}{' …' if len(waiting) > 10 else ''}" if waiting else "there is no module yet"
            )
            raise Refused(503, f"not ready: {of}")
        return ReadyInfo(True, len(self._modules))

    def modules(self, request: ApiRequest) -> list[state.ModuleSummary]:
        """List the modules."""
        return [state.summary(running) for running in self._modules.values()]

    def module(self, request: ApiRequest) -> dict[str, object]:
        """Return the state of a module. Raises Refused (404), as every method that names one."""
        return self._state(self._running(request))

    def errors(self, request: ApiRequest) -> list[state.ErrorInfo]:
        """List the errors that the module may answer."""
        return state.errors(self._running(request).model)

    def faults(self, request: ApiRequest) -> list[state.FaultInfo]:
        """List the faults of a module, spent ones too."""
        running = self._running(request)
        return [state.fault(armed) for armed in armed_on(running.module)] if running.built else []

    def arm(self, request: ApiRequest) -> list[state.FaultInfo]:
        """Arm the faults of the body. Raises Refused (409, 422)."""
        controls, faults = self._controls(request), _faults(request.body)
        if len(controls.armed) + len(faults) > _MOST_FAULTS:
            raise Refused(409, f"there are {_MOST_FAULTS} faults already: remove those that are spent")
        return [state.fault(armed) for armed in _declared(lambda: [controls.arm(fault) for fault in faults])]

    def disarm_all(self, request: ApiRequest) -> list[state.FaultInfo]:
        """Disarm every fault, and return those that were armed. Raises Refused (409)."""
        return [state.fault(armed) for armed in self._controls(request).disarm_all()]

    def fault(self, request: ApiRequest) -> state.FaultInfo:
        """Return one fault. Raises Refused (404)."""
        wanted, faults = request.path["id"], self.faults(request)
        for fault in faults:
            if str(fault.id) == wanted:
                return fault
        ids = ", ".join(str(fault.id) for fault in faults[:20]) or "none"
        raise Refused(404, f"there is no fault {wanted} on {request.path['name']}; there are {ids}")

    def disarm(self, request: ApiRequest) -> state.FaultInfo:
        """Disarm one fault, and return it. Raises Refused (404, 409)."""
        controls, fault = self._controls(request), self.fault(request)
        return state.fault(controls.disarm(fault.id))

    def events(self, request: ApiRequest) -> list[state.EventInfo]:
        """List the events, and which of them make no sense now."""
        return state.events(self._running(request))

    def event(self, request: ApiRequest) -> dict[str, object]:
        """Let the event of the body happen now, and return the state after it. Raises Refused (409, 422)."""
        controls, event = self._controls(request), _event(request.body)
        _declared(lambda: controls.happen(event))
        return self._state(self._running(request))

    def trace(self, request: ApiRequest) -> TracePage:
        """Return the entries of the journal that the query asks for: the newest, or those from since on."""
        query, journal = request.query, self.journal(self._running(request).name)
        limit, since = query.get("limit", 200), query.get("since")
        labels = [Label(index, query[index.name]) for index in INDICES if index.name in query]
        wanted = ask.filtered(labels, **{key: query.get(key) for key in ask.FILTERS})
        found = [entry for entry in journal.since(since or 0) if wanted(entry)]
        going_on = since is not None and len(found) > limit
        kept = found[:limit] if since is not None else found[len(found) - min(limit, len(found)) :]
        after = kept[-1].seq + 1 if going_on else journal.next
        entries = [entry.shown(journal.module) for entry in kept]
        return TracePage(journal.first, after, journal.first - 1, entries, round(journal.started, 6))

    def trace_file(self, request: ApiRequest) -> TraceFile:
        """Return the whole journal as a file."""
        running = self._running(request)
        return TraceFile(self.journal(running.name), running.spec.shown_model(running.model), request.query)

    def verify(self, request: ApiRequest) -> VerifyResult:
        """Compare the journal with the steps of the body. Raises Refused (422)."""
        journal = self.journal(self._running(request).name)
        matched, found = ask.verify(journal.since(0), ask.steps_of(_object(request.body, ask.EXAMPLE)))
        return VerifyResult(matched, [StepResult(step.found, list(step.at)) for step in found])

    def stream(self, request: ApiRequest) -> TraceStream:
        """Return the stream of one journal, from since or from the last event that the client had.

        Raises Refused (503).
        """
        journal = self.journal(self._running(request).name)
        since = request.query.get("since")
        last = request.headers.get("last-event-id", "")
        if last.isascii() and last.isdecimal() and len(last) < 20:
            since = int(last) + 1
        return self._stream(lambda: [journal], since)

    def stream_all(self, request: ApiRequest) -> TraceStream:
        """Return the stream of all journals, from now on. Raises Refused (503)."""
        return self._stream(lambda: [self.journal(name) for name in self._modules], None)

    def operate(self, operation: DeskOperation, request: ApiRequest) -> object:
        """Do what an operation of the desk does, and return its result, or what is awaited for it.

        Raises Refused (409, 422), and so does what is awaited.
        """
        parts = {key.name: request.path[key.name] for key in operation.keys if key.name in request.path}
        sent = _object(request.body, operation.example) if operation.has_body else request.query
        controls = self._controls(request)
        result = _declared(lambda: operation.act(controls, operation.read({**sent, **parts})))
        return _awaited(result) if isinstance(result, Awaitable) else result

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

    def _state(self, running: RunningModule) -> dict[str, object]:
        return state.state(running, self.journal(running.name))

    def _running(self, request: ApiRequest) -> RunningModule:
        name = request.path["name"]
        running = self._modules.get(name)
        if running is None:
            raise no_module(name, self._modules)
        return running

    def _controls(self, request: ApiRequest) -> ModuleControls:
        """Return the controls of a module. Raises Refused unless it runs."""
        running = self._running(request)
        if running.condition is not Condition.READY:
            what = running.condition.value
            raise Refused(409, f"{running.name} is {what}: wait until /ready says so, or start it again")
        return ModuleControls(running)


def _declared(call: Callable[[], _T]) -> _T:
    """Return the result of call. Raises Refused in the place of FaultError and UsageError."""
    try:
        return call()
    except (FaultError, UsageError) as error:
        raise _refused(error) from error


async def _awaited(work: Awaitable[_T]) -> _T:
    """Await the result of work. Raises as _declared."""
    try:
        return await work
    except (FaultError, UsageError) as error:
        raise _refused(error) from error


def _refused(error: FaultError | UsageError) -> Refused:
    return Refused(409 if isinstance(error, UsageError) else 422, str(error))


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
    return _declared(lambda: event_of({**_said("kind", text), **rest}))


def _said(key: str, text: str) -> dict[str, object]:
    name, given = words(text)
    return {key: name, **given}


_SINCE = QueryParameter("since", int, "From this entry on; the newest if left out.")
_FILTERS = (
    _SINCE,
    QueryParameter("limit", int, "At most so many: 200 if left out.", 1, MOST_LISTED),
    QueryParameter("side", str, "Only what that side said.", choices=("dte", "module", "network")),
    QueryParameter("contains", str, "Only where this is found; * stands for anything."),
    QueryParameter("command", str, "Only this command: MIPOPEN, AT+MIPOPEN."),
    QueryParameter("urc", str, "Only this URC: its name (MIPOPEN), or what it tells (rtcp)."),
    *(QueryParameter(index.name, int, index.about, 0, 99) for index in INDICES),
    QueryParameter("console", int, "Only what crossed this AT line: 0 is the first.", 0, 99),
)
_M = "/v1/modules/{name}"
_MOST_EVENT = 1 << 18
"""Bytes of a body: a text of 255 parts, however its characters are escaped."""


def endpoint_of(operation: DeskOperation) -> Endpoint[Control]:
    """Make the endpoint of an operation of the desk."""
    keys = operation.sent_keys
    return Endpoint(
        operation.method,
        _M + operation.path,
        operation.about,
        lambda control, request: control.operate(operation, request),
        operation.result,
        query=() if operation.has_body else tuple(describe.query_parameter(key) for key in keys),
        body=(lambda: describe.operation_body(keys)) if operation.has_body else None,
        status=operation.status,
        fails=(404, 409, 422),
        most_body=operation.most_body,
    )


ENDPOINTS: tuple[Endpoint[Control], ...] = (
    Endpoint("GET", "/health", "The process runs.", lambda control, request: HealthInfo(True), HealthInfo),
    Endpoint("GET", "/ready", "Every module is ready; 503 tells which are not.", Control.ready, ReadyInfo,
             fails=(503,)),
    Endpoint("GET", "/metrics", "The figures of all modules, as Prometheus reads them.", Control.metrics, TextAnswer),
    Endpoint("GET", "/v1/modules", "Every module.", Control.modules, list[state.ModuleSummary]),
    Endpoint("GET", _M, "The state of a module.", Control.module, state.module_schema, fails=(404,)),
    Endpoint("GET", "/v1/kinds", "What can go wrong and what can happen, with its keys.",
             lambda control, request: describe.kinds(), list[describe.KindInfo]),
    Endpoint("GET", "/v1/presets", "Faults ready-made.",
             lambda control, request: describe.presets(), list[describe.PresetInfo]),
    Endpoint("GET", f"{_M}/errors", "The errors that its commands may end in, in words.", Control.errors,
             list[state.ErrorInfo], fails=(404,)),
    Endpoint("GET", f"{_M}/faults", "Its faults, and how often each fired.", Control.faults, list[state.FaultInfo],
             fails=(404,)),
    Endpoint("POST", f"{_M}/faults", "Arm a fault, or all of a preset.", Control.arm, list[state.FaultInfo],
             body=describe.fault_body, status=201, fails=(404, 409, 422)),
    Endpoint("DELETE", f"{_M}/faults", "Disarm every fault; those that were armed.", Control.disarm_all,
             list[state.FaultInfo], fails=(404, 409)),
    Endpoint("GET", f"{_M}/faults/{{id}}", "One fault.", Control.fault, state.FaultInfo, fails=(404,)),
    Endpoint("DELETE", f"{_M}/faults/{{id}}", "Disarm a fault: what it held back goes on, an event is undone.",
             Control.disarm, state.FaultInfo, fails=(404, 409)),
    Endpoint("GET", f"{_M}/events", "What can happen to it, and why it makes no sense now, where it makes none.",
             Control.events, list[state.EventInfo], fails=(404,)),
    Endpoint("POST", f"{_M}/events", "Let something happen now; the state after it.", Control.event,
             state.module_schema, body=describe.event_body, fails=(404, 409, 422), most_body=_MOST_EVENT),
    Endpoint("GET", f"{_M}/trace", "The journal: the newest lines of the line and of the network.", Control.trace,
             TracePage, query=_FILTERS, fails=(404, 422)),
    Endpoint("GET", f"{_M}/trace/file", "The journal as a file: a transcript, JSON lines, or pcapng of the network.",
             Control.trace_file, TraceFile, query=QUERY, fails=(404, 422)),
    Endpoint("POST", f"{_M}/trace/verify", "Whether things happened in this order.", Control.verify, VerifyResult,
             body=ask.verify_body, fails=(404, 422)),
    Endpoint("GET", f"{_M}/trace/stream", "The journal as server-sent events: entry, state, lost. Last-Event-ID "
             "resumes.", Control.stream, TraceStream, query=(_SINCE,), fails=(404, 422, 503)),
    Endpoint("GET", "/v1/trace/stream", "The same of all modules, from now on.", Control.stream_all, TraceStream,
             fails=(503,)),
    *map(endpoint_of, OPERATIONS),
)  # fmt: skip
