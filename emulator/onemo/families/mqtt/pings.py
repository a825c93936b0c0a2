"""The PINGREQs of an MQTT client, and what comes of them (MQTT manual 3.1)."""

from __future__ import annotations

import math

from onemo.at.command import print_line
from onemo.families.mqtt.outbox import Outbox
from onemo.families.mqtt.profile import MQTT
from onemo.families.mqtt.settings import KEEP_ALIVE, PING_PERIOD, PING_REPORT
from onemo.modem.modem import Modem
from onemo.net.mqtt.packets import Bare, PacketType

LATE = 1.5
"""How many times the keep-alive makes an end of it (MQTT 3.1.1, 3.1.2.10)."""


class Pings:
    """The pings of one client. Those that wait do so by the outbox's clock.

    next: when one is sent; due: when the clock shows that an answer, or any sign of life, is overdue; inf: never.
    """

    def __init__(self, device: Modem, number: int, outbox: Outbox) -> None:
        self._device = device
        self._number = number
        self._outbox = outbox
        self._table = device.profile.table(MQTT)
        self._overdue = self._lost = math.inf
        self.next = math.inf

    @property
    def due(self) -> float:
        """When the clock shows that an answer, or any sign of life, is overdue; inf: nothing is waited for."""
        return min(self._overdue, self._lost)

    def start(self, now: float) -> None:
        """Begin with a connection: the first comes one period later."""
        self.stop()
        self.next = now + self._period

    def stop(self) -> None:
        """End with a connection."""
        self.next = self._overdue = self._lost = math.inf

    def heard(self) -> None:
        """Take note that the broker lives."""
        self._lost = math.inf

    def answered(self) -> None:
        """Take up a PINGRESP; one that nobody waits for means nothing."""
        if self._overdue < math.inf:
            self._tell(0)

    def send(self, now: float) -> None:
        """Send a PINGREQ where one is due."""
        if now < self.next:
            return
        self._outbox.hand_over(Bare(PacketType.PINGREQ), now)
        self.next += self._period
        reading = self._outbox.clock.read(now)
        self._overdue = reading + self._table.ping_time
        keep_alive = self._device.settings.effective(KEEP_ALIVE, self._number).keep_alive
        if keep_alive and self._lost == math.inf:
            self._lost = reading + LATE * keep_alive * self._table.second

    def on_clock(self, reading: float) -> bool:
        """Act on what the clock shows; return whether the broker has given no sign of life for too long."""
        if reading >= self._overdue:
            self._tell(1)
        return reading >= self._lost

    def silent(self, now: float) -> bool:
        """Tell whether we were silent so long that the broker had to take us for gone."""
        keep_alive = self._device.settings.effective(KEEP_ALIVE, self._number).keep_alive
        return bool(keep_alive) and now - self._outbox.sent_at >= LATE * keep_alive

    @property
    def _period(self) -> float:
        return self._device.settings.effective(PING_PERIOD, self._number).period * self._table.second

    def _tell(self, result: int) -> None:
        self._overdue = math.inf
        if self._device.settings.effective(PING_REPORT, self._number).report:
            self._device.notify(print_line("MQTTURC", "pingresp", self._number, result))
