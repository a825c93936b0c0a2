"""A descriptor as a line."""

from __future__ import annotations

import socket

from onemo.link.fd import FdLink


def test_what_came_before_the_line_is_lost_is_read_first() -> None:
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with near:
        near.setblocking(False)
        link = FdLink(near.fileno(), "socket")
        with far:
            far.send(bytes(4095))
        assert link.read_now(1 << 16) == bytes(4095)
        assert link.read_now(1 << 16) is None
        assert link.lost is not None
