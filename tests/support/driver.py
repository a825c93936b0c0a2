"""A modem without a line, a network or a clock: a test types, reads, lets time pass, and scripts the world.

``Driver`` follows the protocol of ``onemo.runtime.shell``: after every call into the core what the
transmitter holds is written, then the intents are carried out; a report is followed by ``settle``; the line is
read only while the modem wants input.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Self

from onemo.modem.intents import Bug, Ready, Restart, Wait
from onemo.modem.modem import Modem
from onemo.runtime.models import Model, load_model

from tests.support.world import World

_MANY = 10_000
READ = 65536


@cache
def model_named(name: str) -> Model:
    """The model, with every family bound."""
    return load_model(name).whole()


class Driver:
    """A DTE and a world around one Modem. Times in seconds, virtual.

    chunk: the most bytes that the line carries at once. line_room: how many bytes the DTE still takes before it
    stops reading; None: it reads everything at once.
    """

    def __init__(self, model: str | Model, boot_time: float | None = None, chunk: int = READ) -> None:
        self.model = model_named(model) if isinstance(model, str) else model
        self.modem = Modem(self.model, boot_time)
        self.world = World(self)
        self.now = 1000.0
        self.line_room: int | None = None
        self.starts = 0
        self.restarts = 0
        self.wakes: list[tuple[float, Wait]] = []
        """What commands wait for, and until when."""
        self._chunk = chunk
        self._typed = b""
        self._received = bytearray()

    # The DTE.

    def power_on(self) -> None:
        """Switch the supply on; booting takes virtual time."""
        self.modem.start(self.now)
        self._step()

    def supply(self, *, on: bool) -> None:
        """The supply goes or returns."""
        (self.modem.supply_on if on else self.modem.supply_off)(self.now)
        self._step()

    def raise_dtr(self) -> None:
        """DTR wakes the module."""
        self.modem.wake(self.now)
        self._step()

    def boot(self) -> Self:
        """Switch on, let it boot and register, take the banner away, and switch the echo off: ready for a dialogue."""
        self.power_on()
        power = self.modem.model.profile.power
        self.wait(max(power.boot_time, power.register_time))
        assert self.starts == 1, "the module did not boot"
        self.ask("ATE0")
        return self

    def type(self, data: bytes) -> None:
        """The DTE writes bytes."""
        self._typed += data
        self._read_line()

    def take(self) -> bytes:
        """Take the bytes that the DTE has received since it last looked."""
        taken = bytes(self._received)
        self._received.clear()
        return taken

    def ask(self, line: str | bytes) -> bytes:
        """Type a line with its CR; what is received by then."""
        self.type((line.encode("latin-1") if isinstance(line, str) else line) + b"\r")
        return self.take()

    def answer(self, line: str) -> list[str]:
        """Ask, and return the answer in lines: each stands between CR LF pairs of its own, else this fails."""
        return framed_lines(self.ask(line))

    def read_more(self, count: int) -> None:
        """A DTE that does not read everything takes count bytes more."""
        assert self.line_room is not None
        self.line_room += count
        self._flush()
        if not self.modem.first.transmitter.full:
            self.modem.settle(self.now)
            self._step()
            self._read_line()

    @property
    def untaken(self) -> int:
        """Bytes that were typed and not yet read by the module."""
        return len(self._typed)

    # Time and reports.

    def wait(self, seconds: float) -> None:
        """Let time pass, stopping at every deadline on the way."""
        until = self.now + seconds
        for _ in range(_MANY):
            wake = min(self.wakes, default=(math.inf, None))
            if min(self.modem.deadline, wake[0]) > until:
                break
            self.now = max(self.now, min(self.modem.deadline, wake[0]))
            if self.modem.deadline <= self.now:
                self.modem.on_deadline(self.now)
            elif wake[1] is not None:
                self.wakes.remove(wake)
                self.modem.complete(wake[1], None, self.now)
            self._step()
            self._read_line()
        else:
            raise AssertionError(f"the deadline stays at {self.modem.deadline}, now {self.now}")
        self.now = until

    def report(self, what: Callable[[], None]) -> None:
        """The world tells the core something."""
        self.modem.now = self.now
        what()
        self.modem.settle(self.now)
        self._step()
        self._read_line()

    def complete(self, operation: object, result: object) -> None:
        """The world has done what a command waits for."""
        self.modem.complete(operation, result, self.now)
        self._step()
        self._read_line()

    # Inside.

    def _read_line(self) -> None:
        while self._typed and self.modem.first.wants_input:
            data, self._typed = self._typed[: self._chunk], self._typed[self._chunk :]
            self.modem.first.receive(data, self.now)
            self.modem.settle(self.now)
            self._step()

    def _step(self) -> None:
        """Write, carry out, write: what follows every call into the core; then reports that came at once."""
        self._flush()
        while self.modem.intents or self.modem.can_go_on:
            intents, self.modem.intents = self.modem.intents, []
            for intent in intents:
                if isinstance(intent, Bug):
                    raise AssertionError("a command raised what it does not declare") from intent.error
                self.starts += isinstance(intent, Ready)
                self.restarts += isinstance(intent, Restart)
                self.world.carry_out(intent)
            self.modem.settle(self.now)
            self._flush()
        self.world.tell()

    def _flush(self) -> None:
        transmitter = self.modem.first.transmitter
        while data := transmitter.peek():
            count = len(data) if self.line_room is None else min(len(data), self.line_room)
            if count == 0:
                return
            self._received += data[:count]
            if self.line_room is not None:
                self.line_room -= count
            transmitter.sent(count)


def framed_lines(data: bytes) -> list[str]:
    """The lines of an answer, each between a CR LF pair of its own. Fails on any byte that is not."""
    lines: list[str] = []
    rest = data
    while rest:
        end = rest.find(b"\r\n", 2)
        assert rest.startswith(b"\r\n"), f"no line starts at {rest!r} of {data!r}"
        assert end > 0, f"no line ends in {rest!r} of {data!r}"
        lines.append(rest[2:end].decode("latin-1"))
        rest = rest[end + 2 :]
    return lines
