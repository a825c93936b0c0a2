"""Connections of another owner than a socket instance: the shell serves whoever asks, alike."""

from __future__ import annotations

import io
import json
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest
import trio
import trustme
from onemo.errors import NetError, NetFailure
from onemo.faults.say import parse_fault
from onemo.modem.channel import ChannelIntent, Close, Drop, Forward, Open, Outstanding, Send
from onemo.net.host.sockets import HostNetwork
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, OpenRequest, Pem, TlsRequest, Transport
from onemo.profile.index import Label
from onemo.runtime.faulty import faults_of
from onemo.runtime.models import load_model
from onemo.runtime.shell import Module
from onemo.runtime.trace import JsonLines
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.support.owners import DEMOS, Client
from tests.unit.runtime.doubles import Bench, Peer

REQUEST = OpenRequest(Transport.TCP, "server", 80, 60.0)
PLAN = ClosePlan(CloseMode.DRAIN, stall=5.0, linger=1.0)
RESET = NetError(NetFailure.RESET, "connection reset")
REFUSED = NetError(NetFailure.WRITE, "no way out")


async def carry_out(bench: Bench, *intents: ChannelIntent) -> bytes:
    """A part asks for these; what the DTE hears meanwhile."""
    bench.module.report(lambda: bench.module.modem.intents.extend(intents))
    return await bench.heard()


async def opened(bench: Bench, client: Client, transport: Transport = Transport.TCP) -> Peer:
    assert await carry_out(bench, Open(client, REQUEST._replace(transport=transport), PLAN)) == b""
    assert client.heard.pop() == "opened"
    return bench.world.peers[-1]


async def test_data_go_both_ways_and_beside_a_socket(bench: Bench) -> None:
    """connect_id 0 and demoid 0 are two, and so are two owners of one label."""
    one, other = Client(0), Client(0)
    peers = [await bench.connect(), await opened(bench, one), await opened(bench, other)]
    assert [peer.peer for peer in peers] == ["peer:80", "server:80", "server:80"]
    assert await carry_out(bench, Forward(one, b"hello "), Forward(other, b"x"), Forward(one, b"world")) == b""
    assert await bench.ask("AT+MIPSEND=0,,socket") == ["+MIPSEND: 0,6", "OK"]
    assert [bytes(peer.taken) for peer in peers] == [b"socket", b"hello world", b"x"]
    assert (one.taken, other.taken) == (11, 1)
    for peer, data in zip(peers, (b"a", b"b", b"c"), strict=True):
        peer.sends(data)
    assert await bench.heard() == b'\r\n+MIPURC: "rtcp",0,1,a\r\n'
    assert (one.data, other.data) == (b"b", b"c")


async def test_how_it_is_traced(nursery: trio.Nursery) -> None:
    file = io.StringIO()
    bench = await Bench(nursery, trace=JsonLines(file, trio.current_time)).start()
    client = Client(3)
    peer = await opened(bench, client)
    peer.sends(b"in", b"")
    await carry_out(bench, Forward(client, b"out"))
    entries = [entry for entry in map(json.loads, file.getvalue().splitlines()) if "demoid" in entry]
    assert all(entry["demoid"] == 3 and "connect_id" not in entry for entry in entries)
    assert [entry.get("event") or entry["data"] for entry in entries] == ["opened", "out", "in"]
    assert bench.world.requests[0].label == Label(DEMOS, 3)
    assert str(Label(DEMOS, 3)) == "demoid 3"


async def test_no_more_is_read_than_it_grants(bench: Bench) -> None:
    client = Client(grant=4)
    peer = await opened(bench, client)
    peer.sends(b"0123456789", b"")
    await bench.heard()
    assert (client.data, peer.given, client.heard) == (b"0123", 4, [])
    client.grant = 3
    await carry_out(bench)
    assert (client.data, peer.given) == (b"0123456", 7)
    client.grant = 100
    await carry_out(bench)
    assert (client.data, client.heard) == (b"0123456789", [("lost", None)])


async def test_what_the_peer_does_not_take_waits_in_order(bench: Bench) -> None:
    client = Client()
    peer = await opened(bench, client)
    peer.window = 5
    await carry_out(bench, Forward(client, b"0123"), Forward(client, b"4567"), Forward(client, b"89"))
    assert (bytes(peer.taken), client.taken, client.untaken) == (b"01234", 5, 0)
    peer.takes(3)
    await bench.heard()
    assert (bytes(peer.taken), client.taken) == (b"01234567", 8)
    peer.closing.set()
    await carry_out(bench, Close(client, PLAN))
    assert (peer.plan, client.heard) == (None, [])
    peer.takes(100)
    await bench.heard()
    assert (bytes(peer.taken), client.taken, client.heard) == (b"0123456789", 10, [CloseResult.NORMAL])


async def test_what_will_never_leave_is_told(bench: Bench) -> None:
    client = Client()
    await carry_out(bench, Forward(client, b"nobody"))
    assert client.untaken == 6
    peer = await opened(bench, client)
    peer.window = 2
    await carry_out(bench, Forward(client, b"0123"), Forward(client, b"4567"))
    peer.fails(REFUSED)
    await bench.heard()
    assert (client.taken, client.untaken) == (2, 12)
    assert (client.heard, peer.aborted) == ([("lost", NetFailure.WRITE)], True)


async def test_a_refused_write_is_no_loss_for_one_that_lets_go_in_the_same_step(bench: Bench) -> None:
    for ending, heard in ((Drop, []), (partial(Close, plan=PLAN), [CloseResult.NORMAL])):
        client = Client()
        peer = await opened(bench, client)
        peer.failure = REFUSED
        peer.closing.set()
        await carry_out(bench, Forward(client, b"x"), Forward(client, b"y"), ending(client))
        assert (client.untaken, client.heard, peer.aborted) == (2, heard, True)


async def test_a_break_is_told_where_it_is_watched(bench: Bench) -> None:
    for watches in (True, False):
        client = Client(grant=0, watches_breaks=watches)
        peer = await opened(bench, client)
        peer.sends(b"unread", RESET)
        await bench.heard()
        assert client.heard == ([("lost", NetFailure.RESET)] if watches else [])
        client.grant = 100
        await carry_out(bench)
        assert client.heard == [("lost", NetFailure.RESET)]


async def test_acknowledgements_of_what_was_forwarded(bench: Bench, autojump_clock: MockClock) -> None:
    one, other = Client(watches_acknowledgements=True), Client()
    for client in (one, other):
        await opened(bench, client)
        await carry_out(bench, Forward(client, b"hello"))
    await trio.sleep(1)
    assert (one.acknowledged, other.acknowledged) == (5, 0)


@pytest.mark.parametrize("failure", [NetFailure.REFUSED, NetFailure.NAME_TIMED_OUT])
async def test_there_is_no_connection(bench: Bench, failure: NetFailure) -> None:
    client = Client()
    bench.world.failure = NetError(failure, "no")
    await carry_out(bench, Open(client, REQUEST, PLAN))
    assert client.heard == [failure]
    bench.world.failure = None
    await opened(bench, client)


async def test_closing(bench: Bench) -> None:
    """Also where there is nothing left to close, or nothing yet."""
    client = Client()
    await carry_out(bench, Close(client, PLAN))
    assert client.heard == [CloseResult.NORMAL]
    bench.world.answer = trio.Event()
    await carry_out(bench, Open(client, REQUEST, PLAN), Close(client, PLAN))
    await carry_out(bench, Open(client, REQUEST, PLAN))
    await carry_out(bench, Close(client, PLAN))
    bench.world.answer.set()
    await bench.heard()
    assert client.heard == [CloseResult.NORMAL] * 3
    client.heard.clear()
    peer = await opened(bench, client)
    peer.result = CloseResult.FAILED
    await carry_out(bench, Close(client, PLAN))
    peer.closing.set()
    await bench.heard()
    assert (client.heard, peer.plan) == ([CloseResult.FAILED], PLAN)


async def test_nothing_follows_a_drop_or_a_restart(bench: Bench) -> None:
    async def reboot(client: Client) -> None:
        assert await bench.ask("AT+MREBOOT") == ["OK", "REBOOTING", "+MATREADY"]

    async def drop(client: Client) -> None:
        await carry_out(bench, Drop(client))

    endings: tuple[Callable[[Client], Awaitable[None]], ...] = (drop, reboot)
    for end in endings:
        client, waiting = Client(), Client()
        peer = await opened(bench, client)
        bench.world.answer = trio.Event()
        await carry_out(bench, Open(waiting, REQUEST, PLAN))
        await end(client)
        await carry_out(bench, Drop(waiting))
        bench.world.answer.set()
        peer.sends(b"late", b"")
        await bench.heard()
        assert (client.heard, client.data, waiting.heard, peer.aborted) == ([], b"", [], True)


async def test_a_bug_of_an_owner_ends_its_connection_alone(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    client, other = Client(trips=ValueError("slip")), Client(1)
    peer, sound = await opened(bench, client), await opened(bench, other)
    peer.sends(b"x")
    sound.sends(b"y")
    await bench.heard()
    assert (client.heard, other.data, other.heard) == ([("lost", NetFailure.OTHER)], b"y", [])
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]


async def test_a_result_that_no_command_waits_for_is_dropped(bench: Bench) -> None:
    client = Client()
    peer = await opened(bench, client)
    assert await carry_out(bench, Send(client, b"hello", 1.0), Outstanding(client)) == b""
    assert peer.taken == b"hello"
    assert await bench.ask("AT") == ["OK"]


# Faults.


async def test_a_fault_is_of_one_index(bench: Bench) -> None:
    """connect_id 0 and demoid 0 are not the same, whatever layer it is on."""
    faults, client = faults_of(bench.module), Client(0)
    faults.arm(parse_fault("net-close connect_id=0 operation=receive"))
    await bench.connect()
    peer = await opened(bench, client)
    peer.sends(b"sound")
    bench.world.peers[0].sends(b"x")
    assert b'"disconn",0,1' in await bench.heard()
    assert (client.data, client.heard) == (b"sound", [])
    faults.reset()
    fault = parse_fault("net-close operation=receive")
    faults.arm(replace(fault, scope={**fault.scope, "demoid": 0}))
    socket = await bench.connect()
    peer.sends(b"!")
    socket.sends(b"x")
    assert await bench.heard() == b'\r\n+MIPURC: "rtcp",0,1,x\r\n'
    assert client.heard == [("lost", None)]


# On the host's network.


async def serve(handler: Callable[[trio.SocketStream], Awaitable[object]], nursery: trio.Nursery) -> int:
    listeners = await nursery.start(partial(trio.serve_tcp, handler, 0, host="127.0.0.1"))
    port: int = listeners[0].socket.getsockname()[1]
    return port


async def test_tls_over_a_socket(nursery: trio.Nursery) -> None:
    """Both ways, more than the host's buffers hold, and closed."""
    payload = bytes(range(256)) * 4096
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    got, told = bytearray(), trio.Event()

    async def echo(stream: trio.SocketStream) -> None:
        async with trio.SSLStream(stream, context, server_side=True) as secured:
            while len(got) < len(payload):
                got.extend(await secured.receive_some(65536))
            await secured.send_all(got)
            told.set()
            await secured.receive_some(1)

    bench = Bench(nursery)
    bench.module = Module(load_model("ML305U"), bench.line, HostNetwork(), boot_time=0)
    await bench.start()
    client = Client()
    tls = TlsRequest(trusted=Pem(authority.cert_pem.bytes()))
    request = REQUEST._replace(host="127.0.0.1", port=await serve(echo, nursery), tls=tls)

    async def until(ready: Callable[[], bool]) -> None:
        while not ready():
            client.grant = 1 << 20
            bench.module.report(lambda: None)
            await trio.lowlevel.checkpoint()

    with trio.fail_after(20):
        await carry_out(bench, Open(client, request, PLAN))
        await until(lambda: bool(client.heard))
        assert client.heard == ["opened"]
        for start in range(0, len(payload), 65536):
            await carry_out(bench, Forward(client, payload[start : start + 65536]))
        await until(lambda: len(client.data) == len(payload))
        assert (client.taken, client.data == payload, bytes(got) == payload) == (len(payload), True, True)
        await told.wait()
        await carry_out(bench, Close(client, PLAN))
        await until(lambda: len(client.heard) > 1)
        assert client.heard[1] is CloseResult.NORMAL
    await wait_all_tasks_blocked()
