"""The LwM2M client as a process, against a server that a test plays: losses, repetitions, another order."""

from __future__ import annotations

import socket

import pytest
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
from tests.e2e.dte import Dte
from tests.e2e.peers import IPV4, Peers

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
