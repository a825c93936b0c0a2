"""Standard streams that take no more, or are closed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import started
from tests.unit.cli.test_main import COMMANDS

READERS = {
    "models": ["models"],
    "show": ["show", "ML307R"],
    "check-profile": ["check-profile", "profiles/models/ml307r.toml"],
    "help": ["run", "--help"],
    "first-help": ["--help"],
    "version": ["--version"],
    "command": ["show", "ML307R", "CSQ"],
}


@pytest.mark.parametrize("arguments", READERS.values(), ids=READERS)
def test_a_reader_that_leaves_is_no_mistake(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with started(*arguments, stdout=writing) as process:
        os.close(writing)
        assert process.communicate()[1] == ""
    assert process.returncode == 0


FULL = "onemo-emulator: stdout takes no more: No space left on device\n"
NOTHING_MORE = {
    **{name: [name] for name in ("models", "demo", "sandbox-ca")},
    "show": ["show", "ML307R"],
    "check-profile": ["check-profile", "profiles/models/ml307r.toml"],
    "trace": ["trace", "TRACE"],
    "lab": ["lab", "--check", "LAB"],
    "--version": ["--version"],
    "--help": ["--help"],
    **{f"{name} --help": [name, "--help"] for name in COMMANDS},
    **{f"ctl {name} --help": ["ctl", name, "--help"] for name in ("show", "trace", "verify")},
}


@pytest.mark.parametrize("arguments", NOTHING_MORE.values(), ids=NOTHING_MORE)
def test_a_full_disk_is_told_in_one_line(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    files = {
        "TRACE": '{"time":0,"from":"dte","to":"module","data":"AT\\r"}\n',
        "LAB": '[[module]]\nname = "a"\n',
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    full = os.open("/dev/full", os.O_WRONLY)
    with started(*(str(tmp_path / word) if word in files else word for word in arguments), stdout=full) as process:
        os.close(full)
        assert process.communicate()[1] == FULL
    assert process.returncode == 2


@pytest.mark.parametrize("more", ["", "-v"])
@pytest.mark.parametrize(("stderr", "status"), [("2>&-", 5), ("2>/dev/full", 2)])
def test_stderr_that_takes_nothing(more: str, stderr: str, status: int) -> None:
    """The ready line of --exec goes there: closed, nobody wants it; full, the start fails."""
    run = f"{sys.executable} -m onemo run --boot-time 0 {more} --exec 'sh -c \"ls -l /proc/self/fd; exit 5\"' {stderr}"
    done = subprocess.run(["sh", "-c", run], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


@pytest.mark.parametrize("arguments", ["models", "run --nonsense", "run -v --boot-time 0 --exec 'sleep 0.1'"])
def test_standard_streams_that_are_closed(arguments: str) -> None:
    command = f"{sys.executable} -m onemo {arguments} <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", command], timeout=30).returncode == (2 if "nonsense" in arguments else 0)
