"""A real serial port, at whose other end a DTE sits: the module is in software, the cable is not.

Import this only where it is asked for: pyserial takes some 20 ms.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import struct
import termios
from collections.abc import Callable

import serial
import trio

from onemo.errors import LinkError
from onemo.link.fd import FdLink

_log = logging.getLogger(__name__)

_POLL = 0.1
"""Seconds between two looks at the modem lines; waiting for a change would block (TIOCMIWAIT)."""
_DRAIN_STEP = 0.005
_DRAIN_AT_MOST = 2.0
"""Seconds for which a change of speed waits for what is still to leave at the old one."""

_MISSING = "it is missing: plug it in, or name a serial device that is there"
_BUSY = "it is busy: end the program that has it, or name a serial device that no other program has open"
_NOT_LET = (
    "no permission: join the group that owns it (often dialout) and log in again, or name a serial device that you may"
    " open"
)
_NO_DEVICE = "it is no serial device: name one, like /dev/ttyUSB0"
_WHY = {
    errno.ENOTTY: _NO_DEVICE,
    errno.EISDIR: _NO_DEVICE,
    errno.ENOENT: _MISSING,
    errno.ENODEV: _MISSING,
    errno.ENXIO: _MISSING,
    errno.EBUSY: _BUSY,
    errno.EAGAIN: _BUSY,  # it is locked
    errno.EACCES: _NOT_LET,
    errno.EPERM: _NOT_LET,
}


class UartLink(FdLink):
    """A serial device. ``port`` is its path, ``/dev/ttyUSB0``.

    Made by ``open_uart``. When the device is lost, ``watch`` tells.

    on_lines: called with the DTE's DTR and RTS, which a null modem cable brings to DSR and CTS here, when one has
    changed. Set it before ``watch`` runs.
    """

    def __init__(self, port: serial.Serial) -> None:
        super().__init__(port.fileno(), str(port.port))
        self.on_lines: Callable[[bool, bool], None] | None = None
        self._serial = port
        self._lines = (False, False)
        self._raised = trio.Event()
        self._changed = trio.Event()

    def close(self) -> None:
        """Free the device."""
        super().close()
        self._changed.set()
        try:
            self._serial.close()
        except OSError as error:  # a device that is gone
            _log.debug("%s: %s", self.port, error)

    @property
    def baud_rate(self) -> int:
        """The speed in bit/s."""
        return self._serial.baudrate

    @property
    def in_use(self) -> bool:
        """True: a cable does not tell whether anybody listens at its other end."""
        return True

    async def set_baud_rate(self, rate: int) -> None:
        """Change the speed once what was handed over has left. Raises LinkError when the device has no such speed."""
        with trio.move_on_after(_DRAIN_AT_MOST):
            while self.lost is None and self._unsent():  # noqa: ASYNC110  # the kernel has no event for it
                await trio.sleep(_DRAIN_STEP)
        self.take_baud_rate(rate)

    def take_baud_rate(self, rate: int) -> None:
        """Change the speed at once. Raises LinkError when the device has no such speed; then it stays."""
        before = self._serial.baudrate
        try:
            self._serial.baudrate = rate
        except (OSError, ValueError, OverflowError, termios.error) as error:
            try:
                self._serial.baudrate = before
            except (OSError, ValueError, termios.error) as worse:
                self._lose(str(worse))
            raise LinkError(f"{self.port} has no speed of {rate} bit/s: {error}") from error

    def show(
        self, *, cts: bool | None = None, dsr: bool | None = None, cd: bool | None = None, ri: bool | None = None
    ) -> None:
        """Set the module's own lines; None leaves one as it is. CTS and DSR are on from the start.

        They are RTS and DTR here; a null modem cable has none for CD and RI.
        """
        try:
            if cts is not None:
                self._serial.rts = cts
            if dsr is not None:
                self._serial.dtr = dsr
        except OSError as error:  # a pseudo-terminal has no such lines
            _log.debug("%s: %s", self.port, error)

    async def wait_opened(self) -> None:
        """Wait until the DTE has raised its DTR; for ever where the device has no such line."""
        await self._raised.wait()

    async def watch(self) -> None:
        """Look at the modem lines. Runs until cancelled or closed; raises LinkError when the device is lost."""
        while self._fd >= 0 and self.lost is None:
            if self.on_lines is None or not self._look():
                await self._changed.wait()
            else:
                with trio.move_on_after(_POLL):
                    await self._changed.wait()
        if self.lost is not None:
            raise LinkError(f"{self.port} is lost: {self.lost}: see that it is plugged in, and start again")

    def _look(self) -> bool:
        """Tell of modem lines that changed; return whether there are any to look at."""
        try:
            (state,) = struct.unpack("I", fcntl.ioctl(self._fd, termios.TIOCMGET, bytes(4)))
        except OSError as error:
            _log.debug("%s has no modem lines: %s", self.port, error)
            return False
        lines = bool(state & termios.TIOCM_DSR), bool(state & termios.TIOCM_CTS)
        changed, self._lines = lines != self._lines, lines
        if lines[0]:
            self._raised.set()
        if changed and self.on_lines is not None:
            self.on_lines(*lines)
        return True

    def _unsent(self) -> bool:
        try:
            (count,) = struct.unpack("i", fcntl.ioctl(self._fd, termios.TIOCOUTQ, bytes(4)))
        except OSError:
            return False
        return bool(count)

    def _lose(self, why: str) -> None:
        super()._lose(why)
        self._changed.set()


def open_uart(path: str, baud_rate: int = 115200, *, rtscts: bool = False) -> UartLink:
    """Open a serial device for this process alone, raw, 8N1.

    Raises LinkError, which says what to do: when there is none, when another program has it, when it is none or has
    no such speed.
    """
    if not path:
        raise LinkError("the name of the serial device is empty: name one, like /dev/ttyUSB0")
    try:
        # With inter_byte_timeout a read of nothing says so. Without, it looks like a device that hung up.
        port = serial.Serial(path, baud_rate, rtscts=rtscts, exclusive=True, inter_byte_timeout=0)
    except (OSError, ValueError, OverflowError, termios.error) as error:
        number = error.errno if isinstance(error, OSError) else None
        if isinstance(cause := error.__context__, termios.error):  # pyserial puts its number into a text
            number = cause.args[0]
        why = _WHY.get(number or 0) or (
            f"{os.strerror(number) if number else error}: name a serial device that you may open,"
            " that no other program has open, and a speed that it has"
        )
        raise LinkError(f"cannot use {path} at {baud_rate} bit/s: {why}") from error
    return UartLink(port)
