"""The speed that a program has set on a terminal."""

from __future__ import annotations

import fcntl
import struct

_TCGETS2 = 0x802C542A
_TERMIOS2 = struct.Struct("=4IB19s2I")


def speed_of(terminal: int) -> int:
    """Return the output speed of a terminal's descriptor in bit/s, odd ones (``BOTHER``) too; 0 where it has hung up.

    A pseudo-terminal that nobody has set has 38400.
    """
    try:
        answer = fcntl.ioctl(terminal, _TCGETS2, bytes(_TERMIOS2.size))
    except OSError:
        return 0
    speed: int = _TERMIOS2.unpack(answer)[-1]
    return speed
