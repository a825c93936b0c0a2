"""The time of an NTP server: ntplib reads and writes the packets (RFC 4330, RFC 5905)."""

from __future__ import annotations

import os
import socket
import time

import trio

from onemo.errors import NetError, NetFailure
from onemo.net.host.addresses import DOMAIN, family_of, own_address

_CLIENT, _SERVER = 3, 4  # modes
_VERSION = 4
_UNSYNCHRONISED = 3  # leap indicator
_STRATA = range(1, 16)  # 0 is a kiss-o'-death, 16 unsynchronised, the others mean nothing
_LARGEST_ANSWER = 1024  # bytes; extensions follow the 48 that count
_ERA = 2**32  # seconds
_ERA_1_ENDS = 2**31  # RFC 4330, 3: a timestamp below this one is of the era that begins in 2036


async def ask(address: str, port: int, source: str | None = None) -> float:
    """Ask for the server's time, at the moment of the return: seconds since 1970-01-01 UTC.

    address is an IPv4 or IPv6 literal, source as in HostNetwork. Waits without limit. Raises NetError: UNUSABLE, the
    answer is garbage, a kiss-o'-death, or from a server that does not know the time; OTHER, there is no way there or
    nobody there; NAME, no literal.
    """
    family = family_of(address)
    if not port:
        # The kernel takes it for "not connected" and would let in everybody's datagrams.
        raise NetError(NetFailure.OTHER, "UDP has no port 0")
    try:
        with trio.socket.socket(DOMAIN[family], socket.SOCK_DGRAM) as sock:
            if (own := own_address(source, family)) is not None:
                await sock.bind((own, 0))
            await sock.connect((address, port))
            return await _exchange(sock)
    except OSError as error:
        raise NetError(NetFailure.OTHER, f"{address} port {port}: {error.strerror}") from error


async def _exchange(sock: trio.socket.SocketType) -> float:
    """Ask, and wait for the answer to this very question. sock is connected. Raises OSError, NetError(UNUSABLE)."""
    from ntplib import NTPPacket

    # Nobody who has not seen the question can answer it. 48 bits: a float holds them and so gives them back.
    nonce = int.from_bytes(os.urandom(6), "big") / 2**16
    question: bytes = NTPPacket(_VERSION, _CLIENT, nonce).to_data()
    sent = time.perf_counter()
    await sock.send(question)
    while True:
        data = await sock.recv(_LARGEST_ANSWER)
        answer = read_answer(data, nonce, time.perf_counter() - sent)
        if answer is not None:
            return answer


def read_answer(data: bytes, nonce: float, elapsed: float) -> float | None:
    """Read the time in an answer: seconds since 1970-01-01 UTC. None: it answers another question.

    nonce is the question's transmit timestamp (seconds), elapsed the seconds since it was sent: half of what the server
    did not keep it is the way back. Raises NetError(UNUSABLE).
    """
    from ntplib import NTP, NTPException, NTPPacket

    answer = NTPPacket()
    try:
        answer.from_data(data)
    except NTPException:
        raise NetError(NetFailure.UNUSABLE, f"{len(data)} bytes are no NTP packet") from None
    if answer.mode != _SERVER or not answer.version:
        raise NetError(NetFailure.UNUSABLE, f"NTP version {answer.version} mode {answer.mode} is no answer")
    if answer.orig_timestamp != nonce:
        return None
    if answer.stratum not in _STRATA:
        raise NetError(NetFailure.UNUSABLE, f"stratum {answer.stratum}, {data[12:16]!r}")
    if answer.leap == _UNSYNCHRONISED:
        raise NetError(NetFailure.UNUSABLE, "the server is not synchronised")
    told: float = answer.tx_timestamp
    if not told:
        raise NetError(NetFailure.UNUSABLE, "the server tells no time")
    kept = min(max(told - answer.recv_timestamp, 0.0), elapsed)
    epoch = _ERA - NTP.NTP_DELTA if told < _ERA_1_ENDS else -NTP.NTP_DELTA
    return float(told + epoch + (elapsed - kept) / 2)
