"""The live dialogue: what a reader sees of it, and what it never does to the emulator."""

from __future__ import annotations

import fcntl
import io
import itertools
import os
import re
import time
from datetime import datetime

import pytest
from onemo.cli import live
from onemo.cli.live import Live
from onemo.wire.transmitter import Kind

from tests.support.labels import socket_label


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def seen(*crossings: tuple[str, bytes] | tuple[str, bytes, Kind]) -> list[str]:
    """The lines printed, without their times."""
    stream = io.StringIO()
    shown = Live(stream)
    for crossing in crossings:
        shown.line(*crossing)
    lines = stream.getvalue().splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3} ", line) for line in lines)
    return [line.partition(" ")[2] for line in lines]


def test_commands_and_answers() -> None:
    assert seen(
        (">", b"AT+CGMM\r\n"),
        ("<", b"\r\nML307R\r\n\r\nOK\r\n"),
        (">", b"AT\r"),
        ("<", b"\r\nOK\r\n"),
    ) == ["> AT+CGMM", "< ML307R", "< OK", "> AT", "< OK"]


def test_a_line_is_shown_when_it_is_whole() -> None:
    assert seen((">", b"AT"), (">", b"+CG"), (">", b"MM\rAT")) == ["> AT+CGMM"]


def test_an_answer_that_interrupts_shows_what_was_typed_so_far() -> None:
    assert seen((">", b"AT+C"), ("<", b"\r\n+MATREADY\r\n"), (">", b"GMM\r")) == ["> AT+C", "< +MATREADY", "> GMM"]


def test_what_has_no_line_end_is_shown_at_once() -> None:
    assert seen(("<", b"\r\n>"), (">", b"hello\x1a"), ("<", b"\r\nOK\r\n")) == ["< >", "> hello\\x1a", "< OK"]


def test_an_echo_is_what_the_module_says_is_one() -> None:
    assert seen(
        (">", b"AT+CG"),
        ("<", b"AT+CG", Kind.ECHO),
        (">", b"MM\r"),
        ("<", b"MM\r", Kind.ECHO),
        ("<", b"\r\nOK\r\n", Kind.ANSWER),
        (">", b"OK"),
        ("<", b"OK", Kind.DATA),
    ) == ["> AT+CGMM", "< AT+CGMM  (echo)", "< OK", "> OK", "< OK"]


def test_what_is_no_text_is_escaped() -> None:
    assert seen((">", b"\x00\x1b[31m\xff\xe4\r"), ("<", b"\x7f[bold]\r\n")) == [
        "> \\x00\\x1b[31m\\xff\\xe4",
        "< \\x7f[bold]",
    ]


def test_long_lines_are_cut() -> None:
    (line,) = seen((">", b"x" * 1460 + b"\r"))
    assert line == f"> {'x' * 512}... (1460 bytes)"


def test_a_line_without_end_is_not_kept_for_ever() -> None:
    lines = seen(*[(">", b"x" * 1000)] * 100)
    assert len(lines) == 100_000 // 17_000
    assert all(line.endswith("... (17000 bytes)") for line in lines)


def test_transparent_data_is_shown_when_it_is_sent() -> None:
    stream = io.StringIO()
    shown = Live(stream)
    shown.line(">", b"hello")
    assert stream.getvalue() == ""
    shown.net("sent", socket_label(0), b"hello")
    assert [line.partition(" ")[2] for line in stream.getvalue().splitlines()] == [
        "> hello",
        "* connection 0: sent 5 bytes",
    ]


@pytest.mark.parametrize("environment", [{"TERM": "xterm"}, {"TERM": "xterm", "NO_COLOR": "1"}])
def test_headings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    shown = Live(terminal)
    shown.heading("One")
    shown.heading("Two", "left out")
    assert re.sub("\x1b\\[[0-9;]*m", "", terminal.getvalue()) == "One\n\nTwo  (left out)\n"
    assert ("\x1b[1mTwo" in terminal.getvalue()) is ("NO_COLOR" not in environment)


def test_the_network() -> None:
    stream = io.StringIO()
    shown = Live(stream)
    shown.net("opened", socket_label(0), "[::1]:80")
    shown.net("received", socket_label(5), b"\r\n\x00")
    shown.net("open failed", socket_label(1), "name: h\x1b\nx: not known")
    assert [line.partition(" ")[2] for line in stream.getvalue().splitlines()] == [
        "* connection 0: opened [::1]:80",
        "* connection 5: received 3 bytes",
        "* connection 1: open failed name: h\\x1b\\x0ax: not known",
    ]


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals(
    environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    Live(terminal).line(">", b"AT\r")
    assert ("\x1b[" in terminal.getvalue()) is coloured
    assert re.sub("\x1b\\[[0-9;]*m", "", terminal.getvalue()).endswith(" > AT\n")


def test_a_reader_that_left_is_no_matter() -> None:
    reading, writing = os.pipe()
    with open(writing, "w") as stream:
        shown = Live(stream)
        os.close(reading)
        for _ in range(3):
            shown.line(">", b"AT\r")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, writing)  # closing it flushes what nobody took
        os.close(nowhere)
    shown.line(">", b"AT\r")
    assert stream.closed


def test_a_reader_that_does_not_read_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_PATIENCE", 0)
    reading, writing = os.pipe()
    size = fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with open(writing, "w") as stream, open(reading, "rb", buffering=0) as reader:
        shown = Live(stream)
        for _ in range(1000):
            shown.line(">", b"AT" + b"x" * 50 + b"\r")
        lines = reader.read(2 * size).splitlines()
        assert 0 < len(lines) < 1000
        shown.line(">", b"ATI\r")
        note, last = reader.read(2 * size).decode().splitlines()
    assert note == f"... {1000 - len(lines)} lines that nobody read are left out"
    assert last.endswith(" > ATI")


def test_what_is_told_at_once_is_written_at_once_and_has_its_own_time() -> None:
    class Counted(io.StringIO):
        writes = 0

        def write(self, text: str, /) -> int:
            self.writes += 1
            return super().write(text)

    now = time.monotonic()
    stream = Counted()
    Live(stream).tell([(now - 7 + number, ">", b"AT\r", None, 0, None) for number in range(3)])
    assert stream.writes == 1
    shown = [datetime.strptime(line.split()[0], "%H:%M:%S.%f") for line in stream.getvalue().splitlines()]
    assert [(later - earlier).seconds for earlier, later in itertools.pairwise(shown)] == [1, 1]
    wall = datetime.strptime(datetime.now().strftime("%H:%M:%S.%f"), "%H:%M:%S.%f")
    assert 4.9 < (wall - shown[-1]).seconds + (wall - shown[-1]).microseconds / 1e6 < 15


def test_many_lines_at_once_block_no_more_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_PATIENCE", 0)
    reading, writing = os.pipe()
    size = fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with open(writing, "w") as stream, open(reading, "rb", buffering=0) as reader:
        shown = Live(stream)
        shown.tell([(0.0, ">", b"x" * 100 + b"\r", None, 0, None)] * 1000)
        lines = reader.read(2 * size).splitlines()
        assert 0 < len(lines) < 50
        shown.line(">", b"ATI\r")
        note, last = reader.read(2 * size).decode().splitlines()
    assert note == f"... {1000 - len(lines)} lines that nobody read are left out"
    assert last.endswith(" > ATI")


def test_each_console_has_its_lines() -> None:
    shown = Live(stream := io.StringIO())
    for console, piece in enumerate((b"AT+CG", b"AT+CS", b"x")):
        shown.line(">", piece, None, console)
        shown.line("<", piece, Kind.ECHO, console)
    shown.net("sent", socket_label(0), b"x")
    shown.line(">", b"Q\r", None, 1)
    shown.line("<", b"Q\r", Kind.ECHO, 1)
    shown.line("<", b"\r\nOK\r\n", Kind.ANSWER, 1)
    shown.line(">", b"MM\r")
    assert [line.partition(" ")[2] for line in stream.getvalue().splitlines()] == [
        "2> x",
        "* connection 0: sent 1 bytes",
        "1> AT+CSQ",
        "1< AT+CSQ  (echo)",
        "1< OK",
        "> AT+CGMM",
    ]
