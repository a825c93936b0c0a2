"""Falling asleep: deep sleep (vendor's extended guide: AT+MLPMCFG) and PSM (27.007 7.38, 24.301 5.3.11).

Pure: times in seconds.
"""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

import math
import re
from enum import Enum, IntEnum, auto
from typing import NamedTuple

from onemo.at.params import Defaulted, OptionalText
from onemo.at.store import Slot
from onemo.modem.host import Host
from onemo.modem.slots import SLEEP_DELAY, SLEEP_INDICATION, SLEEP_MODE, STACK_INDICATION, SleepModeSetting


class SleepMode(IntEnum):
    """<sleep_mode> of AT+MLPMCFG, and the level in its URCs. Light sleep does not show on the line."""

    AWAKE = 0
    LIGHT = 1
    DEEP = 2


class EdrxMode(IntEnum):
    """<mode> of AT+CEDRXS."""

    OFF = 0
    ON = 1
    TOLD = 2
    RESET = 3


class Saving(IntEnum):
    """<mode> of AT+CPSMS."""

    OFF = 0
    ON = 1
    RESET = 2


class Stack(IntEnum):
    """<protocol_status> of +MLPMPSTA."""

    CONNECTED = 0
    IDLE = 1
    SAVING = 2


class Due(Enum):
    """The consequences of silence."""

    IDLE = auto()  # the protocol stack is idle, and that is to be told
    SLEEP = auto()
    SAVE = auto()


_TIMER = r"[01]{8}"
_ACTIVE_UNITS = {0b000: 2.0, 0b001: 60.0, 0b010: 360.0, 0b111: math.inf}
_CYCLE = r"[01]{4}"
_PERIODIC_UNITS = {0b000: 600.0, 0b001: 3600.0, 0b010: 36000.0, 0b011: 2.0, 0b100: 30.0, 0b101: 60.0,
                   0b110: 1_152_000.0, 0b111: math.inf}  # fmt: skip


def active_time(timer: str) -> float:
    """Read T3324 (24.008 10.5.7.3): seconds, inf when deactivated; units not defined there are minutes.

    Raises ValueError unless timer is eight binary digits.
    """
    return _timer(timer, _ACTIVE_UNITS, 60.0)


def periodic_time(timer: str) -> float:
    """Read T3412 extended (24.008 10.5.7.4a): seconds, inf when deactivated. Raises ValueError as active_time."""
    return _timer(timer, _PERIODIC_UNITS, 600.0)


class PowerSaving(NamedTuple):
    """AT+CPSMS (27.007 7.38); the timers as 24.008 has them, in binary digits."""

    mode: Defaulted
    periodic_rau: OptionalText
    ready_timer: OptionalText
    periodic_tau: OptionalText
    active_time: OptionalText


class Edrx(NamedTuple):
    """AT+CEDRXS (27.007 7.40)."""

    mode: Defaulted
    act: Defaulted
    cycle: OptionalText


def require_timers(record: PowerSaving) -> None:
    """Raise ValueError unless the timers are eight binary digits."""
    active_time(record.active_time)
    periodic_time(record.periodic_tau)


def require_cycle(record: Edrx) -> None:
    """Raise ValueError unless the cycle is four binary digits."""
    if re.fullmatch(_CYCLE, record.cycle) is None:
        raise ValueError(record.cycle)


def _require_lasting_timers(record: PowerSaving) -> None:
    require_timers(record)
    if record.mode == Saving.RESET:
        raise ValueError(record.mode)


def _require_lasting_cycle(record: Edrx) -> None:
    require_cycle(record)
    if record.mode == EdrxMode.RESET:
        raise ValueError(record.mode)


POWER_SAVING = Slot("CPSMS", PowerSaving, check=_require_lasting_timers)
EDRX = Slot("CEDRXS", Edrx, check=_require_lasting_cycle)


def _timer(timer: str, units: dict[int, float], other: float) -> float:
    if re.fullmatch(_TIMER, timer) is None:
        raise ValueError(timer)
    unit = units.get(int(timer[:3], 2), other)
    return unit if unit == math.inf else unit * int(timer[3:], 2)


class Sleep:
    """The silence of one boot cycle, and what is due when it lasts."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._profile = host.profile.sleep
        self._traffic = self._network = -math.inf
        self._sleep_after = self._save_after = self._idle_after = math.inf
        self._rests = False
        """Something is due when the silence lasts."""
        self.deadline = math.inf
        self.asleep = False
        """Deep sleep lasts: only what comes after it is due."""
        self.stack = Stack.CONNECTED
        kept = (SLEEP_MODE, 0) in host.settings.values
        if self._profile.starts_asleep and self._profile.mode_at_start and not kept:
            host.settings.set(SLEEP_MODE, SleepModeSetting(self._profile.mode_at_start, None))

    def configure(self) -> None:
        """Take up what was set; touch follows."""
        get = self._host.settings.effective
        release = self._profile.release_time
        deep = get(SLEEP_MODE).sleep_mode == self._profile.level
        self._sleep_after = max(release, get(SLEEP_DELAY).delay_sleep) if deep else math.inf
        saving = get(POWER_SAVING)
        on = saving.mode == Saving.ON and self._host.has("CPSMS")
        self._save_after = max(release, active_time(saving.active_time)) if on else math.inf
        self._idle_after = release if get(STACK_INDICATION).psind_enable else math.inf
        self._rests = min(self._sleep_after, self._save_after, self._idle_after) < math.inf
        if not self._rests:
            self.deadline = math.inf

    def touch(self, now: float) -> None:
        """Take note of traffic on the line."""
        self._traffic = now
        if self._rests:
            self._arm()

    def touch_network(self, now: float) -> bool:
        """Take note of traffic on the network; return whether the stack was idle before and that is to be told."""
        self._network = now
        was_idle, self.stack = self.stack is not Stack.CONNECTED, Stack.CONNECTED
        self.touch(now)
        return was_idle and self._idle_after < math.inf

    def on_deadline(self, now: float) -> Due | None:
        """Return what is due; the caller has it happen, or calls touch when something stands in the way."""
        if now < self.deadline:
            return None
        if now >= self._idle_due:
            self.stack = Stack.IDLE
            self._arm()
            return Due.IDLE
        return Due.SAVE if now >= self._traffic + self._save_after else Due.SLEEP

    def fall_asleep(self) -> None:
        """Begin deep sleep."""
        self.asleep = True
        self._arm()

    def wake(self, now: float) -> None:
        """End deep sleep."""
        self.asleep = False
        self.touch(now)

    @property
    def tells(self) -> bool:
        """True where URCs announce deep sleep."""
        return int(self._host.settings.effective(SLEEP_INDICATION).report) & self._profile.level != 0

    @property
    def tells_stack(self) -> bool:
        """True where URCs tell the state of the protocol stack."""
        return self._idle_after < math.inf

    @property
    def _idle_due(self) -> float:
        return self._network + self._idle_after if self.stack is Stack.CONNECTED else math.inf

    def _arm(self) -> None:
        after = self._save_after if self.asleep else min(self._sleep_after, self._save_after)
        self.deadline = self._traffic + after
        if self._idle_after < math.inf:
            self.deadline = min(self.deadline, max(self._idle_due, self._traffic))
