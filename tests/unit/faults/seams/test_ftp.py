"""What faults make of a server's replies, and of what it sends."""

from __future__ import annotations

import pytest
import trio
from onemo.families import FTP, FTP_DATA
from onemo.faults.seams.network import FaultyNetwork
from onemo.net.interface import Connection, NamePolicy, OpenRequest, Transport
from onemo.profile.index import Label
from trio.testing import MockClock

from tests.unit.faults.plans import Plan
from tests.unit.runtime.doubles import Peer, World

CONTROL = OpenRequest(Transport.TCP, "ftp", 21, 60, NamePolicy(), label=Label(FTP, 0))
DATA = CONTROL._replace(port=5000, label=Label(FTP_DATA, 0))


async def connected(
    nursery: trio.Nursery, *faults: str, request: OpenRequest = CONTROL
) -> tuple[Connection, Peer, Plan]:
    world, plan = World(), Plan(*faults)
    network = FaultyNetwork(world, plan)
    nursery.start_soon(network.run)
    return await network.open(request), world.peers[-1], plan


def there(connection: Connection) -> bytes:
    return b"".join(connection.receive_now(1 << 20) or b"" for _ in range(200))


def byte_by_byte(peer: Peer, data: bytes) -> None:
    peer.sends(*(bytes((byte,)) for byte in data))


@pytest.mark.parametrize("once", [" times=1", ""])
async def test_another_reply(nursery: trio.Nursery, autojump_clock: MockClock, once: str) -> None:
    """In the place of the first to that command; the one that the server gives in the end is lost."""
    connection, peer, _ = await connected(nursery, f"ftp-reply verb=STOR reply='452 No space'{once}")
    byte_by_byte(peer, b"220 hi\r\n")
    assert there(connection) == b"220 hi\r\n"
    connection.send_now(b"PASV\r\nsto")
    connection.send_now(b"r f\r\nNOOP\r\n")
    byte_by_byte(peer, b"227 (1,2,3,4,5,6)\r\n150 come\r\n226 done\r\n200 nothing\r\n")
    assert there(connection) == b"227 (1,2,3,4,5,6)\r\n452 No space\r\n200 nothing\r\n"


async def test_another_greeting(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer, _ = await connected(nursery, "ftp-reply verb=GREETING reply='421 full'")
    byte_by_byte(peer, b"220-hi\r\n220-there\r\n220 you\r\n")
    assert there(connection) == b"421 full\r\n"


async def test_no_reply(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer, _ = await connected(nursery, "ftp-silence verb=PWD")
    byte_by_byte(peer, b"220 hi\r\n")
    connection.send_now(b"CWD /\r\nPWD\r\n")
    byte_by_byte(peer, b'250 ok\r\n257 "/"\r\n')
    assert there(connection) == b"220 hi\r\n250 ok\r\n"
    await trio.sleep(1000)
    assert there(connection) == b""


async def test_a_download_that_stops(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer, _ = await connected(nursery, "ftp-stall size=5", request=DATA)
    peer.sends(b"abc", b"defgh")
    assert there(connection) == b"abcde"
    await trio.sleep(1000)
    assert there(connection) == b""


async def test_others_pass(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    for fault, request in (("ftp-reply verb=STOR", CONTROL), ("ftp-stall size=1", CONTROL), ("ftp-silence", DATA)):
        connection, peer, _ = await connected(nursery, fault, request=request)
        byte_by_byte(peer, b"220 hi\r\n")
        assert there(connection) == b"220 hi\r\n"


async def test_what_is_no_reply_passes(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer, _ = await connected(nursery, "ftp-reply verb=STOR")
    peer.sends(b"x" * 70_000, b"\r\nwhat\r\n")
    assert there(connection) == b"x" * 70_000 + b"\r\nwhat\r\n"
