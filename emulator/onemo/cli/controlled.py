"""``--control``, ``--control-token``, ``--ready-file`` of ``run`` and ``lab``: what is left out is not imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from onemo.errors import needs_extra
from onemo.runtime.trace import TeeTrace, Trace

if TYPE_CHECKING:
    from onemo.cli.ready import ReadyFile
    from onemo.control.server import ControlServer
    from onemo.runtime.lab import RunningModule


@contextmanager
def controlled(
    address: str | None, token: str | None, modules: Mapping[str, RunningModule]
) -> Iterator[ControlServer | None]:
    """Open the control API at HOST:PORT, if it was asked for; it listens.

    token: that it wants; modules: by name, as they are at each moment. Raises UsageError, LinkError.
    """
    if address is None:
        yield None
        return
    with needs_extra("--control", "control"):
        from onemo.control.server import open_control
    with closing(open_control(address, token, modules)) as control:
        yield control


@contextmanager
def readiness(file: Path | None) -> Iterator[ReadyFile | None]:
    """Open the ready file, if one was asked for. Raises UsageError."""
    if file is None:
        yield None
        return
    from onemo.cli.ready import ready_file

    with ready_file(file) as opened:
        yield opened


def remembered(trace: Trace | None, control: ControlServer | None, name: str) -> Trace | None:
    """Join a module's trace and its journal."""
    if control is None:
        return trace
    journal = control.control.journal(name)
    return journal if trace is None else TeeTrace((trace, journal))


def told(control: ControlServer | None) -> dict[str, str]:
    """Return the control's address, for a ready line of JSON."""
    return {} if control is None else {"control": control.url}
