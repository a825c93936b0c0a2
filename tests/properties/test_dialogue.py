"""Transcripts and their judge, with whatever they are given."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from onemo.dialogue.difference import rows
from onemo.dialogue.escapes import escaped, unescaped
from onemo.dialogue.judge import Judge
from onemo.dialogue.recorder import Recorder
from onemo.dialogue.transcript import parse
from onemo.errors import UsageError

LINES = st.sampled_from(
    ["> AT", ">> a\\x1a", "< OK", "= \\r\\n>", "...", "wait 1", "< {a}", "< {a},{b}", "> X{a}", "# note", ""]
)
SAID = st.lists(st.sampled_from([b"\r\n", b"OK", b"\r\nOK\r\n", b">", b"a", b"\r\n1,2\r\n", b"\xff"])).map(b"".join)
CROSSED = st.lists(
    st.tuples(st.booleans(), st.sampled_from([b"A", b"T\r", b"AT\r\n", b"+++", b"\r\nOK\r\n", b"{a}", b" "]))
)


def play(judge: Judge, pieces: list[bytes]) -> None:
    """All that is said comes at once; then time passes."""
    now = 0.0
    judge.start(now)
    for _ in range(1000):
        if judge.done:
            return
        now = max(now, judge.deadline)
        judge.on_deadline(now)
        if judge.take_output():
            for piece in pieces:
                judge.receive(piece, now)
    raise AssertionError("it never ends")


def complaint(text: str) -> str | None:
    """Return the problem of a transcript; None: there is none."""
    try:
        parse("my.at", text)
    except UsageError as error:
        return str(error)
    return None


@given(st.text())
@example("> \\")
@example("= {a}")
@example("wait 1e9")
@example("> ä\n< €")
def test_any_text_is_a_transcript_or_is_told_by_file_and_line(text: str) -> None:
    told = complaint(text)
    assert told is None or re.match(r"my\.at:[0-9]+: .", told)


@given(st.lists(LINES), st.sampled_from([">> \\q", "=", "wait", "... x", ">AT", "<\\", "= \\x4", "= \\"]))
def test_lines_of_a_transcript_with_one_that_is_none(lines: list[str], bad: str) -> None:
    told = complaint("\n".join([*lines, bad]))
    assert told is not None
    assert told.startswith(f"my.at:{len(lines) + 1}: ")


@given(st.binary())
def test_escapes_give_the_bytes_back(data: bytes) -> None:
    assert unescaped(escaped(data)) == data
    assert escaped(data).isprintable()


@given(st.lists(LINES, min_size=1), SAID, st.lists(st.integers(0, 40)))
def test_how_the_bytes_are_cut_does_not_matter(lines: list[str], said: bytes, cuts: list[int]) -> None:
    try:
        transcript = parse("my.at", "\n".join(lines))
    except UsageError:
        return
    places = sorted({0, len(said), *(cut for cut in cuts if cut < len(said))})
    whole, cut = Judge(transcript), Judge(transcript)
    play(whole, [said])
    play(cut, [said[start:end] for start, end in pairwise(places)])
    assert whole.differences == cut.differences
    for difference in whole.differences:
        assert rows(difference)


@given(CROSSED)
def test_what_is_recorded_is_what_crossed(crossed: list[tuple[bool, bytes]]) -> None:
    recorder = Recorder()
    for sent, data in crossed:
        (recorder.sent if sent else recorder.received)(data, 0.0)
    recorder.flush()
    lines = recorder.take_lines()
    if not lines:
        assert not crossed
        return
    transcript = parse("my.at", "\n".join(lines))
    typed, said = b"", b""
    for step in transcript.steps:
        for piece in step.pieces:
            assert isinstance(piece, bytes)
            typed += piece
        for expected in step.expected:
            for piece in expected.pieces or ():
                assert isinstance(piece, bytes)
                said += piece
    assert typed == b"".join(data for sent, data in crossed if sent)
    assert said == b"".join(data for sent, data in crossed if not sent)


@pytest.mark.parametrize("count", [1, 40])
def test_many_gaps_take_no_time(count: int) -> None:
    text = "> AT\n" + "...\n< a{x}\n" * count + "< OK"
    judge = Judge(parse("my.at", text))
    play(judge, [b"\r\naa\r\n" * 200, b"\r\nOK\r\n"])
    assert judge.differences == []
