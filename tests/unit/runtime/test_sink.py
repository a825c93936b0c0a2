"""What is written while modules run: it is never waited for, and what nobody reads is counted."""

from __future__ import annotations

import errno
import fcntl
import io
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
import trio.testing
from onemo.errors import EmulatorError
from onemo.runtime.sink import LogFile, LogHandler, Sink, say, say_rest

LINE = "x" * 1023 + "\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe of one page: its end to read, and the one to write, which the sink owns."""
    reading, writing = os.pipe2(os.O_NONBLOCK)
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    yield reading, writing
    os.close(reading)


def sink_on(descriptor: int) -> Sink:
    return Sink(descriptor, "the trace", lambda dropped: f"{dropped} dropped\n")


def taken(reading: int) -> bytes:
    data = b""
    while True:
        try:
            more = os.read(reading, 1 << 20)
        except BlockingIOError:
            return data
        if not more:
            return data
        data += more


async def test_what_a_pipe_does_not_take_comes_as_it_is_read(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    sink = sink_on(writing)
    for _ in range(64):
        sink.write(LINE)
    read = b""
    while len(read) < 64 * 1024:
        await trio.lowlevel.wait_readable(reading)
        read += taken(reading)
    assert read == LINE.encode() * 64
    sink.close()


async def test_what_is_too_much_is_dropped_and_counted(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    sink = sink_on(writing)
    for _ in range(1500):
        sink.write(LINE)
    read = b""
    while not read.endswith(b"dropped\n"):
        await trio.lowlevel.wait_readable(reading)
        read += taken(reading)
    lines = read.splitlines()
    assert lines[-1] == f"{1500 - len(lines) + 1} dropped".encode()
    assert 1024 <= len(lines) - 1 < 1040
    sink.write("after\n")
    assert taken(reading) == b"after\n"
    sink.close()


def test_what_is_left_at_the_end_is_told(pipe: tuple[int, int], caplog: pytest.LogCaptureFixture) -> None:
    sink = sink_on(pipe[1])
    for _ in range(10):
        sink.write(LINE)
    sink.close()
    sink.close()
    assert caplog.messages == ["the trace: its reader has not taken the last 6 lines"]


async def test_a_reader_that_leaves_is_told_of_at_the_next_line() -> None:
    reading, writing = os.pipe2(os.O_NONBLOCK)
    sink = sink_on(writing)
    for _ in range(100):
        sink.write(LINE)
    os.close(reading)
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(BrokenPipeError):
        sink.write(LINE)
    sink.close()


async def test_closing_while_something_is_kept(pipe: tuple[int, int]) -> None:
    sink = sink_on(pipe[1])
    for _ in range(10):
        sink.write(LINE)
    await trio.testing.wait_all_tasks_blocked()
    sink.close()
    await trio.testing.wait_all_tasks_blocked()


def test_a_line_of_ours(tmp_path: Path) -> None:
    assert say("gone", None) == b""
    with (tmp_path / "out").open("w", encoding="ascii") as file:
        assert say("ready on é", file) == b""
    assert (tmp_path / "out").read_text() == "ready on \\xe9\n"
    with open("/dev/full", "w", encoding="ascii") as full, pytest.raises(EmulatorError, match="No space left"):
        say("ready", full)
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="ascii") as closed:
        assert say("ready", closed) == b""


async def test_a_line_that_is_read_later(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.set_blocking(writing, True)
    with os.fdopen(writing, "w", encoding="ascii") as out:
        rest = say("x" * 10_000, out)
        assert 10_001 - len(rest) == 4096
        async with trio.open_nursery() as nursery:
            nursery.start_soon(say_rest, rest, out)
            read = b""
            while len(read) < 10_001:
                await trio.lowlevel.wait_readable(reading)
                read += taken(reading)
    assert read == b"x" * 10_000 + b"\n"


def test_a_log_that_nobody_reads_is_not_waited_for(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.set_blocking(writing, True)
    with open(writing, "w", encoding="ascii") as stream:
        handler = LogHandler(stream)
        record = logging.LogRecord("onemo", logging.INFO, "", 0, "y" * 3000, None, None)
        for _ in range(5):
            handler.emit(record)
        first = taken(reading)
        handler.emit(logging.LogRecord("onemo", logging.INFO, "", 0, "short", None, None))
        assert taken(reading) == b"... 4 lines that nobody read are left out\nshort\n"
        assert first == b"y" * 3000 + b"\n", len(first)


async def test_what_happened_before_a_record_comes_before_it() -> None:
    stream = io.StringIO()
    handler = LogHandler(stream)
    handler.first = lambda: print("< OK", file=stream)
    handler.emit(logging.LogRecord("onemo", logging.INFO, "", 0, "told", None, None))
    assert stream.getvalue() == "< OK\ntold\n"


def test_a_log_without_a_stream_and_one_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    record = logging.LogRecord("onemo", logging.INFO, "", 0, "told", None, None)
    stream = io.StringIO()
    LogHandler(stream).emit(record)
    assert stream.getvalue() == "told\n"
    monkeypatch.setattr("sys.stderr", None)
    LogHandler(None).emit(record)


# The log in a file.


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[LogFile]:
    handler = LogFile(tmp_path / "a.log")
    yield handler
    handler.close()
    handler.close()


def says(handler: LogFile, text: str) -> None:
    handler.emit(logging.makeLogRecord({"msg": text}))


def test_a_log_is_its_owners_alone_and_added_to(logged: LogFile, tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    says(logged, "one \ud800")
    (tmp_path / "link").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="it is a symbolic link"):
        LogFile(tmp_path / "link")
    again = LogFile(file)
    says(again, "two")
    again.close()
    assert file.read_text() == "one \\ud800\ntwo\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not (tmp_path / "other").exists()


def test_a_log_that_is_rotated_is_made_anew(logged: LogFile, tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    says(logged, "one")
    file.rename(tmp_path / "a.log.1")
    says(logged, "two")
    file.unlink()
    says(logged, "three")
    assert ((tmp_path / "a.log.1").read_text(), file.read_text()) == ("one\n", "three\n")


def test_a_log_that_takes_no_more_is_told_of_once(
    logged: LogFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    complaint = f"onemo-emulator: --log {tmp_path / 'a.log'} takes no more: No space left on device\n"
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            says(logged, "lost")
            says(logged, "lost")
        assert capfd.readouterr().err == complaint
        says(logged, "there")
    assert (tmp_path / "a.log").read_text() == "there\nthere\n"


def test_a_pipe_that_nobody_reads_is_no_log(tmp_path: Path) -> None:
    """It is not waited for."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="No such device or address"):
        LogFile(tmp_path / "pipe")
