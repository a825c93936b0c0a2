"""A file of the store that is open: read and written in pieces, by a handle of the DTE or by a family."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

from onemo.at.reply import Cme, CommandError
from onemo.modem.filetable import StoreError
from onemo.modem.memory import Content


class OpenMode(IntEnum):
    """The modes of AT+MFOPEN."""

    READ = 0
    WRITE = 1
    APPEND = 2
    READ_WRITE = 3
    READ_APPEND = 4

    @property
    def empties(self) -> bool:
        """True where the file is made anew."""
        return self in (OpenMode.WRITE, OpenMode.READ_WRITE)

    @property
    def appends(self) -> bool:
        """True where each write goes to the end."""
        return self in (OpenMode.APPEND, OpenMode.READ_APPEND)

    @property
    def reads(self) -> bool:
        """True where the file may be read."""
        return self not in (OpenMode.WRITE, OpenMode.APPEND)


class OpenStore(Protocol):
    """The store, as what is open in it sees it."""

    total: int

    def size(self, path: str) -> int:
        """Return the bytes of a file."""
        ...

    def content(self, path: str) -> Content:
        """Return the content of a file, not to be changed."""
        ...

    def room_of(self, path: str) -> int:
        """Return the most bytes that the file may have."""
        ...

    def rounded(self, size: int) -> int:
        """Return what a file of this size takes."""
        ...

    def release(self, opened: OpenFile) -> None:
        """Keep what was written to an open file, and let go of it."""
        ...


class OpenFile:
    """A file that is open, by one at a time. pointer: bytes from its start. Made by ``FileStore.open``."""

    def __init__(self, store: OpenStore, path: str, mode: OpenMode) -> None:
        self.path = path
        self.mode = mode
        self.pointer = 0
        self.closed = False
        self.owner = ""
        """Who has it open, for itself to know."""
        self.whole = False
        """It counts as a whole alone: an orderly restart keeps nothing of it before it is closed."""
        self.written: bytearray | None = None
        """The content as it was written, not yet kept; None: nothing was."""
        self._store = store

    @property
    def size(self) -> int:
        """The bytes of the file."""
        return self._store.size(self.path)

    def read(self, count: int) -> bytes:
        """Read at most so many bytes from the pointer on, which moves; none: it is at the end.

        Raises CommandError: BAD_HANDLE, it is closed; READ_FAILED, it is open for writing alone.
        """
        self._require_open()
        if not self.mode.reads:
            raise CommandError(StoreError.READ_FAILED)
        data = bytes(self._store.content(self.path)[self.pointer : self.pointer + count])
        self.pointer += len(data)
        return data

    def require_room(self, count: int) -> None:
        """Require that so many bytes can be written.

        Raises CommandError: BAD_HANDLE, READ_ONLY, TOO_LARGE, NO_SPACE.
        """
        self._require_writable()
        if self._position + count <= self._store.rounded(self.size):
            return
        if count > self._store.total:
            raise CommandError(StoreError.TOO_LARGE)
        if count > self.room:
            raise CommandError(StoreError.NO_SPACE)

    @property
    def room(self) -> int:
        """The most bytes that can be written now."""
        return self._store.room_of(self.path) - self._position

    def write(self, data: bytes) -> None:
        """Write all of these bytes, or none of them. Raises CommandError: as require_room."""
        self.require_room(len(data))
        content = self._working()
        start = self._position
        content[start : start + len(data)] = data
        self.pointer = start + len(data)

    def seek(self, position: int) -> None:
        """Move the pointer. Raises CommandError(INCORRECT_PARAMETERS): it would be outside the file."""
        self._require_open()
        if not 0 <= position <= self.size:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        self.pointer = position

    def truncate(self, length: int) -> None:
        """Cut the file.

        Raises CommandError: BAD_HANDLE, READ_ONLY; INCORRECT_PARAMETERS, it is shorter than that.
        """
        self._require_writable()
        if length > self.size:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        del self._working()[length:]
        self.pointer = min(self.pointer, length)

    def close(self) -> None:
        """Keep what was written, and let go of the file; to be written down. Closed already: nothing."""
        if not self.closed:
            self._store.release(self)

    def _require_open(self) -> None:
        if self.closed:
            raise CommandError(StoreError.BAD_HANDLE)

    def _require_writable(self) -> None:
        self._require_open()
        if self.mode is OpenMode.READ:
            raise CommandError(StoreError.READ_ONLY)

    @property
    def _position(self) -> int:
        return self.size if self.mode.appends else self.pointer

    def _working(self) -> bytearray:
        if self.written is None:
            self.written = bytearray(self._store.content(self.path))
        return self.written
