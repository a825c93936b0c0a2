"""Patterns of whole lines: as Python's ``re`` has them, in a time that grows with the line alone."""

from __future__ import annotations

import re
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.at.linear import LONGEST_LINE, LinePattern, PatternError

ATOMS = st.sampled_from(["a", "b", "[ab]", ".", r"\d", "[^a]", r"\+"])
REPEATS = st.sampled_from(["", "*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "*?", "+?", "??", "{1,2}?"])
REPEATED = st.builds("{}{}".format, ATOMS, REPEATS)
BRANCHES = st.lists(REPEATED, max_size=4).map("".join)
GROUPS = st.builds(
    "({}){}".format, st.lists(BRANCHES, min_size=1, max_size=3).map("|".join), st.sampled_from(["", "?"])
)
NESTED = st.builds("(?:{}|{}){}".format, GROUPS, BRANCHES, REPEATS)
PATTERNS = st.lists(st.one_of(REPEATED, GROUPS, NESTED), min_size=1, max_size=4).map("".join)
LINES = st.text("ab1A+", max_size=8).map(str.encode)


@given(PATTERNS, LINES)
def test_a_line_fits_as_python_has_it(pattern: str, line: bytes) -> None:
    expected = re.fullmatch(pattern.encode(), line, re.IGNORECASE | re.DOTALL)
    assert (LinePattern(pattern).match(line) is None) is (expected is None)


@given(st.lists(st.one_of(REPEATED, GROUPS), min_size=1, max_size=4).map("".join), LINES)
def test_groups_take_what_python_has_them_take(pattern: str, line: bytes) -> None:
    expected = re.fullmatch(pattern.encode(), line, re.IGNORECASE | re.DOTALL)
    taken = LinePattern(pattern).match(line)
    if expected is not None:
        assert taken == {str(number + 1): group or b"" for number, group in enumerate(expected.groups())}


def test_groups_have_names_and_numbers() -> None:
    pattern = LinePattern(r'AT\+FOO=(\d+),"(?P<text>[^"]*)"')
    assert pattern.match(b'at+foo=12,"Hi, you"') == {"1": b"12", "2": b"Hi, you", "text": b"Hi, you"}
    assert pattern.match(b'AT+FOO=12,"Hi" ') is None
    assert pattern.start == "AT+FOO="


@pytest.mark.parametrize(
    "pattern",
    [
        *(f"{many}b" for many in ("(.*)" * 100, "(.?)" * 100, "(a*)" * 100)),
        "(a+)+b",
        "(a*)*b",
        "(a|a)*b",
        "(a|aa)+b",
        "(.*)(.*)(.*)(.*)(.*)(.*)b",
        "((a{1,9}){1,9})b",
        "(?:a?){120}a*b",
    ],
)
def test_no_pattern_takes_long(pattern: str) -> None:
    began = time.monotonic()
    assert LinePattern(pattern).match(b"a" * LONGEST_LINE) is None
    assert time.monotonic() - began < 1


def test_a_longer_line_fits_none() -> None:
    assert LinePattern("a*").match(b"a" * LONGEST_LINE) is not None
    assert LinePattern("a*").match(b"a" * (LONGEST_LINE + 1)) is None


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("^a", r"has a ^ at character 1: it is for the whole line anyway; write \^ for the character"),
        ("a$", r"has a $ at character 2: it is for the whole line anyway; write \$ for the character"),
        ("(?=a)", "has (?= at character 1: of groups with ? there are (?:...) and (?P<name>...) alone"),
        ("(a", "has a ( at character 1 that nothing closes"),
        ("a)", "has a ) at character 2 that nothing opens"),
        ("a**", "has a repeat of a repeat at character 3"),
        (r"(a)\1", r"has \1 at character 4: there are \d, \w, \s, \D, \W, \S, and \ before a sign"),
        ("[z-a]", "has [z-a]: bad character range z-a"),
        ("*a", r"has a * at character 1 with nothing to repeat; write \* for the character"),
        ("a{9,2}", "has {9,2}: repeats are counted up to 255, the lower number first"),
        ("(?P<a>x)(?P<a>y)", "has two groups called a"),
        ("((a{99}){99}){99}", "is too long: with its repeats written out it has more than 512 steps"),
        ("(" * 500, "has more than 16 groups within each other"),
        ("é", "has characters that are not printable ASCII"),
        ("[a", r"has a [ at character 1 that nothing closes or opens; write \[ for the character"),
    ],
)  # fmt: skip
def test_what_is_not_taken(pattern: str, problem: str) -> None:
    with pytest.raises(PatternError) as raised:
        LinePattern(pattern)
    assert str(raised.value) == problem


@given(st.text(max_size=30))
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    with suppress(PatternError):
        LinePattern(text).match(b"AT+FOO")
