"""The hand on a running module: what is done to it from outside, as on a bench with a real one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import trio

from emulator.errors import UsageError
from emulator.modem.modem import Modem
from emulator.modem.power import PowerEvent, PowerState
from emulator.runtime.lab import Condition, Running

_T = TypeVar("_T")
_UNKNOWN = {"rssi": 99, "ber": 99, "rsrq": 255, "rsrp": 255}
_HIGHEST = {"rssi": 31, "ber": 7, "rsrq": 34, "rsrp": 97}
"""27.007 8.5 and 8.69."""


class Hand:
    """Controls of one module. Each has been taken up when it returns; whatever is due at once has happened too.

    Any raises UsageError when the module has ended. Call it in the module's trio run.
    """

    def __init__(self, running: Running) -> None:
        self._running = running

    # The card.

    def remove_sim(self) -> None:
        """Take the card out; without one, nothing."""
        self._do(lambda modem, now: modem.radio.remove_card())

    def insert_sim(self) -> None:
        """Put the card back; it asks for its PIN again if it is locked."""
        self._do(lambda modem, now: modem.radio.insert_card(now))

    # The network.

    def lose_network(self) -> None:
        """Coverage is gone: connections break, and the module searches."""
        self._do(lambda modem, now: modem.radio.lose_coverage())

    def find_network(self) -> None:
        """Coverage is back; the search takes its time."""
        self._do(lambda modem, now: modem.radio.find_coverage(now))

    def refuse(self, cause: int | None = None) -> None:
        """The network refuses the module until ``accept``. cause: of 24.301 9.9.3.9, None for the model's usual one."""
        if cause is not None and not 0 < cause < 256:
            raise UsageError(f"cause {cause} is none: give 1 to 255, as in 3GPP TS 24.301 9.9.3.9")
        self._do(lambda modem, now: modem.radio.refuse(cause))

    def accept(self) -> None:
        """The network takes the module again; the search takes its time."""
        self._do(lambda modem, now: modem.radio.accept(now))

    def set_roaming(self, roaming: bool = True) -> None:
        """Whether the network is another operator's."""
        self._do(lambda modem, now: modem.radio.set_roaming(roaming))

    def set_signal(
        self, *, rssi: int | None = None, ber: int | None = None, rsrq: int | None = None, rsrp: int | None = None
    ) -> None:
        """What AT+CSQ and AT+CESQ tell, in their numbers; what is left out stays."""
        given = {"rssi": rssi, "ber": ber, "rsrq": rsrq, "rsrp": rsrp}
        changes = {name: value for name, value in given.items() if value is not None}
        for name, value in changes.items():
            if not (0 <= value <= _HIGHEST[name] or value == _UNKNOWN[name]):
                raise UsageError(f"{name} {value}: give 0 to {_HIGHEST[name]}, or {_UNKNOWN[name]} for unknown")
        self._do(lambda modem, now: modem.radio.set_signal(modem.cell.signal._replace(**changes)))

    def lose_context(self, cid: int) -> None:
        """The network takes a PDP context down; where it is not active, nothing."""
        self._do(lambda modem, now: modem.contexts.lose(cid) if cid in modem.contexts.active else None)

    @property
    def registered(self) -> bool:
        return self._do(lambda modem, now: modem.radio.registered)

    # The supply and the other lines.

    def power_off(self) -> None:
        """Take the supply away, whatever goes on; the port stays."""
        self._do(lambda modem, now: modem.supply_off(now))

    def power_on(self) -> None:
        """Give the supply back: it boots. While it is there, nothing."""
        self._do(lambda modem, now: modem.supply_on(now))

    def reboot(self) -> None:
        """The reset line: a new boot cycle, whatever goes on; off, nothing."""
        self._do(_reset)

    def wake(self) -> None:
        """DTR ends a sleep; awake, nothing."""
        self._do(lambda modem, now: modem.wake(now))

    @property
    def power(self) -> str:
        """``off``, ``booting``, ``ready``, ``sleeping`` or ``saving`` (PSM)."""
        return self._do(lambda modem, now: modem.power.state.name.lower())

    # The line to the DTE.

    def urc(self, line: str) -> None:
        """Have the module say this unasked, like ``+CMTI: "SM",1``, as soon as it may say anything.

        Raises UsageError when it is off, when it is no line of text, or when too much waits for the DTE already.
        """
        if not (line.isascii() and line.isprintable() and line):
            raise UsageError(f'{line!r} is no line: give printable ASCII without its line ends, like +CMTI: "SM",1')
        self._do(lambda modem, now: _tell(modem, line.encode()))

    # Inside.

    def _do(self, act: Callable[[Modem, float], _T]) -> _T:
        if self._running.condition is not Condition.READY:
            raise UsageError(f"{self._running.name} has ended: start it again") from self._running.error
        results: list[_T] = []

        def done() -> None:
            modem, now = self._running.module.modem, trio.current_time()
            results.append(act(modem, now))
            if modem.deadline <= now:
                modem.on_deadline(now)

        self._running.module.report(done)
        return results[0]


def _reset(modem: Modem, now: float) -> None:
    if modem.power.state is not PowerState.OFF:
        modem.lifecycle.end(PowerEvent.RESTART, now)


def _tell(modem: Modem, line: bytes) -> None:
    if not (modem.power.ready or modem.power.asleep):
        raise UsageError("the module is not up, and says nothing: give it its supply, and let it boot")
    if not modem.notify(line, droppable=True):
        raise UsageError("too much waits for the DTE, so this would be dropped: let it read first")
