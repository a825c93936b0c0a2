"""The history under the journal and the dialogue: numbered lines in a bounded space."""

from __future__ import annotations

from itertools import count

from onemo.dialogue.history import History

from tests.support.labels import socket_label


def typed(*commands: bytes, most: int = 1 << 20) -> History:
    history = History(count().__next__, most)
    for command in commands:
        history.line(">", command)
    return history


def test_lines_are_numbered_whatever_the_pieces_were() -> None:
    history = typed(b"AT\rAT", b"E0\r", b"\r", b"ATI\rAT+CSQ\rAT+C")
    assert [(line.data, line.time) for line in history.lines()] == [
        (b"AT", 1), (b"ATE0", 2), (b"ATI", 4), (b"AT+CSQ", 4)
    ]  # fmt: skip
    assert (history.first, history.next) == (1, 5)
    assert [line.data for line in history.lines(2, 2)] == [b"ATE0", b"ATI"]
    assert history.lines(5) == history.lines(99) == []
    assert [(line.data, line.whole) for line in history.begun()] == [(b"AT+C", False)]


def test_the_network_stands_between_the_lines() -> None:
    history = typed(b"AT")
    history.net("received", socket_label(3), b"\0\r")
    history.line(">", b"\r")
    history.line("<", b"\r\nOK\r\n")
    assert [str(line) for line in history.lines()] == [r"* connection 3: received 2 bytes: \x00\x0d", "> AT", "< OK"]


def test_a_piece_that_nobody_looked_at_counts_as_one_line() -> None:
    history = typed(b"AT\r", b"AT", b"I\r", b"AT+CSQ\r", most=700)
    assert (history.first, [line.data for line in history.lines()], history.next) == (3, [b"I", b"AT+CSQ"], 5)


def test_each_console_has_its_lines() -> None:
    history = typed(b"AT+CG")
    for console, data in ((1, b"AT\r"), (2, b"AT"), (0, b"MM\r")):
        history.line(">", data, None, console)
    history.line("<", b"\r\nOK\r\n", "answer", 1)
    assert [str(line) for line in history.lines()] == ["1> AT", "> AT+CGMM", "1< OK"]
    assert [line.took for line in history.lines()] == [None, None, 3]
    assert [str(line) for line in history.begun()] == ["2> AT  (no line end yet)"]
