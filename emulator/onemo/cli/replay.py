"""The player, ``onemo-emulator replay``: it plays the DTE's side of a transcript on any port."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import NamedTuple

import trio

from onemo.cli.ending import heard
from onemo.cli.output import in_colours, write
from onemo.cli.port import DteLine, open_line, run_until_done, text_of
from onemo.dialogue.difference import rows
from onemo.dialogue.judge import Difference, Judge
from onemo.dialogue.transcript import Transcript, parse

_COLOURS = {"-": "31", "+": "32"}


class ReplayOptions(NamedTuple):
    """The options of ``replay``. timeout, quiet: seconds."""

    transcript: Path
    port: str
    baud: int
    timeout: float
    quiet: float


def replay(options: ReplayOptions) -> int:
    """Play a transcript; return 0 where the module says what it does, else 1.

    Raises EmulatorError when it cannot run.
    """
    for number in heard():  # nothing is to be taken down, and there is no verdict
        signal.signal(number, signal.SIG_DFL)
    transcript = parse(str(options.transcript), text_of(options.transcript))
    judge = Judge(transcript, options.timeout, options.quiet)
    status = 1
    try:
        status = run_until_done(lambda: _play(options, transcript, judge))
    except* BrokenPipeError:  # whoever reads the differences has seen enough of them
        status = 1 if judge.differences else 0
    return status


async def _play(options: ReplayOptions, transcript: Transcript, judge: Judge) -> int:
    """Play it on the port, and tell each difference as it is found."""
    began, told, progress = trio.current_time(), 0, _Progress(transcript)
    async with open_line(options.port, options.baud) as line, trio.open_nursery() as nursery:
        reader = _Reader(line, judge)
        judge.start(trio.current_time())
        nursery.start_soon(reader.run)
        while not judge.done:
            while out := judge.take_output():
                progress.show(judge.step)
                await line.send(out)
            await reader.wait(judge.deadline)
            judge.on_deadline(trio.current_time())
            if judge.differences[told:]:
                progress.clear()
                write("".join(_shown(transcript, difference) for difference in judge.differences[told:]))
                told = len(judge.differences)
        nursery.cancel_scope.cancel()
    progress.clear()
    steps = sum(1 for step in transcript.steps if step.text)
    number = f"{told or 'no'} difference{'s' if told > 1 else ''}"
    write(f"{transcript.name}: {steps} steps, {number}, {trio.current_time() - began:.1f} s\n")
    return 1 if told else 0


class _Reader:
    """A reader that hands the judge all that the module says."""

    def __init__(self, line: DteLine, judge: Judge) -> None:
        self._line = line
        self._judge = judge
        self._came = trio.Event()

    async def run(self) -> None:
        while True:
            data = await self._line.receive()
            self._judge.receive(data, trio.current_time())
            self._came.set()

    async def wait(self, until: float) -> None:
        """Wait until something came, or for the time."""
        with trio.move_on_at(until):
            await self._came.wait()
        self._came = trio.Event()


class _Progress:
    """The number of the step that is being played, in one line of a terminal."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._wanted = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._shown = False

    def show(self, step: int) -> None:
        if self._wanted and step:
            steps = self._transcript.steps
            text = f"{step}/{len(steps)} {steps[step - 1].text}"
            print(f"\r\x1b[K{text[:70]}", end="", file=sys.stderr, flush=True)
            self._shown = True

    def clear(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False


def _shown(transcript: Transcript, difference: Difference) -> str:
    """Return the lines of a difference; in colour on a terminal."""
    coloured = in_colours()
    lines = [f"{transcript.name}:{difference.number}: {difference.problem} (- missing, + instead)"]
    for mark, text in rows(difference):
        line = f"{mark} {text}"
        lines.append(f"\x1b[{_COLOURS[mark]}m{line}\x1b[0m" if coloured and mark in _COLOURS else line)
    return "\n".join(lines) + "\n\n"
