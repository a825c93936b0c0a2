"""Servers of MR880A, with real clients."""

from __future__ import annotations

import resource
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import serial
from onemo import Hosted

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT, Dte, until
from tests.e2e.started import Started

_RESET = struct.pack("ii", 1, 0)


@pytest.fixture
def server(start: Start) -> Started:
    return start("MR880A")


@pytest.fixture
def line(server: Started) -> Iterator[Dte]:
    with server.awake() as dte:
        yield dte


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def listen(dte: Dte, sid: int = 0, protocol: str = "TCP", mode: int = 0) -> int:
    port = free_port(socket.SOCK_STREAM if protocol == "TCP" else socket.SOCK_DGRAM)
    dte.ask(f'AT+MIPLISTEN={sid},"{protocol}",{port},"IP",{mode}', "OK", f"+MIPLISTEN: {sid},0")
    return port


def client(port: int, host: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection((host, port), timeout=WAIT)


def comes(line: Dte, peer: socket.socket, connect_id: int = 0, sid: int = 0) -> None:
    """The module tells of a client."""
    host, port, *_ = peer.getsockname()
    line.hears(f'+MIPURC: "itcp",{sid},{connect_id},"{host}",{port}')


def was_reset(sock: socket.socket) -> bool:
    """Tell whether the peer has reset the connection, or let it go unanswered."""
    with sock:
        sock.settimeout(WAIT)
        try:
            return sock.recv(1) == b"never"
        except ConnectionResetError:
            return True


def test_a_client_of_tcp(line: Dte) -> None:
    port = listen(line)
    with client(port) as peer:
        own = peer.getsockname()[1]
        line.hears(f'+MIPURC: "itcp",0,0,"127.0.0.1",{own}')
        peer.sendall(b"hello")
        line.hears('+MIPURC: "rtcp",0,5,hello')
        line.ask('AT+MIPSEND=0,4,"test"', "+MIPSEND: 0,4", "OK")
        assert peer.recv(9) == b"test"
        line.ask("AT+MIPSRVSTATE=0", f'+MIPSRVSTATE: 0,0,"127.0.0.1",{own}', "OK")
        line.ask("AT+MIPCLOSE=0", "OK", "+MIPCLOSE: 0")
        assert peer.recv(9) == b""
    with client(port) as peer:
        line.hears(f'+MIPURC: "itcp",0,0,"127.0.0.1",{peer.getsockname()[1]}')
    line.hears('+MIPURC: "disconn",0,1')


def test_clients_of_udp(line: Dte) -> None:
    port = listen(line, 1, "UDP")
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
        for sock, text in ((one, b"one"), (two, b"two")):
            sock.settimeout(WAIT)
            sock.sendto(text, ("127.0.0.1", port))
            own = sock.getsockname()[1]
            line.hears(f'+MIPURC: "iudp",1,0,"127.0.0.1",{own},3,{text.decode()}')
        for sock in (one, two):
            own = sock.getsockname()[1]
            line.ask(f'AT+MIPSENDTO=0,"127.0.0.1",{own},,"back"', "+MIPSENDTO: 0,4", "OK")
            assert sock.recvfrom(9) == (b"back", ("127.0.0.1", port))
        line.ask("AT+MIPSRVCLOSE=1", "OK", "+MIPSRVCLOSE: 1,0")
        with socket.socket(type=socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", port))  # it is free


def test_a_datagram_to_a_stranger(line: Dte) -> None:
    """From a connection of MIPOPEN, whose peer stays what it was."""
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
        for sock in (one, two):
            sock.bind(("127.0.0.1", 0))
            sock.settimeout(WAIT)
        first, second = one.getsockname()[1], two.getsockname()[1]
        line.ask(f'AT+MIPOPEN=0,"UDP","127.0.0.1",{first},,3', "OK", "+MIPOPEN: 0,0")
        line.ask(f'AT+MIPSENDTO=0,"127.0.0.1",{second},,"hi"', "+MIPSENDTO: 0,2", "OK")
        data, source = two.recvfrom(9)
        assert data == b"hi"
        line.ask("AT+MIPSEND=0,,x", "+MIPSEND: 0,1", "OK")
        assert one.recvfrom(9) == (b"x", source)
        two.sendto(b"answer", source)
        line.hears('+MIPURC: "rudp",0,1')
        line.ask("AT+MIPRDU=0,0", f'+MIPRDU: 0,"127.0.0.1",{second},0,6,answer', "OK")


def test_two_hundred_one_after_another(server: Started, line: Dte) -> None:
    port = listen(line)
    descriptors = server.descriptors()
    for turn in range(200):
        with client(port) as peer:
            line.hears(f'+MIPURC: "itcp",0,0,"127.0.0.1",{peer.getsockname()[1]}')
            peer.sendall(b"%d" % turn)
            line.hears(f'+MIPURC: "rtcp",0,{len(str(turn))},{turn}')
        line.hears('+MIPURC: "disconn",0,1')
    until(lambda: server.descriptors() == descriptors)


def test_two_hundred_at_once(server: Started, line: Dte) -> None:
    """Ten are served, the others see an RST."""
    port = listen(line)
    descriptors = server.descriptors()
    peers: list[socket.socket] = []
    lock = threading.Lock()

    def connect() -> None:
        with suppress(ConnectionResetError):
            found = client(port)
            with lock:
                peers.append(found)

    threads = [threading.Thread(target=connect) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    line.lull(0.3)
    line.line("AT+MIPSRVSTATE=0")
    assert line.lull(0.3).count(b"+MIPSRVSTATE: 0,") == 10

    def waiting() -> list[socket.socket]:
        return [peer for peer in peers if not select.select([peer], [], [], 0)[0]]

    until(lambda: len(waiting()) == 10)
    served = waiting()
    for peer in peers:
        if peer not in served:
            assert was_reset(peer)
    assert len(served) == 10
    for peer in served:
        peer.close()
    assert line.lull(0.5).count(b'+MIPURC: "disconn",') == 10
    until(lambda: server.descriptors() == descriptors)


def test_a_flood_waits_at_the_peer(line: Dte) -> None:
    port = listen(line, mode=2)
    with client(port) as peer:
        comes(line, peer)
        peer.setblocking(False)
        sent = 0
        while select.select([], [peer], [], 0.5)[1]:
            sent += peer.send(bytes(65536))
        assert sent > 65535  # and no more is taken
        line.lull(0.3)
        line.ask("AT+MIPRD=0", "+MIPRD: 0,65535", "OK")
    line.ask("AT+MIPSRVCLOSE=0", "OK", "+MIPSRVCLOSE: 0,0")


def test_a_flood_of_datagrams_ends_nothing(line: Dte) -> None:
    port = listen(line, protocol="UDP", mode=3)
    with socket.socket(type=socket.SOCK_DGRAM) as peer:
        for _ in range(1000):
            peer.sendto(b"x" * 100, ("127.0.0.1", port))
        line.lull(0.5)
        line.ask("AT+MIPRDU=0", "+MIPRDU: 0,256", "OK")


def test_a_half_closed_peer(line: Dte) -> None:
    """Its end is the end, as of MIPOPEN's peers."""
    port = listen(line)
    with client(port) as peer:
        comes(line, peer)
        peer.sendall(b"last")
        peer.shutdown(socket.SHUT_WR)
        line.hears('+MIPURC: "rtcp",0,4,last', '+MIPURC: "disconn",0,1')
        assert peer.recv(9) == b""


def test_a_reset_and_a_reboot_in_mid_flow(server: Started, line: Dte) -> None:
    port = listen(line)
    descriptors = server.descriptors()
    broken = client(port)
    comes(line, broken)
    broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    broken.close()
    line.hears('+MIPURC: "disconn",0,2')
    with client(port) as peer:
        comes(line, peer)
        peer.sendall(b"x" * 100000)
        line.write(b"AT+MREBOOT\r")
        line.lull(0.5)  # what it has said before has to be read
        peer.settimeout(WAIT)
        with pytest.raises(ConnectionResetError):
            peer.recv(1)
    line.lull(0.5)
    line.wake()
    with pytest.raises(ConnectionRefusedError):
        client(port)
    line.ask("AT+MIPLISTEN?", "OK")
    until(lambda: len(server.descriptors()) == len(descriptors) - 1)
    line.ask(f'AT+MIPLISTEN=0,"TCP",{port}', "OK", "+MIPLISTEN: 0,0")


def test_closing_a_server(line: Dte) -> None:
    port = listen(line)
    with client(port) as one, client(port) as two:
        comes(line, one)
        comes(line, two, 1)
        line.write(b"AT+MIPSRVCLOSE=0\r")
        line.hears("OK")
        assert (one.recv(9), two.recv(9)) == (b"", b"")
    line.hears("+MIPSRVCLOSE: 0,0")
    with pytest.raises(ConnectionRefusedError):
        client(port)
    line.ask(f'AT+MIPLISTEN=0,"TCP",{port}', "OK", "+MIPLISTEN: 0,576")


def test_no_descriptor_is_left_for_a_client(server: Started, line: Dte) -> None:
    """It waits at the host; the line goes on, and with a descriptor that is free again the client comes."""
    port = listen(line)
    highest = max(int(entry.name) for entry in Path(f"/proc/{server.pid}/fd").iterdir())
    limits = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (highest + 1, limits[1]))
    with ExitStack() as stack:
        peers = [stack.enter_context(client(port)) for _ in range(20)]
        until(lambda: "a connection cannot be accepted now: Too many open files" in server.stderr())
        line.lull(0.3)  # those for which there was one
        line.ask("AT", "OK")
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, limits)
        until(lambda: sum(not select.select([peer], [], [], 0)[0] for peer in peers) == 10)
        line.lull(0.3)
        line.ask("AT", "OK")
    line.lull(0.5)
    line.ask("AT+MIPSRVCLOSE=0", "OK", "+MIPSRVCLOSE: 0,0")


# Faults.


def test_a_server_that_refuses_is_late_or_cannot_listen() -> None:
    with Hosted() as hosted:
        module = hosted.start("MR880A", publish="0=80")
        with serial.Serial(module.port, 115200, timeout=WAIT) as line:
            line.write(b"ATE0\r")
            line.read_until(b"OK\r\n")
            with module.fault("listen-fail", sid=0, failure="bind"):
                line.write(b'AT+MIPLISTEN=0,"TCP",80\r')
                line.read_until(b"+MIPLISTEN: 0,555\r\n")
            line.write(b'AT+MIPLISTEN=0,"TCP",80\r')
            line.read_until(b"+MIPLISTEN: 0,0\r\n")
            place = module.server(0).address
            with module.fault("server-refuse", sid=0), suppress(ConnectionResetError):
                assert was_reset(socket.create_connection(place, timeout=WAIT))
            began = time.monotonic()
            with module.fault("accept-delay", sid=0, seconds=0.5), socket.create_connection(place, timeout=WAIT):
                line.read_until(b'+MIPURC: "itcp",0,0,')
            assert time.monotonic() - began >= 0.5
            assert line.read_until(b'"disconn",0,1').endswith(b'"disconn",0,1')


def test_faults_meet_what_servers_accept() -> None:
    with Hosted() as hosted:
        module = hosted.start("MR880A")
        ports = free_port(), free_port(socket.SOCK_DGRAM)
        with serial.Serial(module.port, 115200, timeout=WAIT) as line, socket.socket(type=socket.SOCK_DGRAM) as sock:
            line.write(b'ATE0\rAT+MIPLISTEN=0,"TCP",%d\rAT+MIPLISTEN=1,"UDP",%d\r' % ports)
            line.read_until(b"+MIPLISTEN: 1,0\r\n")
            sock.settimeout(WAIT)
            sock.sendto(b"early", ("127.0.0.1", ports[1]))
            own = sock.getsockname()[1]
            line.read_until(b'"iudp",1,0,"127.0.0.1",%d,5,early\r\n' % own)
            with module.fault("net-latency", sid=1, seconds=0.2):
                sock.sendto(b"late", ("127.0.0.1", ports[1]))
                line.read_until(b'"iudp",1,0,"127.0.0.1",%d,4,late\r\n' % own)
                line.write(b'AT+MIPSENDTO=0,"127.0.0.1",%d,,"back"\r' % own)
                assert sock.recvfrom(9) == (b"back", ("127.0.0.1", ports[1]))
                line.read_until(b"+MIPSENDTO: 0,4\r\n\r\nOK\r\n")
            with module.fault("net-loss", sid=1, operation="send"):
                line.write(b'AT+MIPSENDTO=0,"127.0.0.1",%d,,"lost"\r' % own)
                line.read_until(b"+MIPSENDTO: 0,4\r\n\r\nOK\r\n")
            with module.fault("net-loss", connect_id=0, operation="send"):  # the id that it has taken
                line.write(b'AT+MIPSENDTO=0,"127.0.0.1",%d,,"lost"\r' % own)
                line.read_until(b"+MIPSENDTO: 0,4\r\n\r\nOK\r\n")
            line.write(b'AT+MIPSENDTO=0,"127.0.0.1",%d,,"there"\r' % own)
            assert sock.recvfrom(9)[0] == b"there"
            with module.fault("net-reset", connect_id=1, operation="receive"), client(ports[0]) as peer:
                peer.sendall(b"x")
                line.read_until(b'+MIPURC: "disconn",1,2\r\n')
