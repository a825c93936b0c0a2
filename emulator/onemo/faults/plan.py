"""The fault plan: which faults are armed, and which of them fire on an occasion or at a time.

Pure: time (seconds) is an argument, and the dice are handed in. Each armed fault has dice of its own, so that what it
does depends on its own matches alone: the same seed and the same faults fire the same way however their occasions
interleave.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, Protocol

from onemo.dialogue.pattern import occurs_in_bytes
from onemo.faults.kind import FaultKind, Layer, Value
from onemo.modem.sim import plain_number
from onemo.profile.index import Label

if TYPE_CHECKING:
    from random import Random


class Occasion(NamedTuple):
    """An event at one of the seams, for faults to match; each layer fills in the fields that it knows.

    direction: ``from-dte`` or ``to-dte``; command: its name in upper case, without AT and +; form: as in kinds.FORMS;
    operation: as in kinds.OPERATIONS, or ``boot``, once for each boot cycle; urc: the URC's line; data: the bytes that
    pass. label: of the instance that it is about; client: of what a server has taken for its peers. to: the plain
    number of the message's destination. file, ins: of a command to the card, in upper-case hex. transport, host, port:
    of the peer, as the firmware wrote them. path: of the request, as it was sent; packet: its type, as in kind.PACKETS;
    verb: the command of FTP that a reply is to.
    """

    direction: str = ""
    command: str = ""
    form: str = ""
    label: Label | None = None
    client: Label | None = None
    operation: str = ""
    urc: str = ""
    data: bytes | memoryview = b""
    transport: str = ""
    host: str = ""
    port: int = 0
    to: str = ""
    path: str = ""
    packet: str = ""
    file: str = ""
    ins: str = ""
    verb: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: its kind, the values of the kind's own keys (defaults included), its scope and when it fires.

    layer: where its occasions are; None: it fires at a time. scope: by the names in kinds.SCOPES, what was given.
    after: matches that pass first; after_seconds: not before. times, for_seconds: None without limit. forced: the
    scope keys whose name need not be any that a model has.
    """

    kind: FaultKind
    layer: Layer | None
    values: Mapping[str, Value]
    scope: Mapping[str, Value]
    probability: float = 1.0
    after: int = 0
    after_seconds: float = 0.0
    times: int | None = None
    for_seconds: float | None = None
    said: str = ""
    forced: frozenset[str] = frozenset()

    def __str__(self) -> str:
        """Return the fault as it would be typed."""
        return self.said

    def whole(self, key: str) -> int:
        """Return the value of an integer key. Raises KeyError where it has none."""
        value = self.values[key]
        assert isinstance(value, int)
        return value

    def number(self, key: str) -> float:
        """Return the value of a number, or of seconds."""
        value = self.values[key]
        assert isinstance(value, int | float)
        return value

    def text(self, key: str) -> str:
        """Return the value of a text, or of a choice."""
        value = self.values[key]
        assert isinstance(value, str)
        return value

    def data(self, key: str) -> bytes:
        """Return the value of bytes."""
        value = self.values[key]
        assert isinstance(value, bytes)
        return value

    def matches(self, occasion: Occasion) -> bool:
        """Tell whether the occasion is in the fault's scope."""
        if self.kind.layer is not Layer.EVENT and occasion.operation not in (self.kind.operations or ("",)):
            return False
        return all(_fits(name, wanted, occasion) for name, wanted in self.scope.items())


def _fits(name: str, wanted: Value, occasion: Occasion) -> bool:
    """Tell whether the occasion has the value that is wanted of a scope key."""
    if name == "urc":
        return tells(occasion.urc, str(wanted))
    if name == "contains":
        return isinstance(wanted, bytes) and occurs_in_bytes(wanted, bytes(occasion.data))
    if name == "host":
        return _names(str(wanted), occasion.host)
    if name == "path":
        return _names(str(wanted), occasion.path, re.DOTALL)
    if name == "to":
        return _names(plain_number(str(wanted)), occasion.to)
    if name in ("file", "ins"):
        return bool(getattr(occasion, name) == str(wanted).upper())
    if name in Occasion._fields:
        return getattr(occasion, name) == wanted  # type: ignore[no-any-return]
    labels = [label for label in (occasion.label, occasion.client) if label is not None]
    return name == "module" or any((label.index_name, label.number) == (name, wanted) for label in labels)


def _names(pattern: str, name: str, flags: int = re.IGNORECASE | re.DOTALL) -> bool:
    """Tell whether the pattern means this host, number or path; ``*`` stands for anything."""
    expression = ".*".join(map(re.escape, re.sub(r"\*+", "*", pattern).split("*")))
    return re.fullmatch(expression, name, flags) is not None


def tells(line: str, wanted: str) -> bool:
    """Tell whether a URC has that name, or (MIPURC) reports that; upper and lower case are the same."""
    name, _, rest = line.removeprefix("+").partition(":")
    kind = rest.strip().partition(",")[0].strip('"')
    return wanted.removeprefix("+").lower() in (name.lower(), kind.lower())


@dataclass(slots=True)
class ArmedFault:
    """A fault that is armed, with its counts and its dice.

    matches, fired: counts; first_fired, last_fired, began: times, None before; began: its first chance, from which
    for_seconds counts. since: its seconds count from here; inf: not yet. random: its dice. spent: it reached its times,
    or the end of its for_seconds; disarmed: it was taken away before that.
    """

    id: int
    fault: Fault
    since: float
    random: Random = field(repr=False)
    matches: int = 0
    fired: int = 0
    began: float | None = None
    first_fired: float | None = None
    last_fired: float | None = None
    spent: bool = False
    disarmed: bool = False

    @property
    def over(self) -> bool:
        """True if it will never fire again."""
        return self.spent or self.disarmed

    def seconds(self) -> float:
        """Return the delay that the fault makes now: ``seconds``, and up to ``jitter`` more."""
        return self.fault.number("seconds") + self.random.random() * self.fault.number("jitter")

    @property
    def due(self) -> float:
        """The time at which it fires by time alone; inf: never."""
        fault = self.fault
        if fault.layer is not None or self._done:
            return math.inf
        return self.since + fault.after_seconds * (self.matches + 1)

    @property
    def ends(self) -> float:
        """The time at which its for_seconds have passed; inf: it has none, or had no chance yet."""
        lasting = self.fault.for_seconds
        return math.inf if lasting is None or self.began is None or self.over else self.began + lasting

    @property
    def _done(self) -> bool:
        times = self.fault.times
        once = self.matches and not self.fault.after_seconds  # by time alone, and at once: there is one chance
        return self.over or (times is not None and self.fired >= times) or bool(once)

    def offered(self, now: float) -> bool:
        """Count a match, or its time, and tell whether it fires."""
        fault = self.fault
        if self._exhausted or (fault.after_seconds and fault.layer is not None
                               and now < self.since + fault.after_seconds):  # fmt: skip
            return False
        self.matches += 1
        if self.matches <= fault.after:
            return False
        if self.began is None:
            self.began = now
        if fault.probability < 1 and self.random.random() >= fault.probability:
            return False
        self.fired += 1
        self.last_fired = now
        if self.first_fired is None:
            self.first_fired = now
        if self._exhausted and fault.for_seconds is None:
            self.spent = True
        return True

    @property
    def _exhausted(self) -> bool:
        times = self.fault.times
        return self.over or (times is not None and self.fired >= times)


class FaultChooser(Protocol):
    """The plan of a running module, which knows the time: all that the wrappers of a layer need."""

    def armed_on(self, layer: Layer) -> bool:
        """Tell whether any fault is armed there: without one nothing has to be asked. Cheap."""
        ...

    def chosen(self, layer: Layer, occasion: Occasion) -> list[ArmedFault]:
        """Return the faults of that layer that fire on the occasion, in the order in which they were armed."""
        ...


class FaultPlan:
    """The armed faults of one module, in the order in which they were armed. dice: makes those of a seed."""

    def __init__(self, dice: Callable[[int], Random], seed: int) -> None:
        self._dice = dice
        self._seeds = dice(seed)
        self._ids = count(1)
        self._armed: dict[int, ArmedFault] = {}
        self._by_layer: dict[Layer | None, list[ArmedFault]] = {}

    def __iter__(self) -> Iterator[ArmedFault]:
        """Yield every armed fault, spent ones too."""
        return iter(list(self._armed.values()))

    def __len__(self) -> int:
        return len(self._armed)

    def add(self, fault: Fault, now: float) -> ArmedFault:
        """Arm a fault. now: its seconds count from here; inf: from begin."""
        armed = ArmedFault(next(self._ids), fault, now, self._dice(self._seeds.getrandbits(64)))
        self._armed[armed.id] = armed
        self._sort()
        return armed

    def remove(self, armed_id: int) -> ArmedFault:
        """Disarm a fault. Raises KeyError: it is not armed."""
        armed = self._armed.pop(armed_id)
        armed.disarmed = not armed.spent
        self._sort()
        return armed

    def reset(self) -> list[ArmedFault]:
        """Disarm every fault, and return those that were armed."""
        return [self.remove(armed.id) for armed in self]

    def begin(self, now: float) -> None:
        """Count the seconds of the faults armed so far from here: the module is ready."""
        for armed in self._armed.values():
            armed.since = min(armed.since, now)

    def armed_on(self, layer: Layer) -> bool:
        """Tell whether a fault that is not spent has its occasions there. Cheap."""
        return bool(self._by_layer.get(layer))

    def chosen(self, layer: Layer, occasion: Occasion, now: float) -> list[ArmedFault]:
        """Return the faults that fire on the occasion, in the order in which they were armed.

        Events whose occasion is on that layer are among them.
        """
        fired = [a for a in self._by_layer.get(layer, ()) if now < a.ends and a.fault.matches(occasion)
                 and a.offered(now)]  # fmt: skip
        if any(armed.spent for armed in fired):
            self._sort()
        return fired

    @property
    def deadline(self) -> float:
        """The time at which fire or expire has something to do; inf: never by time alone."""
        return min((min(armed.due, armed.ends) for armed in self._armed.values()), default=math.inf)

    def fire(self, now: float) -> list[ArmedFault]:
        """Return the faults whose time has come, and that fire."""
        fired = [armed for armed in self._armed.values() if armed.due <= now and armed.offered(now)]
        self._sort()
        return fired

    def expire(self, now: float) -> list[ArmedFault]:
        """Spend the faults whose for_seconds have passed, and return them."""
        ended = [armed for armed in self._armed.values() if armed.ends <= now]
        for armed in ended:
            armed.spent = True
        self._sort()
        return ended

    def _sort(self) -> None:
        self._by_layer = {}
        for armed in self._armed.values():
            if not armed.over:
                self._by_layer.setdefault(armed.fault.layer, []).append(armed)
