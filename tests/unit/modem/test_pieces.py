"""Data in several URCs: how it is cut, and when each piece is made."""

from __future__ import annotations

import math

import pytest
from onemo.modem.pieces import Pieces, piece_sizes
from onemo.wire.transmitter import Transmitter

from tests.support.faulty import FaultyDriver


class Told:
    """A line, and pieces on it, told as ``[piece total]``."""

    def __init__(self, most: int = 0, interval: float = 0.0, high_mark: int = 100) -> None:
        self.transmitter = Transmitter(high_mark=high_mark, urc_queue=50, urc_gap=0.5, typing_hold=1.0)
        self.pieces = Pieces(self, self.say, most, interval)

    def say(self, piece: bytes, total: int) -> None:
        self.transmitter.urc(b"[%b %d]" % (piece, total))

    def take(self, now: float = 0.0) -> bytes:
        """What leaves now."""
        self.transmitter.release(now)
        out = b""
        while data := bytes(self.transmitter.peek()):
            self.transmitter.sent(len(data))
            out += data
        return out


@pytest.mark.parametrize(
    ("count", "most", "sizes"),
    [(0, 5, []), (4, 5, [4]), (5, 5, [5]), (1400, 500, [500, 500, 400]), (7, 1, [1] * 7), (9, 0, [9]), (0, 0, [])],
)
def test_sizes(count: int, most: int, sizes: list[int]) -> None:
    assert list(piece_sizes(count, most)) == sizes


def test_cut_and_counted_and_not_joined() -> None:
    told = Told(most=3)
    told.pieces.add(b"abcde")
    told.pieces.add(b"fg")
    assert not told.pieces.done
    assert told.take() == b"[abc 3][de 5][fg 7]"
    assert told.pieces.done
    assert told.take() == b""
    told.pieces.add(b"h")
    assert told.take() == b"[h 8]"


def test_as_it_was_added_and_no_bytes_are_a_piece() -> None:
    told = Told()
    told.pieces.add(b"abcdefgh")
    told.pieces.add(b"")
    assert told.take() == b"[abcdefgh 8][ 8]"


def test_nothing_is_made_before_it_can_leave() -> None:
    told = Told(most=1)
    told.transmitter.hold = True
    told.pieces.add(b"ab")
    assert told.take() == b""
    assert told.transmitter.urcs_wait
    assert told.transmitter.deadline == math.inf, "time alone does not release it"
    told.transmitter.hold = False
    told.transmitter.final(b"OK", 1.0)
    assert told.take(1.2) == b"OK"
    assert told.transmitter.deadline == 1.5
    assert told.pieces.total == 0
    told.pieces.most = 2
    assert told.take(1.5) == b"[ab 2]"
    assert not told.transmitter.urcs_wait
    assert told.transmitter.deadline == math.inf


def test_a_line_that_is_not_read_stops_it() -> None:
    told = Told(most=10, high_mark=25)
    told.pieces.add(b"x" * 50)
    told.transmitter.release(0.0)
    assert told.pieces.total == 20
    assert told.transmitter.urcs_wait
    assert told.transmitter.deadline == math.inf
    data = bytes(told.transmitter.peek())
    told.transmitter.sent(len(data))
    told.transmitter.release(0.0)
    assert told.pieces.total == 40
    assert told.take() + told.take() == b"[xxxxxxxxxx 30][xxxxxxxxxx 40][xxxxxxxxxx 50]"


def test_an_interval_lies_between_any_two() -> None:
    told = Told(most=2, interval=0.3)
    told.pieces.add(b"abcd")
    assert told.take(10.0) == b"[ab 2]"
    assert told.transmitter.deadline == 10.3
    assert told.take(10.2) == b""
    assert told.take(10.3) == b"[cd 4]"
    assert told.transmitter.deadline == math.inf
    told.pieces.add(b"e")
    assert told.transmitter.deadline == pytest.approx(10.6)
    assert told.take(10.5) == b""
    assert told.take(11.0) == b"[e 5]"


def test_several_on_a_line_are_told_one_after_the_other() -> None:
    told = Told(most=2)
    other = Pieces(told, lambda piece, total: told.transmitter.urc(b"<%b>" % piece), most=1)
    told.pieces.add(b"abc")
    other.add(b"xy")
    told.pieces.add(b"d")
    assert told.take() == b"[ab 2][c 3][d 4]<x><y>"


def test_one_that_is_not_due_does_not_keep_another_back() -> None:
    told = Told(most=1, interval=1.0)
    other = Pieces(told, lambda piece, total: told.transmitter.urc(b"<%b>" % piece), most=1)
    told.pieces.add(b"ab")
    other.add(b"xy")
    assert told.take(0.0) == b"[a 1]<x><y>"
    assert told.take(1.0) == b"[b 2]"


def test_what_was_to_be_told_before_comes_first() -> None:
    told = Told()
    told.transmitter.urc(b"URC")
    told.pieces.add(b"a")
    assert told.take() == b"URC[a 1]"


def test_more_may_be_added_while_one_is_told() -> None:
    told = Told()
    more = [b"b", b"c"]
    other = Pieces(told, lambda piece, total: told.transmitter.urc(b"<%b>" % piece))

    def say(piece: bytes, total: int) -> None:
        told.say(piece, total)
        if more:
            added = more.pop(0)
            pieces.add(added)
            other.add(added)

    pieces = Pieces(told, say)
    pieces.add(b"a")
    assert told.take() == b"[a 1][b 2][c 3]<b><c>"


def test_what_is_forgotten_is_not_told() -> None:
    told = Told(most=1, interval=1.0)
    told.pieces.add(b"ab")
    assert told.take() == b"[a 1]"
    told.pieces.clear()
    assert told.pieces.done
    assert told.take(5.0) == b""
    assert told.transmitter.deadline == math.inf
    told.pieces.add(b"c")
    assert told.take(5.0) == b"[c 2]"


def test_what_is_let_go_before_an_answer_is_what_was_made() -> None:
    told = Told(most=1, interval=1.0)
    told.transmitter.final(b"OK", 1.0)
    told.transmitter.urc(b"URC")
    told.pieces.add(b"ab")
    assert told.take(math.inf) == b"OKURC"
    assert told.transmitter.deadline == 1.5, "the gap goes on"
    assert told.take(1.5) == b"[a 1]"


def test_a_restart_forgets_it() -> None:
    told = Told()
    told.pieces.add(b"a")
    told.transmitter.restart()
    assert told.take() == b""
    assert not told.transmitter.urcs_wait


def test_another_transmitter_of_the_line_goes_on() -> None:
    told = Told(most=1)
    before = told.transmitter
    before.hold = True
    told.pieces.add(b"ab")
    told.transmitter = Transmitter(high_mark=100, urc_queue=50, urc_gap=0.5, typing_hold=1.0)
    told.transmitter.take_over(before)
    told.transmitter.hold = False
    assert told.take() == b"[a 1][b 2]"


def test_a_module_tells_them_with_its_faults() -> None:
    driver = FaultyDriver("ML307R").boot()
    console = driver.modem.consoles[0]
    pieces = Pieces(console, lambda piece, total: console.notify(b"+X: %d,%b" % (total, piece)), most=2, interval=1.0)
    driver.report(lambda: pieces.add(b"abcdefg"))
    assert driver.take() == b"\r\n+X: 2,ab\r\n"
    driver.arm("urc-duplicate times=1")
    driver.wait(1.0)
    assert driver.take() == b"\r\n+X: 4,cd\r\n" * 2
    driver.wait(1.0)
    assert driver.take() == b"\r\n+X: 6,ef\r\n"
    assert type(console.transmitter) is Transmitter
    driver.line_room = 0
    driver.wait(1.0)
    driver.read_more(100)
    assert driver.take() == b"\r\n+X: 7,g\r\n"
    assert pieces.done


def test_a_prompt_holds_them_unmade() -> None:
    driver = FaultyDriver("ML307R").boot()
    driver.ask('AT+MIPOPEN=0,"TCP","h",80')
    driver.take()
    console = driver.modem.consoles[0]
    pieces = Pieces(console, lambda piece, total: console.notify(b"+X: %b" % piece), most=1)
    assert driver.ask("AT+MIPSEND=0,2") == b"\r\n>"
    driver.report(lambda: pieces.add(b"ab"))
    assert (driver.take(), pieces.total) == (b"", 0)
    driver.type(b"hi")
    assert driver.take() == b"\r\n+MIPSEND: 0,2\r\n\r\nOK\r\n\r\n+X: a\r\n\r\n+X: b\r\n"


def test_another_urc_stands_in_its_order_and_waits_for_no_interval() -> None:
    told = Told(most=2, interval=1.0)
    said: list[str] = []

    def other() -> None:
        said.append("other")
        told.transmitter.urc(b"<other>")

    told.pieces.then(other)
    told.pieces.add(b"abc")
    told.pieces.then(other)
    assert not told.pieces.done
    assert said == []
    assert told.take() == b"<other>[ab 2]"
    assert told.take(0.9) == b""
    assert told.pieces.deadline == 1.0
    assert told.take(1.0) == b"[c 3]<other>"
    assert told.pieces.done
    told.pieces.then(other)
    told.pieces.clear()
    assert told.take(9.0) == b""
    assert told.pieces.deadline == math.inf
