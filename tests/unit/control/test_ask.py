"""Questions to a journal: patterns, filters, and whether things happened in an order."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.control.ask import FILTERS, TraceStep, filtered, verify
from onemo.control.journal import Journal
from onemo.dialogue.pattern import occurs, occurs_in_bytes
from onemo.families import FTP, FTP_DATA
from onemo.profile.index import Label
from onemo.wire.transmitter import Kind

from tests.support.labels import socket_label


def journal() -> Journal:
    one = Journal("meter")
    for host in ("a.example", "b.example"):
        one.line(">", b'AT+CSQ;+MIPOPEN=0,"TCP","%b",7\r' % host.encode())
        one.line("<", b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n")
        one.net("opened", socket_label(0), "127.0.0.1:7")
        one.line("<", b"\r\n+MIPOPEN: 0,0\r\n", Kind.URC)
        one.net("received", socket_label(0), b"hello")
        one.line("<", b'\r\n+MIPURC: "rtcp",0,5,hello\r\n', Kind.URC)
    one.net("closed", socket_label(1), "127.0.0.1:7")
    one.line(">", b"ATI\r", None, 1)
    one.line("<", b"\r\nOK\r\n", Kind.ANSWER, 1)
    return one


def test_a_session_is_both_of_its_connections() -> None:
    one = Journal("meter")
    one.net("opened", Label(FTP, 0), "127.0.0.1:21")
    one.net("received", Label(FTP_DATA, 0), b"hello")
    one.net("opened", Label(FTP, 1), "127.0.0.1:21")
    wanted = filtered([Label(FTP, 0)], None, None, None, None)
    found = [entry.shown("meter") for entry in one.since(0) if wanted(entry)]
    assert [entry.get("connection") for entry in found] == [None, "data"]
    assert found[1]["ftp_id"] == 0


def seqs(**asked: Any) -> list[int]:
    wanted = filtered(**{**dict.fromkeys(FILTERS), "labels": (), **asked})
    return [entry.seq for entry in journal().since(0) if wanted(entry)]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, list(range(1, 18))),
        ({"side": "dte"}, [1, 8, 16]),
        ({"side": "network"}, [4, 6, 11, 13, 15]),
        ({"contains": "OPEN*example"}, [1, 8]),
        ({"contains": "opened 127"}, [4, 11]),
        ({"command": "MIPOPEN"}, [1, 8]),
        ({"command": "at+csq"}, [1, 8]),
        ({"command": "MIP"}, []),
        ({"command": "+*"}, []),
        ({"urc": "MIPOPEN"}, [5, 12]),
        ({"urc": "rtcp"}, [7, 14]),
        ({"labels": [socket_label(1)]}, [15]),
        ({"console": 1}, [16, 17]),
        ({"console": 1, "side": "module"}, [17]),
        ({"console": 0, "side": "dte"}, [1, 8]),
        ({"console": 0}, [1, 2, 3, 5, 7, 8, 9, 10, 12, 14]),
        ({"labels": [socket_label(0)], "contains": "hello"}, [6, 13]),
    ],
)
def test_what_is_asked_for(asked: dict[str, Any], found: list[int]) -> None:
    assert seqs(**asked) == found


@pytest.mark.parametrize(
    ("steps", "matched", "at"),
    [
        ([TraceStep("sent", "MIPOPEN", 2)], True, [(1, 8)]),
        ([TraceStep("sent", "MIPOPEN", 3)], False, [(1, 8)]),
        ([TraceStep("sent", "a.example"), TraceStep("sent", "b.example")], True, [(1,), (8,)]),
        ([TraceStep("sent", "b.example"), TraceStep("sent", "a.example")], False, [(8,), ()]),
        ([TraceStep("received", "rtcp", 2), TraceStep("event", "closed")], True, [(7, 14), (15,)]),
        ([TraceStep("network", "received 5 bytes: hello"), TraceStep("network", "closed")], True, [(6,), (15,)]),
        (
            [TraceStep("sent", "a.ex"), TraceStep("event", "closed", 0), TraceStep("sent", "b.ex")],
            True,
            [(1,), (), (8,)],
        ),
        (
            [TraceStep("sent", "a.ex"), TraceStep("event", "opened", 0), TraceStep("sent", "b.ex")],
            False,
            [(1,), (4,), (8,)],
        ),
        ([TraceStep("sent", "b.ex"), TraceStep("sent", "a.ex", 0)], True, [(8,), ()]),
        ([TraceStep("event", "closed", 0)], False, [(15,)]),
        (
            [TraceStep("event", "opened"), TraceStep("event", "opened", 0), TraceStep("event", "refused", 0)],
            False,
            [(4,), (11,), ()],
        ),
    ],
)
def test_an_order(steps: list[TraceStep], matched: bool, at: list[tuple[int, ...]]) -> None:
    found = verify(journal().since(0), steps)
    assert (found[0], [step.at for step in found[1]]) == (matched, at)


@given(st.text("ab*", max_size=8), st.text("ab", max_size=20))
def test_a_star_is_anything(pattern: str, line: str) -> None:
    expected = re.search(re.escape(pattern).replace(r"\*", ".*"), line) is not None
    assert occurs(pattern, line) is expected
    assert occurs_in_bytes(pattern.encode(), line.encode()) is expected


def test_a_pattern_takes_no_time() -> None:
    assert not occurs("a*" * 30000 + "b", "a" * 60000)
