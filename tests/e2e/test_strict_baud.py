"""A DTE whose speed is not the module's, on each kind of line."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial
from onemo.link.speed import speed_of
from onemo.runtime.hosted import Hosted
from onemo.wire.mismatch import sampled

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT
from tests.e2e.started import ROOT

# pyserial calls Thread.setDaemon and setName.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
SILENT = 0.3
"""Seconds after which nothing will be said."""
ANSWER = b"\r\nOK\r\n"
BANNER = b"\r\n+MATREADY\r\n"


@contextmanager
def opened(url: str, speed: int) -> Iterator[serial.SerialBase]:
    with serial.serial_for_url(url, speed, timeout=WAIT) as port:
        yield port


def asked(port: serial.SerialBase, command: bytes) -> bytes:
    port.write(command + b"\r")
    answer: bytes = port.read_until(ANSWER)
    assert answer.endswith(ANSWER), answer
    return answer


def ignored(port: serial.SerialBase, typed: bytes) -> None:
    """The module says nothing to that, and does nothing."""
    port.write(typed)
    port.timeout, before = SILENT, port.timeout
    assert port.read(1) == b""
    port.timeout = before


def change(port: serial.SerialBase, speed: int) -> None:
    port.baudrate = speed


def test_a_fixed_speed_over_rfc_2217(start: Start) -> None:
    """What came at another speed is gone; a new AT+IPR is in force once its OK has left."""
    module = start("ML305U", "--rfc2217", "127.0.0.1:0")
    with opened(module.port, 9600) as port:
        ignored(port, b"AT+IPR=9600\r")
        change(port, 115200)
        assert asked(port, b"AT+IPR?") == b"\r\n+IPR: 115200\r\n\r\nOK\r\n"
        assert asked(port, b"AT+IPR=57600") == ANSWER
        ignored(port, b"AT\r")
        change(port, 57600)
        assert asked(port, b"AT") == ANSWER
    with opened(module.port, 57600) as port:
        assert asked(port, b"AT") == ANSWER
    assert "the DTE is at 9600 bit/s, the module at 115200: all is noise (--no-strict-baud" in module.stderr()


def test_any_speed_does_where_that_was_asked_for(start: Start) -> None:
    with opened(start("ML305U", "--rfc2217", "127.0.0.1:0", "--no-strict-baud").port, 9600) as port:
        assert asked(port, b"AT") == ANSWER


def test_a_speed_that_is_found_out(start: Start) -> None:
    """By AT alone, whether it comes at once or byte by byte; again after it has changed, and after a restart."""
    module = start("ML307R", "--rfc2217", "127.0.0.1:0")
    with opened(module.port, 9600) as port:
        ignored(port, b"+CSQ\rA\rT\r")
        assert BANNER in asked(port, b"AT")
        asked(port, b"ATE0")
        change(port, 57600)
        ignored(port, b"a")
        assert asked(port, b"tI").startswith(b"\r\nCMCC\r\n")
        change(port, 230400)  # beyond those that it finds out
        ignored(port, b"AT\r")
        change(port, 57600)
        port.write(b"AT+MREBOOT\r")
        port.read_until(b"\r\nREBOOTING\r\n")
        for _ in range(3):  # the first is lost in the boot
            ignored(port, b"+CSQ\r")
        change(port, 19200)
        ignored(port, b"\r")
        assert BANNER in asked(port, b"AT")
        assert asked(port, b"AT+IPR=115200;E0").endswith(ANSWER)
        ignored(port, b"AT\r")
        change(port, 115200)
        assert asked(port, b"AT+IPR=0") == ANSWER
        port.write(b"A/")  # no AT: at AT+IPR=0 it goes on at the speed it had, until one comes at another
        assert port.read_until(ANSWER).endswith(ANSWER)
        change(port, 9600)
        ignored(port, b"A/")
        assert asked(port, b"at") == ANSWER


def test_what_the_module_says_is_the_same_garbage_each_time(launch: Start) -> None:
    module = launch("ML305U", "--strict-baud", "--boot-time", "0.3").wait_ready()
    garbage = sampled(BANNER, 115200, 57600)
    with opened(module.port, 115200) as port:
        for _ in range(2):
            port.write(b"AT+MREBOOT\r")
            assert port.read_until(b"\r\nREBOOTING\r\n").endswith(b"\r\nREBOOTING\r\n")
            change(port, 57600)
            assert port.read(len(garbage)) == garbage
            ignored(port, b"AT\r")
            change(port, 115200)
            assert asked(port, b"AT") == ANSWER


def test_a_pty_is_strict_on_request_alone(start: Start) -> None:
    with opened(start("ML305U").port, 9600) as port:
        assert asked(port, b"AT") == ANSWER
    with opened(start("ML305U", "--strict-baud", "--pace").port, 9600) as port:
        port.timeout = SILENT
        while port.read(1):  # the banner, which may still be on its way
            pass
        ignored(port, b"AT\r")


def test_what_is_said_while_nobody_has_the_pty_open_is_no_noise(start: Start) -> None:
    """The speed of a pty that nobody has set is none of a DTE; the next one counts from the moment that it opens it."""
    module = start("ML305U", "--strict-baud")
    port = os.open(module.port, os.O_RDWR | os.O_NOCTTY)
    try:
        assert select.select([port], [], [], WAIT)[0]
        assert os.read(port, 100) == BANNER
        os.write(port, b"AT\r")
        assert not select.select([port], [], [], SILENT)[0]
    finally:
        os.close(port)
    assert "the DTE is at 38400 bit/s, the module at 115200" in module.stderr()


def test_who_opens_the_pty_before_the_boot_is_there(launch: Start, tmp_path: Path) -> None:
    """The link is there early; the banner is noise to whom has another speed."""
    link, garbage = tmp_path / "port", sampled(BANNER, 115200, 38400)
    module = launch("ML305U", "--strict-baud", "--boot-time", "4", "--link", str(link))
    module.wait_link(link)
    port = os.open(link, os.O_RDWR | os.O_NOCTTY)
    try:
        module.wait_ready()
        heard = b""
        while len(heard) < len(garbage):
            assert select.select([port], [], [], WAIT)[0]
            heard += os.read(port, 100)
    finally:
        os.close(port)
    assert heard == garbage


PROGRAM = """
import os, select, sys, termios, tty
port = os.open(sys.argv[1], os.O_RDWR) if sys.argv[1:] else 0
tty.setraw(port)
def answers(speed):
    modes = termios.tcgetattr(port)
    modes[4] = modes[5] = speed
    termios.tcsetattr(port, termios.TCSADRAIN, modes)
    os.write(port, b"ATE0\\r")
    heard = b""
    while not heard.endswith(b"OK\\r\\n"):
        if not select.select([port], [], [], 5 if speed == termios.B115200 else 0.3)[0]:
            return False
        heard += os.read(port, 100)
    return True
sys.exit(40 + answers(termios.B9600) + 2 * answers(termios.B115200))
"""


@pytest.mark.parametrize("place", [(), ("{port}",)], ids=["terminal", "port"])
@pytest.mark.parametrize(("option", "heard"), [((), 3), (("--strict-baud",), 2)], ids=["any", "strict"])
def test_a_child_at_another_speed(place: tuple[str, ...], option: tuple[str, ...], heard: int) -> None:
    """Both where the terminal is its line and where it opens the port. The banner, said before it ran, is no noise."""
    command = shlex.join([sys.executable, "-c", PROGRAM, *place])
    arguments = [sys.executable, "-m", "onemo", "run", "ML305U", *option, "--exec", command]
    done = subprocess.run(arguments, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=2 * WAIT)
    assert done.returncode == 40 + heard, done.stderr


def said(master: int, command: bytes = b"AT") -> bytes:
    os.write(master, command + b"\r")
    answer = b""
    while not answer.endswith(ANSWER):
        assert select.select([master], [], [], WAIT)[0], answer
        answer += os.read(master, 100)
    return answer


def test_a_uart_has_the_speed_of_the_module(wire: tuple[int, str], start: Start, tmp_path: Path) -> None:
    """A cable does not tell the speed at its other end: what arrives is heard, and nothing is said of the DTE."""
    master, path = wire
    arguments = ("ML305U", "--uart", path, "--nv", str(tmp_path / "nv.json"))
    module = start(*arguments)
    said(master)
    assert speed_of(master) == 115200
    said(master, b"AT+IPR=9600")
    said(master, b"AT&W")
    module.signal(signal.SIGTERM)
    module = start(*arguments)
    said(master)
    assert speed_of(master) == 9600
    assert "DTE" not in module.stderr()


def test_a_uart_where_the_module_finds_its_speed_out(wire: tuple[int, str], start: Start) -> None:
    master, path = wire
    start("ML307R", "--uart", path, "--baud", "9600")
    said(master)
    assert speed_of(master) == 9600


def test_a_uart_at_another_speed(wire: tuple[int, str], start: Start) -> None:
    master, path = wire
    arguments = ("ML305U", "--uart", path, "--baud", "9600")
    command = [sys.executable, "-m", "onemo", "run", *arguments]
    refused = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=WAIT, text=True)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert refused.stderr.startswith(f"onemo-emulator: {path}: the module is at 115200 bit/s (AT+IPR), not at 9600: ")
    start(*arguments, "--no-strict-baud")
    said(master)
    assert speed_of(master) == 9600


def test_for_a_python_program() -> None:
    with Hosted() as lab:
        module = lab.start("ML305U", strict_baud=True)
        with opened(module.port, 9600) as port:
            ignored(port, b"AT\r")
            change(port, 115200)
            assert asked(port, b"AT") == ANSWER
        board = lab.start("ML305M", link="rfc2217://")  # 9600 by default
        with opened(board.port, 115200) as port:
            ignored(port, b"AT\r")
            change(port, 9600)
            assert asked(port, b"AT") == ANSWER
