"""Where the servers of MR880A are on the host: ``--publish``, ports that are taken, two modules on one port."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest
import serial
from onemo import Hosted
from onemo.errors import UsageError

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT
from tests.e2e.test_listening import client, comes, free_port


def test_a_port_that_is_taken_is_another_one_of_the_host(start: Start) -> None:
    module = start("MR880A")
    with module.awake() as line, socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line.ask(f'AT+MIPLISTEN=3,"TCP",{port}', "OK", "+MIPLISTEN: 3,0")
        told = re.search(rf"server 3: module port {port}/tcp is at 127\.0\.0\.1:(\d+)", module.stderr())
        assert told is not None
        with client(int(told[1])) as peer:
            line.hears(f'+MIPURC: "itcp",3,0,"127.0.0.1",{peer.getsockname()[1]}')


def test_a_published_place(start: Start) -> None:
    place = free_port()
    module = start("MR880A", "--publish", f"127.0.0.1:{place}=80", "--publish", "[::1]:1=80")
    with module.awake() as dte:
        dte.ask('AT+MIPLISTEN=0,"TCP",80', "OK", "+MIPLISTEN: 0,0")
        with client(place) as peer:
            comes(dte, peer)


def test_a_published_place_that_is_taken(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        place = other.getsockname()[1]
        module = start("MR880A", "--publish", f"{place}=80/tcp")
        with module.awake() as dte:
            dte.ask('AT+MIPLISTEN=0,"TCP",80', "OK", "+MIPLISTEN: 0,576")
            assert f"127.0.0.1:{place}: " in module.stderr()


@pytest.mark.parametrize(
    "place", ["0=", "=80", "80", "1:=80", "65536=80", "-1=80", "0=0", "0=65536", "*=80", "::1:1=80", "h:1=80", "1=80/x"]
)
def test_what_is_no_place(place: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "onemo", "run", "MR880A", f"--publish={place}"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (told.returncode, told.stdout) == (2, "")
    assert len(told.stderr.splitlines()) == 1
    assert "[HOST:]PORT=MODULE_PORT" in told.stderr


def test_an_address_that_is_not_this_hosts(start: Start) -> None:
    with start("MR880A", "--publish", "192.0.2.77:0=80").awake() as dte:
        dte.ask('AT+MIPLISTEN=0,"TCP",80', "OK", "+MIPLISTEN: 0,555")
        dte.ask("AT+MIPLISTEN?", "OK")


# Over IPv6, and two modules on one port.


def test_over_ipv6_and_two_modules_on_one_port() -> None:
    with Hosted() as hosted, ExitStack() as stack:
        modules = [hosted.start("MR880A", source="::1") for _ in range(2)]
        port = free_port()
        places = []
        for module in modules:
            line = stack.enter_context(serial.Serial(module.port, 115200, timeout=WAIT))
            line.write(b"ATE0\r")
            line.read_until(b"OK\r\n")
            line.write(b'AT+MIPLISTEN=0,"TCP",%d,"IPV6"\r' % port)
            assert b"+MIPLISTEN: 0,0" in line.read_until(b"+MIPLISTEN: 0,0\r\n")
            place = module.server(0).address
            places.append(place)
            peer = stack.enter_context(socket.create_connection(place, timeout=WAIT))
            peer.sendall(b"hello")
            own = peer.getsockname()[1]
            assert b'"itcp",0,0,"::1",%d' % own in line.read_until(b"hello\r\n")
            line.write(b'AT+MIPLISTEN=1,"UDP",%d,"IPV6"\r' % port)
            line.read_until(b"+MIPLISTEN: 1,0\r\n")
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
                sock.sendto(b"TEST", module.server(1).address)
                assert b'"iudp",1,1,"::1",%d,4,TEST' % sock.getsockname()[1] in line.read_until(b"TEST\r\n")
        assert places[0] == ("::1", port)
        assert places[1][1] != port
        with pytest.raises(UsageError, match="there is no server 2"):
            modules[0].server(2)


def test_hosted_modules_publish() -> None:
    with Hosted() as hosted:
        with pytest.raises(UsageError, match="others can reach"):
            hosted.start("MR880A", publish="0.0.0.0:0=80")
        module = hosted.start("MR880A", publish="0=80")
        place = free_port()
        for result in (b"0", b"576"):  # two at one place
            other = hosted.start("MR880A", publish=f"{place}=80")
            with serial.Serial(other.port, 115200, timeout=WAIT) as line:
                line.write(b'AT+MIPLISTEN=0,"TCP",80\r')
                assert line.read_until(b"+MIPLISTEN: 0,%b\r\n" % result).endswith(result + b"\r\n")
        with serial.Serial(module.port, 115200, timeout=WAIT) as line:
            line.write(b'AT\rAT+MIPLISTEN=0,"TCP",80\r')
            line.read_until(b"+MIPLISTEN: 0,0\r\n")
            client(module.server(0).address[1]).close()
