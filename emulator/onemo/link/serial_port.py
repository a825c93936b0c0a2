"""The serial port that a Telnet client of RFC 2217 believes to be at the other end."""

from __future__ import annotations

from typing import Protocol


class PortListener(Protocol):
    """A listener to what the DTE does with the port."""

    def lines_changed(self) -> None:
        """Note that the DTE set DTR or RTS."""
        ...

    def purge_output(self) -> None:
        """Forget what the module sent and the DTE has not got."""
        ...

    def purge_input(self) -> None:
        """Forget what the DTE sent and the module has not got."""
        ...


class SerialPort:
    """The serial port that pyserial's PortManager works on.

    PortManager answers a ValueError with the value that stays. has_speed: the DTE has set one since it came.
    """

    def __init__(self, link: PortListener, baud_rate: int) -> None:
        self.has_speed = False
        self._baud_rate = baud_rate
        self.parity: str = "N"
        self.stopbits: float = 1
        self.xonxoff = self.rtscts = self.break_condition = False
        self.cts = self.dsr = True
        self.cd = self.ri = False
        self._link = link
        self._bytesize = 8
        self._dtr = self._rts = False

    @property
    def baudrate(self) -> int:
        """The speed in bit/s; PortManager never sets 0."""
        return self._baud_rate

    @baudrate.setter
    def baudrate(self, rate: int) -> None:
        self._baud_rate, self.has_speed = rate, True

    @property
    def bytesize(self) -> int:
        """The number of data bits. Setting it raises ValueError outside 5-8."""
        return self._bytesize

    @bytesize.setter
    def bytesize(self, size: int) -> None:
        if not 5 <= size <= 8:
            raise ValueError(f"{size} data bits")
        self._bytesize = size

    @property
    def dtr(self) -> bool:
        """The DTE's DTR. Setting it tells the listener of a change."""
        return self._dtr

    @dtr.setter
    def dtr(self, on: bool) -> None:
        self._set_lines(on, self._rts)

    @property
    def rts(self) -> bool:
        """The DTE's RTS. Setting it tells the listener of a change."""
        return self._rts

    @rts.setter
    def rts(self, on: bool) -> None:
        self._set_lines(self._dtr, on)

    def hang_up(self) -> None:
        """Switch both lines off, as when a DTE closes its port; the speed is that of nobody then."""
        self.has_speed = False
        self._set_lines(False, False)

    def _set_lines(self, dtr: bool, rts: bool) -> None:
        if (dtr, rts) != (self._dtr, self._rts):
            self._dtr, self._rts = dtr, rts
            self._link.lines_changed()

    def reset_input_buffer(self) -> None:
        """Forget what came from the module."""
        self._link.purge_output()

    def reset_output_buffer(self) -> None:
        """Forget what goes to the module."""
        self._link.purge_input()
