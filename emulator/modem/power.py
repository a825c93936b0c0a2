"""Power: off, booting, ready. A restart is a new boot cycle."""

from __future__ import annotations

import math
from enum import Enum, auto


class PowerState(Enum):
    OFF = auto()
    BOOTING = auto()
    READY = auto()


class PowerEvent(Enum):
    SUPPLY_ON = auto()
    BOOTED = auto()
    RESTART = auto()
    SUPPLY_OFF = auto()


TRANSITIONS: dict[tuple[PowerState, PowerEvent], PowerState] = {
    (PowerState.OFF, PowerEvent.SUPPLY_ON): PowerState.BOOTING,
    (PowerState.BOOTING, PowerEvent.BOOTED): PowerState.READY,
    (PowerState.BOOTING, PowerEvent.RESTART): PowerState.BOOTING,
    (PowerState.READY, PowerEvent.RESTART): PowerState.BOOTING,
    (PowerState.BOOTING, PowerEvent.SUPPLY_OFF): PowerState.OFF,
    (PowerState.READY, PowerEvent.SUPPLY_OFF): PowerState.OFF,
}


class Power:
    """The state of the supply and of the boot. Times in seconds."""

    def __init__(self, boot_time: float) -> None:
        self.state = PowerState.OFF
        self.cycles = 0
        self.deadline = math.inf
        self._boot_time = boot_time

    def on(self, event: PowerEvent, now: float) -> PowerState:
        """The state after event. Raises KeyError when the state has no such event: a bug."""
        self.state = TRANSITIONS[self.state, event]
        if self.state is PowerState.BOOTING:
            self.cycles += 1
            self.deadline = now + self._boot_time
        else:
            self.deadline = math.inf
        return self.state

    @property
    def ready(self) -> bool:
        return self.state is PowerState.READY

    @property
    def keeps_input(self) -> bool:
        """At the first start the link is there at once and what comes early is held; later boots lose it."""
        return self.cycles <= 1
