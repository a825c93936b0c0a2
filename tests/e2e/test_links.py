"""The other lines of the real command, each with a DTE of its kind."""

from __future__ import annotations

import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial
from onemo.link.speed import speed_of

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT, until
from tests.e2e.started import ROOT

# pyserial calls Thread.setDaemon and setName.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
ML307R = b"ML307R"


@contextmanager
def opened(url: str) -> Iterator[serial.SerialBase]:
    with serial.serial_for_url(url, 115200, timeout=WAIT) as port:
        yield port


def test_two_lines_are_one_too_many() -> None:
    with run("--tcp", ":0", "--rfc2217", ":0") as process:
        err = process.communicate(timeout=WAIT)[1]
    assert process.returncode == 2
    assert err == b"onemo-emulator: --tcp and --rfc2217: a module has one line; choose one of them\n"


def asked(port: serial.SerialBase, command: bytes) -> bytes:
    port.write(command + b"\r")
    answer: bytes = port.read_until(b"OK\r\n")
    assert answer.endswith(b"\r\nOK\r\n"), answer
    return answer


@pytest.mark.parametrize(("option", "scheme"), [("--tcp", "socket"), ("--rfc2217", "rfc2217")])
def test_a_dte_on_tcp(start: Start, option: str, scheme: str) -> None:
    module = start("ML307R", option, "127.0.0.1:0", measured=True)
    assert module.ready.startswith(f"ML307R ready on {scheme}://127.0.0.1:")
    with opened(module.port) as port:
        assert ML307R in asked(port, b"ATI")
    with opened(module.port) as port:  # it may come again
        assert ML307R in asked(port, b"ATI")


def test_dtr_wakes_the_module(start: Start) -> None:
    with opened(start("MN316", "--rfc2217", "127.0.0.1:0", measured=True).port) as port:
        for setting in (b'"sleepind",2', b'"delaysleep",1', b'"sleepmode",2'):
            asked(port, b"AT+MLPMCFG=" + setting)
        port.dtr = False
        assert port.read_until(b": 2\r\n") == b"\r\n+MLPMENTER: 2\r\n"
        port.rts = not port.rts  # it does not wake
        port.dtr = True
        assert port.read_until(b": 2\r\n") == b"\r\n+MLPMEXIT: 2\r\n"


def heard(master: int) -> bytes:
    """Read up to an OK."""
    data, end = b"", time.monotonic() + WAIT
    while not data.endswith(b"\r\nOK\r\n"):
        assert select.select([master], [], [], max(0.0, end - time.monotonic()))[0], data
        data += os.read(master, 4096)
    return data


def test_a_uart_whose_speed_follows(wire: tuple[int, str], start: Start) -> None:
    master, path = wire
    module = start("ML307R", "--uart", path, "--baud", "9600", measured=True)
    assert module.ready == f"ML307R ready on {path}"
    os.write(master, b"ATI\r")
    assert ML307R in heard(master)
    assert speed_of(master) == 9600
    os.write(master, b"AT+IPR=57600\r")
    heard(master)
    until(lambda: speed_of(master) == 57600)
    os.write(master, b"AT\r")
    heard(master)


def run(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "onemo", "run", "--boot-time", "0", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_uart_that_is_lost() -> None:
    master, slave = os.openpty()
    path = os.ttyname(slave)
    with run("--uart", path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"ML307R ready on {path}\n".encode()
        os.close(slave)
        os.close(master)
        err = process.communicate(timeout=WAIT)[1].decode()
    assert (process.returncode, err.count("\n")) == (2, 1)
    assert err.startswith(f"onemo-emulator: {path} is lost: ")


def python(program: str, *arguments: str) -> str:
    return shlex.join([sys.executable, "-c", program, *arguments])


ASKS = """
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR) if sys.argv[1:] else 0
def ask(command):
    os.write(fd or 1, command + b"\\r")
    data = b""
    while not data.endswith(b"OK\\r\\n"):
        data += os.read(fd, 100)
    return data
assert b"\\r\\nML307R\\r\\n" in ask(b"ATI"), "the line is not raw"
"""


@pytest.mark.parametrize("place", [(), ("{port}",)], ids=["terminal", "port"])
def test_a_child_does_not_get_what_is_the_emulators(
    place: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ONEMO_READY_FILE", str(tmp_path / "ready"))
    monkeypatch.setenv("ONEMO_CONTROL_TOKEN", "secret")
    monkeypatch.setenv("ONEMO_OTHER", "kept")
    program = "import os, sys; sys.exit(5 + sum(map(len, {'ONEMO_CONTROL_TOKEN', 'ONEMO_READY_FILE'} & {*os.environ}))"
    program += " + 2 * ('ONEMO_OTHER' in os.environ))"
    with run("--exec", python(program, *place)) as process:
        process.communicate(timeout=WAIT)
    assert process.returncode == 7


@pytest.mark.parametrize("place", [(), ("{port}",)], ids=["terminal", "port"])
def test_a_child_and_its_exit_status(place: tuple[str, ...]) -> None:
    with run("--exec", python(f"{ASKS}\nprint('told', file=sys.stderr); sys.exit(7)", *place)) as process:
        out, err = (part.decode() for part in process.communicate(timeout=WAIT))
    assert (process.returncode, out) == (7, ""), err
    assert err.startswith("ML307R ready on /dev/pts/")
    assert err.endswith("told\n")


def test_a_child_with_a_link(tmp_path: Path) -> None:
    link = tmp_path / "modem"
    with run("--link", str(link), "--exec", python(f"{ASKS}\nprint(sys.argv[1])", "{port}")) as process:
        out, err = process.communicate(timeout=WAIT)
    assert (process.returncode, out.decode()) == (0, f"{link}\n"), err
    assert not link.is_symlink()


def test_a_child_that_waits_for_the_registration() -> None:
    program = f"{ASKS}\nimport time; print(ask(b'AT+CEREG?').decode())"
    for when, seconds, state in (("ready", "60", "0,2"), ("registered", "2", "0,1")):
        arguments = "--register-time", seconds, "--exec", python(program, "{port}")
        with run(*arguments, "--exec-when", when) as process:
            out, err = process.communicate(timeout=WAIT)
        assert (process.returncode, f"+CEREG: {state}" in out.decode()) == (0, True), (out, err)


def test_when_of_no_command() -> None:
    with run("--exec-when", "registered") as process:
        err = process.communicate(timeout=WAIT)[1]
    said = b"onemo-emulator: --exec-when is for the command of --exec: name one, or leave it out\n"
    assert (process.returncode, err) == (2, said)


def test_the_module_connects_to_a_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WAIT)
        number = listener.getsockname()[1]
        with run("--connect", f"127.0.0.1:{number}") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == f"ML307R ready on tcp://127.0.0.1:{number}\n".encode()
            for _ in range(2):  # it comes again
                with listener.accept()[0] as peer, peer.makefile("rwb") as line:
                    peer.settimeout(WAIT)
                    line.write(b"ATI\r")
                    line.flush()
                    while line.readline() != b"OK\r\n":
                        pass
            process.terminate()


def test_sigterm_goes_to_the_child() -> None:
    """The child may still talk to the module."""
    program = f"""{ASKS}
import signal
def end(*_):
    ask(b"AT")
    sys.exit(9)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while True:
    signal.pause()
"""
    with run("--exec", python(program, "{port}")) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=WAIT)
    assert process.returncode == 9


def test_pace(start: Start) -> None:
    with opened(start("ML307R", "--pace").port) as port:
        port.baudrate = 2400
        asked(port, b"ATE0")
        began = time.monotonic()
        answer = asked(port, b"ATI")
        took = time.monotonic() - began
        assert took > 0.8 * 10 * len(answer) / 2400
        asked(port, b"AT+IPR=115200")
        began = time.monotonic()
        asked(port, b"ATI")
        assert time.monotonic() - began < took
