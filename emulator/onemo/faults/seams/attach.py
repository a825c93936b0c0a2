"""The faults of one running module: the plan, the wrappers that carry it out, and what has fired.

The wrappers are put in place when the first fault of their layer is armed, and those of the core are taken out again
when the last is gone: a module without faults is as it always was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from random import Random
from typing import Protocol

from onemo.errors import FaultError
from onemo.faults.kind import Layer
from onemo.faults.plan import ArmedFault, Fault, FaultPlan, Occasion
from onemo.faults.say import COMMANDS, parse_fault
from onemo.faults.seams.card import FaultyCard
from onemo.faults.seams.commands import FaultyCommands
from onemo.faults.seams.events import check_now, happen, require_possible
from onemo.faults.seams.urcs import FaultyTransmitter
from onemo.modem.modem import Modem
from onemo.profile.index import Label

_NETWORK = (Layer.NETWORK, Layer.NAMES, Layer.HTTP, Layer.MQTT, Layer.FTP, Layer.LWM2M)
_TELLING = (Layer.COMMAND, Layer.URC, Layer.HTTP)
"""The layers with faults that act on URCs."""
_MOST_SEEDS = 1 << 32


class FaultTarget(Protocol):
    """A running module, as its faults see it."""

    @property
    def modem(self) -> Modem:
        """The device whose commands and URCs are wrapped."""
        ...

    def now(self) -> float:
        """Return the time on the clock that the core is given."""
        ...

    def wrap_line(self) -> Wrapper:
        """Put the wrapper of the line in its place."""
        ...

    def wrap_network(self) -> Wrapper:
        """Put the wrapper of the network in its place."""
        ...

    def wrap_centre(self) -> Wrapper:
        """Put the wrapper of the way to and from the centre in its place."""
        ...

    def rearm(self) -> None:
        """Look at the deadline of the faults again: it may be another one now."""
        ...

    def tell(self, text: str) -> None:
        """Trace that a fault has fired."""
        ...


class Wrapper(Protocol):
    """A wrapper around the line, the network or the centre, for good."""

    def release(self, ended: Collection[ArmedFault]) -> None:
        """Let go on what is held for the sake of faults that are gone."""
        ...


class Faults:
    """The faults of one module. Implements FaultChooser.

    names: those that ``module=`` may name it by, ``()``: any. seed: of the dice; None: one that is made up. fired:
    called with each fault that fires; on_change: when any was armed, disarmed or is over.
    """

    def __init__(self, running: FaultTarget, seed: int | None = None, names: tuple[str, ...] = ()) -> None:
        self._running = running
        self.seed = Random().randrange(_MOST_SEEDS) if seed is None else seed
        self.plan = FaultPlan(Random, self.seed)
        self.fired: list[Callable[[ArmedFault], None]] = []
        self.on_change: list[Callable[[], None]] = []
        self._names = tuple(name.lower() for name in names)
        self._events: list[tuple[ArmedFault, Label | None]] = []
        self._later: list[tuple[float, Fault]] = []
        self._soon: list[Callable[[], None]] = []
        self._undone: set[int] = set()
        self._commands: list[FaultyCommands] = []
        self._card: FaultyCard | None = None
        self._line: Wrapper | None = None
        self._network: Wrapper | None = None
        self._centre: Wrapper | None = None
        self._ready = False
        self._untidy = False

    # What testers do.

    def arm(self, fault: Fault) -> ArmedFault:
        """Arm a fault; its seconds count from now, or from when the module is ready.

        Raises FaultError, as require does.
        """
        self.require(fault)
        armed = self.plan.add(fault, self._running.now() if self._ready else math.inf)
        self._arrange()
        return armed

    def require(self, fault: Fault) -> None:
        """Raise FaultError for a fault of another module, or of an instance or a command that this model has not."""
        module = str(fault.scope.get("module", ""))
        if module and self._names and module.lower() not in self._names:
            raise FaultError(f"{fault.kind.word} {fault}: this module is {' or '.join(self._names)}, not {module}")
        self._require_instance(fault)
        self._require_command(fault)
        require_possible(self._running.modem, fault)

    def disarm(self, armed_id: int) -> ArmedFault:
        """Take a fault out again: what it held back goes on, and an event is undone. Raises KeyError: there is none."""
        armed = self.plan.remove(armed_id)
        self._over([armed])
        return armed

    def reset(self) -> list[ArmedFault]:
        """Take every fault out again, as disarm does with one; return those that were armed."""
        armed = self.plan.reset()
        self._events.clear()
        self._over(armed)
        return armed

    def happen(self, fault: Fault) -> None:
        """Let an event happen now. Raises FaultError: it is no event, or one for another time."""
        check_now(fault)
        self._require_instance(fault)
        happen(self._running.modem, fault, self._running.now())

    def soon(self, call: Callable[[], None]) -> None:
        """Call something once the step of the core that runs is over: arm a fault because another one has fired."""
        self._soon.append(call)
        self._running.rearm()

    # Chooser.

    def armed_on(self, layer: Layer) -> bool:
        return self.plan.armed_on(layer)

    def chosen(self, layer: Layer, occasion: Occasion) -> list[ArmedFault]:
        """Return the faults that fire on the occasion, and have its events happen.

        An event happens before the command whose occasion it is, else as soon as the step is over.
        """
        if not self.plan.armed_on(layer):
            return []
        fired = self.plan.chosen(layer, occasion, self._running.now())
        for armed in fired:
            self._tell(armed)
            if armed.fault.kind.layer is not Layer.EVENT:
                continue
            if layer is Layer.COMMAND:
                self._happen_inside(armed, occasion.label)
            else:
                self._events.append((armed, occasion.label))
        if fired:
            self._untidy = True
            self._running.rearm()
        return [armed for armed in fired if armed.fault.kind.layer is not Layer.EVENT]

    def _let_happen(self, fault: Fault, now: float, label: Label | None = None, *, inside: bool = False) -> None:
        """Let an event happen; one that cannot is traced."""
        try:
            happen(self._running.modem, fault, now, label, inside=inside)
        except FaultError as error:
            self._running.tell(str(error))

    def _happen_inside(self, armed: ArmedFault, label: Label | None) -> None:
        now = self._running.now()
        self._let_happen(armed.fault, now, label, inside=True)
        if armed.fault.kind.name == "brown-out":
            self._later.append((now + armed.fault.number("seconds"), parse_fault("power-on")))

    # What the module tells.

    def booted(self) -> None:
        """Take up the READY of a boot cycle; from the first one the seconds of faults count."""
        if not self._ready:
            self._ready = True
            self.plan.begin(self._running.now())
        self.chosen(Layer.EVENT, Occasion(operation="boot"))
        self._running.rearm()

    def told(self, event: str) -> None:
        """Take up something that the module does by itself, as its trace has it: an occasion, where it is one."""
        self.chosen(Layer.EVENT, Occasion(operation=event))

    @property
    def deadline(self) -> float:
        """The time at which on_deadline is to be called; inf: never."""
        if self._events or self._soon or self._untidy:
            return -math.inf
        return min(self.plan.deadline, min((due for due, _ in self._later), default=math.inf))

    def on_deadline(self, now: float) -> None:
        """Let what is due happen, between two steps of the core."""
        self._untidy = False
        modem = self._running.modem
        events, self._events = self._events, []
        for armed, label in events:
            self._let_happen(armed.fault, now, label)
        for armed in self.plan.fire(now):
            self._tell(armed)
            self._let_happen(armed.fault, now)
        self._over(self.plan.expire(now))
        soon, self._soon = self._soon, []
        for call in soon:
            call()
        later, self._later = self._later, []
        for due, fault in later:
            if due <= now:
                self._let_happen(fault, now)
            else:
                self._later.append((due, fault))
        self._arrange()
        modem.settle(now)

    # Inside.

    def _require_instance(self, fault: Fault) -> None:
        """Refuse a fault of an instance that the model has not. Raises FaultError."""
        given = {**fault.values, **fault.scope}
        keys = [key for name, key in fault.kind.all_keys.items() if key.of_index and name in given]
        asked = [(key.of_index, int(given[key.name])) for key in keys]
        if asked:
            model = self._running.modem.model.whole()
            for name, number in asked:
                section = model.profile.params.get(name)
                if section is None or section.range is None or number not in section.range:
                    there = f"{name} is {section.range.text}" if section and section.range else f"there is no {name}"
                    raise FaultError(f"{fault.kind.word} {fault}: on {model.profile.sub_model} {there}, not {number}")

    def _require_command(self, fault: Fault) -> None:
        """Refuse a fault of a command that the model has not, or of the URC that only tells its result.

        Raises FaultError.
        """
        modem = self._running.modem
        for key in ("command", "urc"):
            name = str(fault.scope.get(key, "")).upper()
            if name in COMMANDS and key not in fault.forced and not modem.has(name):
                told = f"{modem.profile.sub_model} has no command {name}; {key}=custom:{name} takes it all the same"
                raise FaultError(f"{fault.kind.word} {fault}: {told}")

    def _tidy(self) -> None:
        """Take up that the transmitter keeps nothing any more: without a fault of URCs it is not needed any longer."""
        if not any(map(self.plan.armed_on, _TELLING)):
            self._untidy = True
            self._running.rearm()

    def _tell(self, armed: ArmedFault) -> None:
        self._running.tell(str(armed.fault))
        for told in self.fired:
            told(armed)

    def _over(self, ended: list[ArmedFault]) -> None:
        """Let go on what faults held back that have ended, and undo their events, once."""
        if not ended:
            return
        self._untidy = True  # what goes on goes with the next step
        for console in self._running.modem.consoles:
            if isinstance(console.transmitter, FaultyTransmitter):
                console.transmitter.let_go(ended)
        for wrapper, layers in ((self._line, (Layer.LINE,)), (self._network, _NETWORK), (self._centre, (Layer.TEXT,))):
            if wrapper is not None and any(armed.fault.layer in layers for armed in ended):
                wrapper.release(ended)
        for armed in ended:
            if armed.fired and armed.fault.kind.undo and armed.id not in self._undone:
                self._undone.add(armed.id)
                self._later.append((self._running.now(), parse_fault(armed.fault.kind.undo)))
        self._arrange()

    def _arrange(self) -> None:
        """Put in place the wrappers that are needed, and take out those that are not."""
        on, modem = self.plan.armed_on, self._running.modem
        losses = [each.fault.probability for each in self.plan if each.fault.kind.name == "net-loss"]
        modem.cell.loss = max(losses, default=0.0)
        self._arrange_commands(modem, on(Layer.COMMAND))
        self._arrange_urcs(modem, any(map(on, _TELLING)))
        self._arrange_card(modem, on(Layer.CARD))
        if self._line is None and on(Layer.LINE):
            self._line = self._running.wrap_line()
        if self._network is None and any(map(on, _NETWORK)):
            self._network = self._running.wrap_network()
        if self._centre is None and on(Layer.TEXT):
            self._centre = self._running.wrap_centre()
        for changed in self.on_change:
            changed()
        self._running.rearm()

    def _arrange_card(self, modem: Modem, wanted: bool) -> None:
        if wanted and self._card is None:
            self._card = FaultyCard(modem, self)
            self._card.install()
        elif not wanted and self._card is not None:
            self._card.remove()
            self._card = None

    def _arrange_commands(self, modem: Modem, wanted: bool) -> None:
        if wanted and not self._commands:
            self._commands = [FaultyCommands(modem, console, self) for console in modem.consoles]
            for each in self._commands:
                each.install()
        elif not wanted:
            for each in self._commands:
                each.remove()
            self._commands = []

    def _arrange_urcs(self, modem: Modem, wanted: bool) -> None:
        for console in modem.consoles:
            transmitter = console.transmitter
            if isinstance(transmitter, FaultyTransmitter):
                if not wanted and transmitter.idle:
                    console.transmitter = transmitter.plain()
            elif wanted:
                console.transmitter = FaultyTransmitter(modem, console, self, self._running.now, self._tidy)
