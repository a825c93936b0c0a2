"""Echo requests and replies as bytes."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import icmplib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onemo.net.interface import AddressFamily

from tests.unit.net.conftest import LOOPBACK
from tests.unit.net.host.icmp_parts import (
    CODECS,
    FAMILIES,
    REPLY,
)


@given(
    how=st.sampled_from(sorted(CODECS, key=str)),
    start=st.sampled_from([b"", b"\x45", b"\0", b"\x81", b"\x03", b"\x01"]),
    rest=st.binary(max_size=128),
)
def test_any_bytes_as_an_icmp_packet(how: tuple[AddressFamily, bool], start: bytes, rest: bytes) -> None:
    codec = CODECS[how]
    request = codec.request(7, 8, 16)
    assert not codec.is_reply(start + rest, request)
    assert not codec.is_quote(start + rest, request)


@given(
    words=st.integers(5, 15),
    identifier=st.integers(0, 65535),
    sequence=st.integers(0, 65535),
    size=st.integers(1, 1400),
)
def test_an_ip_header_of_any_length(words: int, identifier: int, sequence: int, size: int) -> None:
    codec = CODECS[AddressFamily.IPV4, True]
    request = codec.request(identifier, sequence, size)
    header = bytes([0x40 | words]).ljust(4 * words, b"\xff")
    assert codec.is_reply(header + b"\0\0" + request.packet[2:], request)
    assert not codec.is_reply(header + request.packet, request)


@given(
    identifier=st.integers(0, 65535), sequence=st.integers(0, 65535), quoted=st.integers(8, 40), wrong=st.integers(0, 7)
)
def test_what_an_icmp_error_quotes(identifier: int, sequence: int, quoted: int, wrong: int) -> None:
    codec = CODECS[AddressFamily.IPV6, False]
    request = codec.request(identifier, sequence, 32)
    quote = bytearray(request.packet[:quoted])
    quote[2] ^= 0xFF  # the checksum is the kernel's
    assert codec.is_quote(bytes(quote), request)
    quote[wrong] ^= 1
    assert codec.is_quote(bytes(quote), request) == (wrong in (2, 3))


class Wire(socket.socket):
    """A socket as icmplib makes one: what it sends is kept, and comes back as what it receives.

    UDP takes the place of ICMP, which the host may not permit.
    """

    sent = b""

    def __init__(self, family: int, **_: int) -> None:
        super().__init__(family, socket.SOCK_DGRAM)

    def setsockopt(self, *option: object) -> None:
        pass

    def sendto(self, packet: bytes, address: object) -> int:  # type: ignore[override]
        self.sent = packet
        return len(packet)

    def recvfrom(self, size: int, flags: int = 0) -> tuple[bytes, tuple[str, int]]:
        return self.sent, ("127.0.0.1", 0)


@pytest.fixture(params=FAMILIES)
def second_opinion(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[AddressFamily, Any]]:
    monkeypatch.setattr(socket, "socket", Wire)
    kind = icmplib.ICMPv4Socket if request.param is AddressFamily.IPV4 else icmplib.ICMPv6Socket
    with kind(privileged=False) as other:
        monkeypatch.undo()
        yield request.param, other


@given(identifier=st.integers(0, 65535), sequence=st.integers(0, 65535), size=st.integers(1, 1400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_icmplib_is_of_the_same_opinion(
    second_opinion: tuple[AddressFamily, Any], identifier: int, sequence: int, size: int
) -> None:
    family, other = second_opinion
    ours = CODECS[family, False].request(identifier, sequence, size)
    theirs = icmplib.ICMPRequest(LOOPBACK[family], identifier, sequence, payload=ours.packet[8:])
    other.send(theirs)
    assert other.sock.sent == ours.packet
    other.sock.sent = ours.reply
    reply = other.receive()
    assert (reply.id, reply.sequence, reply.type, reply.code) == (identifier, sequence, REPLY[family][0], 0)
    assert reply.bytes_received == 8 + size
