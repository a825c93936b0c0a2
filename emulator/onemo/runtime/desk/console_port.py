"""The port of the desk's console: a line in memory, of which the desk is the DTE.

It is made at its first use, and is a console like the others: what crosses it is in trace, journal and recent lines
with its number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import trio

from onemo.at.reply import CONNECT, OK
from onemo.dialogue.results import FINAL
from onemo.errors import FaultError, UsageError
from onemo.modem.console import Console
from onemo.modem.power import PowerState
from onemo.profile.index import Label
from onemo.runtime.desk.console_results import ConsoleAnswer, ConsoleState
from onemo.runtime.port import ConsolePort, PortShell
from onemo.runtime.trace import Recent, TeeTrace, Trace
from onemo.wire.framer import DISCARD, PROMPT
from onemo.wire.transmitter import Kind

if TYPE_CHECKING:
    from onemo.runtime.controls import ModuleControls

_MOST = 1 << 22
"""Bytes of an answer that are kept: the last ones."""
_MOST_WAITING = 16
"""Those who wait for their turn; each holds a connection to the control."""
_ESCAPE = "+++"
_LONGEST = 40
"""Characters of a command in a message."""


class DeskLink:
    """A line in memory, which takes all that is said at once. Implements Link."""

    port = "the desk"

    def __init__(self) -> None:
        self.typed = bytearray()
        """What was typed and is not read yet."""
        self._came = trio.Event()

    def type(self, data: bytes) -> None:
        """Type something."""
        self.typed += data
        self._came.set()

    def read_now(self, limit: int) -> bytes | None:
        data = bytes(self.typed[:limit])
        del self.typed[:limit]
        return data or None

    def write_now(self, data: bytes | memoryview) -> int:
        return len(data)

    async def wait_readable(self) -> None:
        if self.typed:
            await trio.lowlevel.checkpoint()
            return
        self._came = trio.Event()
        await self._came.wait()

    async def wait_writable(self) -> None:
        await trio.lowlevel.checkpoint()


class _Answer:
    """A trace that keeps the answer to what was typed last. Implements Trace. cut: its beginning is gone."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.cut = False

    def clear(self) -> None:
        self.data.clear()
        self.cut = False

    def line(self, direction: str, data: bytes, kind: Kind | None = None, console: int = 0) -> None:
        if kind is Kind.ANSWER:
            self.data += data
            if len(self.data) > _MOST:
                del self.data[:-_MOST]
                self.cut = True

    def net(self, event: str, label: Label | None, detail: bytes | str) -> None:
        """Take nothing: no answer comes from the network."""


class DeskPort(ConsolePort):
    """The desk's console on its link. Who sends while another one does waits for its turn."""

    link: DeskLink

    def __init__(self, shell: PortShell, console: Console, trace: Trace | None, recent: Recent) -> None:
        self._answer = _Answer()
        heard = self._answer if trace is None else TeeTrace((trace, self._answer))
        super().__init__(shell, console, DeskLink(), heard, recent)
        self._turn = trio.Lock()
        self._moved = trio.Event()
        self._gone = False

    async def read(self) -> None:
        try:
            await super().read()
        finally:
            self._gone = True
            self._moved.set()

    def flush(self) -> None:
        super().flush()
        self._moved.set()  # every step comes by here, once what it brought about is known

    async def send(self, command: str | None, data: bytes | None, timeout: float) -> ConsoleAnswer:
        """Type a command, then data for the entry or the transparent connection that it leads to; return the answer.

        command: a line without its end, ``+++``, or None for data alone. timeout: seconds. Raises FaultError: there is
        nothing to type. UsageError: the module has ended.
        """
        if command is None and data is None:
            raise FaultError("send: there is nothing to send: give a command like AT+CSQ, data, or both")
        if self._turn.statistics().tasks_waiting >= _MOST_WAITING:
            return self._unasked(f"{_MOST_WAITING} others wait for console {self.console.number}: try again later")
        typed = False
        with trio.move_on_after(timeout):
            async with self._turn:
                await self._until(lambda: not (self._busy or self._boots))
                await trio.sleep_until(self.console.framer.swallows_until)
                self._answer.clear()
                if problem := self._refusal(command):
                    return self._unasked(problem)
                typed = True
                return self._told(await self._type(command, data))
        left = len(self.link.typed)
        self.link.typed.clear()
        if not typed:
            why = "the module boots" if self._boots else f"console {self.console.number} is busy with {self._line}"
            return self._unasked(f"{why}: try again, or wait longer")
        if left:
            return self._told(f"it did not take the last {left} bytes within {timeout:g} s, and they are dropped")
        if data is not None and self._verdict:
            return self._told(f"it asked for no data within {timeout:g} s: none was sent")
        goes_on = ": the command goes on" if self._busy else ""
        return self._told(f"no final result code within {timeout:g} s{goes_on}")

    def _refusal(self, command: str | None) -> str:
        """Return why that cannot be typed now, "" if it can."""
        name, state = f"console {self.console.number}", self.state
        if state == "off":
            return "the module is off: give it its supply first"
        if state == "transparent" and command not in (None, _ESCAPE):
            return f"{name} is in transparent mode: send data alone to its peer, or +++ to leave it"
        if state == "entry" and command is not None:
            return f"{name} waits for the data of {self._line}: send data alone; \\x1a or \\x1b may end it"
        if state == "command" and command is None:
            return f"{name} asks for no data: send a command"
        if state == "command" and command == _ESCAPE:
            return f"{name} is not in transparent mode: send a command"
        return ""

    async def _type(self, command: str | None, data: bytes | None) -> str:
        """Type all of it, when it is its turn; return what is wrong where no result code tells."""
        console, slept = self.console, self._shell.modem.power.asleep
        if command == _ESCAPE:
            await trio.sleep(self._shell.modem.profile.line.guard)
            self.link.type(command.encode())
            await self._until(lambda: console.online is None and not self._busy)
        elif command is not None:
            end = b"" if command.upper() == "A/" else bytes((console.framer.terminator,))
            self.link.type(command.encode() + end)
            if slept:
                await self._until(lambda: not self.link.typed)
                return "the module slept, and what wakes it is lost: send it again"
            await self._until(lambda: self._has_come(0))
        if data is None:
            return ""
        await self._until(lambda: self._asks or not self._verdict)
        if not self._asks:
            return "" if self._verdict is False else "it asked for no data: none was sent"
        before, online = len(self._answer.data), console.online is not None
        self.link.type(data)
        await self._until(lambda: self._has_come(before) or (online and not self._busy))
        return "" if online else await self._drop_begun()

    async def _drop_begun(self) -> str:
        """Take back what an entry did not take, and would spoil the next command; return what is to be told of it."""
        framer = self.console.framer
        if not framer.partial or self.state != "command":
            return ""
        left = framer.partial
        self.link.type(bytes((framer.editing,)) * left + bytes((framer.terminator,)))
        await self._until(lambda: not (self._busy or framer.partial))
        return f"the entry ended before the last {left} bytes: they are dropped"

    async def _until(self, done: Callable[[], bool]) -> None:
        """Wait until it is so, which may come with every step of the module. Raises UsageError: it has ended."""
        while not done():
            if self._gone:
                raise UsageError("the module has ended: start it again")
            self._moved = trio.Event()
            await self._moved.wait()

    # What there is.

    @property
    def state(self) -> ConsoleState:
        """The state of the console: what it takes now."""
        console, power = self.console, self._shell.modem.power
        if console.online is not None:
            return "transparent"
        if console.framer.mode is PROMPT:
            return "entry"
        if self._busy:
            return "busy"
        return "command" if power.ready or power.asleep else "off"

    @property
    def _busy(self) -> bool:
        """True while a command runs, or what was typed is not looked at yet."""
        framer = self.console.framer
        waits = self.link.typed or framer.kept or framer.due or framer.held
        return bool(waits or self.console.interpreter.pending or framer.mode is DISCARD)

    @property
    def _boots(self) -> bool:
        return self._shell.modem.power.state in (PowerState.BOOTING, PowerState.UPGRADING)

    @property
    def _asks(self) -> bool:
        """True while data is asked for."""
        return not self._busy and self.state in ("entry", "transparent")

    def _has_come(self, before: int) -> bool:
        """Tell whether the answer has come, of which there were so many bytes before."""
        if self._busy:
            return False
        came = len(self._answer.data) > before or self.console.format.quiet
        return came or self.state != "command"

    @property
    def _line(self) -> str:
        """The command that runs, or ran last, without what it was given."""
        body = self.console.interpreter.line.decode("latin-1")
        return f"AT{re.split(r'[=?;]', body)[0][:_LONGEST]}"

    @property
    def _lines(self) -> list[str]:
        form = self.console.format
        parts = re.split(b"[%s]+" % re.escape(form.cr + form.lf), bytes(self._answer.data))
        return [part.decode("latin-1") for part in parts if part]

    @property
    def _verdict(self) -> bool | None:
        """Tell whether the answer ended well; None: no final result code has come."""
        form = self.console.format
        for line in reversed(self._lines):
            if FINAL.fullmatch(line.encode("latin-1")):
                return line.partition(" ")[0] in ("OK", "CONNECT")
            if not form.verbose and line.isdecimal():
                return line.encode() in (OK.number, CONNECT.number)
        return True if form.quiet else None

    def _unasked(self, problem: str) -> ConsoleAnswer:
        """Return the answer of who could type nothing, and why."""
        return ConsoleAnswer(console=self.console.number, lines=[], ok=False, state=self.state, problem=problem)

    def _told(self, problem: str) -> ConsoleAnswer:
        """Return the answer. problem: what is known to be wrong, "" for nothing."""
        verdict, state = self._verdict, self.state
        if not problem and (state == "entry" or (verdict is None and state != "transparent")):
            problem = _UNENDED.get(state, "no final result code came")
        if self._answer.cut:
            problem = problem or f"the answer has more than {_MOST} bytes: its beginning is left out"
        return ConsoleAnswer(
            console=self.console.number,
            lines=self._lines,
            ok=not problem and verdict is not False,
            state=state,
            problem=problem,
        )


_UNENDED = {
    "entry": r"it asks for data: send it alone; \x1a (Ctrl-Z) or \x1b (ESC) may end it",
    "off": "the module went off, or restarts",
}


def desk_port(controls: ModuleControls) -> DeskPort:
    """Return the desk's console of a module; the first call makes it."""

    def find() -> DeskPort:
        module = controls._running.module
        found = next((port for port in module.ports if isinstance(port, DeskPort)), None)
        return found or module.add_port(DeskPort)

    return controls.do(find)
