"""Programs that people and scripts use on serial ports, where they are installed."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import time
from pathlib import Path

import ptyprocess
import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT
from tests.e2e.peers import IPV4, Peers


def installed(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


class Terminal:
    """A program under a terminal of its own, and what it showed there."""

    def __init__(self, command: list[str], home: Path) -> None:
        self.process = ptyprocess.PtyProcess.spawn(command, env={**os.environ, "HOME": str(home), "TERM": "vt100"})
        self.shown = b""

    def types(self, keys: bytes) -> None:
        self.process.write(keys)

    def shows(self, text: bytes) -> None:
        """Wait until text is shown; what was shown up to it counts no more."""
        end = time.monotonic() + WAIT
        while text not in self.shown:
            if not select.select([self.process.fd], [], [], max(0.0, end - time.monotonic()))[0]:
                raise AssertionError(f"no {text!r}, but {self.shown!r}")
            try:
                self.shown += self.process.read(4096)
            except EOFError:
                raise AssertionError(f"it ended without {text!r}, but {self.shown!r}") from None
        self.shown = self.shown.partition(text)[2]

    def ends(self) -> int:
        """Wait until the program closes its terminal; returns its exit status."""
        try:
            while select.select([self.process.fd], [], [], WAIT)[0]:
                self.process.read(4096)
            raise AssertionError(f"it does not end, and showed {self.shown!r}")
        except EOFError:
            status: int = self.process.wait()
            return status

    def close(self) -> None:
        self.process.close(force=True)


@installed("picocom")
def test_picocom(start: Start, peers: Peers, tmp_path: Path) -> None:
    port = peers.echo().port("TCP", IPV4)
    module = start("ML307R", "--link", str(tmp_path / "ttyOneMO"))
    terminal = Terminal(["picocom", "--baud", "115200", str(tmp_path / "ttyOneMO")], tmp_path)
    try:
        terminal.shows(b"Terminal ready")
        terminal.types(b"ATE1\r")
        terminal.shows(b"+MATREADY\r\n\r\nOK\r\n")
        terminal.types(b"ATI\r")
        terminal.shows(b"ATI\r\r\nCMCC\r\nML307R\r\n")
        terminal.shows(b"\r\nOK\r\n")
        terminal.types(b'AT+MIPOPEN=0,"TCP","127.0.0.1",%d\r' % port)
        terminal.shows(b"+MIPOPEN: 0,0\r\n")
        terminal.types(b"AT+MIPSENX\bD=0,,hello\r")
        terminal.shows(b'+MIPURC: "rtcp",0,5,hello\r\n')
        terminal.types(b"\x01\x18")  # C-a C-x
        terminal.shows(b"Thanks for using picocom")
        assert terminal.ends() == 0
    finally:
        terminal.close()
    with module.dte() as dte:
        dte.write(b"AT+MIPSTATE=0\r")
        dte.until(b'\\+MIPSTATE: 0,"TCP","127.0.0.1",%d,"CONNECTED"\r\n\r\nOK\r\n' % port)


@installed("socat")
def test_socat(start: Start, tmp_path: Path) -> None:
    port = start("ML305U", "--link", str(tmp_path / "port")).port
    command = ["socat", "-t", "0.1", "STDIO", f"FILE:{port},raw,echo=0,flock-ex-nb"]
    for _ in range(3):
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as socat:
            assert socat.stdin is not None
            assert socat.stdout is not None
            socat.stdin.write(b"AT+CGMM\r")
            socat.stdin.flush()
            heard = b""
            while not heard.endswith(b"\r\nOK\r\n"):
                assert select.select([socat.stdout], [], [], WAIT)[0], f"only {heard!r}"
                heard += os.read(socat.stdout.fileno(), 4096)
            assert heard.endswith(b"\r\nML305U\r\n\r\nOK\r\n")
            socat.stdin.close()
            assert socat.wait(WAIT) == 0
