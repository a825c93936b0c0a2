"""The journal: lines of what crossed, the newest of them, in a bounded space."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from hypothesis import given
from hypothesis import strategies as st
from onemo.control.journal import KINDS, Entry, Journal
from onemo.wire.transmitter import Kind

from tests.support.labels import socket_label

CROSSINGS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("><"), st.none(), st.binary(max_size=40)),
        st.tuples(st.sampled_from(("sent", "received")), st.integers(0, 5), st.binary(max_size=40)),
        st.tuples(st.sampled_from(("opened", "closed", "fault")), st.none(), st.text(max_size=10)),
        st.tuples(st.sampled_from("><"), st.none(), st.sampled_from((b"AT+MIP", b"OPEN\r", b"\r\nOK\r\n", b"\n> "))),
    ),
    max_size=30,
)
Crossing = tuple[str, int | None, bytes | str]


def journal(most: int = 1 << 20) -> Journal:
    ticks = count()
    return Journal("meter", lambda: float(next(ticks)), most)


def cross(journal: Journal, crossings: Sequence[Crossing]) -> None:
    for what, connect_id, data in crossings:
        if isinstance(data, bytes) and what in "><":
            journal.line(what, data)
        else:
            journal.net(what, None if connect_id is None else socket_label(connect_id), data)


def dialogue() -> Journal:
    one = journal()
    one.line("<", b"\r\n+MATREADY\r\n", Kind.URC)
    one.line(">", b"ATE1\r")
    one.line("<", b"\r\nOK\r\n")
    one.line(">", b'AT+MIPOPEN=0,"TCP","a.example",7\r')
    one.line("<", b'AT+MIPOPEN=0,"TCP","a.example",7\r', Kind.ECHO)
    one.line("<", b"\r\nOK\r\n", Kind.ANSWER)
    one.net("opened", socket_label(0), "127.0.0.1:7")
    one.line("<", b"\r\n+MIPOPEN: 0,0\r\n", Kind.URC)
    one.line(">", b"AT+MIPSEND=0,5\r")
    one.line("<", b"\r\n> ")
    one.net("sent", socket_label(0), b"hello")
    one.net("lookup", None, "a.example")
    return one


def told(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    return [(entry.kind, entry.data) for entry in entries]


def test_every_kind_of_entry() -> None:
    assert told(dialogue().since(0)) == [
        ("urc", "+MATREADY"),
        ("command", "ATE1"),
        ("answer", "OK"),
        ("command", 'AT+MIPOPEN=0,"TCP","a.example",7'),
        ("echo", 'AT+MIPOPEN=0,"TCP","a.example",7'),
        ("answer", "OK"),
        ("event", "127.0.0.1:7"),
        ("urc", "+MIPOPEN: 0,0"),
        ("command", "AT+MIPSEND=0,5"),
        ("prompt", "> "),
        ("payload", "hello"),
        ("event", "a.example"),
    ]


def test_an_entry_as_json() -> None:
    entries = dialogue().since(0)
    assert [entries[index].shown("meter") for index in (5, 6, 10, 11)] == [
        {"seq": 6, "time": 6.0, "module": "meter", "kind": "answer", "from": "module", "to": "dte", "data": "OK",
         "took": 2.0},
        {"seq": 7, "time": 7.0, "module": "meter", "kind": "event", "event": "opened", "connect_id": 0,
         "detail": "127.0.0.1:7"},
        {"seq": 11, "time": 11.0, "module": "meter", "kind": "payload", "from": "module", "to": "network",
         "connect_id": 0, "data": "hello"},
        {"seq": 12, "time": 12.0, "module": "meter", "kind": "event", "event": "lookup", "detail": "a.example"},
    ]  # fmt: skip


def test_bytes_are_counted() -> None:
    assert dialogue().passed == {">": 53, "<": 79, "sent": 5, "received": 0}


def test_the_moment_at_which_its_time_began() -> None:
    now = 5.0
    one = Journal("meter", lambda: now, wall=lambda: now + 1000)
    now = 12.5
    assert (one.age, one.started) == (7.5, 1005.0)


def test_part_of_it() -> None:
    one = dialogue()
    assert [entry.seq for entry in one.since(9)] == [9, 10, 11, 12]
    assert [entry.seq for entry in one.since(9, 2)] == [9, 10]
    assert one.since(13) == one.since(1000) == []
    assert (one.first, one.next) == (1, 13)


def test_the_oldest_goes_first() -> None:
    one = journal(most=1000)
    for number in range(10):
        one.line(">", b"AT+%d\r" % number)
        assert one.next == number + 2
    assert [entry.data for entry in one.since(0)] == ["AT+7", "AT+8", "AT+9"]
    assert one.first == 8


def test_what_nobody_looked_at_goes_as_well() -> None:
    one = journal(most=1000)
    for number in range(10):
        one.line(">", b"AT+%d\r" % number)
    assert [(entry.seq, entry.data) for entry in one.since(0)] == [(8, "AT+7"), (9, "AT+8"), (10, "AT+9")]


def test_who_waits_for_news_is_told() -> None:
    one, news = journal(), list[int]()
    one.on_news.append(lambda: news.append(one.next))
    one.line(">", b"AT\r")
    one.net("opened", socket_label(0), "x")
    assert news == [2, 3]


@given(CROSSINGS)
def test_looking_changes_nothing(crossings: list[Crossing]) -> None:
    often, once = journal(), journal()
    for crossing in crossings:
        cross(often, [crossing])
        assert often.first <= often.next
    cross(once, crossings)
    assert [entry[:2] for entry in often.since(0)] == [entry[:2] for entry in once.since(0)]
    assert [entry.data for entry in often.since(0)] == [entry.data for entry in once.since(0)]


@given(CROSSINGS, st.integers(300, 3000), st.integers(0, 40), st.sets(st.integers(0, 30)))
def test_it_is_a_bounded_run_of_numbers(crossings: list[Crossing], most: int, since: int, looks: set[int]) -> None:
    one = journal(most)
    for index, crossing in enumerate(crossings):
        cross(one, [crossing])
        if index in looks:
            one.since(0)
    entries = one.since(0)
    assert [entry.seq for entry in entries] == list(range(one.first, one.next))
    assert sum(300 + len(entry.line.data) for entry in entries) <= most
    assert {entry.kind for entry in entries} <= set(KINDS)
    assert one.since(since) == [entry for entry in entries if entry.seq >= since]


def test_what_is_not_of_the_first_console_says_so() -> None:
    one = journal()
    for console in (0, 1):
        one.line(">", b"AT", None, console)
        one.line(">", b"\r", None, console)
    first, second = (entry.shown("meter") for entry in one.since(0))
    assert second == {**first, "seq": 2, "time": 4.0, "console": 1}
    assert "console" not in first
