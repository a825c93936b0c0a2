"""The board around the module, as the world sets it: levels at its pins, voltages, the temperature. Pure.

It is there across boot cycles. What nobody has set is as the profile has it.
"""

from __future__ import annotations

from collections import deque

_MOST = 1000
"""Requests that are answered otherwise."""
_FOUND = 100
"""<status> of +MLBSLOC with a place."""
_FACTOR, _STEP, _TURNS = 1103515245, 12345, 1 << 31


class Board:
    """What is outside the module. None: as the profile has it.

    levels: those that the world drives, by pin. adc: mV by channel; noise: by so many mV they differ at most. temp: in
    degrees Celsius; vbat: in mV. location: the statuses with which the next requests for the place are answered, None:
    never; cut_scans: in so many Wi-Fi scans a line is cut.
    """

    def __init__(self) -> None:
        self.levels: dict[int, int] = {}
        self.adc: dict[int, int] = {}
        self.noise = 0
        self.temp: int | None = None
        self.vbat: int | None = None
        self.location: deque[int | None] = deque(maxlen=_MOST)
        self.cut_scans = 0
        self._dice = 1

    def noisy(self, millivolts: int) -> int:
        """Return a voltage with noise, which is the same in every run."""
        if not self.noise:
            return millivolts
        self._dice = (_FACTOR * self._dice + _STEP) % _TURNS
        return millivolts - self.noise + (self._dice >> 8) % (2 * self.noise + 1)

    def location_status(self) -> int | None:
        """Return the status of a request for the place, which goes with it; None: no answer comes."""
        return self.location.popleft() if self.location else _FOUND

    def cuts_scan(self) -> bool:
        """Tell whether a line of this Wi-Fi scan is cut."""
        if not self.cut_scans:
            return False
        self.cut_scans -= 1
        return True
