"""``onemo-emulator demo``: as it is seen on a terminal, in a pipe, and when something is wrong."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ptyprocess import PtyProcess

from tests.e2e.dte import WAIT
from tests.e2e.started import ROOT

COMMAND = [sys.executable, "-m", "onemo", "demo"]
COLOUR = re.compile("\x1b\\[[0-9;]*m")


@contextmanager
def demo(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    pipe = subprocess.PIPE
    command = [*COMMAND, *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=pipe, stderr=pipe) as process:
        try:
            yield process
        finally:
            process.kill()


def steps(shown: str) -> dict[str, str]:
    """The title of each step, and what is shown of it."""
    parts = re.split(r"^(\d+\. .*)\n", shown, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_session() -> None:
    """In a terminal in colour, and of an NB module in a pipe; both at once, for it takes its time."""
    ours = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    terminal = PtyProcess.spawn(COMMAND, cwd=str(ROOT), env={**ours, "TERM": "xterm"}, dimensions=(40, 120))
    with demo("MN316") as process:
        shown = b""
        try:
            while True:
                shown += terminal.read(65536)
        except EOFError:
            pass
        assert terminal.wait() == 0, shown.decode()
        piped, errors = process.communicate(timeout=WAIT)
    assert (process.returncode, errors) == (0, "")
    assert COLOUR.search(shown.decode())
    assert not COLOUR.search(piped)
    coloured = steps(COLOUR.sub("", shown.decode()).replace("\r\n", "\n"))
    plain = steps(piped)
    assert len(coloured) == len(plain) == 12
    assert not [title for title in coloured if "left out" in title]
    left_out = [title.partition("  (left out: ")[2] for title in plain if "left out" in title]
    assert left_out == ["its AT+MIPSEND has no prompt)", "it has no transparent mode)"]
    dialogue = "".join(coloured.values())
    for line in ("> +++", "< CONNECT", "> any bytes\\x1a", '< +MIPURC: "rudp",0,8,datagram', "< +MIPRD: 0,2,6,buffer"):
        assert f" {line}\n" in dialogue
    for told in (dialogue, "".join(plain.values())):
        assert len(re.findall(r'< \+MPING: 0,"[^"]+",16,30,64\n', told)) == 2
        assert re.search(r'< \+MNTP: 0,"[^"]+"\n', told)
        assert re.search(r"< \+CCLK: [^\n]+\n", told)


def test_an_answer_that_is_not_the_one_it_needs(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        'extends = "models/ml307r.toml"\nsource = "a test"\n'
        '[commands.MIPSEND.params]\nsend_length = { range = "0-4" }\n'
    )
    with demo("own", "--profiles", str(tmp_path)) as process:
        shown, errors = process.communicate(timeout=WAIT)
    assert process.returncode == 1
    assert list(steps(shown))[-1].startswith("4. ")
    assert errors == (
        """onemo-emulator: the demo ends early: after b'AT+MIPSEND=0,5,"hello"\\r' it needs '+MIPSEND: 0,5', """
        "but the answer is b'+CME ERROR: 50'\n"
    )


@pytest.mark.parametrize(("number", "step"), [(signal.SIGINT, "10. "), (signal.SIGTERM, "2. ")])
def test_a_signal_ends_it(number: signal.Signals, step: str) -> None:
    with demo() as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(step):
                break
        process.send_signal(number)
        _, errors = process.communicate(timeout=WAIT)
    assert (process.returncode, errors) == (128 + number, "")
