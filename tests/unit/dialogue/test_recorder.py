"""Recording: the lines that are written down of a dialogue."""

from __future__ import annotations

import re
from itertools import count

import pytest
from onemo.dialogue.history import History
from onemo.dialogue.recorder import Recorder, recorded

OK = b"\r\nOK\r\n"


def lines(recorder: Recorder) -> list[str]:
    recorder.flush()
    return recorder.take_lines()


def test_lines_are_written_when_they_are_complete() -> None:
    recorder = Recorder()
    recorder.sent(b"AT\r", 0)
    assert recorder.take_lines() == ["> AT"]
    recorder.received(b"\r\nOK", 0)
    assert recorder.take_lines() == []
    recorder.received(b"\r\n\r\n+X: 1\r\n", 0)
    assert recorder.take_lines() == ["< OK", "< +X: 1"]


def test_a_line_that_is_typed_with_echo_stays_one() -> None:
    recorder = Recorder()
    for byte in b"AT\r":
        recorder.sent(bytes([byte]), 0)
        recorder.received(bytes([byte]), 0)
    recorder.received(OK, 0)
    assert lines(recorder) == ["> AT", r"= AT\r", "< OK"]


def test_a_prompt_and_what_is_no_text() -> None:
    recorder = Recorder()
    recorder.sent(b"AT+MIPSEND=0\r", 0)
    recorder.received(b"\r\n>", 0)
    recorder.sent(b"\xff {a}\x1a", 0)
    recorder.received(b"\r\n+Y: {b}\r\n" + OK, 0)
    assert lines(recorder) == [
        "> AT+MIPSEND=0",
        r"= \r\n>",
        r">> \xff \x7ba}\x1a",
        r"= \r\n+Y: \x7bb}\r\n",
        "< OK",
    ]


def test_volatile_values_have_names() -> None:
    recorder = Recorder({"time": re.compile('CCLK: "(.*)"')})
    for time in (b"1", b"2", b"1"):
        recorder.received(b'\r\n+CCLK: "' + time + b'"\r\n', 0)
    assert lines(recorder) == ['< +CCLK: "{time}"', '< +CCLK: "{time_2}"', '< +CCLK: "{time}"']


def test_pauses_around_the_escape_are_kept() -> None:
    recorder = Recorder()
    recorder.sent(b"data", 0)
    recorder.received(b"x", 1)
    recorder.sent(b"+++", 2.5)
    recorder.received(OK, 4)
    recorder.sent(b"AT\r", 4.5)
    assert lines(recorder) == [">> data", "= x", "wait 1.50", ">> +++", "< OK", "wait 0.50", "> AT"]


def test_pauses_that_are_asked_for() -> None:
    recorder = Recorder(pauses=1)
    recorder.sent(b"A\r", 0)
    recorder.sent(b"B\r", 0.9)
    recorder.sent(b"C\r", 2)
    assert lines(recorder) == ["> A", "> B", "wait 1.10", "> C"]


def test_a_private_key_is_masked() -> None:
    """Its length stays, so that the transcript can be played."""
    recorder = Recorder()
    recorder.sent(b'AT+MSSLKEYWR="k.pem",0,12\r', 0)
    recorder.received(b"\r\n>", 0)
    recorder.sent(b"BEGIN", 0)
    recorder.sent(b"\r\nKEY\r\nAT\r", 0)
    recorder.received(OK, 0)
    assert lines(recorder) == [
        '> AT+MSSLKEYWR="k.pem",0,12',
        r"= \r\n>",
        ">> *******",
        ">> *****",
        "> AT",
        "< OK",
    ]


@pytest.mark.parametrize("more", [',"secret"', ",secret,", ""])
def test_a_private_key_in_its_line_is_masked_in_the_echo_too(more: str) -> None:
    recorder = Recorder()
    typed = f'ATE1;+msslkeywr="a,b",0,6{more}\r'.encode()
    recorder.sent(typed, 0)
    recorder.received(typed, 0)
    hidden = 'ATE1;+msslkeywr="a,b",0,6' + (more and "," + "*" * (len(more) - 1))
    assert lines(recorder) == [f"> {hidden}", f"= {hidden}\\r"]


def test_a_key_that_is_not_taken_hides_nothing_else() -> None:
    recorder = Recorder()
    recorder.sent(b'AT+MSSLKEYWR="k.pem",0,500\r', 0)
    recorder.received(b"\r\nERROR\r\n", 0)
    recorder.sent(b"AT\r", 0)
    assert lines(recorder)[-1] == "> AT"


def test_what_names_the_command_otherwise_is_hidden_up_to_its_end() -> None:
    recorder = Recorder()
    recorder.sent(b'AT+MSSLKEYWR = "secret\r', 0)
    assert lines(recorder) == ["> AT+MSSLKEYWR" + "*" * 10]


def test_a_trace_is_written_as_what_crossed_is() -> None:
    crossed = [
        (">", b"AT+CSQ;+CGMM\r", None),
        ("<", b"AT+CSQ;+CGMM\r", "echo"),
        ("<", b"\r\n+CSQ: 20,99\r\n\r\nML307R\r\n\r\nOK\r\n", "answer"),
        ("<", b"\r\n+CREG: 1\r\n", "urc"),
        (">", b"AT+MIPSEND=0\r", None),
        ("<", b"\r\n> ", "answer"),
        (">", b"a\r\n\nb\x1a", None),
        ("<", b"\r\nOK\r\n", "answer"),
        (">", b"AT\r\n", None),
        ("<", b"\r\nOK\r", "answer"),
        (">", b"\r\rATI\r", None),
        ("<", b"\n", "answer"),
        ("<", b"\r\nERROR\r\n", "answer"),
    ]
    live, history = Recorder(), History(count().__next__, 1 << 20)
    for direction, data, kind in crossed:
        history.line(direction, data, kind)
    history.line(">", b"ATI\r", console=1)
    for direction, data, _ in [*crossed[:10], ("<", b"\n", None), *crossed[10:11], *crossed[12:]]:
        (live.sent if direction == ">" else live.received)(data, 0)
    assert list(recorded(history.lines())) == lines(live)
    assert list(recorded(history.lines(), console=1)) == ["> ATI"]
