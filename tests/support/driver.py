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

from onemo.modem.console import Console
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


class DteEnd:
    """The DTE at one console.

    typed: what the module has not read yet; room: how many bytes it still takes, None any number.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.typed = b""
        self.received = bytearray()
        self.room: int | None = None


class Driver:
    """A DTE and a world around one Modem. Times in seconds, virtual.

    chunk: the most bytes that the line carries at once. line_room: how many bytes the DTE still takes before it
    stops reading; None: it reads everything at once. consoles: how many there are; the DTE is at one at a time, end:
    it types there, and takes what it received there.
    """

    def __init__(
        self, model: str | Model, boot_time: float | None = None, chunk: int = READ, consoles: int = 1
    ) -> None:
        self.model = model_named(model) if isinstance(model, str) else model
        self.modem = Modem(self.model, boot_time)
        for _ in range(consoles - 1):
            self.modem.add_console()
        self.ends = [DteEnd(console) for console in self.modem.consoles]
        self.end = self.ends[0]
        self.world = World(self)
        self.now = 1000.0
        self.lwm2m_server: object = None
        """The LwM2M server of tests.support.coap, once there is one."""
        self.starts = 0
        self.restarts = 0
        self.wakes: list[tuple[float, Wait]] = []
        """What commands wait for, and until when."""
        self._chunk = chunk

    # The DTE.

    def go_to(self, console: int) -> None:
        """The DTE turns to a console."""
        self.end = self.ends[console]

    @property
    def line_room(self) -> int | None:
        return self.end.room

    @line_room.setter
    def line_room(self, room: int | None) -> None:
        self.end.room = room

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
        """Switch on, let it boot and register, take the banner away, and switch the echo off: ready for a dialogue.

        All of that on every console; the DTE is at the first then.
        """
        self.power_on()
        power = self.modem.model.profile.power
        self.wait(max(power.boot_time, power.register_time))
        assert self.starts == 1, "the module did not boot"
        for number in reversed(range(len(self.ends))):
            self.go_to(number)
            self.ask("ATE0")
        return self

    def type(self, data: bytes) -> None:
        """The DTE writes bytes."""
        self.end.typed += data
        self._read_line()

    def take(self) -> bytes:
        """Take the bytes that the DTE has received since it last looked."""
        taken = bytes(self.end.received)
        self.end.received.clear()
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
        assert self.end.room is not None
        self.end.room += count
        self._flush()
        if not self.end.console.transmitter.full:
            self.modem.settle(self.now)
            self._step()
            self._read_line()

    @property
    def untaken(self) -> int:
        """Bytes that were typed and not yet read by the module."""
        return len(self.end.typed)

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
        while readable := [end for end in self.ends if end.typed and end.console.wants_input]:
            for end in readable:
                data, end.typed = end.typed[: self._chunk], end.typed[self._chunk :]
                end.console.receive(data, self.now)
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
        for end in self.ends:
            transmitter = end.console.transmitter
            while data := transmitter.peek():
                count = len(data) if end.room is None else min(len(data), end.room)
                if count == 0:
                    break
                end.received += data[:count]
                if end.room is not None:
                    end.room -= count
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
