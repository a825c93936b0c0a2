"""The LwM2M client as a process, against a server that a test plays: losses, repetitions, another order."""

from __future__ import annotations

import socket
import time

import pytest
from onemo.net.coap.blocks import CoapBlock
from onemo.net.coap.message import (
    CoapCode,
    CoapMessage,
    CoapOption,
    CoapType,
    decode,
    encode,
    text_options,
    uint_option,
)

from tests.e2e.conftest import Start
from tests.e2e.dte import Dte, until
from tests.e2e.peers import IPV4, IPV6, Peers

SPEED = "20"
LOGGED_IN = "+MIPLEVENT: 0,6"


class PlayedServer:
    """A LwM2M server on loopback, played message by message."""

    def __init__(self, peers: Peers) -> None:
        self._sock = peers.udp()
        self.port: int = self._sock.getsockname()[1]
        self.device: tuple[str, int] = (IPV4, 0)
        self._last = b""

    def takes(self) -> CoapMessage:
        """The next message that is no repetition."""
        while True:
            data, self.device = self._sock.recvfrom(2048)
            if data != self._last:
                self._last = data
                return decode(data)

    def repeated(self) -> CoapMessage:
        """The next message, which is the last one again."""
        data, self.device = self._sock.recvfrom(2048)
        assert data == self._last
        return decode(data)

    def says(self, message: CoapMessage) -> None:
        self._sock.sendto(encode(message), self.device)

    def raw(self, data: bytes) -> None:
        self._sock.sendto(data, self.device)

    def answers(self, asked: CoapMessage, code: CoapCode, *options: tuple[int, bytes]) -> None:
        self.says(CoapMessage(CoapType.ACK, code, asked.mid, asked.token, options))

    def registers(self) -> None:
        asked = self.takes()
        assert (asked.path, asked.code) == (("rd",), CoapCode.POST)
        self.answers(asked, CoapCode.CREATED, *text_options(CoapOption.LOCATION_PATH, ("rd", "1")))

    def asks(self, code: CoapCode, mid: int, path: str, *options: tuple[int, bytes], payload: bytes = b"") -> None:
        places = text_options(CoapOption.URI_PATH, path[1:].split("/"))
        self.says(CoapMessage(CoapType.CON, code, mid, b"t", (*places, *options), payload))


@pytest.fixture
def server(peers: Peers) -> PlayedServer:
    return PlayedServer(peers)


def binds(sock: socket.socket, port: int) -> bool:
    """Bind to a port of every address, if it is free."""
    try:
        sock.bind(("0.0.0.0", port))
    except OSError:
        return False
    return True


def create(dte: Dte, server: PlayedServer) -> None:
    dte.ask(f'AT+MIPLCREATEEX="{IPV4}:{server.port}",0', "+MIPLCREATEEX: 0", "OK")
    dte.ask('AT+MIPLADDOBJ=0,3200,1,"1",0,1', "OK")


@pytest.mark.parametrize("model", ["MN316", "ML307R"])
def test_a_day_of_a_meter(start: Start, server: PlayedServer, model: str) -> None:
    with start(model, "--speed", SPEED).awake() as dte:
        create(dte, server)
        dte.ask("AT+MIPLOPEN=0,3000,30", "OK")
        server.takes()  # and is lost
        asked = server.repeated()
        server.answers(asked, CoapCode.CREATED, *text_options(CoapOption.LOCATION_PATH, ("rd", "1")))
        dte.hears(LOGGED_IN)
        # A request comes twice, its answer was lost: one URC, and the answer again.
        for _ in range(2):
            server.asks(CoapCode.PUT, 7, "/3200/0/5750", payload=b"test")
        dte.hears("+MIPLWRITE: 0,7,3200,0,5750,6,8,74657374,0")
        dte.ask("AT+MIPLWRITERSP=0,7,2", "OK")
        assert server.takes() == CoapMessage(CoapType.ACK, CoapCode.CHANGED, 7, b"t")
        server.asks(CoapCode.PUT, 7, "/3200/0/5750", payload=b"test")
        assert server.repeated().code == CoapCode.CHANGED
        server.asks(CoapCode.GET, 8, "/3200/0/5750", uint_option(CoapOption.OBSERVE, 0))
        dte.hears("+MIPLOBSERVE: 0,8,1,3200,0,5750")
        assert server.takes().mid == 8
        dte.ask('AT+MIPLNOTIFY=0,0,3200,0,5750,1,2,"21",0,0,9', "OK")
        told = server.takes()
        assert (told.type, told.payload, told.uint(CoapOption.OBSERVE)) == (CoapType.CON, b"21", 1)
        server.says(CoapMessage(CoapType.ACK, CoapCode.EMPTY, told.mid))
        dte.hears("+MIPLEVENT: 0,26,9")
        dte.ask("AT+MIPLCLOSE=0", "OK")
        server.answers(server.takes(), CoapCode.DELETED)
        dte.hears("+MIPLEVENT: 0,15")


def test_nobody_there_and_bytes_of_no_message(start: Start, server: PlayedServer, peers: Peers) -> None:
    with start("MN316", "--speed", SPEED).awake() as dte:
        create(dte, server)
        dte.ask("AT+MIPLOPEN=0,3000,20", "OK")
        server.takes()
        dte.hears("+MIPLEVENT: 0,7")
        dte.ask("AT+MIPLOPEN=0,3000,30", "OK")
        server.registers()
        dte.hears(LOGGED_IN)
        stranger = peers.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        for data in (b"", b"\x00", b"\xff" * 40, b"\x40\x01\x00\x01\xff", bytes(range(256)), b"\x50" + b"\xff" * 1499):
            stranger.sendto(data, server.device)
            server.raw(data)
        server.asks(CoapCode.GET, 9, "/3200/0/5750")
        dte.hears("+MIPLREAD: 0,9,3200,0,5750")
        dte.ask("AT+MIPLDELETE=0", "OK")


def test_another_order(start: Start, server: PlayedServer) -> None:
    """Datagrams overtake one another: an answer its acknowledgement, a request and a block the one before."""
    with start("MN316", "--speed", SPEED).awake() as dte:
        create(dte, server)
        dte.ask("AT+MIPLOPEN=0,3000,30", "OK")
        server.registers()
        dte.hears(LOGGED_IN)
        dte.ask("AT+MIPLUPDATE=0,600,0", "OK")
        asked = server.takes()
        server.says(CoapMessage(CoapType.CON, CoapCode.CHANGED, 700, asked.token))
        server.says(CoapMessage(CoapType.ACK, CoapCode.EMPTY, asked.mid))
        server.says(CoapMessage(CoapType.CON, CoapCode.CHANGED, 700, asked.token))
        dte.hears("+MIPLEVENT: 0,11")
        assert server.takes() == CoapMessage(CoapType.ACK, CoapCode.EMPTY, 700)
        assert server.repeated().mid == 700
        for mid in (12, 11, 12):
            server.asks(CoapCode.GET, mid, f"/3200/0/{mid}")
        dte.hears("+MIPLREAD: 0,12,3200,0,12", "+MIPLREAD: 0,11,3200,0,11")
        dte.ask("AT+MIPLREADRSP=0,11,13", "OK")
        dte.ask('AT+MIPLREADRSP=0,12,1,3200,0,12,1,1,"a",0,0', "OK")
        assert [(each.mid, each.payload) for each in (server.takes(), server.takes())] == [(11, b""), (12, b"a")]
        blocks = {number: (CoapOption.BLOCK1.value, CoapBlock(number, not number, 16).encode()) for number in (0, 1)}
        for mid, number in ((21, 1), (20, 0), (22, 1)):
            server.asks(CoapCode.PUT, mid, "/3200/0/5750", blocks[number], payload=b"x" * 16)
        assert [server.takes().code for _ in range(2)] == [CoapCode.INCOMPLETE, CoapCode.CONTINUE]
        dte.hears(f"+MIPLWRITE: 0,22,3200,0,5750,6,64,{'78' * 32},0")
        server.asks(CoapCode.PUT, 20, "/3200/0/5750", blocks[0], payload=b"x" * 16)  # late once more
        assert server.repeated().mid == 20
        dte.ask("AT+MIPLWRITERSP=0,22,2", "OK")
        assert server.takes().code == CoapCode.CHANGED


def test_a_channel_that_loses_and_is_slow(start: Start, server: PlayedServer) -> None:
    faults = ["--fault", "net-loss ref=0 operation=send times=1", "--fault", "net-latency ref=0 seconds=50ms"]
    with start("MN316", "--speed", SPEED, *faults).awake() as dte:
        create(dte, server)
        began = time.monotonic()
        dte.ask("AT+MIPLOPEN=0,3000,300", "OK")
        server.registers()
        assert time.monotonic() - began > 0.14  # repeated after 2 s or more, and 50 ms late
        dte.hears(LOGGED_IN)


def test_over_ipv6(start: Start, peers: Peers) -> None:
    sock = peers.udp(IPV6)
    with start("MN316").awake() as dte:
        dte.ask(f'AT+MIPLCREATEEX="[::1]:{sock.getsockname()[1]}",0', "+MIPLCREATEEX: 0", "OK")
        dte.ask("AT+MIPLOPEN=0,3000,30", "OK")
        data, device = sock.recvfrom(2048)
        asked = decode(data)
        location = text_options(CoapOption.LOCATION_PATH, ("rd", "1"))
        sock.sendto(encode(CoapMessage(CoapType.ACK, CoapCode.CREATED, asked.mid, asked.token, location)), device)
        dte.hears(LOGGED_IN)


def test_a_port_that_another_program_has(start: Start, server: PlayedServer, peers: Peers) -> None:
    """The module has another one at once, and keeps that."""
    with start("MN316").awake() as dte:
        create(dte, server)
        for _ in range(2):
            dte.ask("AT+MIPLOPEN=0,3000,30", "OK")
            server.registers()
            dte.hears(LOGGED_IN)
            first = server.device[1]
            dte.ask("AT+MIPLCLOSE=0", "OK")
            server.answers(server.takes(), CoapCode.DELETED)
            dte.hears("+MIPLEVENT: 0,15")
        own = peers.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        until(lambda: binds(own, first))
        began = time.monotonic()
        dte.ask("AT+MIPLOPEN=0,3000,30", "OK")
        server.registers()
        dte.hears(LOGGED_IN)
        assert time.monotonic() - began < 1.9
        assert server.device[1] != first
