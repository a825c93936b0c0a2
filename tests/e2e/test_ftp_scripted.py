"""The FTP client against servers that do what no real one would."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import Dte
from tests.e2e.peers import IPV4, Peers, port_of, reset


def connected(dte: Dte, peers: Peers) -> socket.socket:
    """The server's end of a session."""
    listener = peers.tcp()
    dte.ask(f'AT+MFTPCONN=0,"{IPV4}","u","p",{port_of(listener)}', "OK")
    control = peers.accept(listener)
    control.sendall(b"220 hi\r\n")
    hears(control, b"USER u")
    control.sendall(b"230 in\r\n")
    dte.hears("+MFTPCONN: 0,0")
    return control


def hears(control: socket.socket, line: bytes) -> None:
    found = b""
    while not found.endswith(b"\n"):
        found += control.recv(1)
    assert found == line + b"\r\n"


def passive(control: socket.socket, peers: Peers, address: str = "127,0,0,1") -> socket.socket:
    """A port for data, told with this address."""
    listener = peers.tcp()
    port = port_of(listener)
    control.sendall(b"227 (%b,%d,%d)\r\n" % (address.encode(), port >> 8, port & 255))
    return listener


def test_an_address_elsewhere_is_not_gone_to(start: Start, peers: Peers) -> None:
    with start("ML307R").awake() as dte:
        control = connected(dte, peers)
        elsewhere = peers.tcp("127.0.0.2")
        dte.ask('AT+MFTPSTOR=0,"f",1,3,"abc"', "OK")
        hears(control, b"TYPE I")
        control.sendall(b"200 ok\r\n")
        hears(control, b"PASV")
        port = port_of(elsewhere)
        control.sendall(b"227 (127,0,0,2,%d,%d)\r\n" % (port >> 8, port & 255))
        dte.hears("+MFTPSTOR: 0,11,0")
        elsewhere.settimeout(0.2)
        with pytest.raises(TimeoutError):
            elsewhere.accept()
        dte.alive()


def test_denied_hosts_stay_denied(start: Start, peers: Peers) -> None:
    with start("ML307R", "--deny", "127.0.0.*").awake() as dte:
        dte.ask(f'AT+MFTPCONN=0,"{IPV4}","u","p",{port_of(peers.tcp())}', "OK", "+MFTPCONN: 0,11")


@pytest.mark.parametrize("said", [b"\0" * 1000 + b"\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"x" * 100_000])
def test_nonsense(start: Start, peers: Peers, said: bytes) -> None:
    with start("ML307R").awake() as dte:
        control = connected(dte, peers)
        dte.ask("AT+MFTPPWD=0", "OK")
        control.sendall(said)
        dte.hears("+MFTPPWD: 0,12")
        dte.alive()


def test_a_server_that_does_not_stop(start: Start, peers: Peers) -> None:
    """A flood on an idle session is read, kept nowhere, and keeps nobody waiting."""
    module = start("ML307R")
    with module.awake() as dte:
        control = connected(dte, peers)
        before = module.status("VmHWM")

        def flood() -> None:
            try:
                for _ in range(300):
                    control.sendall(b"220-" + b"x" * 65000)
            except OSError:
                pass  # the module has enough of it

        thread = threading.Thread(target=flood)
        thread.start()
        for _ in range(20):
            dte.alive()
        thread.join()
        assert (module.status("VmHWM") - before) * 1024 < 8_000_000
        dte.alive()


def test_a_data_connection_that_never_opens(start: Start, peers: Peers) -> None:
    with start("ML307R", "--speed", "100").awake() as dte:
        control = connected(dte, peers)
        dte.ask('AT+MFTPRETR=0,"f"', "OK")
        hears(control, b"TYPE I")
        control.sendall(b"200 ok\r\n")
        hears(control, b"PASV")
        passive(control, peers)
        hears(control, b"RETR f")
        dte.hears("+MFTPRETR: 0,5", '+MFTPURC: 0,"conn",0', within=15)


def test_a_reset_in_mid_download(start: Start, peers: Peers) -> None:
    with start("ML307R").awake() as dte:
        control = connected(dte, peers)
        dte.ask('AT+MFTPRETR=0,"f"', "OK")
        hears(control, b"TYPE I")
        control.sendall(b"200 ok\r\n")
        hears(control, b"PASV")
        listener = passive(control, peers)
        hears(control, b"RETR f")
        data = peers.accept(listener)
        control.sendall(b"150 ok\r\n")
        data.sendall(bytes(3000))
        reset(data)
        reset(control)
        dte.hears("+MFTPRETR: 0,11", '+MFTPURC: 0,"conn",0')
        dte.ask("AT+MFTPSTATE=0", "+MFTPSTATE: 0,0", "OK")
