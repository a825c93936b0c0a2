"""The file that ``--out`` of ``trace`` and ``ctl trace`` names: its format is what its name ends with."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from onemo.dialogue.export import FORMATS
from onemo.errors import LinkError, UsageError
from onemo.runtime.files import open_own


def format_of(out: Path, formats: Collection[str] = tuple(FORMATS)) -> str:
    """Return the name of the format that a file is to have. Raises UsageError where its name tells none of these."""
    known = {FORMATS[name].suffix: name for name in formats}
    found = known.get(out.suffix.lower())
    if found is None:
        *first, last = known
        raise UsageError(f"--out {out}: which format? Let its name end with {', '.join(first)} or {last}")
    return found


def write_file(out: Path, pieces: Iterable[bytes]) -> int:
    """Write a file, and return its size in bytes. Raises LinkError where it cannot be written."""
    size = 0
    try:
        with open(open_own(out, os.O_TRUNC), "wb") as stream:
            for piece in pieces:
                size += stream.write(piece)
    except OSError as error:
        raise LinkError(f"--out {out}: {error.strerror}; name a file that can be written") from error
    return size
