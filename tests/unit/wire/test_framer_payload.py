"""Payload out of bytes and time: the ``>`` entry (manual 3.5), transparent mode (3.7, 3.13), and discarding."""

from __future__ import annotations

import math

import pytest
from onemo.wire.events import Escaped, Event, Line, OnlineData, PromptCancelled, PromptData
from onemo.wire.framer import Framer, Mode

GUARD, WAIT, TIMEOUT = 0.25, 0.125, 10.0


@pytest.fixture
def framer() -> Framer:
    return Framer(8192, GUARD, 0.02)


def events(framer: Framer, now: float) -> list[Event]:
    found = []
    while (event := framer.next_event(now)) is not None:
        found.append(event)
    return found


def typed(framer: Framer, data: bytes, now: float) -> list[Event]:
    framer.receive(data, now)
    return events(framer, now)


def elapsed(framer: Framer, now: float) -> list[Event]:
    framer.on_deadline(now)
    return events(framer, now)


# The prompt with a length.


def test_exactly_so_many_bytes(framer: Framer) -> None:
    framer.prompt(5, 1460, TIMEOUT, 0.0)
    assert typed(framer, b"a\x1a\x1b", 1.0) == []
    assert typed(framer, b"\r\nAT\r", 2.0) == [PromptData(b"a\x1a\x1b\r\n")]
    assert (framer.mode, len(framer.kept), framer.deadline) == (Mode.PAUSED, 3, math.inf)
    framer.command()
    assert events(framer, 2.0) == [Line(b"AT")]


def test_the_timeout_counts_from_the_last_byte(framer: Framer) -> None:
    framer.prompt(5, 1460, TIMEOUT, 0.0)
    assert framer.deadline == TIMEOUT
    typed(framer, b"ab", 4.0)
    assert framer.deadline == 14.0
    assert elapsed(framer, 13.9) == []
    assert elapsed(framer, 14.0) == [PromptData(b"ab", timed_out=True)]
    assert (framer.mode, framer.deadline) == (Mode.PAUSED, math.inf)


def test_a_timeout_with_nothing_typed(framer: Framer) -> None:
    framer.prompt(5, 1460, TIMEOUT, 3.0)
    assert elapsed(framer, 13.0) == [PromptData(b"", timed_out=True)]


def test_bytes_that_come_after_the_time_belong_to_what_comes_next(framer: Framer) -> None:
    framer.prompt(5, 1460, TIMEOUT, 0.0)
    typed(framer, b"ab", 1.0)
    assert typed(framer, b"AT\r", 11.5) == [PromptData(b"ab", timed_out=True)]
    framer.command()
    assert events(framer, 11.5) == [Line(b"AT")]


# The prompt without a length.


@pytest.mark.parametrize(
    ("data", "event"),
    [
        (b"abc\x1a", PromptData(b"abc")),
        (b"\x1a", PromptData(b"")),
        (b"abc\x1b", PromptCancelled()),
        (b"\x1b", PromptCancelled()),
    ],
)
def test_control_z_sends_and_escape_cancels(framer: Framer, data: bytes, event: Event) -> None:
    framer.prompt(None, 1460, TIMEOUT, 0.0)
    assert typed(framer, data + b"AT\r", 1.0) == [event]
    framer.command()
    assert events(framer, 1.0) == [Line(b"AT")]


def test_the_first_of_both_counts(framer: Framer) -> None:
    framer.prompt(None, 1460, TIMEOUT, 0.0)
    assert typed(framer, b"a\x1ab\x1b", 1.0) == [PromptData(b"a")]
    framer.prompt(None, 1460, TIMEOUT, 1.0)
    assert events(framer, 1.0) == [PromptCancelled()]
    framer.prompt(None, 1460, TIMEOUT, 1.0)
    assert typed(framer, b"c\x1a", 1.0) == [PromptData(b"c")], "nothing of what was cancelled comes back"


def test_the_limit_sends_by_itself(framer: Framer) -> None:
    framer.prompt(None, 4, TIMEOUT, 0.0)
    assert typed(framer, b"ab\r", 1.0) == []
    assert typed(framer, b"\nAT\r", 2.0) == [PromptData(b"ab\r\n")]
    framer.command()
    assert events(framer, 2.0) == []
    assert typed(framer, b"AT\r", 2.0 + TIMEOUT - 0.1) == []
    assert typed(framer, b"AT\r", 2.0 + 2 * TIMEOUT - 0.2) == []
    assert typed(framer, b"AT\r", 2.0 + 3 * TIMEOUT) == [Line(b"AT")]


def test_what_follows_the_limit_counts_from_when_it_is_read(framer: Framer) -> None:
    """The command waits as long as the peer takes nothing, and the line is not read meanwhile."""
    framer.prompt(None, 4, TIMEOUT, 0.0)
    assert typed(framer, b"abcd", 1.0) == [PromptData(b"abcd")]
    framer.hold(1.0)
    framer.hold(1.0 + TIMEOUT)
    framer.command()
    assert framer.waiting
    assert events(framer, 1.0 + 2 * TIMEOUT) == []
    assert not framer.waiting
    assert typed(framer, b"AT\r", 0.9 + 3 * TIMEOUT) == []
    assert typed(framer, b"AT\r", 1.0 + 4 * TIMEOUT) == [Line(b"AT")]


def test_a_silence_that_is_over_is_not_held(framer: Framer) -> None:
    framer.prompt(None, 4, TIMEOUT, 0.0)
    assert typed(framer, b"abcd", 1.0) == [PromptData(b"abcd")]
    framer.command()
    framer.hold(1.0 + TIMEOUT)
    assert typed(framer, b"AT\r", 1.0 + TIMEOUT) == [Line(b"AT")]


@pytest.mark.parametrize("end", [b"\x1a", b"\x1b"])
def test_what_follows_the_limit_is_dropped_until_the_end(framer: Framer, end: bytes) -> None:
    framer.prompt(None, 4, TIMEOUT, 0.0)
    assert typed(framer, b"abcdAT\rAT\r", 1.0) == [PromptData(b"abcd")]
    framer.command()
    assert typed(framer, b"AT\r" + end + b"AT\r", 1.0) == [Line(b"AT")]
    framer.command()
    assert typed(framer, b"AT\r", 1.0) == [Line(b"AT")]


def test_nothing_is_dropped_after_transparent_mode(framer: Framer) -> None:
    """A connection that takes the line meanwhile ends the dropping."""
    framer.prompt(None, 4, TIMEOUT, 0.0)
    assert typed(framer, b"abcd", 1.0) == [PromptData(b"abcd")]
    framer.online(4, WAIT, 1.0)
    assert typed(framer, b"data", 2.0) == [OnlineData(b"data")]
    framer.command()
    assert typed(framer, b"AT\r", 3.0) == [Line(b"AT")]


def test_nothing_is_dropped_behind_a_length(framer: Framer) -> None:
    framer.prompt(4, 4, TIMEOUT, 0.0)
    assert typed(framer, b"abcdAT\r", 1.0) == [PromptData(b"abcd")]
    framer.command()
    assert events(framer, 1.0) == [Line(b"AT")]


def test_control_z_behind_the_limit_is_nothing(framer: Framer) -> None:
    framer.prompt(None, 4, TIMEOUT, 0.0)
    assert typed(framer, b"abcd\x1aAT\r", 1.0) == [PromptData(b"abcd")]
    framer.command()
    assert events(framer, 1.0) == [Line(b"AT")]


def test_escape_behind_the_limit_is_nothing(framer: Framer) -> None:
    framer.prompt(None, 4, TIMEOUT, 0.0)
    assert typed(framer, b"abcd\x1bAT\r", 1.0) == [PromptData(b"abcd")]
    framer.command()
    assert events(framer, 1.0) == [Line(b"AT")]


# Transparent mode.


def test_a_packet_goes_out_when_it_is_full(framer: Framer) -> None:
    framer.online(4, WAIT, 0.0)
    assert typed(framer, b"abc", 1.0) == []
    assert typed(framer, b"d", 1.0) == [OnlineData(b"abcd")]
    assert framer.mode is Mode.ONLINE
    assert (
        b"".join(bytes(event.data) for event in typed(framer, b"123456789", 1.0) if isinstance(event, OnlineData))
        == b"12345678"
    )
    assert framer.deadline == 1.0 + WAIT
    assert elapsed(framer, 1.0 + WAIT) == [OnlineData(b"9")]
    assert framer.deadline == math.inf


def test_the_wait_counts_from_the_last_byte(framer: Framer) -> None:
    framer.online(1024, WAIT, 0.0)
    typed(framer, b"ab", 1.0)
    typed(framer, b"\r\n\x1a", 1.0625)
    assert framer.deadline == 1.0625 + WAIT
    assert elapsed(framer, 1.125) == []
    assert elapsed(framer, 1.1875) == [OnlineData(b"ab\r\n\x1a")]


def escaped(framer: Framer, *timed: tuple[float, bytes]) -> tuple[bytes, bool]:
    """The data and whether the escape came, of bytes at these times, with timers in between."""
    data, found = b"", []
    for now, piece in (*timed, (99.0, b"")):
        while framer.deadline < now:
            found += elapsed(framer, framer.deadline)
        if piece:
            found += typed(framer, piece, now)
    for event in found:
        if isinstance(event, Escaped):
            assert event is found[-1]
            return data, True
        assert isinstance(event, OnlineData)
        data += event.data
    return data, False


@pytest.mark.parametrize(
    "pieces", [[(1.0, b"+++")], [(1.0, b"+"), (1.125, b"++")], [(0.25, b"+"), (0.375, b"+"), (0.5, b"+")]]
)
def test_the_escape(framer: Framer, pieces: list[tuple[float, bytes]]) -> None:
    framer.online(1024, WAIT, 0.0)
    assert escaped(framer, *pieces) == (b"", True)
    assert framer.mode is Mode.PAUSED


def test_what_was_typed_before_it_goes_out_first(framer: Framer) -> None:
    framer.online(1024, 2.0, 0.0)
    assert escaped(framer, (1.0, b"abc"), (1.25, b"+++")) == (b"abc", True)


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ([(0.125, b"+++")], "no silence since transparent mode began"),
        ([(1.0, b"a"), (1.125, b"+++")], "no silence before"),
        ([(1.0, b"+++"), (1.125, b"a")], "no silence behind"),
        ([(1.0, b"a+++")], "not alone"),
        ([(1.0, b"+++a")], "not alone"),
        ([(1.0, b"+++\r")], "not alone"),
        ([(1.0, b"++++")], "one too many"),
        ([(1.0, b"+++"), (1.125, b"+")], "one too many"),
        ([(1.0, b"+"), (1.25, b"++")], "broken by silence"),
        ([(1.0, b"++")], "one missing"),
        ([(1.0, b"+")], "two missing"),
        ([(1.0, b"+"), (1.125, b"a"), (1.25, b"++")], "something between"),
    ],
)
def test_what_is_data_after_all(framer: Framer, pieces: list[tuple[float, bytes]], why: str) -> None:
    framer.online(1024, WAIT, 0.0)
    assert escaped(framer, *pieces) == (b"".join(data for _, data in pieces), False), why


def test_held_plus_signs_keep_their_place(framer: Framer) -> None:
    framer.online(1024, WAIT, 0.0)
    assert escaped(framer, (1.0, b"ab"), (2.0, b"+"), (2.1, b"c"), (3.0, b"++"), (4.0, b"d")) == (b"ab+c++d", False)


def test_after_the_escape_lines_come_next(framer: Framer) -> None:
    framer.online(1024, WAIT, 0.0)
    typed(framer, b"+++", 1.0)
    assert framer.deadline == 1.25
    assert typed(framer, b"AT\r", 1.5) == [Escaped()]
    framer.command()
    assert events(framer, 1.5) == [Line(b"AT")]


# Discarding.


def test_discarding_lasts_until_the_line_is_quiet(framer: Framer) -> None:
    framer.online(1024, WAIT, 0.0)
    typed(framer, b"abc", 1.0)
    framer.discard(1.0)
    assert framer.deadline == 1.25
    assert typed(framer, b"AT+MREBOOT\r", 1.2) == []
    assert framer.deadline == pytest.approx(1.45)
    assert elapsed(framer, 1.3) == []
    assert framer.deadline < math.inf
    assert elapsed(framer, 1.5) == []
    assert framer.mode is Mode.COMMAND
    assert typed(framer, b"AT\r", 1.5) == [Line(b"AT")]


def test_what_comes_after_a_quiet_time_is_read_even_when_no_timer_came(framer: Framer) -> None:
    framer.online(1024, WAIT, 0.0)
    framer.discard(1.0)
    typed(framer, b"x", 1.1)
    assert typed(framer, b"AT\r", 2.0) == [Line(b"AT")]
