"""The lines of JSON that a lab says when its modules are ready."""

from __future__ import annotations

import json
import math
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

import trio

from onemo.runtime.sink import say, say_rest

_LAST = 1.0
"""Seconds that the reader has at the end to take the last lines."""


async def on_stdout(line: str) -> None:
    """Print a line. Raises EmulatorError where stdout takes no more."""
    if rest := say(line, sys.stdout):
        await say_rest(rest, sys.stdout)


class ReadyLines:
    """Lines that are written one after the other while modules run. One that nobody reads holds nothing up."""

    def __init__(self, write: Callable[[str], Awaitable[None]] = on_stdout) -> None:
        self._write = write
        self._lines, self._said = trio.open_memory_channel[str](math.inf)  # one of each module
        self._silent = trio.Event()

    def say(self, line: object) -> None:
        """Have a line written."""
        self._lines.send_nowait(json.dumps(line))

    async def run(self) -> None:
        """Write them until the last has been."""
        async for line in self._said:
            await self._write(line)
        self._silent.set()

    async def finish(self) -> None:
        """Return when the last has been written, or its reader does not take it."""
        self._lines.close()
        with trio.move_on_after(_LAST):
            await self._silent.wait()


class OrderedLines:
    """Lines that are said in the order of whose they are, whichever is there first. sources: all of them, in order."""

    def __init__(self, lines: ReadyLines, sources: Iterable[object]) -> None:
        self._lines = lines
        self._left = deque(sources)
        self._held: dict[object, list[object]] = {}
        self._done: set[object] = set()

    def say(self, source: object, line: object) -> None:
        """Have a line written once all before it are done."""
        self._held.setdefault(source, []).append(line)
        self._pass_on()

    def done(self, source: object) -> None:
        """Take note that nothing more comes of a source: it has said its line, or failed."""
        self._done.add(source)
        self._pass_on()

    def _pass_on(self) -> None:
        while self._left:
            for line in self._held.pop(self._left[0], ()):
                self._lines.say(line)
            if self._left[0] not in self._done:
                return
            self._left.popleft()
