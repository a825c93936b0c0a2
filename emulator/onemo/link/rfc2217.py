"""A TCP port with Telnet's COM port control (RFC 2217, pyserial's ``rfc2217://``).

It is a serial line with its settings and modem lines. pyserial's ``PortManager`` has the protocol. Import this only
where it is asked for: pyserial takes some 20 ms.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable
from typing import cast

import trio
from serial import rfc2217

from onemo.link.interface import ClosingLink
from onemo.link.serial_port import SerialPort
from onemo.link.tcp import LOOPBACK, TcpLink, open_tcp

_log = logging.getLogger(__name__)

_IAC = rfc2217.IAC
_SET_SPEED = rfc2217.IAC + rfc2217.SB + rfc2217.COM_PORT_OPTION + rfc2217.SET_BAUDRATE
_PIECE = 16384
"""Bytes of output that are taken at once; they count double while they wait, at worst."""
_ANSWERS = 4096
"""Bytes of answers that wait for a DTE that does not read them, above which its requests are not read."""
_SETTLED = 0.2
"""Seconds without a word of Telnet's after which a DTE has finished opening: clients look for answers more often."""
_SETTLED_AT_MOST = 3.0
_SUBOPTION = 64
"""Bytes of a subnegotiation that is taken seriously; the longest of RFC 2217 that has a use here has 6."""


class Rfc2217Link(ClosingLink):
    """A line for one DTE at a time, which sets its speed and sees its modem lines. ``port``: ``rfc2217://…:40001``.

    Implements ``Link``. Made by ``open_rfc2217``. A DTE is served only while ``watch`` runs.

    on_lines: called with the DTE's DTR and RTS whenever one changes, after the bytes that it sent before were read.
    Both go off when it disconnects.
    """

    def __init__(self, tcp: TcpLink, baud_rate: int = 115200) -> None:
        self.on_lines: Callable[[bool, bool], None] | None = None
        self._tcp = tcp
        tcp.on_dte = self._on_dte
        self._changes: list[tuple[bool, bool]] = []
        self._serial = SerialPort(self, baud_rate)
        self._manager: rfc2217.PortManager | None = None
        self._complained = False
        self._raw, self._at = b"", 0  # what was read, and up to where it is decoded
        self._plain = bytearray()
        self._early = b""  # what was sent before anybody read
        self._control, self._data = bytearray(), bytearray()  # to be written, in this order
        self._answers = 0
        self._stuck, self._drained = trio.Event(), trio.Event()
        self._closed = False

    def close(self) -> None:
        """Hang up and free the port."""
        self._closed = True
        self.on_lines = None
        self._tcp.close()
        self._let_go()

    @property
    def port(self) -> str:
        return self._tcp.port

    @property
    def in_use(self) -> bool:
        """True while a DTE is connected."""
        return self._tcp.in_use

    @property
    def baud_rate(self) -> int:
        """The speed that the DTE set last, in bit/s."""
        return self._serial.baudrate

    @property
    def dte_baud_rate(self) -> int:
        """The speed that the DTE which is connected has set, in bit/s; 0 as long as it has set none."""
        return self._serial.baudrate if self._serial.has_speed else 0

    @property
    def lines(self) -> tuple[bool, bool]:
        """The DTE's DTR and RTS."""
        return self._serial.dtr, self._serial.rts

    def show(
        self, *, cts: bool | None = None, dsr: bool | None = None, cd: bool | None = None, ri: bool | None = None
    ) -> None:
        """Set the module's own lines, and tell the DTE; None leaves one as it is. CTS and DSR are on from the start."""
        port = self._serial
        port.cts = port.cts if cts is None else cts
        port.dsr = port.dsr if dsr is None else dsr
        port.cd = port.cd if cd is None else cd
        port.ri = port.ri if ri is None else ri
        if self._manager is not None:
            self._manager.check_modem_lines()

    # The line.

    def read_now(self, limit: int) -> bytes | None:
        if self._early:
            early, self._early = self._early[:limit], self._early[limit:]
            return early
        while True:
            self._tell()
            if self._at == len(self._raw):
                raw = self._tcp.read_now(limit) if self._answers <= _ANSWERS else None
                if raw is None:
                    return None
                self._raw, self._at = raw, 0
            if plain := self._decode(limit):
                return plain

    def write_now(self, data: bytes | memoryview) -> int:
        """Hand bytes to the line; return how many were taken, 0 when it is full.

        Bytes that are sent while no DTE is connected are lost.
        """
        if not self._tcp.in_use:
            return len(data)
        if not self._flush():
            return 0
        piece = bytes(data[:_PIECE])
        self._data += piece.replace(_IAC, rfc2217.IAC_DOUBLED)
        self._flush()
        return len(piece)

    async def wait_readable(self) -> None:
        if self._early or self._at < len(self._raw) or self._changes:
            await trio.lowlevel.checkpoint()
            return
        while self._answers > _ANSWERS and not self._closed:
            await self._drained.wait()
        await self._tcp.wait_readable()

    async def wait_writable(self) -> None:
        while self._control or self._data:
            await self._drained.wait()
        if self._closed:
            raise trio.ClosedResourceError(f"{self.port} was closed")
        await trio.lowlevel.checkpoint()

    async def wait_opened(self) -> None:
        """Wait until a DTE has come and has finished opening: pyserial drops what it is sent before that.

        It has when it sends something, or no more of Telnet's own. Nobody may read the line meanwhile.
        """
        await self._tcp.wait_opened()
        with trio.move_on_after(_SETTLED_AT_MOST):
            while not self._early:
                with trio.move_on_after(_SETTLED) as silence:
                    await self.wait_readable()
                if silence.cancelled_caught:
                    return
                self._early = self.read_now(_PIECE) or b""

    async def watch(self) -> None:
        """Serve each DTE that comes, unless another one is there and stays. Runs until cancelled or closed."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._drain)
            await self._tcp.watch()
            nursery.cancel_scope.cancel()

    async def _drain(self) -> None:
        """Write what the socket did not take at once: answers have no other task that would wait for it."""
        while not self._closed:
            await self._stuck.wait()
            try:
                await self._tcp.wait_writable()
            except trio.ClosedResourceError:
                return
            self._stuck = trio.Event()
            self._flush()

    # Decoding.

    def _decode(self, limit: int) -> bytes:
        """Return the plain bytes up to the next change of a modem line or of the speed.

        The former has to be told of in between; what came before the latter was sent at the speed before it.
        """
        manager, raw, plain = self._manager, self._raw, self._plain
        plain.clear()
        while self._at < len(raw) and len(plain) < limit and not self._changes:
            if manager is None or manager is not self._manager:
                self._raw, self._at = b"", 0  # the DTE is gone
                break
            if manager.mode == rfc2217.M_NORMAL and manager.suboption is None:
                end = raw.find(_IAC, self._at, self._at + limit - len(plain))
                if end < 0:
                    end = min(len(raw), self._at + limit - len(plain))
                plain += raw[self._at : end]
                self._at = end
                if len(plain) == limit or end == len(raw) or (plain and raw.startswith(_SET_SPEED, end)):
                    break
                if raw.startswith(rfc2217.IAC_DOUBLED, end):  # as filter takes it, which costs twenty times as much
                    plain += _IAC
                    self._at += 2
                    continue
            self._at += 1
            self._feed(manager, raw[self._at - 1 : self._at])
        return bytes(plain)

    def _feed(self, manager: rfc2217.PortManager, byte: bytes) -> None:
        """Take one byte of Telnet's own."""
        try:
            self._plain += b"".join(manager.filter(byte))
        except (TypeError, ValueError, KeyError, struct.error):  # PortManager trusts what it is sent
            self._complain("is malformed")
            manager.suboption, manager.mode = None, rfc2217.M_NORMAL
        if manager.suboption is not None and len(manager.suboption) > _SUBOPTION:
            self._complain("does not end")
            manager.suboption, manager.mode = None, rfc2217.M_NORMAL

    def _complain(self, what: str) -> None:
        if not self._complained:
            _log.warning("%s: the DTE sent a Telnet subnegotiation that %s; it is ignored", self.port, what)
        self._complained = True

    def _tell(self) -> None:
        changes, self._changes = self._changes, []
        for dtr, rts in changes:
            if self.on_lines is not None:
                self.on_lines(dtr, rts)

    # Writing.

    def _flush(self) -> bool:
        """Hand over what waits; return True when nothing is left."""
        while part := self._control or self._data:
            count = self._tcp.write_now(bytes(part))
            if not self._tcp.in_use:
                break
            if count == 0:
                self._stuck.set()
                return False
            # Escaped bytes 0xFF come in pairs: an odd number of them is a cut within one, and no answer may be there.
            cut = part is self._data and part.count(_IAC, 0, count) % 2
            del part[: count + cut]
            if cut:
                self._control += _IAC
        self._let_go()
        return True

    def _let_go(self) -> None:
        """Forget what waits to be written, and wake whoever waits for that."""
        self._control.clear()
        self._data.clear()
        self._answers = 0
        self._drained.set()
        self._drained = trio.Event()

    # What PortManager calls.

    def write(self, data: bytes) -> None:
        """Send the DTE an answer."""
        self._control += data
        if not self._flush():
            self._answers += len(data)

    def lines_changed(self) -> None:
        """Note that the DTE set DTR or RTS."""
        if self.on_lines is not None:
            self._changes.append(self.lines)

    def purge_output(self) -> None:
        """Forget what the module sent and the DTE has not got. Bytes that the kernel has are on their way."""
        self._data.clear()

    def purge_input(self) -> None:
        """Forget what the DTE sent and the module has not got."""
        self._plain.clear()
        self._early = b""

    # The DTE.

    def _on_dte(self, came: bool) -> None:
        self._raw, self._at, self._early = b"", 0, b""
        self._plain.clear()
        self._let_go()
        self._manager = None
        self._serial.hang_up()
        self._tell()
        if came:
            self._complained = False
            manager = rfc2217.PortManager(cast(rfc2217.Serial, self._serial), cast(rfc2217.Serial, self))
            if self._tcp.in_use:
                self._manager = manager


def open_rfc2217(host: str = LOOPBACK, number: int = 0) -> Rfc2217Link:
    """Listen on a port; 0 is one that the system chooses, and ``port`` tells which.

    Raises LinkError like ``open_tcp``.
    """
    return Rfc2217Link(open_tcp(host, number, "rfc2217"))
