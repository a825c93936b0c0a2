"""Files and pipes of ours that take nothing: nobody reads them, or their disk is full."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.dte import WAIT, Dte, Transcript
from tests.e2e.started import AT_ONCE, ROOT

_PAGE = 4096


@contextmanager
def unread() -> Iterator[int]:
    """A pipe that is full, and that nobody reads."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PAGE)
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while os.write(writing, bytes(_PAGE)):
            pass
    os.set_blocking(writing, True)
    try:
        yield writing
    finally:
        os.close(reading)
        os.close(writing)


@contextmanager
def started(
    *arguments: str, stdout: int = subprocess.DEVNULL, stderr: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-W", "error", "-m", "onemo", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def appears(file: Path, process: subprocess.Popen[bytes]) -> str:
    """Wait for a ready file, and return what it says."""
    end = time.monotonic() + 2 * WAIT
    while not file.exists():
        assert process.poll() is None, "it ended"
        assert time.monotonic() < end, "it never became ready"
        select.select([], [], [], 0.005)
    return file.read_text()


def ends(process: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT) == 0
    assert time.monotonic() - began < 3


def test_a_trace_whose_reader_pauses(tmp_path: Path) -> None:
    """Its module goes on, SIGTERM ends it, and the trace says how many lines are missing."""
    pipe, ready = tmp_path / "trace", tmp_path / "ready"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, _PAGE)
    with started("run", *AT_ONCE, "--trace", str(pipe), "--ready-file", str(ready)) as process:
        port = json.loads(appears(ready, process))["port"]
        with Dte(port, Transcript(lambda: "")) as dte:
            dte.wake()
            for _ in range(200):
                dte.ask("AT+CGMM", "ML307R", "OK")
        ends(process)
        assert process.stderr is not None
        told = process.stderr.read().decode()
    assert f"the trace {pipe}: its reader has not taken the last " in told
    entries = os.read(reading, 1 << 20).splitlines()
    os.close(reading)
    assert all(json.loads(line) for line in entries[:-1])


@pytest.mark.parametrize("json_line", [(), ("--json",)])
def test_a_ready_line_that_nobody_reads(tmp_path: Path, json_line: tuple[str, ...]) -> None:
    ready = tmp_path / "ready"
    with unread() as pipe, started("run", *AT_ONCE, *json_line, "--ready-file", str(ready), stdout=pipe) as process:
        port = json.loads(appears(ready, process))["port"]
        with Dte(port, Transcript(lambda: "")) as dte:
            dte.wake()
            dte.alive()
        ends(process)


def test_a_lab_whose_stdout_nobody_reads(tmp_path: Path) -> None:
    ready, file = tmp_path / "ready", tmp_path / "lab.toml"
    file.write_text("[defaults]\nboot_time = 0\n[[module]]\ncount = 3\n")
    with unread() as pipe, started("lab", str(file), "--ready-file", str(ready), stdout=pipe) as process:
        assert json.loads(appears(ready, process))["ready"] == 3
        ends(process)


def test_a_log_that_nobody_reads(tmp_path: Path) -> None:
    """-v and the log: every command is told, and no line is waited for."""
    ready = tmp_path / "ready"
    fault = ("--fault", "reboot on=command:CGMR times=3")
    with (
        unread() as pipe,
        started("run", *AT_ONCE, "-v", *fault, "--ready-file", str(ready), stderr=pipe) as process,
    ):
        port = json.loads(appears(ready, process))["port"]
        with Dte(port, Transcript(lambda: "")) as dte:
            dte.wake()
            for _ in range(50):
                dte.alive()
        ends(process)


@pytest.mark.parametrize("command", ["run", "lab"])
def test_a_ready_line_that_cannot_be_written(command: str, tmp_path: Path) -> None:
    file = tmp_path / "lab.toml"
    file.write_text("[defaults]\nboot_time = 0\n[[module]]\n")
    arguments = ("run", *AT_ONCE) if command == "run" else ("lab", str(file))
    with open("/dev/full", "wb") as full, started(*arguments, stdout=full.fileno()) as process:
        assert process.wait(2 * WAIT) == 2
        assert process.stderr is not None
        told = process.stderr.read().decode()
    assert told == "onemo-emulator: the ready line cannot be written: No space left on device\n"
