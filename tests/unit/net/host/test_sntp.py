"""The time, asked of a small NTP server on loopback."""

from __future__ import annotations

import math
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from ntplib import NTPPacket, system_to_ntp_time
from onemo.errors import NetError, NetFailure
from onemo.net.host.sntp import ask, read_answer
from onemo.net.interface import AddressFamily

from tests.unit.net.conftest import LOOPBACK, SOCKET_FAMILY, Peers, open_files, port_of

NOON = 1_772_366_400.0  # 2026-03-01 12:00:00 UTC
NONCE = 1234.5

Answers = Callable[[bytes], Sequence[bytes]]


def answer_to(question: bytes, **changes: float) -> bytes:
    """A good server's answer at noon, with some of the packet's fields changed. Timestamps are NTP's."""
    asked = NTPPacket()
    asked.from_data(question)
    answer = NTPPacket(version=asked.version, mode=4, tx_timestamp=system_to_ntp_time(NOON))
    answer.stratum = 2
    answer.orig_timestamp = asked.tx_timestamp
    answer.recv_timestamp = answer.tx_timestamp
    for field, value in changes.items():
        setattr(answer, field, value)
    data: bytes = answer.to_data()
    return data


@asynccontextmanager
async def server_of(answers: Answers, family: AddressFamily = AddressFamily.IPV4) -> AsyncIterator[int]:
    """The port of a server that sends these answers to each question."""

    async def serve(sock: trio.socket.SocketType) -> None:
        while True:
            question, source = await sock.recvfrom(1024)
            for answer in answers(question):
                await sock.sendto(answer, source)

    with trio.socket.socket(SOCKET_FAMILY[family], socket.SOCK_DGRAM) as sock:
        await sock.bind((LOOPBACK[family], 0))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, sock)
            yield sock.getsockname()[1]
            nursery.cancel_scope.cancel()


def is_noon(told: float) -> bool:
    """Noon, and half of the way there and back."""
    return NOON <= told < NOON + 2.5


async def told_by(answers: Answers) -> float:
    async with server_of(answers) as port:
        with trio.fail_after(5):
            return await ask("127.0.0.1", port)


async def failure_of(answers: Answers) -> NetFailure:
    failures = []
    async with server_of(answers) as port:
        with trio.fail_after(5), pytest.raises(NetError) as refusal:
            await ask("127.0.0.1", port)
        failures.append(refusal.value.failure)
    return failures[0]


@pytest.mark.parametrize("family", [AddressFamily.IPV4, AddressFamily.IPV6])
async def test_the_servers_time(family: AddressFamily) -> None:
    questions = []

    def answers(question: bytes) -> list[bytes]:
        questions.append(question)
        return [answer_to(question)]

    before = open_files()
    async with server_of(answers, family) as port:
        for _ in range(2):
            assert is_noon(await ask(LOOPBACK[family], port))
    assert open_files() == before
    for question in questions:
        assert len(question) == 48
        assert question[0] == 0o43  # leap 0, version 4, mode 3
        assert question[1:40] == bytes(39)
    assert questions[0][40:] != questions[1][40:]


async def test_an_answer_to_another_question_is_ignored() -> None:
    def answers(question: bytes) -> list[bytes]:
        return [
            answer_to(question, orig_timestamp=0, tx_timestamp=1),
            answer_to(question, orig_timestamp=NONCE, tx_timestamp=2),
            answer_to(question, orig_timestamp=0, stratum=0),  # a kiss-o'-death from who has not seen the question
            answer_to(question, orig_timestamp=0, leap=3),
            answer_to(question),
        ]

    assert is_noon(await told_by(answers))


async def test_an_answer_from_elsewhere_is_ignored(peers: Peers) -> None:
    elsewhere = peers.udp()
    asked = []

    async def serve(sock: trio.socket.SocketType) -> None:
        question, source = await sock.recvfrom(1024)
        asked.append(source)
        elsewhere.sendto(answer_to(question, tx_timestamp=1), source)
        await sock.sendto(answer_to(question), source)

    with trio.socket.socket(type=socket.SOCK_DGRAM) as sock:
        await sock.bind(("127.0.0.1", 0))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, sock)
            assert is_noon(await ask("127.0.0.1", sock.getsockname()[1]))
    assert len(asked) == 1


async def test_a_silent_server_is_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    before = open_files()
    async with server_of(lambda question: []) as port:
        with trio.move_on_after(3600) as scope:
            await ask("127.0.0.1", port)
    assert scope.cancelled_caught
    assert open_files() == before


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(lambda question: [b""], id="empty"),
        pytest.param(lambda question: [b"12:00"], id="text"),
        pytest.param(lambda question: [answer_to(question)[:47]], id="too short"),
        pytest.param(lambda question: [question], id="an echo"),
        pytest.param(lambda question: [answer_to(question, mode=5)], id="broadcast"),
        pytest.param(lambda question: [answer_to(question, mode=6)], id="control"),
        pytest.param(lambda question: [answer_to(question, version=0)], id="version 0"),
        pytest.param(lambda question: [answer_to(question, stratum=0, ref_id=0x52415445)], id="kiss-o'-death"),
        pytest.param(lambda question: [answer_to(question, stratum=16)], id="stratum 16"),
        pytest.param(lambda question: [answer_to(question, stratum=255)], id="stratum 255"),
        pytest.param(lambda question: [answer_to(question, leap=3)], id="unsynchronised"),
        pytest.param(lambda question: [answer_to(question, tx_timestamp=0)], id="no time"),
    ],
)
async def test_an_unusable_answer(answers: Answers) -> None:
    assert await failure_of(answers) is NetFailure.UNUSABLE


@pytest.mark.parametrize(
    "changes", [{"leap": 1}, {"leap": 2}, {"stratum": 1}, {"stratum": 15}, {"version": 3}, {"version": 1}]
)
async def test_a_usable_answer(changes: dict[str, float]) -> None:
    assert is_noon(await told_by(lambda question: [answer_to(question, **changes)]))


async def test_what_follows_the_packet_does_not_count() -> None:
    assert is_noon(await told_by(lambda question: [answer_to(question) + b"extension" * 400]))


@pytest.mark.parametrize("family", [AddressFamily.IPV4, AddressFamily.IPV6])
async def test_nobody_there(peers: Peers, family: AddressFamily) -> None:
    gone = peers.udp(family)
    port = port_of(gone)
    gone.close()
    before = open_files()
    with trio.fail_after(5), pytest.raises(NetError) as refusal:
        await ask(LOOPBACK[family], port)
    assert refusal.value.failure is NetFailure.OTHER
    assert open_files() == before


@pytest.mark.parametrize(
    ("address", "port", "failure"),
    [
        ("127.0.0.1", 0, NetFailure.OTHER),
        ("255.255.255.255", 123, NetFailure.OTHER),  # a broadcast address, which is not permitted
        ("fe80::1", 123, NetFailure.OTHER),  # link-local without a link
        ("", 123, NetFailure.NAME),
        ("localhost", 123, NetFailure.NAME),
    ],
)
async def test_no_way_there(address: str, port: int, failure: NetFailure) -> None:
    with trio.fail_after(5), pytest.raises(NetError) as refusal:
        await ask(address, port)
    assert refusal.value.failure is failure


def told(elapsed: float = 0.0, **changes: float) -> float | None:
    question: bytes = NTPPacket(4, 3, NONCE).to_data()
    return read_answer(answer_to(question, **changes), NONCE, elapsed)


def test_the_way_back_is_added() -> None:
    noon = system_to_ntp_time(NOON)
    assert told(4.0) == NOON + 2
    assert told(4.0, recv_timestamp=noon - 3) == NOON + 0.5  # the server kept it for 3 seconds
    assert told(4.0, recv_timestamp=noon - 5) == NOON  # longer than it took: that is no help
    assert told(4.0, recv_timestamp=0) == NOON
    assert told(4.0, recv_timestamp=noon + 5) == NOON + 2


def test_the_era_that_begins_in_2036() -> None:
    rollover = 2**32 - 2_208_988_800  # 2036-02-07 06:28:16 UTC
    assert told(tx_timestamp=2**32 - 0.5) == rollover - 0.5
    assert told(tx_timestamp=0.5) == rollover + 0.5
    assert told(tx_timestamp=2**31) == 2**31 - 2_208_988_800  # 1968
    assert told(tx_timestamp=2**31 - 1) == rollover + 2**31 - 1  # 2104


@given(
    data=st.binary(max_size=80)
    | st.builds(
        lambda head, rest: bytes([head]) + rest, st.sampled_from([0o44, 0o34]), st.binary(min_size=47, max_size=60)
    )
    | st.builds(
        lambda rest, told: bytes([0o44, 1]) + rest + NTPPacket(tx_timestamp=NONCE).to_data()[40:] + told,
        st.binary(min_size=22, max_size=22),
        st.binary(min_size=16, max_size=16),
    ),
    elapsed=st.floats(0, 1e6),
)
def test_any_bytes_as_an_answer(data: bytes, elapsed: float) -> None:
    try:
        answer = read_answer(data, NONCE, elapsed)
    except NetError as error:
        failure = error.failure
    else:
        failure = NetFailure.UNUSABLE
        assert answer is None or (math.isfinite(answer) and answer >= -(2**31))
    assert failure is NetFailure.UNUSABLE


def test_ntplib_is_loaded_with_the_first_question_only() -> None:
    program = "import sys, onemo.net.host.sntp; print('ntplib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
