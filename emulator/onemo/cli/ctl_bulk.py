"""The bulk of ctl's operations: bytes of a file, or of stdin and stdout, a piece with each request."""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from onemo.control.client import Client, ControlError
from onemo.errors import UsageError
from onemo.runtime.desk.operation import PIECE, DeskOperation
from onemo.runtime.files import write_own
from onemo.runtime.snapshot import BEGINNING

_MOST = 1 << 28
"""Bytes that are read from a file: a store has no more."""


def send(client: Client, operation: DeskOperation, path: str, sent: Mapping[str, object], file: str | None) -> Any:  # noqa: ANN401
    """Send the bytes of a file (None: of stdin); return the last answer. Raises UsageError, ControlError."""
    data = _read(file)
    said = None
    for offset in range(0, max(len(data), 1), PIECE):
        piece = b64encode(data[offset : offset + PIECE]).decode("ascii")
        said = client.ask(operation.method, path, {**sent, "offset": offset, "size": len(data), "data": piece})
    return said


def take(client: Client, operation: DeskOperation, path: str, sent: Mapping[str, object], file: str | None) -> int:
    """Write the bytes that are told to a file (None: to stdout), once all are there.

    Raises UsageError, ControlError.
    """
    whole = bytearray()
    size: int | None = None
    while size is None or len(whole) < size:
        said = client.ask(operation.method, path, query={**sent, "offset": len(whole)})
        piece = b64decode(said["data"], validate=True)
        if (size is not None and said["size"] != size) or (not piece and len(whole) < said["size"]):
            raise ControlError(0, "it has changed on the way: ask again")
        size = said["size"]
        whole += piece
    _write(file, bytes(whole))
    return 0


def save(pieces: Iterable[bytes], file: str | None) -> int:
    """Write an answer to a file, its owner's alone (None: to stdout), as it comes. Raises UsageError, ControlError."""
    whole = _snapshot(pieces)
    if file is None:
        for piece in whole:
            _write(None, piece)
        return 0
    try:
        write_own(Path(file), whole)
    except (OSError, ValueError) as error:
        raise UsageError(f"--out {file}: {_reason(error)}: name a file that can be written") from error
    return 0


def _snapshot(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces. Raises ControlError: they are of no snapshot, as no emulator answers."""
    coming, begun = iter(pieces), b""
    while len(begun) < len(BEGINNING) and (piece := next(coming, b"")):
        begun += piece
    if not begun.startswith(BEGINNING):
        raise ControlError(0, "what answers there is no control of this emulator's version")
    yield begun
    yield from coming


def _read(file: str | None) -> bytes:
    try:
        if file is None:
            data = sys.stdin.buffer.read(_MOST + 1)
        else:
            with Path(file).open("rb") as stream:
                data = stream.read(_MOST + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"--file {file}: {_reason(error)}: name a file that can be read") from error
    if len(data) > _MOST:
        raise UsageError(f"{file or 'stdin'} has more than {_MOST} bytes, and no store has: choose a smaller one")
    return data


def _write(file: str | None, data: bytes) -> None:
    if file is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        Path(file).write_bytes(data)
    except (OSError, ValueError) as error:
        raise UsageError(f"--file {file}: {_reason(error)}: name a file that can be written") from error


def _reason(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
