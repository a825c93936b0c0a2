"""The traces that a module is to have: in a file, on stderr."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from emulator.errors import LinkError
from emulator.runtime.trace import JsonLines, Several, Trace


@contextlib.contextmanager
def traces(file: Path | None, *, verbose: bool, name: str = "") -> Iterator[Trace | None]:
    """What --trace and -v ask for; name: the module's, where there are several. Raises LinkError."""
    found: list[Trace] = []
    with contextlib.ExitStack() as stack:
        if file is not None:
            try:
                stream = file.open("w", encoding="ascii")
            except OSError as error:
                raise LinkError(f"--trace {file}: {error.strerror}; name a file that can be written") from error
            stack.callback(_close, stream)
            found.append(JsonLines(stream, time.monotonic))
        if verbose:
            from emulator.cli.live import Live

            found.append(Live(sys.stderr, name))
        yield Several(found) if len(found) > 1 else found[0] if found else None


def _close(file: TextIO) -> None:
    """Close a trace; what its disk does not take any more has been told of already."""
    with contextlib.suppress(OSError):
        file.close()
