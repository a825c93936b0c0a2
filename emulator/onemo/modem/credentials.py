"""The certificates and keys that firmware stores: AT+MSSLCERTWR, MSSLKEYWR and MSSLPSK write them, TLS reads them.

Pure: the memory keeps them, and the shell has its file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import NamedTuple

from onemo.at.reply import Cme, CommandError, ErrorCode
from onemo.modem.memory import put_back
from onemo.net.interface import Pem
from onemo.profile.schema import Count, Seconds, Table


class TlsSection(NamedTuple):
    """The files of AT+MSSLCERTWR and AT+MSSLKEYWR: most bytes of one, and how many there may be."""

    file_size: Count
    most_files: Count
    prompt_timeout: Seconds
    """Seconds after the last byte that end a > entry."""
    entered: bool
    """True where a file may be entered after >, and not in the line alone."""
    most_connections: Count
    """Most connections in TLS at once; 0: as many as there are."""
    outlives_sleep: bool
    """True where files and settings are still there after deep sleep."""
    kept: bool
    """The files outlive a restart."""
    suite_begins_0x: bool
    """The number of a cipher suite begins with 0x."""


TLS = Table("tls", TlsSection, "TLS: what is stored, and how it is entered (bytes, seconds)", own=True)


class TlsError:
    """The errors of TLS (vendor's SSL guide)."""

    TLS_UNKNOWN = ErrorCode("tls_unknown")
    TLS_SETUP = ErrorCode("tls_setup")
    TLS_UNVERIFIED = ErrorCode("tls_unverified")
    TLS_TIMED_OUT = ErrorCode("tls_timed_out")
    TLS_FAILED = ErrorCode("tls_failed")


class CredentialError:
    """The errors of certificates and keys (vendor's SSL guide)."""

    FILE_UNKNOWN = ErrorCode("file_unknown")
    FILE_FORMAT = ErrorCode("file_format")
    FILE_MISSING = ErrorCode("file_missing")
    FILE_EXISTS = ErrorCode("file_exists")
    FILE_WRITE_FAILED = ErrorCode("file_write_failed")
    FILE_WRITE_BUSY = ErrorCode("file_write_busy")
    FILE_READ_FAILED = ErrorCode("file_read_failed")
    FILE_DELETE_FAILED = ErrorCode("file_delete_failed")
    FILE_TOO_LARGE = ErrorCode("file_too_large")
    FILE_LOAD_FAILED = ErrorCode("file_load_failed")


class CredentialKind(IntEnum):
    """The kinds of stored files, as AT+MSSLLIST has them."""

    CERTIFICATE = 1
    KEY = 2
    PSK = 3  # a pre-shared key


class Credential(NamedTuple):
    """A stored certificate or key."""

    kind: CredentialKind
    data: Pem


class _Writing(NamedTuple):
    """A file of which pieces have come, and more will."""

    name: str
    file: Credential


_LINE_BREAKERS = frozenset('\r\n"')  # in a name: AT+MSSLLIST could not tell it

Stored = dict[str, Credential]
"""Credentials by name: certificates and keys share the names, as one command deletes and checks both."""


class Credentials:
    """The certificates and keys of one module. stored outlives the boot cycle; a file that is not whole does not."""

    def __init__(
        self, profile: TlsSection, longest_name: int, has_room: Callable[[int, int], bool] = lambda size, before: True
    ) -> None:
        """Begin without a file. longest_name: 0 where the model writes none.

        has_room: asks the store whether so many bytes fit in the place of as many as there are now.
        """
        self._has_room = has_room
        self._profile = profile
        self._longest_name = longest_name
        self._writing: _Writing | None = None
        self.stored: Stored = {}

    def begin_cycle(self) -> None:
        """Forget the file that is half written; all of them, where the model keeps none."""
        self._writing = None
        if not self._profile.kept:
            self.stored = {}

    def require_room(self, kind: CredentialKind, name: str, size: int) -> None:
        """Require that a piece can come, which leaves so many bytes with it and after it.

        A certificate or a private key takes the place of an older one of its name (guide, fn 9 and 10).

        Raises CommandError: INCORRECT_PARAMETERS, it is no name; FILE_WRITE_BUSY, another one is half written;
        FILE_EXISTS, one of another kind, or a pre-shared key; FILE_WRITE_FAILED, there are too many, or the store is
        full; FILE_TOO_LARGE.
        """
        if not _LINE_BREAKERS.isdisjoint(name):
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        writing = self._writing
        if writing is not None and (writing.name, writing.file.kind) != (name, kind):
            raise CommandError(CredentialError.FILE_WRITE_BUSY)
        before = self.stored.get(name)
        if before is not None and (before.kind is not kind or kind is CredentialKind.PSK):
            raise CommandError(CredentialError.FILE_EXISTS)
        if before is None and len(self.stored) >= self._profile.most_files:
            raise CommandError(CredentialError.FILE_WRITE_FAILED)
        whole = (len(writing.file.data) if writing else 0) + size
        if whole > self._profile.file_size:
            raise CommandError(CredentialError.FILE_TOO_LARGE)
        if not self._has_room(whole, len(before.data) if before else 0):
            raise CommandError(CredentialError.FILE_WRITE_FAILED)

    def add(self, kind: CredentialKind, name: str, piece: bytes, *, last: bool) -> None:
        """Take a piece; with the last one the file is stored. Raises CommandError: as require_room."""
        self.require_room(kind, name, len(piece))
        before = self._writing.file.data if self._writing else b""
        file = Credential(kind, Pem(before + piece))
        self._writing = None if last else _Writing(name, file)
        if last:
            self.stored = {**self.stored, name: file}

    def abandon(self, name: str) -> bool:
        """Forget a half-written file; False if there is none of this name."""
        found = self._writing is not None and self._writing.name == name
        if found:
            self._writing = None
        return found

    def remove(self, name: str) -> None:
        """Delete a stored file. Raises CommandError(FILE_MISSING)."""
        self.require(name)
        self.stored = {other: file for other, file in self.stored.items() if other != name}

    def clear(self) -> None:
        """Delete all of them, a half-written one too."""
        self.stored, self._writing = {}, None

    def require(self, name: str) -> Credential:
        """Return a stored file. Raises CommandError(FILE_MISSING): there is none of this name."""
        if name not in self.stored:
            raise CommandError(CredentialError.FILE_MISSING)
        return self.stored[name]

    def find(self, kind: CredentialKind, name: str) -> Pem | None:
        """Return the content of a stored file of this kind; None: there is none."""
        file = self.stored.get(name)
        return file.data if file is not None and file.kind is kind else None

    # The memory.

    def snapshot(self) -> dict[str, dict[str, str]] | None:
        """Return the files by kind and name, one character a byte; None without any."""
        if not self._profile.kept:
            return None
        found: dict[str, dict[str, str]] = {}
        for name, file in self.stored.items():
            found.setdefault(file.kind.name.lower(), {})[name] = file.data.decode("latin-1")
        return found or None

    def save(self) -> Stored:
        """Return the files, for put_back."""
        return self.stored

    def put_back(self, records: Mapping[str, Credential | None]) -> None:
        """Make these files what they were, in the order in which they stood."""
        stored = dict(self.stored)
        put_back(stored, records)
        self.stored = stored

    def restore(self, entry: object) -> list[str]:
        """Take up a snapshot; return the names of what is no file, or one too many."""
        if not isinstance(entry, Mapping) or not (self._longest_name and self._profile.kept):
            return [""]
        refused: list[str] = []
        kinds = {kind.name.lower(): kind for kind in CredentialKind}
        longest_name = self._longest_name
        for key, entries in entry.items():
            kind = kinds.get(key)
            if kind is None or not isinstance(entries, Mapping):
                refused.append(key)
                continue
            for name, text in entries.items():
                data = self._restored(name, text, longest_name)
                if data is None:
                    refused.append(f"{key}.{str(name)[:longest_name]}")
                else:
                    self.stored[name] = Credential(kind, data)
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
