"""Files and pipes of ours that take nothing: nobody reads them, or their disk is full."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT, Dte, Transcript, until
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
    *arguments: str,
    stdout: int = subprocess.DEVNULL,
    stderr: int = subprocess.PIPE,
    before: Callable[[], None] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-W", "error", "-m", "onemo", *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, preexec_fn=before
    )
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


def test_the_traces_of_a_killed_process(tmp_path: Path) -> None:
    """It loses the last of them alone; how much that is, the tests of the trace tell."""
    trace, ready = tmp_path / "trace", tmp_path / "ready"
    with started("run", *AT_ONCE, "-v", "--trace", str(trace), "--ready-file", str(ready)) as process:
        with Dte(json.loads(appears(ready, process))["port"], Transcript(lambda: "")) as dte:
            dte.wake()
            dte.ask("AT+CGMM", "ML307R", "OK")
            dte.lull(0.4)
            process.kill()
        assert process.wait(WAIT) == -signal.SIGKILL
        assert process.stderr is not None
        assert process.stderr.read().endswith(b" < OK\n")
    assert json.loads(trace.read_text().splitlines()[-1])["data"] == "\r\nML307R\r\n\r\nOK\r\n"


def test_a_transcript_whose_reader_pauses(start: Start, tmp_path: Path) -> None:
    """What is recorded passes on, SIGTERM ends it, and the lines that are missing are counted."""
    pipe, link = tmp_path / "transcript", tmp_path / "dte"
    os.mkfifo(pipe)
    module = start("ML307R")
    with module.awake():
        pass
    arguments = ("record", module.port, "--out", str(pipe), "--link", str(link))
    with started(*arguments) as process:
        assert process.wait(WAIT) == 2
        assert process.stderr is not None
        assert process.stderr.read().decode().count("\n") == 1, "nobody reads it"
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, _PAGE)
    with started(*arguments) as process:
        until(link.is_symlink)
        with Dte(str(link), Transcript(lambda: "")) as dte:
            for _ in range(200):
                dte.ask("AT+CGMM", "ML307R", "OK")
        ends(process)
        assert process.stderr is not None
        assert f"the transcript {pipe}: its reader has not taken the last " in process.stderr.read().decode()
    assert os.read(reading, 1 << 20).startswith(b"> AT+CGMM\n< ML307R\n< OK\n")
    os.close(reading)
    assert not link.is_symlink()


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


# A host that has no more of something


def limited(limit: int, most: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(limit, (most, most))


@pytest.mark.parametrize("more", [(), ("--strict-baud",), ("--sandbox", "--control", "127.0.0.1:0")], ids=" ".join)
def test_too_few_descriptors_to_start(more: tuple[str, ...]) -> None:
    """It starts, or says what it lacks."""
    told = set()
    for most in (8, 11, 15, 24):
        before = limited(resource.RLIMIT_NOFILE, most)
        with started("run", *AT_ONCE, *more, "--exec", "true {port}", before=before) as process:
            assert process.stderr is not None
            log = process.stderr.read().decode()
            status = process.wait(2 * WAIT)
        assert (status, "Traceback" in log) in ((0, False), (2, False)), log
        told.add((status, "(ulimit -n)" in log, "ready on" in log))
    assert {(2, True, False), (0, False, True)} <= told


def test_no_descriptors_left(tmp_path: Path) -> None:
    """Connections fail with the number that the manual has for it, and what is there goes on."""
    ready = tmp_path / "ready"
    arguments = (*AT_ONCE, "--sandbox", "--control", "127.0.0.1:0", "--ready-file", str(ready))
    with started("run", *arguments, before=limited(resource.RLIMIT_NOFILE, 24)) as process:
        told = json.loads(appears(ready, process))
        address, port = told["control"].removeprefix("http://").split(":")
        with Dte(told["port"], Transcript(lambda: "")) as dte:
            dte.wake()
            dte.ask('AT+MIPOPEN=1,"TCP","www.example.com",7', "OK", "+MIPOPEN: 1,0")
            clients = [socket.create_connection((address, int(port))) for _ in range(24)]
            until(lambda: len(os.listdir(f"/proc/{process.pid}/fd")) == 24)
            dte.line('AT+MIPOPEN=0,"TCP","www.example.com",7')
            dte.until(rb"\+MIPOPEN: 0,[1-9]\d*\r\n")
            dte.ask("AT+MIPSEND=1,,alive", "+MIPSEND: 1,5", "OK", '+MIPURC: "rtcp",1,5,alive')
            for client in clients:
                client.close()
            dte.alive()
        ends(process)
        assert process.stderr is not None
        log = process.stderr.read().decode()
    assert "Traceback" not in log
    assert log.count("the control takes no connection for now: Too many open files") == 1


FIRST_USES = {
    'AT+MIPOPEN=0,"TCP","127.0.0.1",7': (r"\+MIPOPEN: 0,554\r\n", r"\+MIPOPEN: 0,557\r\n"),
    'AT+MPING="127.0.0.1",1,1': (r"\+MPING: 5\r\n", r"\+MPING: (5|0,[^\r]+)\r\n"),
    'AT+MNTP="127.0.0.1",123,0,5': (r"\+MNTP: 3\r\n", r"\+MNTP: \d[^\r]*\r\n"),
    'AT+MDNSGIP="there.is.none"': (r'\+MDNSGIP: "there.is.none"\r\n', r'\+MDNSGIP: "there.is.none"\r\n'),
    'AT+MSSLCFG="auth",0': (r'\+MSSLCFG: "auth",0,0\r\n\r\nOK\r\n', r'\+MSSLCFG: "auth",0,0\r\n\r\nOK\r\n'),
}


@pytest.mark.parametrize("command", FIRST_USES)
def test_what_is_read_at_its_first_use_when_no_descriptor_is_left(tmp_path: Path, command: str) -> None:
    """It is there all the same, and says what the module says that has no socket; afterwards all is well."""
    ready = tmp_path / "ready"
    arguments = (*AT_ONCE, "--offline", "--control", "127.0.0.1:0", "--ready-file", str(ready))
    with started("run", *arguments, before=limited(resource.RLIMIT_NOFILE, 24)) as process:
        told = json.loads(appears(ready, process))
        address, port = told["control"].removeprefix("http://").split(":")
        with Dte(told["port"], Transcript(lambda: "")) as dte:
            dte.wake()
            clients = [socket.create_connection((address, int(port))) for _ in range(24)]
            until(lambda: len(os.listdir(f"/proc/{process.pid}/fd")) == 24)
            without, afterwards = (pattern.encode() for pattern in FIRST_USES[command])
            dte.line(command)
            dte.until(without)
            for client in clients:
                client.close()
            until(lambda: len(os.listdir(f"/proc/{process.pid}/fd")) < 20)
            dte.line(command)
            dte.until(afterwards)
        ends(process)
        assert process.stderr is not None
        assert "a bug in the emulator" not in process.stderr.read().decode()


def test_a_full_disk(tmp_path: Path) -> None:
    """Its module says so once each, answers as where the memory fails, and goes on."""
    ready, nv = tmp_path / "ready", tmp_path / "nv"
    arguments = (*AT_ONCE, "--trace", "/dev/full", "--nv", str(nv), "--ready-file", str(ready))
    with started("run", *arguments, before=limited(resource.RLIMIT_FSIZE, 100)) as process:
        port = json.loads(appears(ready, process))["port"]
        with Dte(port, Transcript(lambda: "")) as dte:
            dte.wake()
            dte.line("ATE0S3=13&W")
            dte.until(rb"\r\n(OK|ERROR)\r\n")
            dte.alive()
        ends(process)
        assert process.stderr is not None
        log = process.stderr.read().decode()
    assert "the trace /dev/full cannot be written any more: No space left on device" in log
    assert "Traceback" not in log
    assert sorted(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [("--nv", "/proc/nv"), ("--ready-file", "/proc/ready"), ("--trace", "/proc/trace"), ("--link", "/proc/p")],
)
def test_a_disk_that_is_read_only(arguments: tuple[str, str]) -> None:
    with started("run", *AT_ONCE, *arguments) as process:
        assert process.wait(2 * WAIT) == 2
        assert process.stderr is not None
        told = process.stderr.read().decode()
    assert (told.count("\n"), arguments[1] in told) == (1, True)
