"""The module's life: the supply, the boot, restarts, and its sleep."""

from __future__ import annotations

import math
from typing import Protocol

from onemo.at.command import print_line
from onemo.modem.power import Power, PowerEvent, PowerState
from onemo.modem.sleep import Due, Sleep, SleepMode, Stack
from onemo.profile.schema import Profile


class Body(Protocol):
    """The module that lives: what it does when its state changes."""

    profile: Profile
    sleep: Sleep

    @property
    def restless(self) -> bool:
        """True while something goes on: a command, a payload, a search, an operation on the network, unread output."""
        ...

    @property
    def registered(self) -> bool:
        """True while the module is registered with a network."""
        ...

    @property
    def banner_due(self) -> bool:
        """True while nothing can be said yet, as the banner is still to come."""
        ...

    @property
    def upgrade_due(self) -> bool:
        """True where there is new firmware to be written before the module is ready."""
        ...

    def on_upgrade(self, now: float) -> None:
        """Begin to write new firmware."""
        ...

    def on_booted(self, now: float) -> None:
        """Take command lines, and look for a network."""
        ...

    def on_ended(self, *, saves: bool) -> None:
        """Forget whatever the boot cycle had, but for the NV; it goes without a word.

        saves: power saving begins, which some of it outlives.
        """
        ...

    def on_asleep(self) -> None:
        """Forget what does not outlive deep sleep, which has begun."""
        ...

    def on_awake(self, now: float) -> None:
        """Go on after deep sleep."""
        ...

    def announce(self, line: bytes) -> None:
        """Tell a URC that is no traffic itself."""
        ...

    def tell_first(self) -> None:
        """Let what waits to be told go."""
        ...

    def settle(self, now: float) -> None:
        """Take up what can go on now."""
        ...


class Lifecycle:
    """The states off, booting, ready and asleep, and what leads from one to another. Times in seconds."""

    def __init__(self, body: Body, boot_time: float, keeps_early: bool = True) -> None:
        self._body = body
        self._profile = body.profile
        self.power = Power(boot_time, keeps_early)
        self._deaf_until = -math.inf

    def on_deadline(self, now: float) -> None:
        """Act on time that has passed: boot, or fall asleep."""
        if now >= self.power.deadline:
            self._boot(now)
        due = self._body.sleep.on_deadline(now)
        if due is Due.IDLE:
            self._tell_stack(Stack.IDLE)
        elif due is not None:
            self._rest(due, now)

    # The supply.

    def start(self, now: float, since: float) -> None:
        """Switch the supply on; the boot time counts from since."""
        self.power.on(PowerEvent.SUPPLY_ON, since)
        if now >= self.power.deadline:
            self._boot(now)

    def end(self, event: PowerEvent, now: float) -> None:
        """End the boot cycle with event."""
        self.power.on(event, now)
        self._deaf_until = -math.inf
        self._body.on_ended(saves=event is PowerEvent.SAVE)

    def upgraded(self, now: float) -> None:
        """Be ready: the new firmware is written, or the old one is there again."""
        self._ready(now)

    def _boot(self, now: float) -> None:
        if self._body.upgrade_due:
            self.power.on(PowerEvent.UPGRADE, now)
            self._body.on_upgrade(now)
        else:
            self._ready(now)

    def _ready(self, now: float) -> None:
        self.power.on(PowerEvent.BOOTED, now)
        self._body.on_booted(now)

    # Sleep.

    def hears(self, now: float, rate: int) -> bool:
        """Tell whether input that comes now counts. What wakes the module is lost, and so is what follows at once.

        rate: the line's, in bit/s; 0: the DTE's. One that is too fast for the model ends no deep sleep.
        """
        if self.power.ready:
            return now >= self._deaf_until
        if self.power.state is PowerState.SLEEPING and 0 < self._profile.sleep.wake_rate < rate:
            return False
        if self.power.asleep:
            self.wake(now)
            if SleepMode(self._profile.sleep.level) is SleepMode.LIGHT:
                return True
            self._deaf_until = now + self._profile.sleep.wake_time
            return False
        return self.power.listens and now >= self._deaf_until

    def wake(self, now: float) -> None:
        """End a sleep: input, DTR or downlink data came; out of PSM comes a new boot cycle. Awake: nothing."""
        if not self.power.asleep:
            return
        if self.power.on(PowerEvent.WAKE, now) is PowerState.READY:
            self._body.sleep.wake(now)
            self._tell_sleep(b"MLPMEXIT")
            self._body.on_awake(now)
        else:
            self._body.settle(now)

    def deafen(self, until: float) -> None:
        """Lose input until then, or until a restart."""
        self._deaf_until = until

    def rest(self, now: float) -> None:
        """Fall into deep sleep now, unless something goes on."""
        if self.power.ready:
            self._rest(Due.SLEEP, now)

    def network_traffic(self, now: float) -> None:
        """Wake the module, as downlink data does; all of it keeps it awake."""
        self.wake(now)
        if self._body.sleep.touch_network(now):
            self._tell_stack(Stack.CONNECTED)

    def _rest(self, due: Due, now: float) -> None:
        """Fall asleep, unless something goes on."""
        body = self._body
        awake = self.power.ready or self.power.asleep
        if not awake or body.restless or (due is Due.SAVE and not body.registered):
            body.sleep.touch(now)
            return
        saves = due is Due.SAVE
        if saves and body.sleep.tells_stack:
            self._tell_stack(Stack.SAVING)
        if not body.sleep.asleep:
            self._tell_sleep(b"MLPMENTER")
        body.tell_first()
        if saves:
            self.end(PowerEvent.SAVE, now)
            return
        self.power.on(PowerEvent.SLEEP, now)
        body.sleep.fall_asleep()
        body.on_asleep()

    def _tell_sleep(self, name: bytes) -> None:
        if self._body.sleep.tells and not self._body.banner_due:
            self._body.announce(print_line(name.decode(), self._profile.sleep.level))

    def _tell_stack(self, status: Stack) -> None:
        self._body.announce(print_line("MLPMPSTA", int(status)))
