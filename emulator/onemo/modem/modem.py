"""The modem: bytes and time in, bytes and intents out.

Nothing here waits or touches the world. The shell feeds it what the DTE sends and what the network reports,
writes what its transmitter holds, carries out its intents, and calls it when its deadline has come.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from onemo.at.outcome import Pending
from onemo.at.registry import BoundModel
from onemo.at.reply import Final, Reply
from onemo.at.store import Change, R, Settings, Slot
from onemo.modem.board import Board
from onemo.modem.cardfiles import issue, record_sizes
from onemo.modem.channel import DeliveryWatch, Listen, Unlisten
from onemo.modem.clock import Clock, read
from onemo.modem.console import Console
from onemo.modem.contexts import Contexts
from onemo.modem.intents import Attach, Intent, NetworkInfo, Ready, Restart, Store
from onemo.modem.interpreter import AnswerWatch
from onemo.modem.keeping import Keeping
from onemo.modem.lifecycle import Lifecycle
from onemo.modem.memory import FIRMWARE, Stored
from onemo.modem.part import P, Part, Timed
from onemo.modem.power import Power, PowerEvent, PowerState
from onemo.modem.radio import Radio
from onemo.modem.registration import Cell
from onemo.modem.sim import Sim
from onemo.modem.sleep import Sleep
from onemo.modem.subscriber import SimCard

if TYPE_CHECKING:
    from onemo.modem.credentials import Credentials


class Modem:
    """One emulated module. boot_time: seconds, None: the profile's; keeps_early: as in Power."""

    def __init__(self, model: BoundModel[Modem], boot_time: float | None = None, keeps_early: bool = True) -> None:
        self.profile = profile = model.profile
        self.model = model
        self.intents: list[Intent] = []
        self.now = 0.0
        """The time of the step that runs, for handlers."""
        self.asking: Console | None = None
        """The console whose command runs."""
        self.on_answer: AnswerWatch | None = None
        """Told of each line that is answered, on any console."""
        self.on_delivered: DeliveryWatch | None = None
        self.lifecycle = Lifecycle(self, profile.power.boot_time if boot_time is None else boot_time, keeps_early)
        self.clock = Clock(profile.clock.zone)
        self.sim = Sim(profile.sim, SimCard(issue(profile), record_sizes(profile)))
        self.keeping = Keeping(self, model, {"sim": self.sim})
        self.memory = self.keeping.memory
        self.cell = Cell(profile)
        self.board = Board()
        self.name_servers: tuple[str, ...] = ()
        self.register_time = profile.power.register_time
        self.consoles: list[Console] = []
        self._begin_cycle()
        self.first = self.add_console()
        """The console that has the URCs which are nobody's answer."""

    def add_console(self) -> Console:
        """Add one more AT line; what is typed there is answered there."""
        settings = self.memory.console_settings(first=not self.consoles)
        console = Console(self, len(self.consoles), settings)
        self.consoles.append(console)
        self._timed.append(console)
        if self.power.state in (PowerState.READY, PowerState.SLEEPING):
            console.framer.command()
        return console

    def _begin_cycle(self) -> None:
        """Make anew what does not outlive a boot cycle."""
        self.settings = self.memory.begin_cycle()
        self._parts: dict[type[Part], Part] = {}
        self.sleep = Sleep(self)
        self.contexts = Contexts(self, self.keeping.definitions, self.keeping.logins, self._context_down)
        self.radio = Radio(self)
        self._timed: list[Timed] = [self.power, self.sleep, self.radio, self.contexts, *self.consoles]
        self._taken_up = 0
        for console in self.consoles:
            console.begin_cycle(self.memory.console_settings(first=console.number == 0))

    @property
    def power(self) -> Power:
        """The state of the supply, of the boot, and of sleep."""
        return self.lifecycle.power

    @property
    def revision(self) -> str:
        """The firmware's revision, as AT+CGMR prints it."""
        firmware = self.keeping.firmware
        return self.made_revision if firmware is None else firmware.revision(self.made_revision)

    @property
    def made_revision(self) -> str:
        """The revision that the module was made with."""
        return self.profile.identity.revision.replace("{sub_model}", self.profile.sub_model)

    @property
    def imsi(self) -> str:
        return self.sim.card.imsi

    @property
    def registered(self) -> bool:
        """True while the module is registered with a network."""
        return self.radio.registered

    def has(self, command: str) -> bool:
        """Tell whether the model has a command."""
        return self.model.has(command)

    def attached(self, operation: Attach, network: NetworkInfo, now: float) -> None:
        """Take up the network's time, name servers and context, if still wanted. operation: what asked for it."""
        self.now = now
        if self.radio.attached(network.utc, now):
            self.name_servers = network.name_servers
            self.contexts.attach(network)
            for part in list(self.parts):
                part.on_registered(now)
        self.complete(operation, self.radio.registered, now)

    def tell_first(self) -> None:
        """Tell on every console what the running command made happen, before its answer, as a slow radio does."""
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
        """End whatever runs on the context."""
        for part in list(self.parts):
            part.context_down(cid)

    def network_lost(self) -> None:
        """End whatever needs a registration."""
        for part in list(self.parts):
            part.network_lost()

    def settings_of(self, slot: Slot[Any]) -> Settings:
        """Return the settings that hold a slot: the device's, or those of the console that asks."""
        return self.console.settings if slot.of_console else self.settings

    def part(self, kind: type[P]) -> P:
        """Return the part of this boot cycle; it is made at its first use."""
        found = self._parts.get(kind)
        if found is None:
            self.model.binder.bind_module(kind.__module__)
            found = self._parts[kind] = kind(self)
            self._timed.append(found)
        return found  # type: ignore[return-value]

    @property
    def credentials(self) -> Credentials:
        """The certificates and keys."""
        return self.keeping.keeper("files")  # type: ignore[no-any-return]

    def keep(self, slot: Slot[R], record: R, index: int = 0, also: Sequence[Change] = ()) -> Reply | Pending:
        """Store what was set; what outlives the boot cycle is written down before the answer."""
        return self.keeping.keep(slot, record, index, also)

    def restore(self, stored: Stored) -> list[str]:
        """Take up what an earlier process wrote down, before the start; return the names of what does not fit."""
        refused = self.keeping.restore(stored)
        self._begin_cycle()
        return refused

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
        """Switch the supply on again; while it is there, nothing."""
        if self.power.state is PowerState.OFF:
            self.start(now)

    def supply_off(self, now: float) -> None:
        """Cut the supply, whatever is going on."""
        if self.power.state is not PowerState.OFF:
            self.lifecycle.end(PowerEvent.SUPPLY_OFF, now)

    def restart(self) -> None:
        """Begin a new boot cycle, once the answer of the running command line is written."""
        self.keeping.flush()
        self.console.owes = PowerEvent.RESTART

    def switch_off(self) -> None:
        """Switch off until the supply returns, once the answer of the running command line is written."""
        self.keeping.flush()
        self.console.owes = PowerEvent.SUPPLY_OFF

    def wake(self, now: float) -> None:
        """End a sleep, as DTR does; awake: nothing."""
        self.now = now
        self.lifecycle.wake(now)
        self.settle(now)

    # Hooks of the lifecycle.

    @property
    def upgrade_due(self) -> bool:
        """True where there is new firmware to be written before the module is ready."""
        firmware = self.keeping.firmware
        return firmware is not None and firmware.order is not None

    def on_upgrade(self, now: float) -> None:
        """Begin to write new firmware; what the DTE sends meanwhile is lost."""
        for console in self.consoles:
            console.reset()
        self.part(self.keeping.keeper(FIRMWARE).writer)
        self.intents.append(Ready())

    def on_booted(self, now: float) -> None:
        """Take command lines on every console, and look for a network."""
        for console in self.consoles:
            console.start(autobaud=self.profile.power.autobaud)
        self.sleep.configure()
        self.sleep.touch(now)
        scans = self.profile.radio.full_scan if self.keeping.take_frequencies() else 1
        self.radio.search(max(now, self.power.since + scans * self.register_time))
        for part in self.parts:  # what outlived power saving
            part.wake(now)
        for defined in self.model.binder.bind_waking(self.memory.snapshot):
            if defined.part is not None:  # it has to be there from a boot on, as the NV is
                self.part(defined.part)
        self.intents.append(Ready())

    def on_ended(self, *, saves: bool) -> None:
        """Forget what does not outlive a boot cycle, or power saving."""
        saved = {kind: part for kind, part in self._parts.items() if saves and part.save()}
        for console in self.consoles:
            console.reset()
        self._begin_cycle()
        self._parts.update(saved)
        self._timed += saved.values()
        self.intents[:] = [each for each in self.intents if not isinstance(each, Listen | Unlisten)]  # of the old cycle
        self.intents.append(Restart())

    def on_asleep(self) -> None:
        """Forget what does not outlive deep sleep."""
        for console in self.consoles:
            console.fall_asleep()
        for part in self.parts:
            part.fall_asleep()

    def on_awake(self, now: float) -> None:
        """Go on after deep sleep."""
        self.now = now
        for part in self.parts:
            part.wake(now)

    @property
    def restless(self) -> bool:
        """True while something goes on: a command, a payload, a search, an operation on the network, unread output."""
        if min(self.radio.deadline, self.contexts.deadline) < math.inf or any(part.busy for part in self.parts):
            return True
        return not all(console.at_rest for console in self.consoles)

    @property
    def banner_due(self) -> bool:
        """True while nothing can be said yet, as the banner is still to come."""
        return self.first.banner_due

    def announce(self, line: bytes) -> None:
        """Tell a URC that is no traffic itself."""
        self.first.notify(line)

    # What the consoles ask.

    @property
    def discards(self) -> bool:
        """True while input is only thrown away: the module is off, or sleeps."""
        power = self.power
        return not (power.ready or power.keeps_input) or power.asleep

    def hears(self, now: float, rate: int) -> bool:
        """Tell whether input that comes now counts; it may wake the module. rate: the line's, in bit/s."""
        if not self.lifecycle.hears(now, rate):
            return False
        self.sleep.touch(now)
        return True

    def end_cycle(self, event: PowerEvent, now: float) -> None:
        """End the boot cycle: a command line that did so is answered."""
        self.lifecycle.end(event, now)

    def answered(self, now: float) -> None:
        """Go on after a line that was answered."""
        if self.settings.changes != self._taken_up:
            self._taken_up = self.settings.changes
            self.sleep.configure()
        self.sleep.touch(now)

    # The shell.

    def complete(self, operation: object, result: object, now: float) -> None:
        """Take up the command that waits for that operation, which the world has done; nothing where none waits."""
        if isinstance(operation, Store) and operation.then is not None:
            self.now = now
            operation.then(bool(result))
            self.settle(now)
            return
        for console in self.consoles:
            if console.interpreter.operation is operation:
                self.now = now
                console.complete(result, now)
                self.settle(now)
                return

    def abandon(self, now: float) -> None:
        """Answer ERROR to the running commands, if any: a bug came in their way."""
        for console in self.consoles:
            console.abandon(now)

    @property
    def can_go_on(self) -> bool:
        """True once input that had to wait for a line to drain need not wait any more."""
        for console in self.consoles:  # noqa: SIM110  (on the way of a byte, and a generator costs twice as much)
            if (console.framer.kept or console.framer.due) and console.can_go_on:
                return True
        return False

    @property
    def deadline(self) -> float:
        """The time at which on_deadline is to be called; inf: never."""
        deadline = math.inf
        for timed in self._timed:
            if (due := timed.deadline) < deadline:
                deadline = due
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
            if now >= part.deadline and part in self.parts:  # one of them may have ended the boot cycle
                part.on_deadline(now)
        self.settle(now)

    def settle(self, now: float) -> None:
        """Take up what can go on now. The shell calls it after each report and when a line has drained."""
        self.now = now
        for console in self.consoles:
            console.settle(now)
        for console in self.consoles[:-1]:  # what a later one did may be told here, or have taken the line away
            console.settle(now)

    def notify(self, line: bytes | Final, *, droppable: bool = False) -> bool:
        """Tell a URC on the first console, as notify_on does; return whether it was kept."""
        return self.notify_on(self.first, line, droppable=droppable)

    def notify_unended(self, line: bytes) -> None:
        """Tell a URC on the first console without the line end behind it."""
        if self.power.upgrading:
            return
        self.lifecycle.network_traffic(self.now)
        self.first.notify_unended(line)

    def report(self, line: bytes) -> None:
        """Tell a result of the running command, on the console that asks; of none, on the first."""
        self.notify_on(self.console, line)

    def notify_on(self, console: Console, line: bytes | Final, *, droppable: bool = False) -> bool:
        """Tell a URC, which is traffic and wakes the module; droppable: it is dropped whole when too much waits.

        While firmware is written there is nobody to tell one.
        """
        if self.power.upgrading:
            return False
        self.lifecycle.network_traffic(self.now)
        return console.notify(line, droppable=droppable)
