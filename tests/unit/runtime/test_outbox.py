"""Payload of transparent mode that the peer has not taken yet: it arrives, or the module says so and goes on."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.families.sockets.connections import Connections
from onemo.families.sockets.profile import CONNECTION
from onemo.net.host.sockets import HostNetwork
from onemo.runtime.models import load_model
from onemo.runtime.shell import Module
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.unit.runtime.doubles import Bench, Peer, lines

REFUSED = NetError(NetFailure.WRITE, "no way out")
RESET = NetError(NetFailure.RESET, "connection reset")
PAYLOAD = bytes(range(256)) * 600
PAUSE = 0.5
"""Seconds that end a packet, guard +++ and end a discard."""


async def online(bench: Bench, kind: str = "TCP", window: float = math.inf) -> Peer:
    """A transparent connection, connect_id 0, whose peer takes window bytes."""
    assert await bench.ask(f'AT+MIPOPEN=0,"{kind}","peer",80,,1') == ["OK", "CONNECT"]
    peer = bench.world.peers[-1]
    peer.window = window
    return peer


async def pass_on(bench: Bench, payload: bytes) -> bytes:
    """The DTE sends payload and is silent; what it hears."""
    bench.line.types(payload)
    await trio.sleep(PAUSE)
    return await bench.heard()


async def escape(bench: Bench) -> None:
    assert await pass_on(bench, b"+++") == b"\r\nOK\r\n"


async def test_no_more_is_read_than_may_wait_for_the_peer(bench: Bench, autojump_clock: MockClock) -> None:
    """The rest stays in the line; all of it arrives, in order, however the peer takes it."""
    peer = await online(bench, window=0)
    high_mark = bench.module.modem.profile.line.high_mark
    bench.line.types(PAYLOAD * 4)
    await wait_all_tasks_blocked()
    assert len(PAYLOAD) * 4 - len(bench.line.typed) == high_mark
    for size in (1, 4095, 70_000, 1024, math.inf):
        peer.takes(size)
        await wait_all_tasks_blocked()
        assert bench.module.modem.part(Connections)[0].queued <= high_mark + 4096
    assert peer.taken == PAYLOAD * 4


# A write that the host refuses.


@pytest.mark.parametrize("size", [10, len(PAYLOAD)])
@pytest.mark.parametrize("kind", ["TCP", "UDP"])
async def test_a_refused_write_ends_the_connection(
    bench: Bench, autojump_clock: MockClock, kind: str, size: int
) -> None:
    peer = await online(bench, kind)
    peer.failure = REFUSED
    assert lines(await pass_on(bench, PAYLOAD[:size])) == ['+MIPURC: "disconn",0,2']
    assert bench.module.modem.part(Connections)[0].queued == 0
    assert not bench.line.typed
    assert peer.aborted
    assert await bench.ask("AT", "AT+MIPSTATE=0") == ["OK", '+MIPSTATE: 0,,,,"INITIAL"', "OK"]


@pytest.mark.parametrize("kind", ["TCP", "UDP"])
async def test_a_write_refused_after_waiting_ends_the_connection(
    bench: Bench, autojump_clock: MockClock, kind: str
) -> None:
    peer = await online(bench, kind, window=0)
    assert await pass_on(bench, PAYLOAD) == b""
    assert bench.line.typed or bench.module.modem.part(Connections)[0].queued == len(PAYLOAD)
    peer.fails(REFUSED)
    assert lines(await bench.heard()) == ['+MIPURC: "disconn",0,2']
    assert bench.module.modem.part(Connections)[0].queued == 0
    assert not bench.line.typed
    await trio.sleep(PAUSE)
    assert await bench.ask("AT") == ["OK"]


# MIPCLOSE with payload on its way.


async def test_closing_waits_for_a_slow_but_steady_peer(bench: Bench, autojump_clock: MockClock) -> None:
    """Longer than one stall in all, never so long without a byte."""
    stall = bench.module.modem.model.profile.table(CONNECTION).close_stall
    peer = await online(bench, window=100)
    peer.closing.set()
    await pass_on(bench, PAYLOAD[:1000])
    await escape(bench)
    assert await bench.ask("AT+MIPCLOSE=0") == ["OK"]
    while len(peer.taken) < 1000:
        assert peer.plan is None, "the FIN came before the data"
        assert not peer.aborted
        assert await bench.heard() == b""
        await trio.sleep(0.75 * stall)
        peer.takes(100)
        await wait_all_tasks_blocked()
    assert lines(await bench.heard()) == ["+MIPCLOSE: 0"]
    assert peer.taken == PAYLOAD[:1000]
    assert peer.plan is not None


async def test_closing_gives_up_on_a_stuck_peer(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    bench = await Bench(nursery, model=load_model("ML307G")).start()
    peer = await online(bench, window=100)
    await pass_on(bench, PAYLOAD[:1000])
    await escape(bench)
    assert await bench.ask("AT+MIPCLOSE=0") == ["OK"]
    stall = bench.module.modem.model.profile.table(CONNECTION).close_stall
    assert lines(await bench.hears(stall)) == ["+MIPCLOSE: 0,1"]
    assert peer.plan is None, "an RST, no FIN"
    assert peer.aborted


# A loss with payload on its way, and a successor.


async def test_a_successor_counts_nothing_of_a_former_connection(bench: Bench, autojump_clock: MockClock) -> None:
    await bench.ask('AT+MIPCFG="ackmode",0,1')
    former = await online(bench, window=100)
    await pass_on(bench, PAYLOAD[:4096])
    former.sends(b"")
    assert '+MIPURC: "disconn",0,1' in lines(await bench.heard())
    await trio.sleep(PAUSE)
    successor = await bench.connect()
    former.takes(math.inf)
    await trio.sleep(PAUSE)
    assert await bench.heard() == b""
    assert former.taken == PAYLOAD[:4096]
    assert successor.taken == b""
    assert await bench.ask("AT+MIPSACK=0") == ["+MIPSACK: 0,0,0,0", "OK"]


async def test_a_break_is_told_when_the_connection_has_ended(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its local port then is free."""
    peer = await bench.connect()
    write_now = bench.line.write_now
    ended: list[bool] = []

    def watched(data: bytes | memoryview) -> int:
        ended.append(peer.aborted)
        return write_now(data)

    monkeypatch.setattr(bench.line, "write_now", watched)
    peer.sends(RESET)
    assert lines(await bench.heard()) == ['+MIPURC: "disconn",0,2']
    assert ended == [True]


# A given local port.


class Host(Bench):
    """A module on the host's network. No clock of a test's own: what is awaited comes within seconds."""

    def __init__(self, nursery: trio.Nursery) -> None:
        super().__init__(nursery)
        self.module = Module(load_model("ML305U"), self.line, HostNetwork(), boot_time=0)
        self.module.modem.register_time = 0.0

    async def until(self, ready: Callable[[], bool]) -> None:
        with trio.fail_after(20):
            while not ready():
                await self.line.spoken.wait()

    async def command(self, line: str, last: bytes) -> bytes:
        """Type a command, and return its answer, up to something in it."""
        self.line.types(line.encode() + b"\r")
        return await self.listen(last)

    async def listen(self, last: bytes) -> bytes:
        await self.until(lambda: last in self.line.heard)
        return self.line.reads()


def narrow_listener() -> socket.socket:
    """A peer that takes little before it reads."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


async def test_a_local_port_is_free_at_once_after_the_peer_closed(nursery: trio.Nursery) -> None:
    """Although not everything is sent: what is left gives way to a new connection."""
    host = Host(nursery)
    await host.start()
    with narrow_listener() as listener, narrow_listener() as other:
        local = free_port()
        opening = f'AT+MIPOPEN=0,"TCP","127.0.0.1",{{}},,{{}},{local}'
        await host.command(opening.format(listener.getsockname()[1], 1), b"CONNECT\r\n")
        far, _ = listener.accept()
        with far:
            host.line.types(PAYLOAD)
            await wait_all_tasks_blocked(0.05)
            assert host.module.modem.part(Connections)[0].queued
            far.shutdown(socket.SHUT_WR)
            await host.listen(b'"disconn",0,1\r\n')
            await wait_all_tasks_blocked(PAUSE)
            again = await host.command(opening.format(other.getsockname()[1], 0), b"+MIPOPEN: 0,")
            assert lines(again) == ["OK", "+MIPOPEN: 0,0"]
            near, address = other.accept()
            near.close()
            assert address[1] == local
