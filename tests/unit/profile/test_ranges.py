"""Ranges: what is written is what is accepted, and what is printed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.profile.ranges import Range


@st.composite
def spans(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Ascending intervals, some of one value, some touching."""
    found: list[tuple[int, int]] = []
    low = draw(st.integers(0, 5))
    for _ in range(draw(st.integers(1, 5))):
        high = low + draw(st.integers(0, 6))
        found.append((low, high))
        low = high + draw(st.integers(1, 4))
    return found


def written(intervals: list[tuple[int, int]]) -> str:
    return ",".join(f"{low}" if low == high else f"{low}-{high}" for low, high in intervals)


@given(spans())
def test_a_range_holds_what_is_written_and_nothing_else(intervals: list[tuple[int, int]]) -> None:
    accepted = Range.parse(written(intervals))
    meant = {value for low, high in intervals for value in range(low, high + 1)}
    assert {value for value in range(-2, max(meant) + 3) if value in accepted} == meant
    assert list(accepted) == sorted(meant)
    assert (accepted.low, accepted.high) == (min(meant), max(meant))
    assert accepted.spans == tuple(intervals)


@given(spans())
def test_it_is_printed_as_it_is_written(intervals: list[tuple[int, int]]) -> None:
    accepted = Range.parse(written(intervals))
    assert accepted.shown == f"({written(intervals)})"
    assert Range.parse(accepted.shown.strip("()")) == accepted


@given(spans())
def test_boundaries_are_accepted_and_their_neighbours_are_not(intervals: list[tuple[int, int]]) -> None:
    accepted = Range.parse(written(intervals))
    assert all(bound in accepted for bound in accepted.boundaries)
    assert {bound for span in intervals for bound in span} == set(accepted.boundaries)
    assert all(edge >= 0 and edge not in accepted for edge in accepted.neighbours)
    assert accepted.high + 1 in accepted.neighbours
    assert (accepted.low - 1 in accepted.neighbours) == (accepted.low > 0)


def is_range(text: str) -> bool:
    """The grammar, said another way."""
    signs = ["-" if item.startswith("-") else "" for item in text.split(",")]
    items = [item.removeprefix("-").partition("-") for item in text.split(",")]
    if not all(low.isdecimal() and (high.isdecimal() or not dash) for low, dash, high in items):
        return False
    intervals = [(int(sign + low), int(high or sign + low)) for sign, (low, _, high) in zip(signs, items, strict=True)]
    return all(low <= high for low, high in intervals) and all(
        before[1] < after[0] for before, after in pairwise(intervals)
    )


def parses(text: str) -> bool:
    try:
        return Range.parse(text).text == text
    except ValueError:
        return False


@given(st.text(alphabet="0123-, x", max_size=8) | st.from_regex(r"[0-9]{1,2}([,-][0-9]{1,2}){0,3}", fullmatch=True))
def test_any_text_is_a_range_or_a_mistake(text: str) -> None:
    assert parses(text) == is_range(text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0", [0]),
        ("0-4", [0, 1, 2, 3, 4]),
        ("0,2,3", [0, 2, 3]),
        ("0-2,7", [0, 1, 2, 7]),
        ("3-3", [3]),
        ("-1", [-1]),
        ("-1-1", [-1, 0, 1]),
    ],
)
def test_ranges_as_the_manual_writes_them(text: str, values: list[int]) -> None:
    assert list(Range.parse(text)) == values


@pytest.mark.parametrize(
    "text", ["", "a", "-", "1-", "0--1", "0,", ",0", "1--2", " 1", "0 - 4", "(0-4)", "1.5", "0x10"]
)
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(ValueError, match="is no range"):
        Range.parse(text)


@pytest.mark.parametrize("text", ["4-1", "1,1", "1-3,2", "1-3,3", "5,0-2"])
def test_what_is_not_ascending(text: str) -> None:
    with pytest.raises(ValueError, match="ascending"):
        Range.parse(text)
