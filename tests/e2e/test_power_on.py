"""When the first boot begins, and what becomes of what is typed before it is over."""

from __future__ import annotations

import os
import select
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import serial
from onemo.runtime.hosted import Hosted

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT
from tests.e2e.started import ROOT

# pyserial calls Thread.setDaemon and setName.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
BANNER = b"\r\n+MATREADY\r\n"
OPEN = ("ML305U", "--power-on", "open")
"""A model that says the banner by itself."""
HEARS = """
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR) if sys.argv[1:] else 0
data = b""
while len(data) < 13:
    data += os.read(fd, 100)
sys.exit(7 if data == b"\\r\\n+MATREADY\\r\\n" else 8)
"""


def heard(url: str, size: int = len(BANNER)) -> bytes:
    """The first bytes that a program hears which opens the port as any other."""
    with serial.serial_for_url(url, 115200, timeout=WAIT) as port:
        data: bytes = port.read(size)
    return data


def heard_plainly(url: str, size: int = len(BANNER)) -> bytes:
    """The same over TCP, by a program that throws nothing away: pyserial does, in what comes before it is ready."""
    host, _, number = url.removeprefix("socket://").rpartition(":")
    with socket.create_connection((host, int(number)), WAIT) as port:
        return port.recv(size, socket.MSG_WAITALL)


def test_who_opens_a_pty_hears_all_of_the_boot(launch: Start) -> None:
    """The ready line does not wait for that, however long the boot; later openings begin none."""
    module = launch(*OPEN).wait_ready()
    assert heard(module.port) == BANNER
    with module.dte() as dte:
        dte.line("ATE0")
        dte.until(b"\r\nOK\r\n")
        dte.ask("AT", "OK")


@pytest.mark.parametrize("more", [(), ("--boot-time", "0")], ids=["usual", "at-once"])
def test_who_connects_hears_all_of_the_boot(launch: Start, more: tuple[str, ...]) -> None:
    assert heard_plainly(launch(*OPEN, "--tcp", "127.0.0.1:0", *more).wait_ready().port) == BANNER


def test_who_negotiates_hears_all_of_the_boot(launch: Start) -> None:
    """Pyserial does for a third of a second before it listens, on a busy host for longer."""
    assert heard(launch(*OPEN, "--rfc2217", "127.0.0.1:0").wait_ready().port) == BANNER


def test_what_a_client_of_rfc2217_sends_at_once_is_kept(launch: Start) -> None:
    """One that negotiates nothing: it need not wait for that."""
    module = launch(*OPEN, "--rfc2217", "127.0.0.1:0", "--boot-time", "0").wait_ready()
    host, _, number = module.port.removeprefix("rfc2217://").rpartition(":")
    with socket.create_connection((host, int(number)), WAIT) as dte:
        dte.sendall(b"ATE0\r")
        data = b""
        while not data.endswith(b"\r\nOK\r\n"):
            data += dte.recv(1000)
    assert BANNER in data


def test_the_boot_time_counts_from_the_opening(launch: Start) -> None:
    """Not from the start of the process, as that of a power that is on from the start."""
    boot_time = 0.8
    module = launch(*OPEN, "--boot-time", str(boot_time)).wait_ready()
    select.select([], [], [], boot_time)
    port = os.open(module.port, os.O_RDWR | os.O_NOCTTY)
    began = time.monotonic()
    try:
        assert select.select([port], [], [], WAIT)[0]
        assert time.monotonic() - began > 0.9 * boot_time
        assert os.read(port, 100) == BANNER
    finally:
        os.close(port)


def test_an_opening_before_the_ready_line_counts(launch: Start, tmp_path: Path) -> None:
    """The link is there early, and it may be opened before anything else of the emulator runs."""
    module = launch(*OPEN, "--link", str(tmp_path / "port"))
    module.wait_link(tmp_path / "port")
    port = os.open(tmp_path / "port", os.O_RDWR | os.O_NOCTTY)
    try:
        module.wait_ready()
        data = b""
        while len(data) < len(BANNER):
            assert select.select([port], [], [], WAIT)[0]
            data += os.read(port, 100)
    finally:
        os.close(port)
    assert data == BANNER


def test_any_of_several_ports_will_do(launch: Start, tmp_path: Path) -> None:
    """What is typed at it meanwhile is kept; the banner goes to the first."""
    module = launch(*OPEN, "--link", str(tmp_path / "a"), "--port", str(tmp_path / "b")).wait_ready()
    with module.dte(str(tmp_path / "b")) as second:
        second.line("ATE0")
        second.until(b"\r\nOK\r\n")
        with module.dte(str(tmp_path / "a"), flush=False) as first:
            first.until(b"\\+MATREADY\r\n")


@pytest.mark.parametrize("place", [(), ("{port}",)], ids=["terminal", "port"])
def test_a_child_opens_its_port(place: tuple[str, ...]) -> None:
    command = shlex.join([sys.executable, "-c", HEARS, *place])
    arguments = [sys.executable, "-m", "onemo", "run", *OPEN, "--exec", command]
    done = subprocess.run(arguments, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=2 * WAIT)
    assert done.returncode == 7, done.stderr


def test_a_uart_is_open_once_something_comes(wire: tuple[int, str], launch: Start) -> None:
    """That is kept, as all input is."""
    master, path = wire
    module = launch(*OPEN, "--uart", path).wait_ready()
    assert not select.select([master], [], [], 0.5)[0]
    os.write(master, b"AT\r")
    data = b""
    while not data.endswith(b"OK\r\n"):
        assert select.select([master], [], [], WAIT)[0], module.stderr()
        data += os.read(master, 100)
    assert data.count(BANNER) == data.count(b"\r\nOK\r\n") == 1


def test_for_a_python_program() -> None:
    """An event may switch it on as well; the opening then begins no second boot."""
    with Hosted() as lab:
        module = lab.start("ML305U", power_on="open", boot_time=0.2)
        assert module.power == "off"
        assert heard(module.port) == BANNER
        other = lab.start("ML305U", power_on="open")
        other.power_on()
        with serial.Serial(other.port, timeout=WAIT) as port:
            port.write(b"AT\r")
            assert port.read_until(b"OK\r\n").endswith(b"\r\nOK\r\n")
        assert other.trace.urcs.count("+MATREADY") == 1


def test_early_input_is_lost(launch: Start, tmp_path: Path) -> None:
    """As at every later boot: with a boot of some time, nothing of what was typed before its end is answered."""
    link = tmp_path / "port"
    module = launch("ML305U", "--boot-time", "1.5", "--early-input", "lost", "--link", str(link))
    module.wait_link(link)
    with module.dte(str(link)) as dte:
        dte.write(b"AT\r" * 60 + b"ATI")
        dte.reads(BANNER)
        module.wait_ready()
        dte.ask("AT+CGMM", "ML305U", "OK")


def test_early_input_is_kept_otherwise(launch: Start, tmp_path: Path) -> None:
    link = tmp_path / "port"
    module = launch("ML305U", "--boot-time", "1.5", "--link", str(link))
    module.wait_link(link)
    with module.dte(str(link), flush=False) as dte:
        dte.write(b"ATE0\r" + b"AT\r" * 60)
        dte.reads(BANNER)
        dte.until(rb"\r\nOK\r\n")
        dte.hears(*["OK"] * 60)
