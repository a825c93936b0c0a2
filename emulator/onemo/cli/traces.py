"""The traces of a module: in a file, on stderr."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

from onemo.runtime.sink import LogHandler
from onemo.runtime.trace import Batch, BatchedTrace, Trace, WrittenTrace, trace_file


@contextlib.contextmanager
def traces(batch: Batch, file: Path | None, *, verbose: bool, name: str = "") -> Iterator[Trace | None]:
    """Open the traces of --trace and -v, which a batch tells; with -v, before a line of the log is written, too.

    name: the module's, where there are several. Raises LinkError.
    """
    found: list[WrittenTrace] = []
    with contextlib.ExitStack() as stack:
        if file is not None:
            found.append(stack.enter_context(trace_file(file)))
        if verbose:
            from onemo.cli.live import Live

            found.append(Live(sys.stderr, name))
            for handler in logging.getLogger().handlers:
                if isinstance(handler, LogHandler):
                    handler.first = batch.flush
        stack.callback(batch.flush)
        yield BatchedTrace(batch, found) if found else None
