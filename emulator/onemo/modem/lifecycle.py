"""The module's life: the supply, the boot, restarts, and its sleep."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from onemo.at.command import print_line
from onemo.modem.clock import Clock, read
from onemo.modem.intents import Ready, Restart
from onemo.modem.power import Power, PowerEvent, PowerState
from onemo.modem.sleep import Due, SleepMode, Stack
from onemo.modem.slots import BAUD_RATE
from onemo.wire.framer import Mode
from onemo.wire.transmitter import Kind

if TYPE_CHECKING:
    from onemo.modem.modem import Modem


class Lifecycle:
    """What moves a modem between off, booting, ready and asleep. Times in seconds."""

    def __init__(self, modem: Modem, boot_time: float) -> None:
        self._modem = modem
        self._profile = modem.profile
        self.power = Power(boot_time)
        self._due: PowerEvent | None = None
        self._deaf_until = -math.inf
        self.banner_due = False

    @property
    def deadline(self) -> float:
        """When on_deadline is to be called; inf: never."""
        return min(self.power.deadline, self._modem.sleep.deadline)

    def on_deadline(self, now: float) -> None:
        if now >= self.power.deadline:
            self._boot(now)
        due = self._modem.sleep.on_deadline(now)
        if due is Due.IDLE:
            self._tell_stack(Stack.IDLE)
        elif due is not None:
            self._rest(due, now)

    # The supply.

    def start(self, now: float, since: float) -> None:
        """Switch the supply on; the boot time counts from since."""
        self._modem.clock = Clock(self._profile.clock.zone)
        if self._profile.clock.start:
            self._modem.clock.set(read(self._profile.clock.start)[0], now)
        self.power.on(PowerEvent.SUPPLY_ON, since)
        if now >= self.power.deadline:
            self._boot(now)

    def after_line(self, event: PowerEvent) -> None:
        """RESTART or SUPPLY_OFF, once the answer of the running command line is written."""
        self._due = event

    @property
    def ending(self) -> bool:
        """Whether the running command line is the boot cycle's last."""
        return self._due is not None

    def line_done(self, now: float) -> bool:
        """The answer of a command line is written; whether the line was the boot cycle's last."""
        event, self._due = self._due, None
        if event is not None:
            self.end(event, now)
        return event is not None

    def end(self, event: PowerEvent, now: float) -> None:
        """The boot cycle ends with event: whatever it had is gone without a word, but for the NV."""
        modem = self._modem
        self.power.on(event, now)
        self._due = None
        self._deaf_until = -math.inf
        self.banner_due = False
        modem.forget_cycle()
        modem.intents.append(Restart())

    def _boot(self, now: float) -> None:
        modem = self._modem
        self.power.on(PowerEvent.BOOTED, now)
        # With the rate left to be found, nothing can be said before the DTE has.
        self.banner_due = self._profile.power.autobaud and not modem.settings.get(BAUD_RATE).rate
        if not self.banner_due:
            self.write_banner()
        modem.framer.command()
        modem.sleep.configure()
        modem.sleep.touch(now)
        modem.radio.search(max(now, self.power.since + modem.register_time))
        modem.wake_families()
        modem.intents.append(Ready())

    def write_banner(self) -> None:
        """Before whatever the module answers, so it does not wait like other URCs."""
        self.banner_due = False
        banner = self._modem.format.notice(self._profile.power.banner.encode())
        self._modem.transmitter.write(banner, Kind.URC)

    # Sleep.

    def hears(self, now: float) -> bool:
        """Whether input that comes now counts. What wakes the module is lost, and so is what follows at once."""
        if self.power.ready:
            return now >= self._deaf_until
        if self.power.asleep:
            self.wake(now)
            self._deaf_until = now + self._profile.sleep.wake_time
            return False
        return self.power.listens and now >= self._deaf_until

    def wake(self, now: float) -> None:
        """Input, DTR or downlink data end a sleep; out of PSM comes a new boot cycle. Awake: nothing."""
        if not self.power.asleep:
            return
        if self.power.on(PowerEvent.WAKE, now) is PowerState.READY:
            self._modem.sleep.wake(now)
            self._tell_sleep(b"MLPMEXIT")
        else:
            self._modem.settle(now)

    def deafen(self, until: float) -> None:
        """Input is lost until then, or until a restart."""
        self._deaf_until = until

    def rest(self, now: float) -> None:
        """Deep sleep comes now, unless something goes on."""
        if self.power.ready:
            self._rest(Due.SLEEP, now)

    def network_traffic(self, now: float) -> None:
        """Downlink data wakes the module; all of it keeps it awake."""
        self.wake(now)
        if self._modem.sleep.touch_network(now):
            self._tell_stack(Stack.CONNECTED)

    def _rest(self, due: Due, now: float) -> None:
        """Fall asleep, unless something goes on."""
        modem = self._modem
        if self._restless or (due is Due.SAVE and not modem.radio.registered):
            modem.sleep.touch(now)
            return
        saves = due is Due.SAVE
        if saves and modem.sleep.tells_stack:
            self._tell_stack(Stack.SAVING)
        if not modem.sleep.asleep:
            self._tell_sleep(b"MLPMENTER")
        modem.transmitter.release(math.inf)
        if saves:
            self.end(PowerEvent.SAVE, now)
            return
        self.power.on(PowerEvent.SLEEP, now)
        modem.framer.reset()  # half a line does not outlive it
        modem.apply_basics()
        modem.framer.command()
        modem.sleep.fall_asleep()
        for part in modem.parts:
            part.fall_asleep()

    @property
    def _restless(self) -> bool:
        """Whether something goes on: a command, a payload, a search, an operation on the network, unread output."""
        modem = self._modem
        line = modem.interpreter.busy or modem.framer.mode is not Mode.COMMAND or modem.transmitter.size
        network = modem.radio.deadline < math.inf or any(part.busy for part in modem.parts)
        return not (self.power.ready or self.power.asleep) or bool(line) or network

    def _tell_sleep(self, name: bytes) -> None:
        if self._modem.sleep.tells and not self.banner_due:
            self._announce(print_line(name.decode(), int(SleepMode.DEEP)))

    def _tell_stack(self, status: Stack) -> None:
        self._announce(print_line("MLPMPSTA", int(status)))

    def _announce(self, line: bytes) -> None:
        """A URC that is no traffic itself."""
        self._modem.transmitter.urc(self._modem.format.notice(line))
