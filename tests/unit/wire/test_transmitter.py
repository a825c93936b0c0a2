"""The moments at which URCs may go out, and the URCs that are dropped when nobody reads."""

from __future__ import annotations

import math

import pytest
from onemo.wire.transmitter import Kind, Transmitter


@pytest.fixture
def transmitter() -> Transmitter:
    return Transmitter(high_mark=100, urc_queue=50, urc_gap=0.5, typing_hold=1.0)


def drained(transmitter: Transmitter, chunk: int = 1000) -> bytes:
    out = b""
    while data := transmitter.peek():
        taken = bytes(data[:chunk])
        transmitter.sent(len(taken))
        out += taken
    assert transmitter.size == 0
    return out


@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_in_the_order_in_which_it_was_made(transmitter: Transmitter, chunk: int) -> None:
    transmitter.write(b"one")
    transmitter.write(memoryview(b"two"))
    transmitter.final(b"three", 0.0)
    transmitter.write(b"")
    transmitter.urc(b"four")
    transmitter.release(0.5)
    assert transmitter.size == 15
    assert drained(transmitter, chunk) == b"onetwothreefour"


@pytest.mark.parametrize("chunk", [1, 4, 1000])
def test_what_each_byte_is(transmitter: Transmitter, chunk: int) -> None:
    transmitter.tell_kinds()
    transmitter.echo(b"AT\r", 0.0, partial=False)
    transmitter.write(b"one")
    transmitter.final(b"OK", 0.0)
    transmitter.urc(b"two")
    transmitter.urc(b"three")
    transmitter.release(1.0)
    transmitter.write(memoryview(b"four"), Kind.DATA)
    told = ""
    while data := transmitter.peek():
        count = min(chunk, len(data))
        told += "".join(str(kind)[0] * size for kind, size in transmitter.kinds(count))
        transmitter.sent(count)
    assert told == "e" * 3 + "a" * 5 + "u" * 8 + "d" * 4
    assert list(transmitter.kinds(5)) == []


def test_a_urc_waits_for_its_gap(transmitter: Transmitter) -> None:
    transmitter.final(b"OK", 10.0)
    transmitter.urc(b"URC")
    assert transmitter.urcs_wait
    transmitter.release(10.4)
    assert transmitter.deadline == 10.5
    assert drained(transmitter) == b"OK"
    transmitter.release(10.5)
    assert drained(transmitter) == b"URC"
    assert transmitter.deadline == math.inf
    assert not transmitter.urcs_wait


def test_without_an_answer_there_is_no_gap(transmitter: Transmitter) -> None:
    transmitter.urc(b"1")
    transmitter.urc(b"2")
    transmitter.release(0.0)
    assert drained(transmitter) == b"12"


def test_held_urcs_come_in_order_afterwards(transmitter: Transmitter) -> None:
    transmitter.hold = True
    transmitter.urc(b"1")
    transmitter.release(5.0)
    transmitter.write(b"answer")
    transmitter.urc(b"2")
    transmitter.release(6.0)
    assert transmitter.deadline == math.inf, "time alone does not release them"
    assert drained(transmitter) == b"answer"
    transmitter.hold = False
    transmitter.release(6.0)
    assert drained(transmitter) == b"12"


def test_a_half_typed_line_keeps_urcs_back_for_a_while(transmitter: Transmitter) -> None:
    transmitter.echo(b"AT+", 0.0, partial=True)
    transmitter.urc(b"URC")
    transmitter.release(0.9)
    transmitter.echo(b"C", 0.9, partial=True)
    transmitter.release(1.5)
    assert drained(transmitter) == b"AT+C"
    assert transmitter.deadline == pytest.approx(1.9)
    transmitter.echo(b"\r", 1.6, partial=False)
    transmitter.release(1.6)
    assert drained(transmitter) == b"\rURC"


def test_a_line_that_nobody_finishes_does_not_keep_them_forever(transmitter: Transmitter) -> None:
    transmitter.echo(b"AT+", 0.0, partial=True)
    transmitter.urc(b"URC")
    transmitter.release(1.0)
    assert drained(transmitter) == b"AT+URC"


def test_above_the_mark_it_is_full(transmitter: Transmitter) -> None:
    transmitter.write(b"x" * 99)
    assert not transmitter.full
    transmitter.urc(b"xx")
    assert transmitter.full
    transmitter.release(0.0)
    assert transmitter.size == 101
    transmitter.sent(1)
    assert not transmitter.full


def test_where_nothing_waits_there_is_no_deadline(transmitter: Transmitter) -> None:
    """A URC that comes within the gap still waits for its end."""
    transmitter.final(b"OK", 10.0)
    transmitter.echo(b"AT+", 20.0, partial=True)
    assert transmitter.deadline == math.inf
    transmitter.urc(b"URC")
    transmitter.release(20.9)
    assert transmitter.deadline == pytest.approx(21.0)
    transmitter.release(21.0)
    assert drained(transmitter) == b"OKAT+URC"
    assert transmitter.deadline == math.inf


def test_what_may_be_dropped_is_dropped_whole_and_counted(transmitter: Transmitter) -> None:
    transmitter.hold = True
    assert transmitter.urc(b"a" * 30, droppable=True)
    assert not transmitter.urc(b"b" * 30, droppable=True)
    assert transmitter.urc(b"c" * 20, droppable=True)
    assert transmitter.dropped == 1
    assert transmitter.urc(b"important")
    assert not transmitter.urc(b"d", droppable=True)
    assert transmitter.dropped == 2
    transmitter.hold = False
    transmitter.release(0.0)
    assert drained(transmitter) == b"a" * 30 + b"c" * 20 + b"important"


def test_when_the_line_is_full_too(transmitter: Transmitter) -> None:
    transmitter.write(b"x" * 101)
    assert not transmitter.urc(b"d", droppable=True)
    assert transmitter.urc(b"e")
    transmitter.release(0.0)
    assert drained(transmitter) == b"x" * 101 + b"e"


def test_one_alone_is_kept_whatever_its_size(transmitter: Transmitter) -> None:
    assert transmitter.urc(b"a" * 200, droppable=True)
    assert not transmitter.urc(b"b", droppable=True)
    transmitter.release(0.0)
    assert drained(transmitter) == b"a" * 200


def test_a_restart_forgets_what_was_to_be_announced(transmitter: Transmitter) -> None:
    transmitter.write(b"OK")
    transmitter.urc(b"URC")
    transmitter.restart()
    transmitter.release(1.0)
    assert drained(transmitter) == b"OK"
    assert not transmitter.full


def test_many_small_answers_are_handed_over_together() -> None:
    transmitter = Transmitter(high_mark=10**6, urc_queue=10**6, urc_gap=0.0, typing_hold=1.0)
    for _ in range(10_000):
        transmitter.write(b"\r\nOK\r\n")
    assert len(transmitter.peek()) >= 16_384
    assert drained(transmitter, 1001) == b"\r\nOK\r\n" * 10_000


def test_another_one_goes_on_where_it_is(transmitter: Transmitter) -> None:
    transmitter.tell_kinds()
    transmitter.final(b"OK", 7.0)
    transmitter.urc(b"one")
    transmitter.hold, transmitter.dropped = True, 3
    other = Transmitter(high_mark=100, urc_queue=50, urc_gap=0.5, typing_hold=1.0)
    other.take_over(transmitter)
    assert vars(other) == vars(transmitter)
    other.hold = False
    assert other.deadline == 7.5
    other.release(7.5)
    assert list(other.kinds(5)) == [(Kind.ANSWER, 2), (Kind.URC, 3)]
    assert drained(other) == b"OKone"
