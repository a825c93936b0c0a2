"""Servers of names and of the time on loopback, each answered by a thread."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Self

import dns.message
import dns.rcode
import dns.rrset
from ntplib import NTPPacket, system_to_ntp_time

from tests.e2e.peers import IPV4, port_of

Answer = Callable[[bytes], bytes | None]
NOON = 1_772_366_400.0
"""2026-03-01 12:00:00 UTC."""


class Server:
    """A UDP server; None is no answer. asked: every request that came, in order."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[bytes] = []
        self._answer = answer
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((IPV4, 0))
        self._stop, self._told = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name="server")

    @property
    def port(self) -> int:
        return port_of(self._socket)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.close()
        self._thread.join()
        self._told.close()
        self._socket.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._told, selectors.EVENT_READ)
            while True:
                if self._told in [key.fileobj for key, _ in selector.select()]:
                    return
                request, source = self._socket.recvfrom(4096)
                self.asked.append(request)
                answer = self._answer(request)
                if answer is not None:
                    self._socket.sendto(answer, source)


def names(zone: Mapping[str, Mapping[str, str]]) -> Answer:
    """A name server that knows these records by name and type; of a name in silent.test it says nothing."""

    def answer(request: bytes) -> bytes | None:
        query = dns.message.from_wire(request)
        name, kind = query.question[0].to_text().split()[0], query.question[0].to_text().split()[-1]
        if name.endswith("silent.test."):
            return None
        response = dns.message.make_response(query, recursion_available=True)
        records = zone.get(name.removesuffix("."))
        if records is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif kind in records:
            response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *records[kind].split()))
        return response.to_wire(want_shuffle=False)

    return answer


def noon(request: bytes) -> bytes:
    """A time server at which it is always noon."""
    asked = NTPPacket()
    asked.from_data(request)
    answer = NTPPacket(version=asked.version, mode=4, tx_timestamp=system_to_ntp_time(NOON))
    answer.stratum = 2
    answer.orig_timestamp = asked.tx_timestamp
    answer.recv_timestamp = answer.tx_timestamp
    data: bytes = answer.to_data()
    return data


def silence(request: bytes) -> None:
    """No answer."""
