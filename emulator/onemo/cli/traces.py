"""The traces of a module: in a file, on stderr."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from onemo.runtime.trace import TeeTrace, Trace, trace_file


@contextlib.contextmanager
def traces(file: Path | None, *, verbose: bool, name: str = "") -> Iterator[Trace | None]:
    """Open the traces of --trace and -v; name: the module's, where there are several. Raises LinkError."""
    found: list[Trace] = []
    with contextlib.ExitStack() as stack:
        if file is not None:
            found.append(stack.enter_context(trace_file(file)))
        if verbose:
            from onemo.cli.live import Live

            found.append(Live(sys.stderr, name))
        yield TeeTrace(found) if len(found) > 1 else found[0] if found else None
