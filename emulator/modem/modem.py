"""The modem: bytes and time in, bytes and intents out.

Nothing here waits or touches the world. The shell feeds it what the DTE sends and what the network reports,
writes what its transmitter holds, carries out its intents, and calls it when its deadline has come.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from emulator.at.command import Pending
from emulator.at.params import Value
from emulator.at.registry import BoundModel
from emulator.at.reply import CONNECT, DONE, OK, Cme, CommandError, Reply, ReplyFormat
from emulator.at.store import R, Settings, Slot
from emulator.modem.clock import Clock, read
from emulator.modem.connection import AccessMode, Instance, State
from emulator.modem.connections import Connections
from emulator.modem.intents import Forward, Intent, Ready, Restart, Store
from emulator.modem.interpreter import Interpreter
from emulator.modem.memory import Memory, Stored
from emulator.modem.power import Power, PowerEvent, PowerState
from emulator.modem.services import Services
from emulator.modem.slots import ECHO, EDITING, ERROR_REPORT, LINE_FEED, QUIET, TERMINATOR, VERBOSE
from emulator.net.interface import Transport
from emulator.profile.ranges import Range
from emulator.wire.framer import (
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
from emulator.wire.transmitter import Transmitter


class Modem:
    """One emulated module. model: shared by all modules of that model; boot_time: seconds, None: the profile's."""

    def __init__(self, model: BoundModel[Modem], boot_time: float | None = None) -> None:
        self.profile = profile = model.profile
        line = profile.line
        self.model = model
        self.intents: list[Intent] = []
        self.now = 0.0
        """The time of the step that runs, for handlers."""
        self.power = Power(profile.power.boot_time if boot_time is None else boot_time)
        self.framer = Framer(line.max_line, line.guard)
        self.transmitter = Transmitter(line.high_mark, line.urc_queue, line.urc_gap, line.typing_hold)
        self.format = ReplyFormat(model.cme)
        self.interpreter = Interpreter(self)
        self.memory = Memory(model)
        self.clock = Clock(profile.clock.zone)
        self.network_time: float | None = None
        """What the network tells: seconds since 1970-01-01 UTC when now is 0."""
        self.name_servers: tuple[str, ...] = ()
        self._begin_cycle()

    def _begin_cycle(self) -> None:
        """What does not outlive a boot cycle."""
        self.settings = Settings(self.model.slots, self.memory.values)
        self.connections = Connections(self, self.model)
        self.services = Services(self, self.model)
        self._banner_due = False
        self._restart_due = False
        self._online_due: int | None = None
        self._online: Instance | None = None
        self.apply_basics()

    @property
    def connect_ids(self) -> Range:
        return self.model.connect_ids

    @property
    def revision(self) -> str:
        """The firmware's revision, as AT+CGMR prints it."""
        profile = self.model.profile
        return profile.identity.revision.replace("{sub_model}", profile.sub_model)

    @property
    def imsi(self) -> str:
        return self.profile.identity.imsi

    def require_context(self, cid: int | None) -> None:
        """Raises CommandError(PDP_INACTIVE) unless the context, or for None any one, is active."""
        active = self.profile.connection.active_cids
        if cid is not None and cid not in active:
            raise CommandError(Cme.PDP_INACTIVE)

    def keep(self, slot: Slot[R], record: R, index: int = 0) -> Reply | Pending:
        """Store what was set; what outlives the boot cycle is written down before the answer. A memory that takes
        nothing more leaves it as it was: CME 20. [decided]"""
        before, kept = self.settings.get(slot, index), self.memory.values.get((slot, index))
        self.settings.set(slot, record, index)
        if slot not in self.model.kept:
            return DONE
        self.memory.set(slot, record, index)

        def stored(done: bool) -> Reply:
            if not done:
                self.settings.set(slot, before, index)
                self.memory.set(slot, kept, index)
                raise CommandError(Cme.MEMORY_FULL)
            return DONE

        return Pending(Store(self.memory.snapshot()), stored)

    def restore(self, stored: Stored) -> list[str]:
        """Take up what an earlier process wrote down, before the start; returns the names of what does not fit."""
        refused = self.memory.restore(stored)
        self._begin_cycle()
        return refused

    def defaults(self, command: str) -> Mapping[str, Value]:
        """The defaults of a command's parameters, for what takes them over. Raises KeyError without it."""
        return self.model.commands[command.encode()].records[""].defaults

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
        if self.profile.clock.start:
            self.clock.set(read(self.profile.clock.start)[0], now)
        self.power.on(PowerEvent.SUPPLY_ON, now if since is None else since)
        self.on_deadline(now)

    def restart(self) -> None:
        """A new boot cycle, once the answer of the running command line is written."""
        self._restart_due = True

    def _restart(self, now: float) -> None:
        self.power.on(PowerEvent.RESTART, now)
        self.framer.reset()
        self.interpreter.reset()
        self.transmitter.forget_urcs()
        self._begin_cycle()
        self.intents.append(Restart())

    def _boot(self, now: float) -> None:
        self.power.on(PowerEvent.BOOTED, now)
        if self.network_time is not None:
            self.clock.set(self.network_time + now, now)
        self._banner_due = self.model.profile.power.autobaud
        if not self._banner_due:
            self._write_banner()
        self.framer.command()
        self.intents.append(Ready())

    def _write_banner(self) -> None:
        """Before whatever the module answers, so not as a URC."""
        self._banner_due = False
        self.transmitter.write(self.format.notice(self.model.profile.power.banner.encode()))

    # The line.

    def receive(self, data: bytes, now: float) -> None:
        """Bytes from the DTE."""
        if self.power.ready or (self.power.state is PowerState.BOOTING and self.power.keeps_input):
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
        return Forward(self._online.connect_id, payload)

    def complete(self, result: object, now: float) -> None:
        """The world has done what the running command asked for."""
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
        lost_in_boot = not (self.power.ready or self.power.keeps_input)
        if lost_in_boot or self.framer.mode is Mode.DISCARD:
            return False
        if self._online is not None:
            return self._online.queued >= self.model.profile.line.high_mark
        return self.transmitter.full

    @property
    def deadline(self) -> float:
        """When on_deadline is to be called; inf: never."""
        return min(self.power.deadline, self.framer.deadline, self.transmitter.deadline)

    def on_deadline(self, now: float) -> None:
        """Time has passed."""
        if now >= self.power.deadline:
            self._boot(now)
        if now >= self.framer.deadline:
            self.framer.on_deadline(now)
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
        transmitter.hold = framer.mode is Mode.PROMPT or framer.mode is Mode.ONLINE
        # An operation that can be carried out at once is: its answer then comes before what waited to be told.
        if not (self.intents and self.interpreter.busy):
            transmitter.release(now)

    def notify(self, line: bytes, *, droppable: bool = False) -> bool:
        """A URC. Droppable: dropped whole when too much waits; returns whether it was kept."""
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
        if self._banner_due:
            self._write_banner()
        if isinstance(event, Line):
            self.interpreter.run(event.text, now)
        elif isinstance(event, Repeat):
            self.interpreter.repeat(now)
        else:
            self.interpreter.too_long(now)

    def _line_done(self, now: float) -> None:
        if self.interpreter.busy:
            return
        if self._restart_due:
            self._restart(now)
        elif self.framer.mode is Mode.PAUSED:
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

    def forwarded(self, connect_id: int, count: int, now: float) -> None:
        """The network took count bytes of the payload of transparent mode."""
        instance = self.connections[connect_id]
        instance.queued = max(0, instance.queued - count)
        instance.sent += count
        instance.last_exchange = now

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
        self.transmitter.write(self.format.final(CONNECT) + self.connections.delivery.drain_raw(instance))
        self.connections.delivery.hold(instance, AccessMode.TRANSPARENT)
        instance.online = True
        self._online = instance
        self.framer.online(instance.packet_size, instance.packet_wait, now)

    def _leave_online(self, now: float) -> None:
        """``+++``: OK, and the connection in normal mode."""
        instance, self._online = self._online, None
        assert instance is not None
        instance.online = False
        self.connections.delivery.hold(instance, AccessMode.NORMAL)
        self.transmitter.final(self.format.final(OK), now)

    def _forward(self, data: bytes) -> None:
        instance = self._online
        assert instance is not None
        instance.queued += len(data)
        size = len(data) if instance.transport is Transport.TCP else instance.packet_size
        for start in range(0, len(data), size):
            part = data if size == len(data) else data[start : start + size]
            self.intents.append(Forward(instance.connect_id, part))
