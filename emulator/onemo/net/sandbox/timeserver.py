"""A time server that tells the host's time (RFC 5905)."""

from __future__ import annotations

import time
from collections.abc import Callable

_PACKET = 48  # bytes without extensions
_ORIGINATE, _TRANSMIT = slice(24, 32), slice(40, 48)
_VERSIONS = range(1, 5)
_CLIENT, _SERVER = 3, 4
_STRATUM = 2
_REFERENCE = 0xC6120001  # 198.18.0.1: a stratum 2 server names the one above it
_PRECISION = -20  # a power of two, in seconds
_DISTANCE = 0.01  # seconds, of the root's delay and of its dispersion
_SINCE_UPDATE = 16.0  # seconds
_ERA = 1 << 32  # seconds


class TimeServer:
    """A server for SNTP clients; ntplib is loaded with the first request. clock: seconds since 1970-01-01 UTC."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def answer(self, request: bytes) -> bytes | None:
        """Answer a client's packet; None for anything else."""
        if len(request) < _PACKET:
            return None
        import ntplib

        query = ntplib.NTPPacket()
        query.from_data(request)
        if query.mode != _CLIENT or query.version not in _VERSIONS:
            return None
        now = ntplib.system_to_ntp_time(self._clock()) % _ERA
        reply = ntplib.NTPPacket(query.version, _SERVER, now)
        reply.stratum, reply.poll, reply.precision = _STRATUM, max(query.poll, 0), _PRECISION
        reply.root_delay = reply.root_dispersion = _DISTANCE
        reply.ref_id, reply.ref_timestamp, reply.recv_timestamp = _REFERENCE, (now - _SINCE_UPDATE) % _ERA, now
        packet = bytearray(reply.to_data())
        # The very bits: the codec's float would round them, and clients compare.
        packet[_ORIGINATE] = request[_TRANSMIT]
        return bytes(packet)
