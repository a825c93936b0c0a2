"""Command lines out of bytes (V.250 5.2): ends, echo, editing, A/, and lines that are too long."""

from __future__ import annotations

import pytest
from onemo.wire.events import Event, Line, LineTooLong, Repeat
from onemo.wire.framer import Framer, Mode

MAX_LINE = 16
LF_WINDOW = 0.02


class Typist:
    """Types at a framer that goes on reading lines after each event."""

    def __init__(self) -> None:
        self.framer = Framer(MAX_LINE, guard=0.2, lf_window=LF_WINDOW)
        self.framer.command()

    def type(self, data: bytes) -> list[Event]:
        self.framer.receive(data, 0.0)
        found = []
        while (event := self.framer.next_event(0.0)) is not None:
            assert self.framer.mode is Mode.PAUSED
            found.append(event)
            self.framer.command()
        return found


@pytest.fixture
def typist() -> Typist:
    return Typist()


def test_a_new_framer_waits_to_be_told() -> None:
    framer = Framer(MAX_LINE, guard=0.2, lf_window=LF_WINDOW)
    framer.receive(b"AT\r", 0.0)
    assert framer.mode is Mode.PAUSED
    assert framer.next_event(0.0) is None
    assert len(framer.kept) == 3
    framer.command()
    assert framer.next_event(0.0) == Line(b"AT")
    assert len(framer.kept) == 0


def test_it_pauses_after_a_line(typist: Typist) -> None:
    framer = typist.framer
    framer.receive(b"AT\rE0\r", 0.0)
    assert framer.next_event(0.0) == Line(b"AT")
    assert framer.next_event(0.0) is None
    assert len(framer.kept) == 3
    framer.command()
    assert framer.next_event(0.0) == Line(b"E0")


def test_lines(typist: Typist) -> None:
    assert typist.type(b"AT\rATI\r\nAT E0\r") == [Line(b"AT"), Line(b"ATI"), Line(b"AT E0")]
    assert typist.type(b"A") == []
    assert typist.framer.partial
    assert typist.type(b"T+X") == []
    assert typist.type(b"\rAT") == [Line(b"AT+X")]
    assert typist.type(b"\n\r") == [Line(b"AT")]
    assert not typist.framer.partial


def test_a_string_may_hold_any_byte_but_the_terminator(typist: Typist) -> None:
    assert typist.type(b'A"\x00\n\x1a\x1b\xff"\r') == [Line(b'A"\x00\n\x1a\x1b\xff"')]


@pytest.mark.parametrize("nothing", [b"\r", b"\r\n", b"\n", b"\r\n\r\n", b" \r", b"\0\t \r\n", b"\x1b\x1a"])
def test_empty_lines_and_blanks_in_front_are_nothing(typist: Typist, nothing: bytes) -> None:
    assert typist.type(nothing) == []
    assert not typist.framer.partial
    assert typist.type(nothing + b"AT \r") == [Line(b"AT ")]


@pytest.mark.parametrize(("after", "entered"), [(0.0, b"ab"), (LF_WINDOW, b"ab"), (0.021, b"\nab"), (5.0, b"\nab")])
def test_a_linefeed_soon_after_the_line_belongs_to_it(typist: Typist, after: float, entered: bytes) -> None:
    framer = typist.framer
    framer.receive(b"AT\r", 1.0)
    assert framer.next_event(1.0) == Line(b"AT")
    framer.prompt(len(entered), 1460, 10.0, 1.0)
    framer.receive(b"\n", 1.0 + after)
    assert framer.next_event(1.0 + after) is None
    framer.receive(b"ab", 1.0 + after)
    assert getattr(framer.next_event(1.0 + after), "data", None) == entered


@pytest.mark.parametrize("rate", [110, 300, 1200])
def test_a_linefeed_may_take_its_time_on_a_slow_line(typist: Typist, rate: int) -> None:
    framer, character = typist.framer, 10 / rate
    framer.rate = lambda: rate
    framer.reset()
    framer.command()
    for after, entered in ((2 * character, b"ab"), (max(4 * character, 0.03), b"\na")):
        framer.receive(b"AT\r", 1.0)
        assert framer.next_event(1.0) == Line(b"AT")
        framer.prompt(2, 1460, 10.0, 1.0)
        framer.receive(b"\n" + entered.lstrip(b"\n"), 1.0 + after)
        assert getattr(framer.next_event(1.0 + after), "data", None) == entered
        framer.command()


def test_a_linefeed_that_comes_while_the_command_runs_is_timed_as_it_comes(typist: Typist) -> None:
    framer = typist.framer
    framer.receive(b"AT\r", 1.0)
    assert framer.next_event(1.0) == Line(b"AT")
    assert framer.awaits_linefeed
    framer.receive(b"\n", 1.01)
    assert not framer.awaits_linefeed
    assert len(framer.kept) == 0
    framer.online(2, 0.2, 9.0)
    framer.receive(b"\nx", 9.0)
    assert getattr(framer.next_event(9.0), "data", None) == b"\nx"


def test_transparent_data_keep_their_first_linefeed(typist: Typist) -> None:
    framer = typist.framer
    framer.receive(b"AT\r", 1.0)
    assert framer.next_event(1.0) == Line(b"AT")
    framer.online(2, 0.2, 1.01)
    assert framer.stream(b"\nx", 1.01) is None, "it may be the line's"
    assert framer.stream(b"\nx", 1.03) == b"\nx"


def test_only_one_linefeed_is_swallowed(typist: Typist) -> None:
    framer = typist.framer
    framer.receive(b"AT\r\n\nx", 0.0)
    assert framer.next_event(0.0) == Line(b"AT")
    framer.online(2, 0.2, 0.0)
    assert getattr(framer.next_event(0.0), "data", None) == b"\nx"


@pytest.mark.parametrize("line", [b"AT\n", b"A\x00TE0\x1a", b"\x1bAT\tE0\x7f", b"AT\x02\x03\x0b\x0c\x1f", b"A\b\n\0AT"])
def test_control_characters_in_a_line_are_ignored(typist: Typist, line: bytes) -> None:
    (told,) = typist.type(line + b"\r")
    assert isinstance(told, Line)
    assert told in (b"AT", b"ATE0", b"ATE0\x7f")


def test_a_line_of_nothing_else_is_none(typist: Typist) -> None:
    assert typist.type(b"X\b\0\n\x1a\r") == []
    assert typist.type(b"\rAT") == []
    assert typist.type(b"\nE0\r") == [Line(b"ATE0")]


# A/


def test_repeat_needs_no_terminator(typist: Typist) -> None:
    assert typist.type(b"A/") == [Repeat()]
    assert typist.type(b" a/A/AT\r") == [Repeat(), Repeat(), Line(b"AT")]
    assert typist.type(b"A") == []
    assert typist.type(b"/\r") == [Repeat()]
    assert not typist.framer.partial


@pytest.mark.parametrize("pieces", [[b"A\0/"], [b"A", b"\0", b"/"], [b"a\n\x1a", b"\x1b/"], [b"\0A\0", b"\0\0/"]])
def test_control_characters_in_it_are_ignored(typist: Typist, pieces: list[bytes]) -> None:
    """As in any line (V.250 5.2.2), also where they come one by one; they are echoed all the same."""
    typist.framer.echo = True
    assert [event for piece in pieces for event in typist.type(piece)] == [Repeat()]
    assert typist.framer.take_echo() == b"".join(pieces)
    assert typist.type(b"A\0T\r") == [Line(b"AT")]
    assert typist.type(b"A\0" + b"\0" * MAX_LINE + b"T/\r") == [Line(b"AT/")]


def test_what_only_looks_like_it(typist: Typist) -> None:
    assert typist.type(b"AT/\r") == [Line(b"AT/")]
    assert typist.type(b"xA/\r") == [Line(b"xA/")]
    assert typist.type(b"A /\r") == [Line(b"A /")]
    assert typist.type(b"A\0\r/\r") == [Line(b"A"), Line(b"/")]


# Length.


def test_the_longest_line(typist: Typist) -> None:
    longest = b"x" * MAX_LINE
    assert typist.type(longest + b"\r") == [Line(longest)]
    assert typist.type(longest) == []
    assert typist.type(b"\r") == [Line(longest)]
    assert typist.type(longest + b"x\r") == [LineTooLong()]
    assert typist.type(b"AT\r") == [Line(b"AT")]


def test_the_rest_of_a_line_that_is_too_long_is_dropped_as_it_comes(typist: Typist) -> None:
    for _ in range(1000):
        assert typist.type(b"y" * 100) == []
        assert len(typist.framer.kept) == 0
    assert typist.type(b"A/\rAT\r") == [LineTooLong(), Line(b"AT")]


def test_leading_blanks_do_not_count(typist: Typist) -> None:
    assert typist.type(b" " * 100 + b"x" * MAX_LINE + b"\r") == [Line(b"x" * MAX_LINE)]


# S3, S4, S5.


def test_other_characters(typist: Typist) -> None:
    typist.framer.characters(ord("!"), ord("$"), ord("#"))
    assert typist.type(b"AT!$AT\rX!") == [Line(b"AT"), Line(b"AT\rX")]
    assert typist.type(b"ATX#E#!\r!") == [Line(b"AT")]
    assert typist.type(b"AT\x08!") == [Line(b"AT\x08")]


def test_a_backspace_takes_back_a_character(typist: Typist) -> None:
    assert typist.type(b"AX\x08T\r") == [Line(b"AT")]
    assert typist.type(b"AX") == []
    assert typist.type(b"\x08T\r") == [Line(b"AT")]
    assert typist.type(b"AXY\x08\x08T\r") == [Line(b"AT")]
    assert typist.type(b"X\x08\x08\x08AT\r") == [Line(b"AT")]


def test_in_a_string_it_is_a_character(typist: Typist) -> None:
    assert typist.type(b'A"a\x08b"X\x08\r') == [Line(b'A"a\x08b"')]


def test_a_line_of_which_everything_was_taken_back_is_empty(typist: Typist) -> None:
    assert typist.type(b"XY\x08\x08\r") == []
    assert typist.type(b"X\x08\r\nAT\r") == [Line(b"AT")]


# Echo.


def test_there_is_no_echo_unless_asked_for(typist: Typist) -> None:
    typist.type(b"AT\r")
    assert typist.framer.take_echo() == b""


def test_what_is_typed_is_echoed_as_it_is_taken(typist: Typist) -> None:
    framer = typist.framer
    framer.echo = True
    framer.receive(b"AT\r\nATI\r", 0.0)
    assert framer.next_event(0.0) == Line(b"AT")
    assert framer.take_echo() == b"AT\r"
    assert framer.take_echo() == b""
    framer.command()
    assert framer.next_event(0.0) == Line(b"ATI")
    assert framer.take_echo().lstrip(b"\n") == b"ATI\r"
    framer.command()
    typist.type(b"A/")
    assert framer.take_echo() == b"A/"
    typist.type(b"A")
    assert framer.take_echo() == b"A"
    typist.type(b"/")
    assert framer.take_echo() == b"/"
    typist.type(b"X\x08")
    assert framer.take_echo() == b"X\b \b"


def test_payload_is_not_echoed(typist: Typist) -> None:
    framer = typist.framer
    framer.echo = True
    framer.receive(b"AT\rabcAT\r", 0.0)
    assert framer.next_event(0.0) == Line(b"AT")
    framer.take_echo()
    framer.prompt(3, 1460, 10.0, 0.0)
    assert getattr(framer.next_event(0.0), "data", None) == b"abc"
    assert framer.take_echo() == b""
    framer.online(1, 0.2, 0.0)
    framer.next_event(0.0)
    assert framer.take_echo() == b""


def test_a_restart_forgets_everything(typist: Typist) -> None:
    framer = typist.framer
    framer.echo = True
    framer.characters(ord("!"), ord("$"), ord("#"))
    framer.receive(b"AT", 0.0)
    framer.next_event(0.0)
    framer.receive(b"!more", 0.0)
    framer.reset()
    assert (framer.mode, len(framer.kept), framer.partial, framer.echo) == (Mode.PAUSED, 0, False, False)
    assert framer.take_echo() == b""
    framer.command()
    assert typist.type(b"AT\r") == [Line(b"AT")]
