"""What is written while modules run, none of which is waited for: traces, ready lines, the log."""

from __future__ import annotations

import io
import logging
import os
import select
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import trio

from onemo.errors import EmulatorError
from onemo.runtime.files import open_own

_log = logging.getLogger("onemo")
_MOST_KEPT = 1 << 20
"""Bytes that are kept for a reader who pauses."""
_PIECE = 4096
"""Bytes that a pipe takes without blocking once it is writable (PIPE_BUF)."""
_PATIENCE = 200
"""Milliseconds for which a reader of the log may hold the emulator up, once."""


class Sink:
    """A file, pipe or device that takes lines of ASCII and is never waited for.

    Lines that a pipe does not take are kept until it does, up to 1 MiB; further ones are dropped, and a note in their
    place tells how many. name: in the log; note: makes the note.
    """

    def __init__(self, descriptor: int, name: str, note: Callable[[int], str]) -> None:
        """Take over the descriptor, which must not block."""
        self._descriptor = descriptor
        self._name = name
        self._note = note
        self._kept = bytearray()
        self._dropped = 0
        self._error: OSError | None = None
        self._draining = False

    def write(self, lines: str) -> None:
        """Write lines, or keep them for later.

        Raises OSError, with the name as its file, when it takes no more, of earlier lines too.
        """
        if self._error is not None:
            raise self._error
        if self._dropped or len(self._kept) + len(lines) > _MOST_KEPT:
            self._dropped += lines.count("\n")
        else:
            self._kept += lines.encode("ascii")
        self._push()
        if self._kept and not self._draining and trio.lowlevel.in_trio_run():
            self._draining = True
            trio.lowlevel.spawn_system_task(self._drain)

    def close(self) -> None:
        """Close it; what its reader has not taken by now is lost, and told of in the log. Does nothing again."""
        if self._descriptor < 0:
            return
        with suppress(OSError):  # what it does not take any more has been told of already
            self._push()
            if lost := self._kept.count(b"\n") + self._dropped:
                _log.warning("%s: its reader has not taken the last %d lines", self._name, lost)
        if self._draining and trio.lowlevel.in_trio_run():
            trio.lowlevel.notify_closing(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1

    def _push(self) -> None:
        """Write what can be written now. Raises OSError."""
        try:
            while self._kept:
                del self._kept[: os.write(self._descriptor, self._kept)]
        except BlockingIOError:
            pass
        except OSError as error:
            error.filename = self._name
            raise
        if self._dropped and len(self._kept) < _MOST_KEPT // 2:
            self._kept += self._note(self._dropped).encode("ascii")
            self._dropped = 0

    async def _drain(self) -> None:
        """Write what was kept as the reader takes it."""
        try:
            while self._kept:
                await trio.lowlevel.wait_writable(self._descriptor)
                self._push()
        except OSError as error:
            self._error = error
        except trio.ClosedResourceError:
            pass
        finally:
            self._draining = False


def say(text: str, out: TextIO | None) -> bytes:
    """Print a line as far as its reader takes it now; return the rest. Who closed the stream does not want it.

    Raises EmulatorError: it takes no more.
    """
    return b"" if out is None else _taken(f"{text}\n".encode(out.encoding, "backslashreplace"), out.fileno())


async def say_rest(rest: bytes, out: TextIO) -> None:
    """Print what is left of a line as its reader takes it. Raises EmulatorError: it takes no more."""
    while rest:
        with suppress(PermissionError):  # a file, which is always writable
            await trio.lowlevel.wait_writable(out.fileno())
        rest = _taken(rest, out.fileno())


def _taken(data: bytes, descriptor: int) -> bytes:
    """Write as much as is taken now; return the rest."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    try:
        while data and poll.poll(0):
            data = data[os.write(descriptor, data[:_PIECE]) :]
    except BlockingIOError:
        return data
    except BrokenPipeError:
        return b""
    except OSError as error:
        raise EmulatorError(f"the ready line cannot be written: {error.strerror}") from error
    return data


class LogHandler(logging.StreamHandler[TextIO]):
    """A handler of the log that waits for no reader: lines that nobody reads are counted and left out."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__(stream)
        self.first: Callable[[], None] = lambda: None
        """Called before a record is written: what happened before it may have to come first."""
        self._skipped = 0
        self._poll: select.poll | None = select.poll()
        try:
            self._poll.register(self.stream.fileno(), select.POLLOUT)
        except (AttributeError, io.UnsupportedOperation):  # there is none, or it is in memory and takes everything
            self._poll = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record if that can be done now; an endless one as far as it goes."""
        if trio.lowlevel.in_trio_run():  # and not in another thread
            self.first()
        if not self._takes(0 if self._skipped else _PATIENCE):
            self._skipped += 1
            return
        text = self.format(record) + self.terminator
        if self._skipped:
            text = f"... {self._skipped} lines that nobody read are left out\n{text}"
            self._skipped = 0
        piece = _PIECE if text.isascii() else _PIECE // 4
        with suppress(OSError, ValueError, AttributeError):  # who closed it does not want it
            for start in range(0, len(text), piece):
                if start and not self._takes(_PATIENCE):
                    self._skipped = 1
                    return
                self.stream.write(text[start : start + piece])
                self.flush()

    def _takes(self, patience: int) -> bool:
        return self._poll is None or bool(self._poll.poll(patience))


class LogFile(logging.Handler):
    """A handler of the log that adds to a file, its owner's alone, and is never waited for.

    A file that was moved away or deleted, as to rotate it, is made anew. What it does not take is lost, and stderr is
    told why, once for each reason until it takes something again. Raises OSError where it cannot be written.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self._told = ""
        self._descriptor = self._open()

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        data = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
        try:
            self._follow()
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            self._complain(error.strerror or str(error))
        else:
            self._told = ""

    def close(self) -> None:
        """Close the file. Does nothing again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        super().close()

    def _open(self) -> int:
        return open_own(self._file, os.O_APPEND | os.O_NONBLOCK)

    def _follow(self) -> None:
        """Open the file that has the name now. Raises OSError."""
        own = os.fstat(self._descriptor)
        if not stat.S_ISREG(own.st_mode):
            return
        with suppress(FileNotFoundError):
            if os.path.samestat(own, os.lstat(self._file)):
                return
        descriptor = self._open()
        os.close(self._descriptor)
        self._descriptor = descriptor

    def _complain(self, why: str) -> None:
        if why != self._told:
            self._told = why
            problem = f"onemo-emulator: --log {self._file} takes no more: {why}"
            LogHandler(sys.stderr).emit(logging.makeLogRecord({"msg": problem, "levelno": logging.WARNING}))
