"""``onemo-emulator lab``: the modules of a file, in one process or in several, until a signal ends them."""

from __future__ import annotations

import itertools
import logging
import resource
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

import trio

from onemo.cli.controlled import controlled, readiness
from onemo.cli.ending import hold_signals
from onemo.cli.output import write
from onemo.cli.serving import Serving
from onemo.errors import UsageError, declared
from onemo.runtime.lab import CURRENT, Lab
from onemo.runtime.labfile import read_lab
from onemo.runtime.labtable import Planned
from onemo.runtime.sink import LogHandler
from onemo.runtime.spare import keep_spare

_OWN = 64
"""Open files that are no module's."""
_PTYS = Path("/proc/sys/kernel/pty/max")
MOST_PROCESSES = 256


class LabOptions(NamedTuple):
    """The options of ``lab``; control, control_token: as those of ``run``."""

    file: Path
    slice: int = 0
    processes: int = 1
    check: bool = False
    verbose: bool = False
    ready_file: Path | None = None
    control: str | None = None
    control_token: str | None = None


def serve(options: LabOptions) -> int:
    """Run until a signal ends it, or until no module is left; returns the exit status: 1 when any of them failed.

    Raises EmulatorError when the lab cannot be as asked.
    """
    if not 1 <= options.processes <= MOST_PROCESSES:
        raise UsageError(f"--processes {options.processes}: give a number from 1 to {MOST_PROCESSES}")
    planned = read_lab(options.file, options.slice)
    if options.check:
        write(f"{options.file}: {len(planned)} module{'s' if len(planned) > 1 else ''}, no mistakes\n")
        return 0
    _log_with_names()
    shares = shared(planned, options.processes)
    _check_ptys(planned)
    _raise_limit(max(shares, key=_files))
    hold_signals()
    keep_spare()
    with ExitStack() as stack:
        ready = stack.enter_context(readiness(options.ready_file))
        lab = Lab(counted=options.control is not None)
        control = stack.enter_context(controlled(options.control, options.control_token, lab.modules))
        try:
            if len(shares) > 1:
                from onemo.cli.processes import run_shares

                return run_shares(shares, ready, control, verbose=options.verbose)
            return trio.run(Serving(planned, stack, lab, ready, control, verbose=options.verbose).run)
        except BaseExceptionGroup as group:
            raise declared(group) from None


def shared(planned: Sequence[Planned], processes: int) -> list[Sequence[Planned]]:
    """Share the modules among so many processes, neighbours together; no share is empty."""
    count = min(processes, len(planned))
    ends = [len(planned) * number // count for number in range(count + 1)]
    return [planned[first:last] for first, last in itertools.pairwise(ends)]


def _log_with_names() -> None:
    """Have each line of the log say which module it is of."""

    def name(record: logging.LogRecord) -> bool:
        record.lab = f"{CURRENT.get()}: " if CURRENT.get() and record.name != Lab.__module__ else ""
        return True

    handler = LogHandler(sys.stderr)
    handler.addFilter(name)
    logging.basicConfig(format="onemo-emulator: %(lab)s%(message)s", level=logging.INFO, handlers=[handler])


def _check_ptys(planned: Sequence[Planned]) -> None:
    """Raise UsageError where the modules need more pseudo-terminals than the host gives out."""
    needed = sum(spec.cable.on_pty + len(spec.cable.ports) for spec, _ in planned)
    try:
        most = int(_PTYS.read_text())
    except (OSError, ValueError):  # the first that cannot be had will tell
        return
    if needed > most:
        raise UsageError(
            f"{len(planned)} modules need {needed} pseudo-terminals, and this host has {most}: raise that (sysctl -w"
            f' kernel.pty.max={2 * needed}, as root), or give them another line (link = "tcp://127.0.0.1:{{n+20000}}")'
        )


def _files(planned: Sequence[Planned]) -> int:
    """Count the open files of these modules, without their connections."""
    return sum(
        2 + sum(each is not None for each in (spec.cable.link, spec.nv, trace)) + 3 * len(spec.cable.ports)
        for spec, trace in planned
    )


def _raise_limit(planned: Sequence[Planned]) -> None:
    """Let a process have as many open files as it may. Raises UsageError where its modules need more."""
    needed = _OWN + _files(planned)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY not in (soft, hard) and hard < needed:
        raise UsageError(
            f"{len(planned)} modules need {needed} open files, without their connections, and this process may have"
            f" {hard}: raise that (ulimit -Hn, LimitNOFILE= of systemd, --ulimit nofile= of docker), or share the"
            " modules among more processes, with --processes"
        )
    if soft != resource.RLIM_INFINITY:
        most = max(soft, needed * 8) if hard == resource.RLIM_INFINITY else hard
        with suppress(OSError, ValueError):  # more than the host has for one process
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
