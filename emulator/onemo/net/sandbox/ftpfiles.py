"""The files of the sandbox's FTP server, in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

_MOST = 1 << 26
"""Bytes of all files."""
_MOST_ENTRIES = 10_000
_RECENT = 180 * 86400.0
"""Seconds for which a list tells the hour of an entry, and then the year."""
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
ROOT = "/"


class FtpRefusal(Exception):
    """A command that is answered with a failure. code: of the reply."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


class ServedFile(NamedTuple):
    """A file, or (data None) a directory. changed: seconds since 1970."""

    data: bytes | None
    changed: float


class FtpFiles:
    """Files and directories by absolute path, for whoever comes; all names have the same ones."""

    def __init__(self) -> None:
        self.entries: dict[str, ServedFile] = {ROOT: ServedFile(None, time.time())}

    def file(self, path: str) -> bytes:
        """Return what a file holds. Raises FtpRefusal: there is none."""
        found = self.entries.get(path)
        if found is None or found.data is None:
            raise FtpRefusal(550, "no such file")
        return found.data

    def is_directory(self, path: str) -> bool:
        """Tell whether there is such a directory."""
        found = self.entries.get(path)
        return found is not None and found.data is None

    def require_place(self, path: str) -> None:
        """Require that a file can have this name. Raises FtpRefusal."""
        if self.is_directory(path) or not self.is_directory(parent_of(path)):
            raise FtpRefusal(553, "not a file name here")

    def put(self, path: str, data: bytes) -> None:
        """Make a file, or another of it. Raises FtpRefusal: it cannot have that name; there is no room."""
        self.require_place(path)
        old = self.entries.get(path)
        others = sum(len(each.data) for each in self.entries.values() if each.data)
        if others - (len(old.data or b"") if old else 0) + len(data) > _MOST:
            raise FtpRefusal(552, f"the sandbox keeps {_MOST} bytes at most")
        self._require_entry(path)
        self.entries[path] = ServedFile(data, time.time())

    def make_directory(self, path: str) -> None:
        """Make a directory. Raises FtpRefusal."""
        if path in self.entries or not self.is_directory(parent_of(path)):
            raise FtpRefusal(550, "it cannot be made")
        self._require_entry(path)
        self.entries[path] = ServedFile(None, time.time())

    def make_parents(self, path: str) -> None:
        """Make the directories of a path that are missing. Raises FtpRefusal: a file is in the way."""
        place = path.find("/", 1)
        while place > 0:
            if not self.is_directory(path[:place]):
                self.make_directory(path[:place])
            place = path.find("/", place + 1)

    def delete(self, path: str) -> None:
        """Delete a file. Raises FtpRefusal: there is none."""
        self.file(path)
        del self.entries[path]

    def remove_directory(self, path: str) -> None:
        """Remove an empty directory. Raises FtpRefusal."""
        if path == ROOT or not self.is_directory(path) or any(self.inside(path)):
            raise FtpRefusal(550, "no such directory, or it is not empty")
        del self.entries[path]

    def rename(self, old: str, new: str) -> None:
        """Give an entry another path, and all below it. Raises FtpRefusal."""
        below = f"{old}/"
        impossible = old == ROOT or new in self.entries or new.startswith(below)
        if old not in self.entries or impossible or not self.is_directory(parent_of(new)):
            raise FtpRefusal(553, "it cannot be renamed so")
        moved = [path for path in self.entries if path == old or path.startswith(below)]
        for path in moved:
            self.entries[new + path[len(old) :]] = self.entries.pop(path)

    def inside(self, directory: str) -> Iterator[str]:
        """Yield the paths in a directory, one level deep."""
        return (path for path in self.entries if path != ROOT and parent_of(path) == directory)

    def listed(self, path: str) -> Iterator[str]:
        """Yield the lines of a list, as Unix has them. Raises FtpRefusal: there is no such entry."""
        if path not in self.entries:
            raise FtpRefusal(550, "no such file or directory")
        now = time.time()
        for each in self.inside(path) if self.is_directory(path) else (path,):
            yield _line(each.rpartition("/")[2], self.entries[each], now)

    def _require_entry(self, path: str) -> None:
        if path not in self.entries and len(self.entries) >= _MOST_ENTRIES:
            raise FtpRefusal(552, f"the sandbox keeps {_MOST_ENTRIES} files at most")


def parent_of(path: str) -> str:
    """Return the directory of a path."""
    return path.rpartition("/")[0] or ROOT


def absolute(directory: str, typed: str) -> str:
    """Return the absolute path of what was typed in a directory; ``.`` and ``..`` mean what they do."""
    parts: list[str] = []
    for part in (typed if typed.startswith("/") else f"{directory}/{typed}").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return ROOT + "/".join(parts)


def _line(name: str, entry: ServedFile, now: float) -> str:
    at = time.gmtime(entry.changed)
    recent = abs(now - entry.changed) < _RECENT
    when = f"{at.tm_hour:02}:{at.tm_min:02}" if recent else f"{at.tm_year:5}"
    kind, size = ("drwxr-xr-x", 0) if entry.data is None else ("-rw-r--r--", len(entry.data))
    return f"{kind} 1 ftp ftp {size:12} {_MONTHS[at.tm_mon - 1]} {at.tm_mday:2} {when} {name}"
