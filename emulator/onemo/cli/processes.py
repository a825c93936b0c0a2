"""The modules of one lab in several processes: children of one that speaks for all of them.

A child is forked before there is an event loop. It tells its ready lines over a socket, and ends when that is closed,
however its parent may have ended; signals are the parent's to hear.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import select
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import trio

from onemo.cli.controlled import controlled, told
from onemo.cli.ending import ENDING, End, heard
from onemo.cli.lines import OrderedLines, ReadyLines
from onemo.cli.serving import Serving
from onemo.errors import EmulatorError, UsageError, declared
from onemo.runtime.lab import Lab
from onemo.runtime.labtable import Planned

if TYPE_CHECKING:
    from onemo.cli.ready import ReadyFile
    from onemo.control.server import ControlServer

_log = logging.getLogger(__name__)
_GO = b"g"
"""What a child waits for, until all are there."""
_GRACE = 10.0
"""Seconds that a child has for its end."""


class ShareProcess(NamedTuple):
    """A process with a share of the modules. title: in the log; sock: our end; handle: a pidfd, readable at its end."""

    title: str
    pid: int
    handle: int
    sock: socket.socket


def run_shares(
    shares: Sequence[Sequence[Planned]], ready: ReadyFile | None, control: ControlServer | None, *, verbose: bool
) -> int:
    """Run each share in a child until a signal comes or all have ended; return the exit status, as of one process.

    A child that is killed ends the others; one that has to be killed, as it does not end, counts as failed. Raises
    UsageError when a child cannot be started.
    """
    token = secrets.token_urlsafe()
    children: list[ShareProcess] = []
    try:
        with ExitStack() as opened:
            controls = []
            for lab in [Lab(counted=control is not None) for _ in shares]:
                where = None if control is None else "127.0.0.1:0"
                controls.append((lab, opened.enter_context(controlled(where, token, lab.modules))))
            for number, (share, own) in enumerate(zip(shares, controls, strict=True), 1):
                servers = (*(each for _, each in controls), control)
                others = [each.close for each in servers if each is not None and each is not own[1]]
                others += [child.sock.close for child in children]
                children.append(_forked(f"process {number} of {len(shares)}", share, own, others, verbose=verbose))
        if control is not None:
            homes = {spec.overrides.name or "": number for number, share in enumerate(shares) for spec, _ in share}
            control.share([own.url for _, own in controls if own is not None], token, homes)
        status = trio.run(_Parent(children, ready, control).run)
    finally:
        killed = _end(children)
    return int(bool(status or killed))


def _forked(
    title: str,
    share: Sequence[Planned],
    own: tuple[Lab, ControlServer | None],
    others: Sequence[Callable[[], object]],
    *,
    verbose: bool,
) -> ShareProcess:
    """Start a child. others: what it closes, for it is not its own. Raises UsageError."""
    ours, theirs = socket.socketpair()
    with closing(theirs):
        try:
            pid = os.fork()
        except OSError as error:
            ours.close()
            raise UsageError(
                f"cannot start {title}: {error.strerror}: let this user have more processes (ulimit -u, TasksMax= of"
                " systemd, --pids-limit of docker), or ask for fewer --processes"
            ) from error
        if pid == 0:
            _be_child(title, share, own, [*others, ours.close], theirs, verbose=verbose)
    return ShareProcess(title, pid, os.pidfd_open(pid), ours)


def _be_child(
    title: str,
    share: Sequence[Planned],
    own: tuple[Lab, ControlServer | None],
    others: Sequence[Callable[[], object]],
    sock: socket.socket,
    *,
    verbose: bool,
) -> NoReturn:
    """Run a share until the parent closes its end of sock, or no module is left; end this process."""
    status = 2
    try:
        for close in others:
            close()
        for number in heard():
            signal.signal(number, lambda signum, frame: None)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        with ExitStack() as stack:
            status = trio.run(_serve_share, share, stack, own, sock, verbose)
    except BaseException as error:
        found = declared(error) if isinstance(error, BaseExceptionGroup) else error
        _log.error("%s: %s", title, found, exc_info=None if isinstance(found, EmulatorError) else found)
    finally:
        os._exit(status)


async def _serve_share(
    share: Sequence[Planned],
    stack: ExitStack,
    own: tuple[Lab, ControlServer | None],
    sock: socket.socket,
    verbose: bool,
) -> int:
    lab, control = own
    parent = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
    if not await parent.receive_some(len(_GO)):  # another child could not be started
        return 0

    async def tell(line: str) -> None:
        with suppress(trio.BrokenResourceError):
            await parent.send_all(f"{line}\n".encode())

    async def end_with_parent(everything: trio.CancelScope) -> None:
        with suppress(trio.BrokenResourceError):
            await parent.receive_some()
        everything.cancel()

    async with trio.open_nursery() as nursery:
        serving = Serving(
            share,
            stack,
            lab,
            None,
            control,
            verbose=verbose,
            lines=ReadyLines(tell),
            end=lambda everything: nursery.start_soon(end_with_parent, everything),
        )
        status = await serving.run()
        nursery.cancel_scope.cancel()
    return status


class _Parent:
    """The process that speaks for its children."""

    def __init__(
        self, children: Sequence[ShareProcess], ready: ReadyFile | None, control: ControlServer | None
    ) -> None:
        self._children = children
        self._ready_file = ready
        self._control = control
        self._lines = ReadyLines()
        self._ordered = OrderedLines(self._lines, children)
        self._done: dict[ShareProcess, dict[str, object]] = {}
        self._statuses: list[int] = []
        self._broken = False

    async def run(self) -> int:
        """Run until the end, and return the exit status."""
        async with trio.open_nursery() as nursery:
            End(nursery.cancel_scope)
            if self._control is not None:
                await nursery.start(self._control.run)
            nursery.start_soon(self._lines.run)
            async with trio.open_nursery() as following:
                for child in self._children:
                    following.start_soon(self._follow, child, nursery)
            await self._lines.finish()
            nursery.cancel_scope.cancel()
        failed = any(done["failed"] for done in self._done.values())
        return int(self._broken or failed or any(self._statuses))

    async def _follow(self, child: ShareProcess, nursery: trio.Nursery) -> None:
        """Pass on what a child tells, until it ends."""
        begun = b""
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(child.sock))
        with suppress(trio.BrokenResourceError):
            await stream.send_all(_GO)
            while piece := await stream.receive_some():
                *lines, begun = (begun + piece).split(b"\n")
                for line in lines:
                    self._take(child, json.loads(line), nursery)
        await trio.lowlevel.wait_readable(child.handle)
        status = _status(child)
        if status in (0, 1):
            self._statuses.append(status)
            return
        self._broken = True
        if status < 0:  # else it has said why
            name = signal.Signals(-status).name
            _log.error("%s (pid %d) was ended by %s: the lab ends", child.title, child.pid, name)
        nursery.cancel_scope.cancel()

    def _take(self, child: ShareProcess, line: dict[str, object], nursery: trio.Nursery) -> None:
        """Say a ready line in its turn; the last, of all children, once each has said its own."""
        if "ready" not in line:
            self._ordered.say(child, {**line, **told(self._control)})
            return
        self._ordered.done(child)
        self._done[child] = line
        if len(self._done) < len(self._children):
            return
        lasts = [self._done[each] for each in self._children]
        counts = [done["ready"] for done in lasts if isinstance(done["ready"], int)]
        failed = [name for done in lasts for name in done["failed"]]  # type: ignore[attr-defined]
        whole = {"ready": sum(counts), "failed": failed, **told(self._control)}
        if self._ready_file is not None and whole["ready"]:
            self._ready_file.tell(json.dumps(whole), nursery)
        self._lines.say(whole)


def _status(child: ShareProcess) -> int:
    """Return the exit status of a child that has ended: the number of a signal, negative, where that ended it."""
    result = os.waitid(os.P_PIDFD, child.handle, os.WEXITED | os.WNOWAIT)
    assert result is not None
    return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status


def _end(children: Sequence[ShareProcess]) -> int:
    """Return once all children have ended, and how many of them had to be killed, for they did not in time."""
    killed = 0
    for child in children:
        child.sock.close()
    for child in children:
        poll = select.poll()
        poll.register(child.handle, select.POLLIN)
        if not poll.poll(_GRACE * 1000):
            _log.error("%s (pid %d) does not end: it is killed", child.title, child.pid)
            killed += 1
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(child.handle, signal.SIGKILL)
        os.waitpid(child.pid, 0)
        os.close(child.handle)
    return killed
