"""A child process, on a terminal of its own or on ours. Linux only."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import struct
import subprocess
import tty
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Protocol

from onemo.link.fd import FdLink
from onemo.link.speed import speed_of

if TYPE_CHECKING:
    import ptyprocess

_TIOCGPTN = 0x80045430
OWN_VARIABLES = frozenset({"ONEMO_CONTROL_TOKEN", "ONEMO_READY_FILE"})
"""Those of the environment that are the emulator's own: an emulator that its child starts has other ones."""


class Child(Protocol):
    """A child process that was started."""

    pid: int

    def reap(self) -> int:
        """Collect it, which has ended; returns its exit status."""
        ...

    def signal(self, number: int) -> None:
        """Send it a signal; nothing happens where it has ended."""
        ...


class Inheriting:
    """A child with our own standard input and output."""

    def __init__(self, arguments: list[str]) -> None:
        self._process = subprocess.Popen(arguments, preexec_fn=_unblock, env=_environment())
        self.pid = self._process.pid

    def reap(self) -> int:
        status = self._process.wait()
        return status if status >= 0 else 128 - status

    def signal(self, number: int) -> None:
        self._process.send_signal(number)


class Terminal(FdLink):
    """A child on a terminal of its own, which is raw before it starts. Its stderr stays ours."""

    def __init__(self, arguments: list[str]) -> None:
        import ptyprocess

        with ExitStack() as stack:
            diagnostics = os.dup(2)
            stack.callback(os.close, diagnostics)

            def prepare() -> None:
                tty.setraw(0)
                os.dup2(diagnostics, 2)
                os.close(diagnostics)
                _unblock()

            self._process: ptyprocess.PtyProcess = ptyprocess.PtyProcess.spawn(
                arguments, preexec_fn=prepare, pass_fds=(diagnostics,), env=_environment()
            )
        self.pid: int = self._process.pid
        fd: int = self._process.fd
        os.set_blocking(fd, False)
        number = struct.unpack("I", fcntl.ioctl(fd, _TIOCGPTN, bytes(4)))[0]
        super().__init__(fd, f"/dev/pts/{number}")
        try:  # A child that closes its terminal for a while would end the line, were it not open here too.
            self._slave = os.open(self.port, os.O_RDWR | os.O_NOCTTY)
        except OSError:  # it has ended already
            self._slave = -1

    @property
    def baud_rate(self) -> int:
        """The speed that the child set on its terminal, in bit/s; 0 where it hung up."""
        return speed_of(self._fd)

    def reap(self) -> int:
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self._process.terminated = True  # for its close
        return status if status >= 0 else 128 - status

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def close(self) -> None:
        """Free the terminal, which hangs up a child that still runs."""
        super().close()
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1
        self._process.delayafterclose = 0
        self._process.close()

    def _fail(self, error: OSError) -> None:
        """Take up that the child has ended, which hangs its terminal up."""
        if error.errno != errno.EIO:
            raise error
        super()._fail(error)


def _environment() -> dict[str, str]:
    """Return our environment without what is ours alone."""
    return {name: value for name, value in os.environ.items() if name not in OWN_VARIABLES}


def _unblock() -> None:
    """Leave signals, in the child, as a program finds them that a shell starts."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
