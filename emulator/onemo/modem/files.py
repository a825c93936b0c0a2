"""The certificates and private keys that firmware stores: AT+MSSLCERTWR and AT+MSSLKEYWR write them, TLS reads them.

Pure: the memory keeps them, and the shell has its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from onemo.at.reply import Cme, CommandError
from onemo.net.interface import Pem
from onemo.profile.schema import TlsSection


class FileKind(IntEnum):
    """As AT+MSSLLIST has them."""

    CERTIFICATE = 1
    KEY = 2


class File(NamedTuple):
    kind: FileKind
    data: Pem


class _Writing(NamedTuple):
    """A file of which pieces have come, and more will."""

    name: str
    file: File


_LINE_BREAKERS = frozenset('\r\n"')  # in a name: AT+MSSLLIST could not tell it

Stored = dict[str, File]
"""By name: certificates and keys share the names, as one command deletes and checks both."""


class Files:
    """Those of one module. stored outlives the boot cycle; a file that is not whole does not."""

    def __init__(self, profile: TlsSection) -> None:
        self._profile = profile
        self._writing: _Writing | None = None
        self.stored: Stored = {}

    def restart(self) -> None:
        """A new boot cycle."""
        self._writing = None

    def require_room(self, kind: FileKind, name: str, size: int) -> None:
        """Whether a piece can come, which leaves so many bytes with it and after it. Raises CommandError:
        INCORRECT_PARAMETERS, it is no name; FILE_WRITE_BUSY, another one is half written; FILE_EXISTS;
        FILE_WRITE_FAILED, there are too many; FILE_TOO_LARGE."""
        if not _LINE_BREAKERS.isdisjoint(name):
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        writing = self._writing
        if writing is not None and (writing.name, writing.file.kind) != (name, kind):
            raise CommandError(Cme.FILE_WRITE_BUSY)
        if name in self.stored:
            raise CommandError(Cme.FILE_EXISTS)
        if len(self.stored) >= self._profile.most_files:
            raise CommandError(Cme.FILE_WRITE_FAILED)
        if (len(writing.file.data) if writing else 0) + size > self._profile.file_size:
            raise CommandError(Cme.FILE_TOO_LARGE)

    def add(self, kind: FileKind, name: str, piece: bytes, *, last: bool) -> bool:
        """A piece has come; whether the file is whole and stored with it. Raises CommandError: as require_room."""
        self.require_room(kind, name, len(piece))
        before = self._writing.file.data if self._writing else b""
        file = File(kind, Pem(before + piece))
        self._writing = None if last else _Writing(name, file)
        if last:
            self.stored = {**self.stored, name: file}
        return last

    def remove(self, name: str) -> bool:
        """Whether it was stored; a half-written one is forgotten. Raises CommandError(FILE_MISSING)."""
        if self._writing is not None and self._writing.name == name:
            self._writing = None
            return False
        self.require(name)
        self.stored = {other: file for other, file in self.stored.items() if other != name}
        return True

    def put_back(self, stored: Stored) -> None:
        """What was stored before, as nothing could be written."""
        self.stored = stored

    def require(self, name: str) -> File:
        """Raises CommandError(FILE_MISSING): there is none of this name."""
        if name not in self.stored:
            raise CommandError(Cme.FILE_MISSING)
        return self.stored[name]

    def find(self, kind: FileKind, name: str) -> Pem | None:
        """What a stored file of this kind holds; None: there is none."""
        file = self.stored.get(name)
        return file.data if file is not None and file.kind is kind else None

    # The memory.

    def snapshot(self) -> dict[str, dict[str, str]]:
        """By kind and name, one character a byte."""
        return {
            kind.name.lower(): {
                name: file.data.decode("latin-1") for name, file in self.stored.items() if file.kind is kind
            }
            for kind in FileKind
        }

    def restore(self, stored: Mapping[str, object], longest_name: int) -> list[str]:
        """Take up a snapshot. Returns the names of what is no file, or one too many."""
        refused: list[str] = []
        kinds = {kind.name.lower(): kind for kind in FileKind}
        for key, entries in stored.items():
            kind = kinds.get(key)
            if kind is None or not isinstance(entries, Mapping):
                refused.append(key)
                continue
            for name, text in entries.items():
                data = self._restored(name, text, longest_name)
                if data is None:
                    refused.append(f"{key}.{str(name)[:longest_name]}")
                else:
                    self.stored[name] = File(kind, data)
        return refused

    def _restored(self, name: object, text: object, longest_name: int) -> Pem | None:
        if not isinstance(name, str) or not 0 < len(name) <= longest_name or name in self.stored:
            return None
        if not isinstance(text, str) or not 0 < len(text) <= self._profile.file_size:
            return None
        full = len(self.stored) >= self._profile.most_files
        if full or max(text) > "\xff" or max(name) > "\xff" or not _LINE_BREAKERS.isdisjoint(name):
            return None
        return Pem(text.encode("latin-1"))
