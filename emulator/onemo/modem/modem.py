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
from onemo.at.reply import DONE, Cme, CommandError, ErrorCode, Reply
from onemo.at.store import R, Settings, Slot
from onemo.modem.clock import Clock, read
from onemo.modem.console import Console
from onemo.modem.contexts import Contexts, Definition, Login, PerContext
from onemo.modem.files import Files
from onemo.modem.intents import Attach, Intent, NetworkInfo, Ready, Restart, Store
from onemo.modem.lifecycle import Lifecycle
from onemo.modem.memory import Memory, Stored
from onemo.modem.part import P, Part
from onemo.modem.power import Power, PowerEvent, PowerState
from onemo.modem.radio import Radio
from onemo.modem.registration import Cell
from onemo.modem.sim import Sim
from onemo.modem.sleep import Sleep
from onemo.modem.slots import PROFILE


class Modem:
    """One emulated module. model: shared by all modules of that model; boot_time: seconds, None: the profile's."""

    def __init__(self, model: BoundModel[Modem], boot_time: float | None = None) -> None:
        self.profile = profile = model.profile
        self.model = model
        self.intents: list[Intent] = []
        self.now = 0.0
        """The time of the step that runs, for handlers."""
        self.asking: Console | None = None
        """The console whose command runs."""
        self.lifecycle = Lifecycle(self, profile.power.boot_time if boot_time is None else boot_time)
        self.memory = Memory(model, PROFILE)
        self.clock = Clock(profile.clock.zone)
        self.sim = Sim(profile.sim)
        self._definitions = PerContext(lambda: self._parameters("CGDCONT", Definition))
        self._logins = PerContext(lambda: self._parameters("CGAUTH", Login))
        self.memory.keepers = {"sim": self.sim, "CGDCONT": self._definitions, "CGAUTH": self._logins}
        self.cell = Cell(profile.radio)
        self.name_servers: tuple[str, ...] = ()
        self.register_time = profile.power.register_time
        self.consoles: list[Console] = []
        self._begin_cycle()
        self.first = self.add_console()
        """The console that has the URCs which are nobody's answer."""

    def add_console(self) -> Console:
        """One more AT line; what is typed there is answered there."""
        settings = self.memory.console_settings(first=not self.consoles)
        console = Console(self, len(self.consoles), settings)
        self.consoles.append(console)
        if self.power.ready:
            console.framer.command()
        return console

    def _begin_cycle(self) -> None:
        """Make anew what does not outlive a boot cycle."""
        self.settings = self.memory.begin_cycle()
        self._parts: dict[type[Part], Part] = {}
        self.sleep = Sleep(self)
        self.contexts = Contexts(self, self._definitions, self._logins, self._context_down)
        self.radio = Radio(self)
        self._taken_up = 0
        for console in self.consoles:
            console.begin_cycle(self.memory.console_settings(first=console.number == 0))

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

    @property
    def registered(self) -> bool:
        """The module is registered with a network."""
        return self.radio.registered

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
        """Tell what the running command made happen before its answer, on every console. A real module takes its time
        to switch the radio off, so that the URCs of it come first."""
        for console in self.consoles:
            console.tell_first()

    @property
    def console(self) -> Console:
        """The console that asks, for handlers; else the first."""
        return self.asking or self.first

    @property
    def parts(self) -> Collection[Part]:
        """The parts that this boot cycle needed so far."""
        return self._parts.values()

    def _context_down(self, cid: int) -> None:
        """Whatever runs on the context ends."""
        for part in list(self.parts):
            part.context_down(cid)

    def settings_of(self, slot: Slot[Any]) -> Settings:
        """The settings that hold a slot: the device's, or those of the console that asks."""
        return self.console.settings if slot.of_console else self.settings

    def part(self, kind: type[P]) -> P:
        """The part of this boot cycle; made at its first use."""
        found = self._parts.get(kind)
        if found is None:
            self.model.binder.bind_module(kind.__module__)
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
        settings = self.settings_of(slot)
        if not self.memory.lasts(slot, record) or (slot.of_console and settings is not self.first.settings):
            settings.set(slot, record, index)
            return DONE

        def change() -> None:
            settings.set(slot, record, index)
            self.memory.values[slot, index] = record

        return self.write_down(change)

    def keep_contexts(self, change: Callable[[], None]) -> Pending:
        """As write_down, for what the contexts hold."""

        def changed() -> None:
            change()
            self._definitions.remember()
            self._logins.remember()

        return self.write_down(changed)

    def write_down(self, change: Callable[[], None], failure: ErrorCode = Cme.MEMORY_FULL) -> Pending:
        """The answer of a command that changes what outlives the boot cycle: one transaction, which is taken back where
        nothing can be written, and that is the failure. Raises as change."""
        take_back = self.memory.change(change)

        def stored(done: bool) -> Reply:
            if not done:
                take_back()
                raise CommandError(failure)
            return DONE

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

    # The supply and the boot.

    def start(self, now: float, since: float | None = None) -> None:
        """Switch the supply on; the boot time counts from since (default: now)."""
        self.clock = Clock(self.profile.clock.zone)
        if self.profile.clock.start:
            self.clock.set(read(self.profile.clock.start)[0], now)
        self.contexts.power_on()
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

    # Hooks of the lifecycle.

    def on_booted(self, now: float) -> None:
        """Take command lines on every console, and look for a network."""
        for console in self.consoles:
            console.start(autobaud=self.profile.power.autobaud)
        self.sleep.configure()
        self.sleep.touch(now)
        self.radio.search(max(now, self.power.since + self.register_time))
        self.wake_families()
        self.intents.append(Ready())

    def on_ended(self) -> None:
        """Forget what does not outlive a boot cycle."""
        for console in self.consoles:
            console.reset()
        self._begin_cycle()
        self.intents.append(Restart())

    def on_asleep(self) -> None:
        """Forget what does not outlive deep sleep."""
        for console in self.consoles:
            console.fall_asleep()
        for part in self.parts:
            part.fall_asleep()

    @property
    def restless(self) -> bool:
        """Something goes on: a command, a payload, a search, an operation on the network, unread output."""
        if min(self.radio.deadline, self.contexts.deadline) < math.inf or any(part.busy for part in self.parts):
            return True
        return not all(console.at_rest for console in self.consoles)

    @property
    def banner_due(self) -> bool:
        """Nothing can be said yet, as the banner is still to come."""
        return self.first.banner_due

    def announce(self, line: bytes) -> None:
        """Tell a URC that is no traffic itself."""
        self.first.notify(line)

    # What the consoles ask.

    @property
    def discards(self) -> bool:
        """Input is only thrown away: the module is off, or sleeps."""
        power = self.power
        return not (power.ready or power.keeps_input) or power.asleep

    def hears(self, now: float) -> bool:
        """Tell whether input that comes now counts; it may wake the module."""
        heard = self.lifecycle.hears(now)
        if heard:
            self.sleep.touch(now)
        return heard

    def answered(self, now: float) -> bool:
        """Go on after a line that was answered; True: the boot cycle ended with it."""
        if self.lifecycle.line_done(now):
            return True
        if self.settings.changes != self._taken_up:
            self._taken_up = self.settings.changes
            self.sleep.configure()
        self.sleep.touch(now)
        return False

    # The shell.

    def complete(self, operation: object, result: object, now: float) -> None:
        """The world has done what a command asked for with that operation; where none waits for it, nothing."""
        for console in self.consoles:
            if console.interpreter.operation is operation:
                self.now = now
                console.complete(result, now)
                self.settle(now)
                return

    def abandon(self, now: float) -> None:
        """A bug came in the way of the running commands, if any: they are answered ERROR."""
        for console in self.consoles:
            console.abandon(now)

    @property
    def can_go_on(self) -> bool:
        """Input that had to wait for a line to drain need not wait any more."""
        return any(console.can_go_on for console in self.consoles)

    @property
    def deadline(self) -> float:
        """When on_deadline is to be called; inf: never."""
        deadline = min(self.lifecycle.deadline, self.radio.deadline, self.contexts.deadline)
        for console in self.consoles:
            deadline = min(deadline, console.deadline)
        for part in self._parts.values():
            deadline = min(deadline, part.deadline)
        return deadline

    def on_deadline(self, now: float) -> None:
        """Act on time that has passed."""
        self.now = now
        self.lifecycle.on_deadline(now)
        for console in self.consoles:
            console.on_deadline(now)
        self.radio.on_deadline(now)
        self.contexts.on_deadline(now)
        for part in list(self._parts.values()):
            if now >= part.deadline:
                part.on_deadline(now)
        self.settle(now)

    def settle(self, now: float) -> None:
        """Take up what can go on now. The shell calls it after each report and when a line has drained."""
        self.now = now
        for console in self.consoles:
            console.settle(now)

    def notify(self, line: bytes, *, droppable: bool = False) -> bool:
        """Tell a URC on the first console. Droppable: dropped whole when too much waits; return whether it was kept."""
        return self.notify_on(self.first, line, droppable=droppable)

    def report(self, line: bytes) -> None:
        """Tell a result of the running command, on the console that asks; of none, on the first."""
        self.notify_on(self.console, line)

    def notify_on(self, console: Console, line: bytes, *, droppable: bool = False) -> bool:
        """Tell a URC on a console: it is traffic, which wakes the module."""
        self.lifecycle.network_traffic(self.now)
        return console.notify(line, droppable=droppable)
