"""The contents of the stored files of a module, beside its NV file: a host's file each, named by its number alone."""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from onemo.runtime.files import create_own, flush_directory

_log = logging.getLogger(__name__)
_NEW = "new"
"""The name of a content while it is written."""


class NvContents:
    """The contents in a directory, which is made with the first of them. A content of a number never changes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._there: set[int] = set()
        """Those that were written, or read and found whole, since the start."""
        self._tidy = False
        """Nothing else is in the directory."""

    def read(self, number: int, size: int, path: str) -> bytes | None:
        """Read a content; where it is lost, or of another size, warn and return None. path: of the module's file."""
        try:
            data = self._read(number, size)
        except OSError as error:
            _log.warning("%s: the content of %s is lost (%s): it is dropped", self.directory, path, error.strerror)
            return None
        if data is None:
            _log.warning("%s: the content of %s has not its %d bytes: it is dropped", self.directory, path, size)
            return None
        self._there.add(number)
        return data

    def write(self, contents: Mapping[int, bytes | bytearray]) -> None:
        """Write those that are not there yet, each whole or not at all. Raises OSError."""
        missing = contents.keys() - self._there
        if not missing:
            return
        self._tidy = False
        self._make()
        new = self.directory / _NEW
        try:
            for number in sorted(missing):
                with open(create_own(new), "wb") as stream:
                    stream.write(contents[number])
                    stream.flush()
                    os.fsync(stream.fileno())
                os.replace(new, self.directory / str(number))
        except BaseException:
            with suppress(OSError):
                os.unlink(new)
            raise
        flush_directory(self.directory)
        self._there |= missing

    def forget(self, contents: Mapping[int, object]) -> None:
        """Delete all but these, as nothing names them any more; what the host refuses stays until the next time."""
        if self._tidy and self._there == contents.keys():
            return
        self._there &= contents.keys()
        with suppress(OSError):
            self._require_own()
            for name in os.listdir(self.directory):
                if name == _NEW or (name.isdecimal() and int(name) not in contents):
                    os.unlink(self.directory / name)
            if not contents:
                os.rmdir(self.directory)
            self._tidy = True

    def set_aside(self, place: Path) -> None:
        """Rename the directory, if there is one. Raises OSError."""
        self._there.clear()
        with suppress(FileNotFoundError):
            os.rename(self.directory, place)

    def _read(self, number: int, size: int) -> bytes | None:
        self._require_own()
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(os.open(self.directory / str(number), flags), "rb") as stream:
            found = os.fstat(stream.fileno())
            data = stream.read(size) if stat.S_ISREG(found.st_mode) and found.st_size == size else b""
            return data if len(data) == size else None

    def _make(self) -> None:
        """Raise OSError unless the directory is there, and ours."""
        try:
            os.mkdir(self.directory, 0o700)
        except FileExistsError:
            self._require_own()
        else:
            flush_directory(self.directory.parent)

    def _require_own(self) -> None:
        found = os.lstat(self.directory)
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "it is no directory")
        if os.geteuid() not in (found.st_uid, 0):
            raise PermissionError(errno.EPERM, "it belongs to another user")
