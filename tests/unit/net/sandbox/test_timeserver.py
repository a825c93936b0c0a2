"""The time server, asked with ntplib's packets."""

from __future__ import annotations

import time

import ntplib
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from onemo.net.sandbox import Sandbox
from onemo.net.sandbox.timeserver import TimeServer

from tests.unit.net.sandbox.conftest import PATIENCE, datagrams

NOW = 1_700_000_000.25


def request(version: int = 4, mode: int = 3, transmit: bytes = bytes(range(8))) -> bytes:
    wire: bytes = ntplib.NTPPacket(version, mode).to_data()
    return wire[:40] + transmit


def packet(wire: bytes | None) -> ntplib.NTPStats:
    assert wire is not None
    stats = ntplib.NTPStats()
    stats.from_data(wire)
    return stats


async def test_it_tells_the_time_of_the_host(sandbox: Sandbox) -> None:
    before = time.time()
    with await datagrams(sandbox, 123) as sock, trio.fail_after(PATIENCE):
        await sock.send(request())
        reply = packet(await sock.recv(100))
    assert before - 1e-3 <= reply.recv_time <= reply.tx_time <= time.time() + 1e-3
    assert (reply.mode, reply.version, reply.stratum, reply.leap) == (4, 4, 2, 0)
    assert reply.ref_time < reply.tx_time


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_it_speaks_the_versions_of_its_clients(version: int) -> None:
    reply = packet(TimeServer(lambda: NOW).answer(request(version)))
    assert (reply.version, reply.tx_time) == (version, NOW)


def test_the_originate_timestamp_is_bit_by_bit_what_the_client_sent() -> None:
    transmit = b"\xe9\x12\x34\x56\xff\xff\xff\xff"
    reply = TimeServer().answer(request(transmit=transmit))
    assert reply is not None
    assert len(reply) == 48
    assert reply[24:32] == transmit


def test_extensions_are_ignored() -> None:
    assert packet(TimeServer(lambda: NOW).answer(request() + bytes(20))).tx_time == NOW


@pytest.mark.parametrize(
    "wire", [b"", bytes(47), request()[:47], request(mode=4), request(mode=1), request(version=0), request(version=5)]
)
def test_what_is_no_request_is_not_answered(wire: bytes) -> None:
    assert TimeServer().answer(wire) is None


@pytest.mark.parametrize("now", [0.0, -1.0, 2_085_978_496.0, 1e10])
def test_any_time_of_the_host_can_be_told(now: float) -> None:
    reply = packet(TimeServer(lambda: now).answer(request()))
    assert (reply.tx_time - now) % 2**32 == pytest.approx(0, abs=1e-5)


@given(st.binary(max_size=100) | st.binary(min_size=47, max_size=60).map(lambda tail: b"\x23" + tail))
def test_any_bytes_are_answered_with_a_reply_or_not_at_all(wire: bytes) -> None:
    reply = TimeServer(lambda: NOW).answer(wire)
    assert reply is None or packet(reply).tx_time == NOW


async def test_garbage_leaves_the_server_serving(sandbox: Sandbox) -> None:
    with await datagrams(sandbox, 123) as sock, trio.fail_after(PATIENCE):
        for wire in (b"", b"\xff" * 48, bytes(48), b"\x23", b"\xff" * 2000, request()):
            await sock.send(wire)
        assert packet(await sock.recv(100)).stratum == 2
