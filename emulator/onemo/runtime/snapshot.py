"""A snapshot: one file with all that a module has beyond its connections. What is in it, how it is read and written.

JSON, readable, its owner's alone, for it has keys and PINs::

    {
      "format": "onemo-emulator snapshot",
      "version": 1,
      "model": "ML307R", "sub_model": "ML307R-DC", "revision": "ML307R-DC-MBRH0S01",
      "options": {"name": "node7"},
      "card": {},
      "nv": {...}, "contents": {"1": "aGk="},
      "settings": {...}, "consoles": [{...}], "contexts": {...},
      "waiting": [{"tpdu": "04...", "due": 0.0}]
    }

nv is what an NV file has, and contents what lies beside that, by number. settings, consoles (of each AT line) and
contexts are those of the boot cycle, as far as they are other ones. waiting are the texts at the centre.
"""

from __future__ import annotations

import binascii
import json
import os
import stat
from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from onemo.errors import UsageError
from onemo.profile.card import CardDocument
from onemo.profile.schema import Profile
from onemo.profile.shape import shaped
from onemo.runtime.options import OPTIONS, ModuleOptions

FORMAT, VERSION = "onemo-emulator snapshot", 1
LARGEST = 1 << 29
"""Bytes of a file: a store of 256 MiB, as base64, and the rest."""
OWN = ("name", "imei", "imsi", "iccid", "msisdn", "revision", "pin", "no_sim", "file_store", "zone")
"""The options that make a module the one that it is; those of its surroundings are the host's."""
_NUMBERS = ("imei", "imsi", "iccid", "msisdn")
_SHOWN = 200
_THEN = "name a file that ctl snapshot wrote"


class SnapshotText(NamedTuple):
    """A text that waits at the centre. tpdu: in hex; due: seconds until it is at the module."""

    tpdu: str
    due: float


class SnapshotContexts(NamedTuple):
    """The PDP contexts of the boot cycle: the records of AT+CGDCONT and AT+CGAUTH, by cid."""

    definitions: dict[str, Any]
    logins: dict[str, Any]


class SnapshotDocument(NamedTuple):
    """The whole file.

    revision: of the firmware, as AT+CGMR told it; options: those that the module was started with and that make it the
    one that it is; card: what --card said; nv, contents: what it keeps over a restart, and the contents of its files
    as base64; settings, consoles, contexts: of the boot cycle; waiting: texts at the centre.
    """

    format: str
    version: int
    model: str
    sub_model: str
    revision: str
    options: dict[str, Any]
    card: dict[str, Any]
    nv: dict[str, Any]
    contents: dict[str, str]
    settings: dict[str, Any]
    consoles: tuple[dict[str, Any], ...]
    contexts: SnapshotContexts
    waiting: tuple[SnapshotText, ...]


class Snapshot(NamedTuple):
    """A snapshot that was read. contents: by number; options: checked; card: None, the profile's."""

    file: Path
    document: SnapshotDocument
    contents: Mapping[int, bytes]
    options: Mapping[str, object]
    card: CardDocument | None

    def refusal(self, why: str) -> UsageError:
        """Make the refusal of the file."""
        return _refusal(self.file, why)

    def require(self, profile: Profile) -> None:
        """Raise UsageError: it is another model's."""
        of, sub_model = self.document, profile.sub_model
        if (of.model, of.sub_model) != (profile.series, sub_model):
            then = f"start {of.sub_model}, or take another file"
            raise _refusal(self.file, f"it is of {of.sub_model}, not {sub_model}", then)

    def completed(self, options: ModuleOptions) -> ModuleOptions:
        """Return options with those of the snapshot in the place of what is left out.

        Who gives another name means another module: it has the numbers of that.
        """
        another = options.name not in (None, self.options.get("name"))
        unsaid: dict[str, Any] = {
            name: value
            for name, value in self.options.items()
            if getattr(options, name) == OPTIONS[name].default and not (another and name in _NUMBERS)
        }
        return options._replace(**unsaid)


def encoded_contents(contents: Mapping[int, bytes | bytearray]) -> dict[str, str]:
    """Return the contents of files as a snapshot has them."""
    return {str(number): b64encode(content).decode("ascii") for number, content in sorted(contents.items())}


def plain_snapshot(document: SnapshotDocument) -> dict[str, Any]:
    """Return a document as JSON has it."""
    waiting = [text._asdict() for text in document.waiting]
    return {**document._asdict(), "contexts": document.contexts._asdict(), "waiting": waiting}


def written_snapshot(document: object) -> bytes:
    """Return the bytes of the file. document: as JSON has it."""
    return json.dumps(document, indent=1, allow_nan=False).encode("ascii") + b"\n"


def read_snapshot(file: Path) -> Snapshot:
    """Read a snapshot. Raises UsageError, which says in one line why it is none, or cannot be read."""
    try:
        found = os.stat(file)
        if not stat.S_ISREG(found.st_mode):
            raise _refusal(file, "it is no regular file")
        return _read(file, found.st_ino, found.st_mtime_ns, found.st_size)
    except (OSError, ValueError) as error:  # ValueError: a path that no host can have
        why = (isinstance(error, OSError) and error.strerror) or str(error)
        raise UsageError(f"--restore {file}: cannot be read: {why}: {_THEN}") from error


@lru_cache(4)
def _read(file: Path, inode: int, changed: int, size: int) -> Snapshot:
    """Read a file; once for all modules of a lab. inode, changed, size: tell one content from another."""
    with file.open("rb") as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise _refusal(file, f"it is longer than {LARGEST >> 20} MiB")
    document = _document(file, data)
    card = None
    if document.card:
        card, problems = shaped(CardDocument, document.card)
        if problems:
            raise _refusal(file, f"card.{'.'.join(problems[0][0])} {problems[0][1]}")
    return Snapshot(file, document, _contents(file, document), _options(file, document), card)


def _document(file: Path, data: bytes) -> SnapshotDocument:
    try:
        table = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _refusal(file, f"it is damaged, or none: {error}") from None
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise _refusal(file, f'it has no "format": "{FORMAT}"')
    version = table.get("version")
    if type(version) is not int or version != VERSION:
        raise _refusal(file, f"its version is {version!r}, and this emulator reads {VERSION}", "take it anew")
    document, problems = shaped(SnapshotDocument, table)
    if document is None:
        raise _refusal(file, f"{'.'.join(problems[0][0])} {problems[0][1]}")
    return document


def _contents(file: Path, document: SnapshotDocument) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for name, text in document.contents.items():
        try:
            if not (name.isascii() and name.isdecimal() and len(name) < 20):
                raise ValueError("is no number")
            found[int(name)] = b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise _refusal(file, f"contents.{name} is none: {error}") from None
    return found


def _options(file: Path, document: SnapshotDocument) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in document.options.items():
        if name not in OWN:
            raise _refusal(file, f"options.{name} is none: there are {', '.join(OWN)}")
        try:
            found[name] = OPTIONS[name].take(value)
        except ValueError as error:
            raise _refusal(file, f"options.{name}: {error}") from None
    return found


def _refusal(file: Path, why: str, then: str = _THEN) -> UsageError:
    """Make the refusal of a file. then: what to do."""
    shown = "".join(char if char.isprintable() else "?" for char in why)
    told = f"{shown[:_SHOWN]}{'…' * (len(shown) > _SHOWN)}"
    return UsageError(f"--restore {file}: it cannot be restored: {told}: {then}")
