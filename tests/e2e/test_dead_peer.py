"""A peer that vanishes without a word, in a network namespace of the test's own, and one that never accepts."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import Dte
from tests.e2e.peers import Peers, port_of, receive
from tests.e2e.sinks import open_as, own_profile, stuff_line
from tests.e2e.started import Started

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET of linux/sched.h
_KEEP_ALIVE = """series = "OWN"
[commands.MIPTKA]
params.keepidle = { range = "1-7200" }
params.keepinterval = { range = "1-600" }
[sub_models."OWN-1"]
"""


def _ip(*arguments: str) -> None:
    """Raises pytest's skip when the system does not let us."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


class Elsewhere:
    """A network namespace at the other end of a cable. address: of the namespace, on that cable."""

    def __init__(self, number: int) -> None:
        """number: 14 bits that nobody else uses now."""
        self.name = f"onemo-{number}"
        self._near, self._far = f"onemo{number}a", f"onemo{number}b"
        # Addresses for tests of networks (RFC 2544), four for each cable.
        first = (198 << 24) + (18 << 16) + 4 * number
        self._host, self.address = (socket.inet_ntoa((first + host).to_bytes(4, "big")) for host in (1, 2))

    def make(self) -> None:
        _ip("netns", "add", self.name)
        _ip("link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self.name)
        _ip("address", "add", f"{self._host}/30", "dev", self._near)
        _ip("-n", self.name, "address", "add", f"{self.address}/30", "dev", self._far)
        _ip("link", "set", self._near, "up")
        _ip("-n", self.name, "link", "set", self._far, "up")

    def remove(self) -> None:
        """Whatever is there of it."""
        subprocess.run(["ip", "link", "delete", self._near], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "delete", self.name], capture_output=True, check=False)

    def pull_the_plug(self) -> None:
        """From now on nothing crosses the cable."""
        _ip("-n", self.name, "link", "set", self._far, "down")

    def listen(self) -> socket.socket:
        """A listening socket of the namespace. The thread that enters it ends there; the socket stays."""
        made: list[socket.socket] = []
        entering = threading.Thread(target=lambda: made.append(self._listen()))
        entering.start()
        entering.join()
        assert made, "the namespace could not be entered"
        return made[0]

    def _listen(self) -> socket.socket:
        libc = ctypes.CDLL(None, use_errno=True)
        inside = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if libc.setns(inside, _NEW_NETWORK):
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(inside)
        return socket.create_server((self.address, 0))


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    if shutil.which("ip") is None:
        pytest.skip("iproute2 is not installed")
    namespace = Elsewhere(os.getpid() % (1 << 14))
    try:
        namespace.make()
        yield namespace
    finally:
        namespace.remove()


@pytest.fixture
def dte(start: Start, tmp_path: Path) -> Iterator[Dte]:
    """An ML307R whose keep-alive may be quicker than the manual's."""
    with start(*own_profile(tmp_path, "ml307r", _KEEP_ALIVE)).awake() as dte:
        yield dte


def test_keep_alive_notices_peers_that_vanished(dte: Dte, peers: Peers, elsewhere: Elsewhere) -> None:
    """In every mode; but for it nobody notices, and a silent peer that lives keeps its connection."""
    for instance in (0, 2, 4, 5):
        dte.ask(f"AT+MIPTKA={instance},1,1,1,2", "OK")
    listener = peers.keep(elsewhere.listen())
    port = port_of(listener)
    silent = open_as(dte, peers, 0, 4)
    for instance, mode in ((0, 0), (2, 2), (3, 0), (5, 1)):
        command = f'AT+MIPOPEN={instance},"TCP","{elsewhere.address}",{port},,{mode}'
        dte.ask(command, "OK", "CONNECT" if mode == 1 else f"+MIPOPEN: {instance},0")
        peer = peers.accept(listener)
    peer.sendall(b"hello")
    dte.reads(b"hello")
    elsewhere.pull_the_plug()
    heard = dte.until(rb'"disconn",\d,\d\r\n', times=3, within=20) + dte.lull(1.5)
    assert sorted(re.findall(rb'\r\n\+MIPURC: ("[^\r]*)\r\n', heard)) == [b'"disconn",%d,2' % n for n in (0, 2, 5)]
    dte.ask("AT+MIPSTATE=0", '+MIPSTATE: 0,,,,"INITIAL"', "OK")
    dte.ask("AT+MIPSEND=3,,hello", "+MIPSEND: 3,5", "OK")
    dte.ask("AT+MIPSACK=3", "+MIPSACK: 5,0,5,0", "OK")
    silent.sendall(b"still here")
    dte.hears('+MIPURC: "rtcp",4,10,still here')
    dte.line(f'AT+MIPOPEN=0,"TCP","{elsewhere.address}",{port},1')
    assert re.fullmatch(rb"\r\nOK\r\n\r\n\+MIPOPEN: 0,55[89]\r\n", dte.until(rb"\+MIPOPEN: 0,\d+\r\n"))


def test_a_peer_that_never_accepts(module: Started, peers: Peers) -> None:
    """The host answers for it, so the connection opens, and what was sent is there when it accepts."""
    listener = peers.tcp(window=4096)
    with module.awake() as dte:
        dte.ask(f'AT+MIPOPEN=0,"TCP","127.0.0.1",{port_of(listener)},,1', "OK", "CONNECT")
        data = bytes(range(256)) * 4096
        taken = stuff_line(dte, data)
        assert 0 < taken < len(data), "the DTE was to be held back"
        peer = peers.accept(listener)
        assert receive(peer, taken // 1024 * 1024) == data[: taken // 1024 * 1024]
