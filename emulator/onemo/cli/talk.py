"""A conversation that is written down as a transcript: the line it is held on, and the file."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import trio

from onemo.cli.port import DteLine
from onemo.dialogue.recorder import Recorder
from onemo.dialogue.results import FINAL_LINE
from onemo.errors import LinkError
from onemo.runtime.sink import Sink

LONGEST = 60.0
"""Seconds after which a module that is never quiet, or does not answer, is asked the next."""
_PROMPT = re.compile(rb"\r\n> ?\Z")


class RecordFile:
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
        """Write down what the DTE sent."""
        self._recorder.sent(data, trio.current_time())
        self._write()

    def received(self, data: bytes) -> None:
        """Write down what the module sent."""
        self._recorder.received(data, trio.current_time())
        self._write()

    def waited(self, seconds: float) -> None:
        """Write down that the DTE let time pass."""
        self._recorder.waited(seconds)
        self._write()

    def flush(self) -> None:
        """Write down what has no end of its own."""
        self._recorder.flush()
        self._write()

    def write(self, *lines: str) -> None:
        """Write lines as they are. Raises LinkError: the file takes no more."""
        try:
            for line in lines:
                self._sink.write(f"{line}\n".encode("ascii", "replace").decode())
        except OSError as error:
            raise LinkError(f"--out {self._path} takes no more: {error.strerror}") from error

    def _write(self) -> None:
        if lines := self._recorder.take_lines():
            self.write(*lines)


class RecordTalk:
    """The DTE's side of a conversation. heard: what came since the last that was said."""

    def __init__(self, line: DteLine, out: RecordFile) -> None:
        self.heard = bytearray()
        self._line = line
        self._out = out
        self._came = trio.Event()

    async def listen(self) -> None:
        """Read all that comes, for ever."""
        while True:
            data = await self._line.receive()
            if self._out.open:
                self._out.received(data)
            self.heard += data
            self._came.set()
            self._came = trio.Event()

    async def say(self, data: bytes) -> None:
        """Send, and write it down where the transcript is open."""
        self.heard.clear()
        if self._out.open:
            self._out.sent(data)
        await self._line.send(data)

    async def silence(self, seconds: float) -> None:
        """Wait until nothing has come for so long."""
        with trio.move_on_after(LONGEST):
            while True:
                with trio.move_on_after(seconds) as waiting:
                    await self._came.wait()
                if waiting.cancelled_caught:
                    return

    async def answer(self, seconds: float, patience: float = LONGEST) -> bool:
        """Wait for a final result code or a prompt, then for silence; False: neither came within the patience."""
        with trio.move_on_after(patience) as waiting:
            while not FINAL_LINE.search(self.heard) and not _PROMPT.search(self.heard):
                await self._came.wait()
        if waiting.cancelled_caught:
            return False
        await self.silence(seconds)
        return True
