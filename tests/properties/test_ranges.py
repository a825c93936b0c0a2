"""Ranges: what is written is what is meant, at every edge."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.profile.ranges import Range


@st.composite
def spans(draw: st.DrawFn) -> list[tuple[int, int]]:
    edges = sorted(draw(st.sets(st.integers(0, 70_000), min_size=2, max_size=8)))
    found = list(zip(edges[::2], edges[1::2], strict=False))
    return [(low, low if draw(st.booleans()) else high) for low, high in found]


def written(parts: list[tuple[int, int]]) -> str:
    return ",".join(f"{low}-{high}" if high > low else f"{low}" for low, high in parts)


@given(spans())
def test_a_range_reads_back_and_prints_as_it_is_written(parts: list[tuple[int, int]]) -> None:
    accepted = Range.parse(written(parts))
    assert accepted.spans == tuple(parts)
    assert accepted.text == written(parts)
    assert accepted.shown == f"({written(parts)})"
    assert Range.parse(accepted.shown[1:-1]) == accepted
    assert (accepted.low, accepted.high) == (parts[0][0], parts[-1][1])


@given(spans(), st.integers(0, 70_001))
def test_membership(parts: list[tuple[int, int]], value: int) -> None:
    accepted = Range.parse(written(parts))
    assert (value in accepted) is any(low <= value <= high for low, high in parts)
    assert set(accepted.boundaries) == {edge for span in parts for edge in span}
    assert all(edge in accepted for edge in accepted.boundaries)
    assert not any(edge in accepted for edge in accepted.neighbours)
    assert all(edge - 1 in accepted or edge + 1 in accepted for edge in accepted.neighbours)


@given(st.text("0123456789-, \n", max_size=12))
def test_anything_else_is_refused_with_a_value_error(text: str) -> None:
    if not re.fullmatch(r"-?\d+(-\d+)?(,-?\d+(-\d+)?)*", text):
        with pytest.raises(ValueError, match=re.escape(repr(text))):
            Range.parse(text)
        return
    edges = [[int(edge) for edge in re.findall(r"^-?\d+|\d+", item)] for item in text.split(",")]
    flat = [edge for item in edges for edge in item]
    rising = all(low <= high for low, *more in edges for high in more)
    if rising and all(before[-1] < after[0] for before, after in pairwise(edges)):
        assert Range.parse(text).text == text
        assert (Range.parse(text).low, Range.parse(text).high) == (flat[0], flat[-1])
    else:
        with pytest.raises(ValueError, match="ascending"):
            Range.parse(text)


@pytest.mark.parametrize("digit", ["\N{ARABIC-INDIC DIGIT THREE}", "\N{FULLWIDTH DIGIT ONE}"])
def test_only_ascii_digits_are_digits(digit: str) -> None:
    with pytest.raises(ValueError, match="range"):
        Range.parse(digit)
