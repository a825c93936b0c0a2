"""The modem: bytes and time in, bytes and intents out.

Nothing here waits or touches the world. The shell feeds it what the DTE sends and what the network reports,
writes what its transmitter holds, carries out its intents, and calls it when its deadline has come.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from onemo.at.command import Pending
from onemo.at.params import BoundRecord, Value
from onemo.at.registry import BoundModel
from onemo.at.reply import CONNECT, DONE, OK, Cme, CommandError, ErrorCode, Reply, ReplyFormat
from onemo.at.store import R, Slot
from onemo.modem.channel import Forward
from onemo.modem.clock import Clock
from onemo.modem.connection import AccessMode, State
from onemo.modem.connections import Connections
from onemo.modem.contexts import Contexts, Definition, Login, PerContext
from onemo.modem.files import Files
from onemo.modem.instance import Instance
from onemo.modem.intents import Attach, Intent, NetworkInfo, Store
from onemo.modem.interpreter import Interpreter
from onemo.modem.lifecycle import Lifecycle
from onemo.modem.memory import Memory, Stored
from onemo.modem.part import P, Part
from onemo.modem.power import Power, PowerEvent, PowerState
from onemo.modem.radio import Radio
from onemo.modem.registration import Cell
from onemo.modem.sim import Sim
from onemo.modem.sleep import Sleep
from onemo.modem.slots import BAUD_RATE, ECHO, EDITING, ERROR_REPORT, LINE_FEED, PROFILE, QUIET, TERMINATOR, VERBOSE
from onemo.net.interface import Transport
from onemo.wire.framer import (
    Escaped,
    Event,
    Framer,
    Line,
    LineTooLong,
    Mode,
    OnlineData,
    PromptCancelled,
    PromptData,
    Repeat,
)
from onemo.wire.transmitter import Kind, Transmitter


class Modem:
    """One emulated module. model: shared by all modules of that model; boot_time: seconds, None: the profile's."""

    def __init__(self, model: BoundModel[Modem], boot_time: float | None = None) -> None:
        self.profile = profile = model.profile
        line = profile.line
        self.model = model
        self.intents: list[Intent] = []
        self.now = 0.0
        """The time of the step that runs, for handlers."""
        self.lifecycle = Lifecycle(self, profile.power.boot_time if boot_time is None else boot_time)
        self.framer = Framer(line.max_line, line.guard)
        self.transmitter = Transmitter(line.high_mark, line.urc_queue, line.urc_gap, line.typing_hold)
        self.format = ReplyFormat(model.errors)
        self.interpreter = Interpreter(self)
        self.memory = Memory(model, PROFILE)
        self.clock = Clock(profile.clock.zone)
        self.sim = Sim(profile.sim)
        self._definitions = PerContext(lambda: self._parameters("CGDCONT", Definition))
        self._logins = PerContext(lambda: self._parameters("CGAUTH", Login))
        self.memory.keepers = {"sim": self.sim, "CGDCONT": self._definitions, "CGAUTH": self._logins}
        self.cell = Cell(profile.radio)
        self.name_servers: tuple[str, ...] = ()
        self.register_time = profile.power.register_time
        self._begin_cycle()

    def _begin_cycle(self) -> None:
        """What does not outlive a boot cycle."""
        self.settings = self.memory.begin_cycle()
        self._parts: dict[type[Part], Part] = {}
        self.sleep = Sleep(self)
        self.contexts = Contexts(self, self._definitions, self._logins, self._context_down)
        self.radio = Radio(self)
        self._taken_up = 0
        self.baud_rate = self.settings.get(BAUD_RATE).rate
        """In bits per second, for the links; 0: the DTE's."""
        self._online_due: int | None = None
        self._online: Instance | None = None
        self.apply_basics()

    @property
    def power(self) -> Power:
        return self.lifecycle.power

    @property
    def revision(self) -> str:
        """The firmware's revision, as AT+CGMR prints it."""
        profile = self.model.profile
        return profile.identity.revision.replace("{sub_model}", profile.sub_model)

    @property
    def imsi(self) -> str:
        return self.profile.identity.imsi

    def has(self, command: str) -> bool:
        """Tell whether the model has a command."""
        return self.model.has(command)

    def attached(self, operation: Attach, network: NetworkInfo, now: float) -> None:
        """The network took the module: it has the time (NITZ), name servers, and a context. Nothing of that if the
        module does not want it any more. operation: what asked for it."""
        self.now = now
        if self.radio.attached(network.utc, now):
            self.name_servers = network.name_servers
            self.contexts.attach(network)
        self.complete(operation, self.radio.registered, now)

    def tell_first(self) -> None:
        """What the running command made happen is told before its answer. A real module takes its time to switch the
        radio off, so that the URCs of it come first."""
        self.transmitter.hold = False
        self.transmitter.release(math.inf)

    @property
    def connections(self) -> Connections:
        """The connection instances."""
        self.model.has("MIPOPEN")
        return self.part(Connections)

    @property
    def parts(self) -> Collection[Part]:
        """The parts that this boot cycle needed so far."""
        return self._parts.values()

    def _context_down(self, cid: int) -> None:
        """Whatever runs on the context ends."""
        for part in list(self.parts):
            part.context_down(cid)

    def part(self, kind: type[P]) -> P:
        """The part of this boot cycle; made at its first use."""
        found = self._parts.get(kind)
        if found is None:
            found = self._parts[kind] = kind(self)
        return found  # type: ignore[return-value]

    def keeper(self, name: str) -> Any:  # noqa: ANN401  (each is what its family makes)
        """What a family keeps beyond the boot cycle, by its name in the NV; made at its first use."""
        found = self.memory.keepers.get(name)
        if found is None:
            self.model.binder.bind_command(name)
            make = next(defined.keepers[name] for defined in self.model.bound() if name in defined.keepers)
            found = self.memory.keepers[name] = make(self)
        return found

    def wake_families(self) -> None:
        """Make the parts that have to be there from a boot on, as the NV is."""
        for defined in self.model.binder.bind_waking(self.memory.snapshot):
            if defined.part is not None:
                self.part(defined.part)

    @property
    def files(self) -> Files:
        """The certificates and keys."""
        files: Files = self.keeper("files")
        return files

    def keep(self, slot: Slot[R], record: R, index: int = 0) -> Reply | Pending:
        """Store what was set; what outlives the boot cycle is written down before the answer. A memory that takes
        nothing more leaves it as it was: CME 20. [decided]"""
        if self.memory.lasts(slot, record):
            return self.write_down(lambda: self.memory.set(slot, record, index))
        self.settings.set(slot, record, index)
        return DONE

    def keep_contexts(self, change: Callable[[], None]) -> Pending:
        """As write_down, for what the contexts hold."""

        def changed() -> None:
            change()
            self._definitions.remember()
            self._logins.remember()

        return self.write_down(changed)

    def write_down(
        self, change: Callable[[], None], failure: ErrorCode = Cme.MEMORY_FULL, answer: Reply = DONE
    ) -> Pending:
        """The answer of a command that changes what outlives the boot cycle: one transaction, which is taken back where
        nothing can be written, and that is the failure. Raises as change."""
        take_back = self.memory.change(change)

        def stored(done: bool) -> Reply:
            if not done:
                take_back()
                raise CommandError(failure)
            return answer

        return Pending(Store(self.memory.snapshot()), stored)

    def _parameters(self, command: str, record: type[R]) -> BoundRecord[R] | None:
        """The parameters of a command that the model has."""
        bound = self.model.command(command.encode())
        return bound.records[""] if bound is not None else None

    def restore(self, stored: Stored) -> list[str]:
        """Take up what an earlier process wrote down, before the start; returns the names of what does not fit."""
        for name in self.model.binder.kept_names(stored):
            self.keeper(name)
        refused = self.memory.restore(stored)
        self._begin_cycle()
        return refused

    def defaults(self, command: str) -> Mapping[str, Value]:
        """The defaults of a command's parameters, for what takes them over. Raises KeyError without it."""
        bound = self.model.command(command.encode())
        if bound is None:
            raise KeyError(command)
        return bound.records[""].defaults

    def apply_basics(self) -> None:
        """Let the settings of V.250 and AT+CMEE act."""
        get = self.settings.get
        terminator, linefeed = get(TERMINATOR).value, get(LINE_FEED).value
        self.framer.echo = bool(get(ECHO).value)
        self.framer.characters(terminator, linefeed, get(EDITING).value)
        self.format.verbose = bool(get(VERBOSE).value)
        self.format.quiet = bool(get(QUIET).value)
        self.format.error_level = get(ERROR_REPORT).n
        self.format.cr, self.format.lf = bytes((terminator,)), bytes((linefeed,))

    # The supply and the boot.

    def start(self, now: float, since: float | None = None) -> None:
        """Switch the supply on; the boot time counts from since (default: now)."""
        self.lifecycle.start(now, now if since is None else since)
        self.settle(now)

    def supply_on(self, now: float) -> None:
        """The supply returns; while it is there, nothing."""
        if self.power.state is PowerState.OFF:
            self.start(now)

    def supply_off(self, now: float) -> None:
        """The supply is gone, whatever was going on."""
        if self.power.state is not PowerState.OFF:
            self.lifecycle.end(PowerEvent.SUPPLY_OFF, now)

    def restart(self) -> None:
        """A new boot cycle, once the answer of the running command line is written."""
        self.lifecycle.after_line(PowerEvent.RESTART)

    def switch_off(self) -> None:
        """Off until the supply returns, once the answer of the running command line is written."""
        self.lifecycle.after_line(PowerEvent.SUPPLY_OFF)

    def wake(self, now: float) -> None:
        """DTR ends a sleep; awake: nothing."""
        self.now = now
        self.lifecycle.wake(now)
        self.settle(now)

    def forget_cycle(self) -> None:
        """What did not outlive a boot cycle is gone."""
        self.framer.reset()
        self.interpreter.reset()
        self.transmitter.restart()
        self._begin_cycle()

    # The line.

    def receive(self, data: bytes, now: float) -> None:
        """Bytes from the DTE."""
        if self.lifecycle.hears(now):
            self.sleep.touch(now)
            self.framer.receive(data, now)
        self.settle(now)

    @property
    def streams(self) -> bool:
        """Whether what comes now is bulk of transparent mode over TCP, which has a short way: what the framer's
        stream gives goes to forward, and that to the peer."""
        online = self._online
        return online is not None and online.transport is Transport.TCP and not self._stopped

    def forward(self, payload: bytes, now: float) -> Forward:
        """What the framer's stream gave, on its way."""
        assert self._online is not None
        self.now = now
        self._online.queued += len(payload)
        return Forward(self._online, payload)

    def complete(self, operation: object, result: object, now: float) -> None:
        """The world has done what a command asked for with that operation; where none waits for it, nothing."""
        if self.interpreter.operation is not operation:
            return
        self.now = now
        self.interpreter.complete(result, now)
        self._line_done(now)
        self.settle(now)

    def abandon(self, now: float) -> None:
        """A bug came in the way of the running command, if any: it is answered ERROR."""
        if self.interpreter.busy or self.framer.mode is Mode.PAUSED:
            self.interpreter.abandon(now)
            self._line_done(now)

    @property
    def online(self) -> bool:
        """Whether a transparent connection holds the line."""
        return self._online is not None

    @property
    def wants_input(self) -> bool:
        """Whether the shell should read the line: not while a command runs, nor above the high mark."""
        if self.framer.kept or self.interpreter.busy:
            return False
        return not self._stopped

    @property
    def can_go_on(self) -> bool:
        """Whether input that had to wait for the line to drain need not wait any more."""
        return self.framer.waiting and not (self.interpreter.busy or self._stopped)

    @property
    def _stopped(self) -> bool:
        """Whether the next event must wait: for the DTE to read, or in transparent mode for the peer to take.

        What is only thrown away never waits.
        """
        online = self._online
        full = self.transmitter.full if online is None else online.queued >= self.profile.line.high_mark
        if not full:
            return False
        lost = not (self.power.ready or self.power.keeps_input) or self.power.asleep
        return not (lost or self.framer.mode is Mode.DISCARD)

    @property
    def deadline(self) -> float:
        """When on_deadline is to be called; inf: never."""
        own = min(self.lifecycle.deadline, self.framer.deadline, self.transmitter.deadline, self.radio.deadline)
        return min([own, *[part.deadline for part in self._parts.values()]])

    def on_deadline(self, now: float) -> None:
        """Time has passed."""
        self.now = now
        self.lifecycle.on_deadline(now)
        if now >= self.framer.deadline:
            self.framer.on_deadline(now)
        self.radio.on_deadline(now)
        for part in list(self._parts.values()):
            if now >= part.deadline:
                part.on_deadline(now)
        self.settle(now)

    def settle(self, now: float) -> None:
        """Take up what can go on now. The shell calls it after each report and when the line has drained."""
        self.now = now
        framer, transmitter = self.framer, self.transmitter
        if self._online_due is not None and framer.mode is Mode.COMMAND:
            self._enter_online(now)
        while not (self.interpreter.busy or self._stopped) and (event := framer.next_event(now)) is not None:
            self._on_event(event, now)
        if framer.echo:
            self._echo(now)
        transmitter.hold = framer.mode is Mode.PROMPT or framer.mode is Mode.ONLINE or self.lifecycle.banner_due
        # An operation that can be carried out at once is: its answer then comes before what waited to be told.
        if not (self.intents and self.interpreter.busy):
            transmitter.release(now)

    def notify(self, line: bytes, *, droppable: bool = False) -> bool:
        """A URC. Droppable: dropped whole when too much waits; returns whether it was kept."""
        self.lifecycle.network_traffic(self.now)
        return self.transmitter.urc(self.format.notice(line), droppable=droppable)

    # Inside.

    def _echo(self, now: float) -> None:
        if echoed := self.framer.take_echo():
            self.transmitter.echo(echoed, now, partial=self.framer.partial)

    def _on_event(self, event: Event, now: float) -> None:
        if isinstance(event, OnlineData):
            self._forward(event.data)
            return
        self._echo(now)
        if isinstance(event, Escaped):
            self._leave_online(now)
        elif isinstance(event, PromptData):
            self.interpreter.entered(event.data, event.timed_out, now)
        elif isinstance(event, PromptCancelled):
            self.interpreter.entered(None, False, now)
        else:
            self._on_line(event, now)
        self._line_done(now)

    def _on_line(self, event: Line | Repeat | LineTooLong, now: float) -> None:
        if self.lifecycle.banner_due:
            self.lifecycle.write_banner()
        if isinstance(event, Line):
            self.interpreter.run(event.text, now)
        elif isinstance(event, Repeat):
            self.interpreter.repeat(now)
        else:
            self.interpreter.too_long(now)

    def _line_done(self, now: float) -> None:
        if self.interpreter.busy:
            return
        if self.lifecycle.line_done(now):
            return
        if self.settings.changes != self._taken_up:
            self._taken_up = self.settings.changes
            self.baud_rate = self.settings.get(BAUD_RATE).rate
            self.sleep.configure()
        self.sleep.touch(now)
        if self.framer.mode is Mode.PAUSED:
            if self._online_due is not None:
                self._enter_online(now)
            else:
                self.framer.command()

    # Transparent mode.

    def go_online(self, connect_id: int) -> None:
        """Give the line to a transparent connection as soon as no command runs."""
        self._online_due = connect_id

    def go_offline(self, connect_id: int) -> None:
        """The transparent connection has ended: what the DTE still sends is discarded until it is quiet."""
        self._online = None
        self.framer.discard(self.now)

    def _enter_online(self, now: float) -> None:
        """CONNECT, what was buffered, and payload from now on; unless the connection is gone already."""
        connect_id, self._online_due = self._online_due, None
        assert connect_id is not None
        instance = self.connections[connect_id]
        if instance.state is not State.CONNECTED:
            self.framer.command()
            return
        self.transmitter.hold = False  # what a prompt kept back comes first, and without the gap
        self.transmitter.release(math.inf)
        self.transmitter.hold = True
        self.transmitter.write(self.format.final(CONNECT))
        self.transmitter.write(instance.drain_raw(), Kind.DATA)
        instance.hold(AccessMode.TRANSPARENT)
        instance.online = True
        self._online = instance
        self.framer.online(instance.packet_size, instance.packet_wait, now)

    def _leave_online(self, now: float) -> None:
        """``+++``: OK, and the connection in normal mode."""
        instance, self._online = self._online, None
        assert instance is not None
        instance.online = False
        instance.hold(AccessMode.NORMAL)
        self.transmitter.final(self.format.final(OK), now)

    def _forward(self, data: bytes) -> None:
        instance = self._online
        assert instance is not None
        instance.queued += len(data)
        size = len(data) if instance.transport is Transport.TCP else instance.packet_size
        for start in range(0, len(data), size):
            part = data if size == len(data) else data[start : start + size]
            self.intents.append(Forward(instance, part))
