"""The recorder, ``onemo-emulator record``: it writes a dialogue with a module down as a transcript."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import trio

from onemo.cli.ending import heard
from onemo.cli.port import DteLine, LinkLine, open_line, run_until_done, text_of
from onemo.cli.session import FidelitySession
from onemo.cli.talk import RecordFile, RecordTalk
from onemo.dialogue.recorder import Recorder
from onemo.dialogue.transcript import Step, Value, filled, parse
from onemo.errors import UsageError
from onemo.link.pty import PtyLink, open_pty
from onemo.runtime.files import open_own
from onemo.runtime.sink import LogHandler, say

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
_ENDING = 40.0
"""Seconds that a session has for its end, once a signal came."""


class RecordOptions(NamedTuple):
    """The options of ``record``. quiet, pauses: seconds; values: NAME=REGEX, or usual names; headers: name, text."""

    port: str
    out: Path
    link: Path | None
    script: Path | None
    session: str | None
    baud: int
    quiet: float
    values: tuple[str, ...]
    pauses: float | None
    headers: tuple[tuple[str, str], ...]


def record(options: RecordOptions) -> int:
    """Record a dialogue, and return 0. Raises EmulatorError when it cannot be recorded."""
    if sum(way is not None for way in (options.link, options.script, options.session)) != 1:
        raise UsageError(
            "record needs either --link PATH, for a DTE, or --script FILE, to send that alone, or --session fidelity"
        )
    logging.basicConfig(format="onemo-emulator: %(message)s", level=logging.WARNING, handlers=[LogHandler(sys.stderr)])
    steps = _steps(options.script) if options.script is not None else ()
    if options.script is not None and options.out.exists() and options.out.samefile(options.script):
        raise UsageError(f"--out {options.out} is the script itself, which would be lost; name another file")
    recorder = Recorder(_volatile(_values(options)), options.pauses)
    with ExitStack() as stack:
        pty = stack.enter_context(open_pty(options.link)) if options.link is not None else None
        try:
            descriptor = open_own(options.out, os.O_APPEND | os.O_NONBLOCK)
        except OSError as error:
            raise UsageError(f"--out {options.out}: {error.strerror}; name a file that can be written") from error
        out = RecordFile(descriptor, options.out, recorder)
        stack.callback(out.close)
        return run_until_done(lambda: _record(options, out, pty, steps))


async def _record(options: RecordOptions, out: RecordFile, pty: PtyLink | None, steps: tuple[Step, ...]) -> int:
    """Record until the script ends, or a signal comes."""
    with trio.open_signal_receiver(*heard()) as signals:
        try:
            async with open_line(options.port, options.baud) as line, trio.open_nursery() as nursery:
                talk = RecordTalk(line, out)
                session = FidelitySession(talk, out, options.quiet, dict(options.headers).get("model"))
                if options.session is None:
                    out.begin(options.headers)

                async def until(work: Callable[[], Awaitable[None]]) -> None:
                    await work()
                    nursery.cancel_scope.cancel()

                async def signalled() -> None:
                    await signals.__anext__()
                    if options.session is not None:
                        session.stop()
                        with trio.move_on_after(_ENDING):
                            await signals.__anext__()

                nursery.start_soon(until, signalled)
                if pty is not None:
                    nursery.start_soon(pty.watch)
                    say(f"recording {options.port} on {pty.port} ({options.link})", sys.stdout)
                    nursery.start_soon(_pump, LinkLine(pty), line, out.sent)
                    nursery.start_soon(_pump, line, LinkLine(pty, patient=True), out.received)
                else:
                    nursery.start_soon(talk.listen)
                    held = partial(session.hold, options.headers)
                    nursery.start_soon(
                        until, held if options.session else partial(_send, talk, out, steps, options.quiet)
                    )
        finally:
            out.flush()
    return 0


async def _pump(source: DteLine, target: DteLine, note: Callable[[bytes], None]) -> None:
    while True:
        data = await source.receive()
        note(data)
        await target.send(data)


async def _send(talk: RecordTalk, out: RecordFile, steps: tuple[Step, ...], quiet: float) -> None:
    """Send a script, each step once the module is quiet."""
    await talk.silence(_OPENING)
    out.open = True
    for step in steps:
        if step.text.startswith("wait"):
            out.waited(step.wait)
            await trio.sleep(step.wait)
            continue
        await talk.say(filled(step.pieces, {}))
        await talk.silence(quiet)
        out.flush()


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


def _values(options: RecordOptions) -> tuple[str, ...]:
    """Return what --value says; a session is handed to others, and has nothing of its owner's in it."""
    return (*_USUAL, *options.values) if options.session else options.values


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
