"""What faults make of the answers of a web server, and of the URCs that tell them."""

from __future__ import annotations

import math

import h11
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import NetError, NetFailure
from onemo.families import HTTP
from onemo.faults.seams.http import HttpFilter, bare
from onemo.faults.seams.network import FaultyNetwork
from onemo.net.interface import Connection, NamePolicy, OpenRequest, Transport
from onemo.profile.index import Label
from trio.testing import MockClock

from tests.support.faulty import FaultyDriver
from tests.unit.faults.plans import Plan
from tests.unit.faults.seams.ends import failure, receive, send
from tests.unit.runtime.doubles import Peer, World

OPEN = OpenRequest(Transport.TCP, "web.example.com", 80, 60, NamePolicy(), label=Label(HTTP, 1))
ASKED = b"GET /a b?x=1 HTTP/1.1\r\nHost: web.example.com\r\nContent-Length: 0\r\n\r\n"
HEADER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nX: 1\r\n\r\n"


async def asked(nursery: trio.Nursery, *faults: str, seed: int = 1) -> tuple[Connection, Peer, FaultyNetwork]:
    """A connection on which a request was sent."""
    world = World()
    network = FaultyNetwork(world, Plan(*faults, seed=seed))
    nursery.start_soon(network.run)
    connection = await network.open(OPEN)
    peer = world.peers[-1]
    await send(connection, ASKED)
    assert bytes(peer.taken) == ASKED
    return connection, peer, network


async def answer(nursery: trio.Nursery, *faults: str, pieces: int = 1) -> bytes:
    """What comes, at once, of HEADER and hello."""
    connection, peer, _ = await asked(nursery, *faults)
    data = HEADER + b"hello"
    size = -(-len(data) // pieces)
    got = b""
    for start in range(0, len(data), size):
        peer.sends(data[start : start + size])
        while piece := connection.receive_now(1460):
            got += piece
    return got


@pytest.mark.parametrize("pieces", [1, 3, len(HEADER) + 5])
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("http-status", HEADER.replace(b"200 OK", b"503 Service Unavailable") + b"hello"),
        ("http-status status=299", HEADER.replace(b"200 OK", b"299 Unknown") + b"hello"),
        ("http-length by=7", HEADER.replace(b"5", b"12") + b"hello"),
        ("http-length by=-9", HEADER.replace(b"5", b"0") + b"hello"),
        ("http-redirect-loop", b"HTTP/1.1 302 Found\r\nLocation: /a b?x=1\r\nContent-Length: 0\r\n\r\n"),
    ],
)
async def test_the_answer_is_another(
    nursery: trio.Nursery, autojump_clock: MockClock, fault: str, expected: bytes, pieces: int
) -> None:
    assert await answer(nursery, fault, pieces=pieces) == expected


@pytest.mark.parametrize(
    ("scope", "fires"),
    [
        ("httpid=1", True),
        ("httpid=0", False),
        ("host=WEB.*", True),
        ("host=mqtt.*", False),
        ("path='/a *'", True),
        ("path=/A*", False),
        ("path=/a", False),
        ("path=*x=1 httpid=1 host=web.example.com", True),
    ],
)
async def test_whom_it_concerns(nursery: trio.Nursery, autojump_clock: MockClock, scope: str, fires: bool) -> None:
    assert (b" 503 " in await answer(nursery, f"http-status {scope}")) == fires


async def test_a_slow_server(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer, _ = await asked(nursery, "http-slow seconds=3s", "http-slow seconds=2s")
    peer.sends(HEADER)
    assert connection.receive_now(1460) is None
    await trio.sleep(1)
    peer.sends(b"hello", b"")
    assert await receive(connection) == HEADER + b"hello"
    assert (await receive(connection), trio.current_time()) == (b"", 5)


async def test_a_silent_server_answers_when_the_fault_is_gone(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer, network = await asked(nursery, "http-silence")
    plan = network._faults
    assert isinstance(plan, Plan)
    peer.sends(HEADER, b"hello", b"")
    with trio.move_on_after(1000) as waited:
        await connection.wait_readable()
    assert waited.cancelled_caught
    network.release(list(plan.plan))
    assert await receive(connection) == HEADER + b"hello"
    assert await receive(connection) == b""


@pytest.mark.parametrize("size", [0, 3, 5, 100])
async def test_a_server_that_closes(nursery: trio.Nursery, autojump_clock: MockClock, size: int) -> None:
    connection, peer, _ = await asked(nursery, f"http-cut size={size}", "http-slow seconds=1s")
    peer.sends(HEADER + b"hel", b"lo")
    got = b""
    with trio.move_on_after(10):
        while piece := await receive(connection):
            got += piece
        assert size <= 5
    assert got == HEADER + b"hello"[:size]


async def test_a_header_that_never_ends_passes(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer, _ = await asked(nursery, "http-status")
    lines = b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 4000
    peer.sends(lines[:9000], lines[9000:])
    got = b""
    while len(got) < len(lines):
        got += connection.receive_now(65536) or b""
    assert got == lines


async def test_what_was_kept_comes_before_the_end(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    for last in (b"", NetError(NetFailure.RESET, "reset")):
        connection, peer, _ = await asked(nursery, "http-status")
        peer.sends(b"HTTP/1.1 200 O", last)
        assert await receive(connection) == b"HTTP/1.1 200 O"
        if last == b"":
            assert await receive(connection) == b""
        else:
            assert await failure(connection) is NetFailure.RESET


async def test_answers_before_the_answer_pass(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer, _ = await asked(nursery, "http-status")
    peer.sends(b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + HEADER)
    early = b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
    assert connection.receive_now(1460) == early + HEADER.replace(b"200 OK", b"503 Service Unavailable")


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_what_is_no_answer_passes_whatever_its_pieces(data: bytes, sizes: list[int]) -> None:
    class Never:
        def armed_on(self, layer: object) -> bool:
            return True

        def chosen(self, layer: object, occasion: object) -> list[object]:
            return []

    made = HttpFilter(OPEN, Never())  # type: ignore[arg-type]
    got, position = b"", 0
    while position < len(data):
        size = sizes[position % len(sizes)]
        for piece, late in made.received(data[position : position + size]):
            assert late < math.inf
            got += piece
        position += size
    assert got + made.rest() == data


async def test_a_rewritten_header_can_be_read(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    got = await answer(nursery, "http-status status=418", "http-length by=-2")
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(got)
    response, data = client.next_event(), client.next_event()
    assert isinstance(response, h11.Response)
    assert isinstance(data, h11.Data)
    assert (response.status_code, bytes(data.data)) == (418, b"hel")


# URCs.


def test_a_urc_whose_data_is_on_the_next_line() -> None:
    for head in (b'+MHTTPURC: "header",0,200,62', b'+MHTTPURC: "content",1,0,11,6'):
        assert bare(b"\r\n" + head + b",a,b\r\n", b"\r\n") == b"\r\n" + head + b"\r\na,b\r\n"
    for other in (b'\r\n+MHTTPURC: "err",0,5\r\n', b'\r\n+MHTTPURC: "recv",0,200,1,2\r\n'):
        assert bare(other, b"\r\n") == other


@pytest.mark.parametrize(
    ("scope", "fires"),
    [("httpid=0", True), ("httpid=1", False), ("path=/x host=h", True), ("path=/y", False), ("host=other", False)],
)
def test_it_is_told_so(scope: str, fires: bool) -> None:
    driver = FaultyDriver("ML307R", f"http-urc-bare {scope}").boot()
    for line in ('AT+MHTTPCREATE="http://h"', 'AT+MHTTPREQUEST=0,1,0,"/x"'):
        assert b"OK" in driver.ask(line)
    driver.take()
    driver.world.peer_sends(("httpid", 0), b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    heard = driver.take()
    header, end = b'"header",0,200,36', b"\r\n" if fires else b","
    assert header + end + b"HTTP/1.1 200 OK" in heard
    assert b'"content",0,5,5,5' + end + b"hello\r\n" in heard
