"""The pseudo-terminal that a DTE opens as its serial port, with a stable name beside it when one is wanted.

Linux only: the locks, ``/dev/pts`` and inotify are its own.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
import stat
import termios
from collections.abc import Awaitable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from onemo.errors import LinkError
from onemo.link.claim import claim_path
from onemo.link.fd import FdLink
from onemo.link.speed import speed_of

if TYPE_CHECKING:
    from onemo.link.opens import OpenCounter, WatchedPort

_log = logging.getLogger(__name__)

_REMEDIES = {
    errno.EMFILE: "let this process have more open files (ulimit -n)",
    errno.ENOSPC: "have the host give out more (sysctl -w kernel.pty.max=20000, as root; of these it keeps"
    " kernel.pty.reserve from containers), or choose another line, like TCP",
}
"""Of what stops the host from giving out a pseudo-terminal."""


class PtyLink(FdLink):
    """A raw pseudo-terminal. ``port`` is what the DTE opens; it may close and reopen it any number of times.

    Made by ``open_pty``. It takes some 20 KB while the DTE does not read. They outlive the DTE: the next one that opens
    the port reads them, unless it flushes first, as pyserial does.

    undo: what closing it undoes; counter: of who opens it, where that counts before ``watch`` runs.
    """

    undo: ExitStack

    def __init__(self, master: int, slave: int, port: str) -> None:
        super().__init__(master, port)
        self._slave = slave
        self.counter: OpenCounter | None = None
        self._opens: WatchedPort | None = None
        self._watching = trio.CancelScope()

    def close(self) -> None:
        """Free the pseudo-terminal, and remove the symbolic link if it is still ours."""
        super().close()
        self._watching.cancel()
        self.undo.close()

    def wait_readable(self) -> Awaitable[None]:
        """Return trio's own awaitable: this line is never lost, and every command waits here."""
        return trio.lowlevel.wait_readable(self._fd)  # noqa: ASYNC105  (the caller awaits it)

    def _fail(self, error: OSError) -> None:
        raise error  # as long as our slave is open, no DTE that goes hangs the line up

    @property
    def baud_rate(self) -> int:
        """The speed that a DTE set last, in bit/s; 38400 as long as none did, 0 where one hung up."""
        return speed_of(self._slave)

    @property
    def in_use(self) -> bool:
        """True while some program has the port open.

        Known only while ``watch`` runs, of programs that came after it, or after the port was made with ``noticed``.
        """
        return self._opens is not None and self._opens.opens > 0

    def notice(self, undo: ExitStack) -> OpenCounter:
        """Count who opens the port, from now on and until undone. Raises OSError when the kernel refuses."""
        from onemo.link.opens import WatchedPort, watching  # 3 ms with its libc; no ready port waits for it

        self._opens = WatchedPort(self._renew)
        return undo.enter_context(watching(self.port, self._opens))

    async def wait_opened(self) -> None:
        """Wait until some program has opened the port since it was noticed; ``watch`` has to run."""
        assert self._opens is not None, "it was opened without notice"
        await self._opens.opened.wait()

    async def watch(self) -> None:
        """Make the port as new each time the last program closes it: unlocked, raw, not stopped.

        Bytes that lie unread in it stay. Runs until cancelled or closed. Where the kernel refuses to watch, this logs
        why and returns; the link works, but keeps what a DTE leaves.
        """
        with trio.CancelScope() as self._watching, ExitStack() as undo:
            try:
                await (self.counter or self.notice(undo)).serve()
            except OSError as error:
                _log.warning("%s keeps the locks and modes that a DTE leaves: cannot watch it: %s", self.port, error)

    def _renew(self) -> None:
        try:
            self._make_new()
        except OSError as error:
            _log.warning("%s keeps the locks and modes that a DTE left: %s", self.port, error.strerror)

    def _make_new(self) -> None:
        try:
            fcntl.ioctl(self._slave, termios.TIOCNXCL)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            # Somebody hung the terminal up (vhangup, as getty does), which kills every descriptor of it, ours too. Our
            # closing the dead one is an event like any other, so that the lock, if any, is undone next time.
            fresh = os.open(self.port, os.O_RDWR | os.O_NOCTTY)
            os.dup2(fresh, self._slave, inheritable=False)
            os.close(fresh)
        termios.tcflow(self._slave, termios.TCOON)
        _make_raw(self._slave)


def open_pty(link: Path | None = None, mode: int | None = None, *, noticed: bool = False) -> PtyLink:
    """Make a raw pseudo-terminal, and a symbolic link to it at ``link``, which lasts until it is closed.

    ``mode`` is the permission of the port (``0o660``); None leaves the host's own, most often ``0o620`` or ``0o600``.
    A link that a dead emulator left at ``link`` is replaced. noticed: ``wait_opened`` and ``in_use`` tell of whoever
    opens it, also before ``watch`` runs.

    Raises LinkError, which says what to do: when anything else is at ``link``, when a running emulator has that path,
    when it cannot be made there, when there is no pseudo-terminal to be had, when ``mode`` is none, when the kernel
    does not tell who opens it.
    """
    if mode is not None and not 0 <= mode <= 0o777:
        raise LinkError(f"{mode:#o} is no permission of a port: give three octal digits, as in 0o660")
    with ExitStack() as undo:
        try:
            master, slave = os.openpty()
            undo.callback(os.close, master)
            # Ours stays open: without any, reading from the master fails as soon as the DTE closes.
            undo.callback(os.close, slave)
            port = os.ttyname(slave)
            os.set_blocking(master, False)
            if mode is not None:
                os.fchmod(slave, mode)
        except OSError as error:
            remedy = _REMEDIES.get(error.errno or 0, "see that /dev/pts is mounted")
            raise LinkError(f"no pseudo-terminal to be had: {error.strerror}: {remedy}") from error
        _make_raw(slave)
        pty = PtyLink(master, slave, port)
        if noticed:  # before anybody can know the port
            pty.counter = _noticed(pty, undo)
        if link is not None:
            undo.enter_context(_symlink(link, port))
        pty.undo = undo.pop_all()
        return pty


def _noticed(pty: PtyLink, undo: ExitStack) -> OpenCounter:
    try:
        return pty.notice(undo)
    except OSError as error:
        raise LinkError(
            f"cannot see who opens {pty.port}: {error.strerror}: raise fs.inotify.max_user_instances and"
            " max_user_watches, or leave out --power-on open and --strict-baud"
        ) from error


def _make_raw(slave: int) -> None:
    """Set no echo, no translation, no line editing, no flow control, no signals; a read returns with the first byte.

    The speed stays, and so do timed reads: ``stty -F PORT min 0 time 5`` holds for the programs after it, as on a real
    port.
    """
    _, _, cflag, _, ispeed, ospeed, cc = termios.tcgetattr(slave)
    if cc[termios.VTIME] in (0, b"\0"):  # bytes while lines are edited
        cc[termios.VMIN] = 1
    termios.tcsetattr(slave, termios.TCSANOW, [0, 0, cflag, 0, ispeed, ospeed, cc])


@contextmanager
def _symlink(path: Path, port: str) -> Iterator[None]:
    """Keep ``path`` leading to ``port`` while this lasts; no other emulator can have it. Raises LinkError."""
    try:
        place, held = claim_path(path)
    except OSError as error:
        raise _cannot(path, error) from error
    if held is None:
        raise LinkError(f"{place} belongs to a running emulator: stop that one or choose another path")
    with held:
        try:
            _make_symlink(place, port)
        except OSError as error:
            raise _cannot(path, error) from error
        try:
            yield
        finally:
            with suppress(OSError):
                if os.readlink(place) == port:
                    os.unlink(place)


def _make_symlink(place: Path, port: str) -> None:
    try:
        os.symlink(port, place)
    except FileExistsError:
        _refuse_unless_stale(place, port)
        os.unlink(place)
        os.symlink(port, place)


def _refuse_unless_stale(place: Path, port: str) -> None:
    """Raise LinkError unless a dead emulator left ``place``. We hold the claim, so that no living one did."""
    remedy = "remove it or choose another path"
    found = place.lstat()
    if not stat.S_ISLNK(found.st_mode):
        raise LinkError(f"{place} exists and is no emulator's link: {remedy}")
    target = os.readlink(place)
    if not re.fullmatch("/dev/pts/[0-9]+", target):
        raise LinkError(f"{place} leads to {target} and is no emulator's link: {remedy}")
    if target == port:
        return
    try:
        terminal = os.stat(target)
    except FileNotFoundError:
        return
    # Whoever makes such a link makes the terminal first. A terminal that is younger got the number of one that is gone.
    if terminal.st_ctime_ns <= found.st_mtime_ns:
        raise LinkError(f"{place} leads to {target}, which another program holds: {remedy}")


def _cannot(path: Path, error: OSError) -> LinkError:
    return LinkError(
        f"cannot make the link {path}: {error.strerror}:"
        " choose a path in a directory that exists and that you may write to"
    )
