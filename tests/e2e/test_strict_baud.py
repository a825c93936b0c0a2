"""A DTE whose speed is not the module's, on each kind of line."""

from __future__ import annotations

import os
import select
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
        while port.read(1):  # noise of the banner, which may still be on its way
            pass
        ignored(port, b"AT\r")


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
