"""Parts of the tests of the command line."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from onemo.__main__ import main
from ptyprocess import PtyProcess

ROOT = Path(__file__).resolve().parents[3]


class Printed(NamedTuple):
    """The output of a command, and its status."""

    status: int
    out: str
    err: str


Typed = Callable[..., Printed]
Write = Callable[[str, str], Path]
ACME = """
extends = "models/ml307r.toml"
source = "our board"
series = "ACME"
[commands.MIPOPEN]
params.timeout = { out_of_range = "ignore" }
[sub_models.ACME-1]
[sub_models.ACME-2.commands]
S3 = { available = true }
"""


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Types a command line, which must not start a module: ``typed("show", "ML307R")``."""

    def go(*arguments: str) -> Printed:
        monkeypatch.setattr(sys, "argv", ["onemo-emulator", *arguments])
        monkeypatch.setattr(signal, "signal", lambda number, handler: None)
        monkeypatch.setattr(gc, "disable", lambda: None)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:  # what is started later in this process would not hear them
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        assert isinstance(ended.value.code, int)
        return Printed(ended.value.code, *capsys.readouterr())

    return go


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Puts a profile into tmp_path."""

    def put(name: str, content: str) -> Path:
        file = tmp_path / name
        file.write_text(content)
        return file

    return put


def started(*arguments: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """The same as a process of its own."""
    command = [sys.executable, "-m", "onemo", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE, text=True)


def on_a_terminal(columns: int, *arguments: str, status: int = 0, **environment: str) -> list[str]:
    """The lines that the command prints on a terminal of this width."""
    command = [sys.executable, "-m", "onemo", *arguments]
    ours = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    known = {**ours, "TERM": "xterm", **environment}
    shown = b""
    terminal = PtyProcess.spawn(command, cwd=str(ROOT), env=known, dimensions=(40, columns))
    try:
        while True:
            shown += terminal.read(65536)
    except EOFError:
        pass
    assert terminal.wait() == status, shown.decode()
    return shown.decode().splitlines()
