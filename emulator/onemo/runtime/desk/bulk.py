"""What the desk's operations on files have in common: bytes that come and go in pieces, and files by their paths."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import MutableMapping
from typing import NamedTuple

from onemo.errors import FaultError, UsageError
from onemo.faults.kind import FaultKey, Type
from onemo.runtime.desk.operation import PIECE, Values


class FilePiece(NamedTuple):
    """Part of a file. size: of the whole file; data: as base64, from the byte offset on."""

    path: str
    size: int
    offset: int
    data: str


def offset_key(largest: int) -> FaultKey:
    """Return the key of a piece's place. largest: the bytes of the largest file."""
    return FaultKey("offset", Type.INTEGER, "The first byte of this piece.", 0, 0, largest)


def sent_keys(largest: int) -> tuple[FaultKey, ...]:
    """Return the keys of bytes that are sent. largest: the bytes of the largest file."""
    return (
        offset_key(largest),
        FaultKey("size", Type.INTEGER, "The bytes of the whole file.", None, 0, largest, required=True),
        FaultKey("data", Type.TEXT, f"The bytes from offset on, as base64: at most {PIECE}.", required=True),
    )


def sent_piece(command: str, values: Values) -> bytes:
    """Return the bytes of a piece that is sent. Raises FaultError: they are no base64, or do not fit the size."""
    offset, size = values["offset"], values["size"]
    try:
        data = b64decode(values["data"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise FaultError(f"{command}: data is no base64") from error
    if offset + len(data) > size or (offset + len(data) < size and not data):
        raise FaultError(f"{command}: size={size} is not what comes: it is the bytes of the whole file")
    return data


def told_piece(path: str, content: bytes | bytearray, offset: int) -> FilePiece:
    """Return the piece of a file that begins at offset."""
    piece = bytes(content[offset : offset + PIECE])
    return FilePiece(path, len(content), offset, b64encode(piece).decode("ascii"))


class FilesByPath(MutableMapping[str, bytes]):
    """Files by path, whatever has them."""

    def __len__(self) -> int:
        """Count the files."""
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<files {', '.join(self)}>"


def require_content(path: str, content: object) -> bytes:
    """Return the bytes that a file is to hold. Raises UsageError: it is none."""
    if not isinstance(content, bytes | bytearray | memoryview):
        raise UsageError(f"{path}: {type(content).__name__} is no content: give bytes")
    return bytes(content)
