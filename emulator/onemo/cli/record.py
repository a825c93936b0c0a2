"""The recorder, ``onemo-emulator record``: it writes a dialogue with a module down as a transcript."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import trio

from onemo.cli.ending import heard
from onemo.cli.port import DteLine, LinkLine, open_line, run_until_done, text_of
from onemo.dialogue.recorder import Recorder
from onemo.dialogue.transcript import Step, Value, filled, parse
from onemo.errors import LinkError, UsageError
from onemo.link.pty import PtyLink, open_pty
from onemo.runtime.files import open_own
from onemo.runtime.sink import LogHandler, Sink, say

_USUAL = {
    "time": r"\b\d\d(?:\d\d)?/\d\d/\d\d,\d\d:\d\d:\d\d(?:[+-]\d+)?",
    "address": r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?=[0-9A-Fa-f:]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:]{2,39})(?![\w.:])",
    "imei": r"(?<!\d)(?!460)\d{15}(?!\d)",
    "imsi": r"(?<!\d)460\d{12}(?!\d)",
    "iccid": r"(?<!\d)89\d{17}[0-9A-F]?(?!\d)",
    "signal": r"(?<=\+CSQ: )\d+,\d+|(?<=\+CESQ: )[\d,]+",
}
"""What differs from module to module or from time to time, by the names that --value knows."""
_OPENING = 0.1
"""Seconds of silence before the first line of a script."""
_LONGEST = 60.0
"""Seconds after which a module that is never quiet is asked the next."""


class RecordOptions(NamedTuple):
    """The options of ``record``. quiet, pauses: seconds; values: NAME=REGEX, or usual names; headers: name, text."""

    port: str
    out: Path
    link: Path | None
    script: Path | None
    baud: int
    quiet: float
    values: tuple[str, ...]
    pauses: float | None
    headers: tuple[tuple[str, str], ...]


def record(options: RecordOptions) -> int:
    """Record a dialogue, and return 0. Raises EmulatorError when it cannot be recorded."""
    if (options.link is None) == (options.script is None):
        raise UsageError("record needs either --link PATH, for a DTE, or --script FILE, to send that alone")
    logging.basicConfig(format="onemo-emulator: %(message)s", level=logging.WARNING, handlers=[LogHandler(sys.stderr)])
    steps = _steps(options.script) if options.script is not None else ()
    if options.script is not None and options.out.exists() and options.out.samefile(options.script):
        raise UsageError(f"--out {options.out} is the script itself, which would be lost; name another file")
    recorder = Recorder(_volatile(options.values), options.pauses)
    with ExitStack() as stack:
        pty = stack.enter_context(open_pty(options.link)) if options.link is not None else None
        try:
            descriptor = open_own(options.out, os.O_APPEND | os.O_NONBLOCK)
        except OSError as error:
            raise UsageError(f"--out {options.out}: {error.strerror}; name a file that can be written") from error
        out = _Out(descriptor, options.out, recorder)
        stack.callback(out.close)
        return run_until_done(lambda: _record(options, out, pty, steps))


async def _record(options: RecordOptions, out: _Out, pty: PtyLink | None, steps: tuple[Step, ...]) -> int:
    """Record until the script ends, or a signal comes."""
    with trio.open_signal_receiver(*heard()) as signals:
        try:
            async with open_line(options.port, options.baud) as line, trio.open_nursery() as nursery:
                out.begin(options.headers)

                async def until(work: Callable[[], Awaitable[None]]) -> None:
                    await work()
                    nursery.cancel_scope.cancel()

                nursery.start_soon(until, signals.__anext__)  # type: ignore[arg-type]
                if pty is not None:
                    nursery.start_soon(pty.watch)
                    say(f"recording {options.port} on {pty.port} ({options.link})", sys.stdout)
                    nursery.start_soon(_pump, LinkLine(pty), line, out.sent)
                    nursery.start_soon(_pump, line, LinkLine(pty, patient=True), out.received)
                else:
                    nursery.start_soon(until, partial(_send, line, out, steps, options.quiet))
        finally:
            out.flush()
    return 0


async def _pump(source: DteLine, target: DteLine, note: Callable[[bytes], None]) -> None:
    while True:
        data = await source.receive()
        note(data)
        await target.send(data)


async def _send(line: DteLine, out: _Out, steps: tuple[Step, ...], quiet: float) -> None:
    """Send a script, each step once the module is quiet."""
    came = trio.Event()

    async def read() -> None:
        nonlocal came
        while True:
            data = await line.receive()
            if out.open:
                out.received(data)
            came.set()
            came = trio.Event()

    async def silence(seconds: float) -> None:
        with trio.move_on_after(_LONGEST):
            while True:
                with trio.move_on_after(seconds) as waiting:
                    await came.wait()
                if waiting.cancelled_caught:
                    return

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await silence(_OPENING)
        out.open = True
        for step in steps:
            if step.text.startswith("wait"):
                out.waited(step.wait)
                await trio.sleep(step.wait)
                continue
            data = filled(step.pieces, {})
            out.sent(data)
            await line.send(data)
            await silence(quiet)
            out.flush()
        nursery.cancel_scope.cancel()


class _Out:
    """The transcript, written as it goes; no reader is waited for. open: true while received bytes belong to it."""

    def __init__(self, descriptor: int, path: Path, recorder: Recorder) -> None:
        self.open = False
        self._descriptor = descriptor
        self._path = path
        self._sink = Sink(descriptor, f"the transcript {path}", "# {} lines are missing here, as nobody read\n".format)
        self._recorder = recorder
        self.close = self._sink.close

    def begin(self, headers: tuple[tuple[str, str], ...]) -> None:
        """Replace the old content: not before the port is open, so that nothing is lost to one that is not."""
        with suppress(OSError):  # a device has no length
            os.ftruncate(self._descriptor, 0)
        self.write(*(f"{name}: {text}" for name, text in headers))

    def sent(self, data: bytes) -> None:
        self._recorder.sent(data, trio.current_time())
        self._write()

    def received(self, data: bytes) -> None:
        self._recorder.received(data, trio.current_time())
        self._write()

    def waited(self, seconds: float) -> None:
        self._recorder.waited(seconds)
        self._write()

    def flush(self) -> None:
        self._recorder.flush()
        self._write()

    def write(self, *lines: str) -> None:
        try:
            for line in lines:
                self._sink.write(f"{line}\n".encode("ascii", "replace").decode())
        except OSError as error:
            raise LinkError(f"--out {self._path} takes no more: {error.strerror}") from error

    def _write(self) -> None:
        if lines := self._recorder.take_lines():
            self.write(*lines)


def _steps(script: Path) -> tuple[Step, ...]:
    steps = tuple(step for step in parse(str(script), text_of(script)).steps if step.text)
    for step in steps:
        for piece in step.pieces:
            if isinstance(piece, Value):
                problem = f"{{{piece.name}}} is a value of an answer; a script to record has to say it"
                raise UsageError(f"{script}:{step.number}: {problem}")
    if not steps:
        raise UsageError(f"{script}:1: there is nothing to send in it; write a line, like > AT")
    return steps


def _volatile(values: tuple[str, ...]) -> dict[str, re.Pattern[str]]:
    volatile: dict[str, re.Pattern[str]] = {}
    for value in values:
        name, equals, pattern = value.partition("=")
        pattern = pattern if equals else _USUAL.get(name, "")
        if not re.fullmatch("[a-z_][a-z0-9_]*", name) or not pattern:
            raise UsageError(
                f"--value {value}: write NAME=REGEX, the name in small letters, like 'cell=[0-9A-F]{{8}}', or one of"
                f" {', '.join(_USUAL)}"
            )
        try:
            volatile[name] = re.compile(pattern)
        except re.error as error:
            raise UsageError(f"--value {value}: {error}") from None
    return volatile
