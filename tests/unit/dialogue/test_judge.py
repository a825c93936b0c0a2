"""The judge, step by step."""

from __future__ import annotations

from onemo.dialogue.difference import rows
from onemo.dialogue.judge import Judge
from onemo.dialogue.transcript import parse


class Play:
    """A judge and its clock."""

    def __init__(self, *lines: str) -> None:
        self.judge = Judge(parse("my.at", "\n".join(lines)), timeout=5, quiet=0.3)
        self.now = 0.0
        self.judge.start(0.0)

    def wait(self, seconds: float) -> bytes:
        """Let time pass; what the judge has sent meanwhile."""
        until = self.now + seconds
        while self.judge.deadline <= until:
            self.now = max(self.now, self.judge.deadline)
            self.judge.on_deadline(self.now)
        self.now = until
        return self.judge.take_output()

    def say(self, data: bytes) -> bytes:
        self.judge.receive(data, self.now)
        return self.judge.take_output()

    @property
    def marks(self) -> list[list[str]]:
        return [[f"{mark} {text}" for mark, text in rows(each)] for each in self.judge.differences]


def ended(play: Play, *marks: list[str]) -> None:
    play.wait(60)
    assert play.judge.done
    assert play.marks == list(marks)


def test_the_next_is_sent_as_soon_as_all_came() -> None:
    play = Play("> AT", "< OK", ">> x\\x1a", "= \\r\\n>")
    assert play.wait(0.2) == b"AT\r"
    assert play.say(b"\r\nO") == b""
    assert play.say(b"K\r\n") == b"x\x1a"
    play.say(b"\r\n>")
    ended(play)


def test_what_was_said_before_the_first_step_is_dropped() -> None:
    play = Play("> AT", "< OK")
    play.say(b"\r\n+MATREADY\r\n")
    assert play.wait(0.2) == b"AT\r"
    play.say(b"\r\nOK\r\n")
    ended(play)


def test_what_the_module_says_by_itself_is_judged_where_the_transcript_has_it() -> None:
    play = Play("< +MATREADY", "> AT", "< OK")
    assert play.say(b"\r\n+MATREADY\r\n") == b"AT\r"
    play.say(b"\r\nOK\r\n")
    ended(play)


def test_anything() -> None:
    play = Play("> ATE0", "...", "< OK", "> ATI", "...", "> AT", "< OK")
    play.wait(0.2)
    assert play.say(b"ATE0\r\r\nOK\r\n") == b"ATI\r"
    play.say(b"\r\nCMCC\r\n\r\nOK\r\n")
    assert play.wait(0.31) == b"AT\r"
    play.say(b"\r\nOK\r\n")
    ended(play)


def test_a_value_stays_the_same_and_can_be_typed() -> None:
    play = Play("> AT+A", "< +A: {id},{t}", "> AT+B={id}{x}", "< +B: {id}")
    play.wait(0.2)
    assert play.say(b"\r\n+A: 7,1\r\n") == b"AT+B=7{x}\r"
    play.say(b"\r\n+B: 8\r\n")
    ended(play, ["  > AT+B={id}{x}", "- < +B: {id}    # id is '7'", "+ < +B: 8"])


def test_a_wait_lets_time_pass_and_takes_what_comes_meanwhile() -> None:
    play = Play("> A", "< OK", "wait 2", "< +B", "> C", "wait 1")
    play.wait(0.2)
    play.say(b"\r\nOK\r\n")
    assert play.say(b"\r\n+B\r\n") == b""
    assert play.wait(1.9) == b""
    assert play.wait(0.2) == b"C\r"
    play.say(b"\r\n+D\r\n")
    ended(play, ["  wait 1", "+ < +D"])


def test_the_play_goes_on_after_a_difference() -> None:
    play = Play("> A", "< +A: 1", "< OK", "> B", "< OK")
    play.wait(0.2)
    play.say(b"\r\n+A: 2\r\n")
    assert play.wait(1) == b""  # its answer has not ended
    play.say(b"\r\nOK\r\n")
    assert play.wait(0.31) == b"B\r"
    play.say(b"\r\nOK\r\n")
    ended(play, ["  > A", "- < +A: 1", "+ < +A: 2", "  < OK"])


def test_more_at_the_end() -> None:
    play = Play("> A", "< OK")
    play.wait(0.2)
    play.say(b"\r\nOK\r\n\r\n+X\r\n")
    ended(play, ["  > A", "+ < +X"])


def test_a_module_that_is_not_there() -> None:
    play = Play(*["> A", "< OK"] * 20)
    play.wait(100)
    assert play.judge.done
    assert [each.number for each in play.judge.differences] == [1, 3, 5, 5]
    assert play.judge.differences[0].problem == "nothing came within 5 s"


def test_a_value_that_never_came() -> None:
    play = Play("> A", "< {id}", "> B{id}", "< OK")
    play.wait(6)
    assert play.judge.done
    assert "{id} was never received" in play.judge.differences[-1].problem


def test_thousands_of_commands_without_an_answer() -> None:
    play = Play(*["> AT"] * 5000)
    assert play.wait(0.2) == b"AT\r" * 5000
    ended(play)


def test_thousands_of_answers_in_one_piece() -> None:
    play = Play(*["> AT", "< OK"] * 3000)
    for _ in range(3000):
        play.wait(0.2)
        play.say(b"\r\nOK\r\n")
    ended(play)
