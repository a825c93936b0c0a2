"""The sandbox's servers over UDP: one socket, and a function from a datagram to its answer."""

from __future__ import annotations

import socket
from collections.abc import Callable
from random import Random

import trio

from onemo.net.sandbox.characters import PERIOD, text

Answer = Callable[[bytes], bytes | None]
"""Makes the answer to a datagram; None: there is none."""

_LARGEST_DATAGRAM = 65535
_TURNS = 16  # without a wait: senders that never stop must not keep everybody else waiting
_MOST_CHARACTERS = 512  # RFC 864


async def serve(sock: socket.socket, answer: Answer) -> None:
    """Answer every datagram, for ever, to where it came from. Owns the socket, non-blocking; cancelled, closes it."""
    turn = 0
    with sock:
        while True:
            turn += 1
            if turn % _TURNS == 0:
                await trio.lowlevel.checkpoint()
            try:
                data, source = sock.recvfrom(_LARGEST_DATAGRAM)
            except BlockingIOError:
                await trio.lowlevel.wait_readable(sock)
                continue
            except OSError:
                continue  # what became of an earlier answer
            reply = answer(data)
            if reply is not None:
                await _send(sock, reply, source)


async def _send(sock: socket.socket, data: bytes, to: tuple[str, int]) -> None:
    while True:
        try:
            sock.sendto(data, to)
        except BlockingIOError:
            await trio.lowlevel.wait_writable(sock)
        except OSError:
            return  # a datagram is lost, as datagrams are
        else:
            return


def echo(data: bytes) -> bytes:
    """Answer the same again (RFC 862)."""
    return data


def silence(data: bytes) -> None:
    """Answer nothing (RFC 863)."""


class Characters:
    """A generator of 0 to 512 characters, whatever was said (RFC 864); the lengths are the same in every run."""

    def __init__(self) -> None:
        self._dice = Random(864)
        self._begin = 0

    def answer(self, data: bytes) -> bytes:
        """Answer the next characters: one answer goes on where the one before ended."""
        size = self._dice.randint(0, _MOST_CHARACTERS)
        reply = text()[self._begin : self._begin + size]
        self._begin = (self._begin + size) % PERIOD
        return reply
