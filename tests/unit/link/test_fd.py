"""A descriptor as a line, read in as many pieces as it gives."""

from __future__ import annotations

import os
import socket

from hypothesis import example, given
from hypothesis import strategies as st
from onemo.link.fd import FdLink

FULL = 4095
"""Bytes that a terminal gives at most at one read."""
SIZES = st.lists(st.one_of(st.just(FULL), st.just(FULL), st.integers(1, FULL)), max_size=40)


@given(SIZES, st.integers(FULL, 1 << 16))
@example([FULL] * 20, 1 << 16)
@example([FULL] * 3, 2 * FULL)
@example([FULL, 1, FULL], 1 << 16)
def test_pieces_that_are_there_come_as_one(sizes: list[int], limit: int) -> None:
    """Each message of the socket is what one read of a terminal gives; where it is not full, there is no more."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with near, far:
        near.setblocking(False)
        far.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        link = FdLink(near.fileno(), "socket")
        whole = [os.urandom(size) for size in sizes]
        for piece in whole:
            far.send(piece)
        while whole:
            count = next((i for i, piece in enumerate(whole, 1) if len(piece) < FULL), len(whole))
            count = min(count, limit // FULL)
            assert link.read_now(limit) == b"".join(whole[:count])
            del whole[:count]
        assert link.read_now(limit) is None
        assert link.lost is None


def test_what_was_read_before_the_line_is_lost_comes_first() -> None:
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with near:
        near.setblocking(False)
        link = FdLink(near.fileno(), "socket")
        with far:
            far.send(bytes(FULL))
        assert link.read_now(1 << 16) == bytes(FULL)
        assert link.read_now(1 << 16) is None
        assert link.lost is not None
