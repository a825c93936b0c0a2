"""The dialogue, as a test reads it."""

from __future__ import annotations

import math
import re
import threading

import pytest
from onemo.runtime.dialogue import Dialogue
from onemo.wire.transmitter import Kind

from tests.support.labels import socket_label


def opening(trace: Dialogue) -> Dialogue:
    """An echoing module that opens a connection."""
    trace.line(">", b"AT+MIPOPEN=0")
    trace.line("<", b"AT+MIPOPEN=0", Kind.ECHO)
    trace.line(">", b"\r")
    trace.line("<", b"\r", Kind.ECHO)
    trace.line("<", b"\r\nOK\r\n", Kind.ANSWER)
    trace.net("opened", socket_label(0), "127.0.0.1:9")
    trace.line("<", b"\r\n+MIPOPEN: 0,0\r\n", Kind.URC)
    trace.net("received", socket_label(0), b"\x00\xff")
    return trace


@pytest.fixture
def trace() -> Dialogue:
    return opening(Dialogue())


def test_it_reads_as_a_dialogue(trace: Dialogue) -> None:
    assert str(trace).splitlines() == [
        "> AT+MIPOPEN=0",
        "< AT+MIPOPEN=0  (echo)",
        "< OK",
        "* connection 0: opened 127.0.0.1:9",
        "< +MIPOPEN: 0,0",
        r"* connection 0: received 2 bytes: \x00\xff",
    ]
    assert trace.tail(2).splitlines()[0] == "... 4 lines before"
    assert repr(trace).startswith("<dialogue of 6 lines, the last '* connection 0: ")


def test_it_is_a_sequence_of_lines(trace: Dialogue) -> None:
    assert len(trace) == 6
    assert [told.source for told in trace[1:4]] == ["module", "module", "network"]
    assert trace[0].data == b"AT+MIPOPEN=0"
    assert trace[2].took is not None
    assert "< OK" in trace
    assert "ERROR" not in trace
    assert trace[0] in trace


def test_it_has_what_each_side_said(trace: Dialogue) -> None:
    assert trace.commands == ["AT+MIPOPEN=0"]
    assert trace.answers == ["OK"]
    assert trace.urcs == ["+MIPOPEN: 0,0"]
    assert trace.events == ["connection 0: opened 127.0.0.1:9", r"connection 0: received 2 bytes: \x00\xff"]
    assert trace.sent == b"AT+MIPOPEN=0\r"
    assert trace.received == b"AT+MIPOPEN=0\r\r\nOK\r\n\r\n+MIPOPEN: 0,0\r\n"


def test_what_has_not_ended_is_shown_and_is_no_line(trace: Dialogue) -> None:
    trace.line(">", b"AT+CP")
    assert len(trace) == 6
    assert str(trace).endswith("\n> AT+CP  (no line end yet)")
    trace.line(">", b"IN?\r")
    assert str(trace[-1]) == "> AT+CPIN?"


def test_waiting_goes_on_behind_what_was_found(trace: Dialogue) -> None:
    assert trace.wait_for("OK").text == "OK"
    with pytest.raises(TimeoutError, match=re.escape("no line like 'OK' within 0 s of\n> AT+MIPOPEN=0\n")):
        trace.wait_for("OK", timeout=0)
    assert trace.wait_for("* *opened").source == "network"


@pytest.mark.parametrize("pattern", ["+MIPOPEN: 0,0", "< +MIP*0,0", re.compile(r"MIPOPEN: \d,0$")])
def test_what_is_waited_for_is_plain_text_or_a_compiled_expression(
    trace: Dialogue, pattern: str | re.Pattern[str]
) -> None:
    assert trace.wait_for(pattern, timeout=0).text == "+MIPOPEN: 0,0"
    with pytest.raises(TimeoutError, match=r"no line like '\+MIPOPEN: 1\[' \(plain text; re.compile\(\.\.\.\) "):
        trace.wait_for("+MIPOPEN: 1[", timeout=0)
    assert "< +MIP*0,0" in trace
    assert "< +MIP*0,1" not in trace


@pytest.mark.parametrize("whole", [True, False], ids=["a line", "an event"])
def test_waiting_ends_with_what_comes(trace: Dialogue, whole: bool) -> None:
    waiting = threading.Thread(target=trace.wait_for, args=("late",), kwargs={"timeout": 5.0})
    waiting.start()
    trace.line("<", b"\r\nnot yet\r\nla", Kind.ANSWER)
    if whole:
        trace.line("<", b"te\r\n", Kind.ANSWER)
    else:
        trace.net("late", None, "")
    waiting.join(5.0)
    assert not waiting.is_alive()
    with pytest.raises(TimeoutError):
        trace.wait_for("not yet", timeout=0)


def test_nothing_is_left_when_it_is_cleared(trace: Dialogue) -> None:
    trace.wait_for("OK")
    trace.line(">", b"AT")
    trace.clear()
    assert (len(trace), str(trace), trace.sent, trace.received) == (0, "", b"", b"")
    assert trace.tail() == "(nothing was said)"
    trace.line("<", b"\r\nOK\r\n", Kind.ANSWER)
    assert trace.wait_for("OK", timeout=0).text == "OK"


def test_it_forgets_what_is_old() -> None:
    trace = opening(Dialogue(most=4000))
    assert len(trace) == 6
    for number in range(10_000):
        trace.line("<", b"\r\nline %d\r\n" % number, Kind.ANSWER)
    assert len(trace) < 200
    assert len(trace.received) == 4000
    assert trace.wait_for("line").data == trace[0].data
    assert trace.tail(1).splitlines() == ["... 10005 lines before", "< line 9999"]


def test_consoles(trace: Dialogue) -> None:
    trace.clear()
    trace.line(">", b"AT+CG")
    trace.line(">", b"ATI\r", None, 1)
    trace.line("<", b"\r\nOK\r\n", Kind.ANSWER, 1)
    trace.line(">", b"MM\r")
    assert str(trace) == "1> ATI\n1< OK\n> AT+CGMM"
    assert [told.console for told in trace] == [1, 1, 0]
    assert trace.wait_for("1< OK") == trace[1]
    assert (trace.sent, trace.received) == (b"AT+CGMM\r", b"")


def test_any_pattern_is_found_by_in_as_well(trace: Dialogue) -> None:
    assert re.compile(r"MIPOPEN: \d") in trace
    assert re.compile(r"MIPOPEN: [a-z]") not in trace


@pytest.mark.parametrize("pattern", [b"OK", re.compile(b"OK"), 5, None])
def test_what_is_no_pattern_is_no_line_that_does_not_come(trace: Dialogue, pattern: object) -> None:
    told = "is no pattern: give a text, or re.compile"
    with pytest.raises(TypeError, match=told):
        trace.wait_for(pattern, 0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=told):
        assert pattern not in trace


@pytest.mark.parametrize("timeout", [math.nan, math.inf, 1e300])
def test_a_time_that_is_none_is_not_waited_for(trace: Dialogue, timeout: float) -> None:
    for look in (trace.wait_for, trace.expect):
        with pytest.raises(ValueError, match="give seconds, at most"):
            look("AT+NONE", timeout=timeout)
