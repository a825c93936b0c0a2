"""Power: off, booting, ready, asleep. A restart is a new boot cycle."""

from __future__ import annotations

import math
from enum import Enum, auto


class PowerState(Enum):
    """The states of the supply, of the boot, and of sleep."""

    OFF = auto()
    BOOTING = auto()
    READY = auto()
    SLEEPING = auto()  # deep sleep: the line is silent, everything else stays
    UPGRADING = auto()  # its firmware is written: nothing but that goes on
    SAVING = auto()  # PSM: as good as off, but it can be woken


class PowerEvent(Enum):
    """The events that lead from one state of the power to another."""

    SUPPLY_ON = auto()
    BOOTED = auto()
    UPGRADE = auto()  # in the place of BOOTED, where there is new firmware to be written
    RESTART = auto()
    SUPPLY_OFF = auto()  # also AT+MPOF: only the supply's return ends it
    SLEEP = auto()
    SAVE = auto()  # T3324 has run out
    WAKE = auto()


TRANSITIONS: dict[tuple[PowerState, PowerEvent], PowerState] = {
    (PowerState.OFF, PowerEvent.SUPPLY_ON): PowerState.BOOTING,
    (PowerState.BOOTING, PowerEvent.BOOTED): PowerState.READY,
    (PowerState.BOOTING, PowerEvent.UPGRADE): PowerState.UPGRADING,
    (PowerState.UPGRADING, PowerEvent.BOOTED): PowerState.READY,
    (PowerState.UPGRADING, PowerEvent.RESTART): PowerState.BOOTING,
    (PowerState.UPGRADING, PowerEvent.SUPPLY_OFF): PowerState.OFF,
    (PowerState.BOOTING, PowerEvent.RESTART): PowerState.BOOTING,
    (PowerState.READY, PowerEvent.RESTART): PowerState.BOOTING,
    (PowerState.BOOTING, PowerEvent.SUPPLY_OFF): PowerState.OFF,
    (PowerState.READY, PowerEvent.SUPPLY_OFF): PowerState.OFF,
    (PowerState.READY, PowerEvent.SLEEP): PowerState.SLEEPING,
    (PowerState.READY, PowerEvent.SAVE): PowerState.SAVING,
    (PowerState.SLEEPING, PowerEvent.WAKE): PowerState.READY,
    (PowerState.SLEEPING, PowerEvent.SAVE): PowerState.SAVING,
    (PowerState.SLEEPING, PowerEvent.RESTART): PowerState.BOOTING,
    (PowerState.SLEEPING, PowerEvent.SUPPLY_OFF): PowerState.OFF,
    (PowerState.SAVING, PowerEvent.WAKE): PowerState.BOOTING,
    (PowerState.SAVING, PowerEvent.RESTART): PowerState.BOOTING,
    (PowerState.SAVING, PowerEvent.SUPPLY_OFF): PowerState.OFF,
}


class Power:
    """The state of the supply, of the boot, and of sleep. Times in seconds.

    keeps_early: what comes before the end of the first boot is held.
    """

    def __init__(self, boot_time: float, keeps_early: bool = True) -> None:
        self.state = PowerState.OFF
        self.ready = self.asleep = False
        self.cycles = 0
        self.deadline = math.inf
        self.since = -math.inf
        """The time at which the present boot cycle began."""
        self.orderly = False
        """The present boot cycle began with a restart of a module that was READY."""
        self.boot_time = boot_time
        self._keeps_early = keeps_early

    def on(self, event: PowerEvent, now: float) -> PowerState:
        """Take an event; return the state after it. Raises KeyError when the state has no such event: a bug."""
        before, self.state = self.state, TRANSITIONS[self.state, event]
        self.ready = self.state is PowerState.READY
        self.asleep = self.state in (PowerState.SLEEPING, PowerState.SAVING)
        if self.state is PowerState.BOOTING:
            self.cycles += 1
            self.since = now
            self.deadline = now + self.boot_time
            self.orderly = event is PowerEvent.RESTART and before is PowerState.READY
        else:
            self.deadline = math.inf
        return self.state

    @property
    def keeps_input(self) -> bool:
        """True at the first start, unless that is to be as the later ones, which lose what comes early.

        The link is there at once then, and what comes early is held.
        """
        return self._keeps_early and self.cycles <= 1 and not self.upgrading

    @property
    def upgrading(self) -> bool:
        """True while firmware is written, and nothing else goes on."""
        return self.state is PowerState.UPGRADING

    @property
    def listens(self) -> bool:
        """True while input counts; it is lost otherwise."""
        return self.ready or (self.state is PowerState.BOOTING and self.keeps_input)
