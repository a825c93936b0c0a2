"""The module's clock, and how it is written (27.007 8.15)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.modem.clock import Clock, read, show

FIRST = datetime(1970, 1, 1, tzinfo=UTC).timestamp()
END = datetime(2070, 1, 1, tzinfo=UTC).timestamp()
SECONDS = st.integers(int(FIRST), int(END) - 1)
ZONES = st.integers(-96, 96)
ALMOST = st.from_regex(r"\A\d\d/\d\d/\d\d,\d\d:\d\d:\d\d([+-]\d\d)?\Z")


def seconds(*moment: int) -> float:
    return datetime(*moment, tzinfo=UTC).timestamp()  # type: ignore[misc, arg-type]


def readable(text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "utc", "zone"),
    [
        ("19/02/21,07:29:20+32", seconds(2019, 2, 21, 7, 29, 20), 32),
        ("80/01/06,00:00:00", seconds(1980, 1, 6), None),
        ("70/01/01,00:00:00+00", FIRST, 0),
        ("69/12/31,23:59:59-96", END - 1, -96),
        ("99/12/31,23:59:59+96", seconds(1999, 12, 31, 23, 59, 59), 96),
        ("00/02/29,12:00:00-00", seconds(2000, 2, 29, 12), 0),
        ("24/02/29,12:00:00-08", seconds(2024, 2, 29, 12), -8),
        ("68/02/29,12:00:00", seconds(2068, 2, 29, 12), None),
        ("72/02/29,12:00:00", seconds(1972, 2, 29, 12), None),
        ("76/02/29,12:00:00", seconds(1976, 2, 29, 12), None),
    ],
)
def test_reading(text: str, utc: float, zone: int | None) -> None:
    assert read(text) == (utc, zone)


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "24/02/30,00:00:00", "23/02/29,00:00:00", "00/00/01,00:00:00", "24/13/01,00:00:00",
        "24/01/00,00:00:00", "24/01/01,24:00:00", "24/01/01,00:60:00", "24/01/01,00:00:60", "24/01/01,00:00:61",
        "24/01/01,00:00:00+97", "24/01/01,00:00:00-97", "24/01/01,00:00:00+8", "24/01/01,00:00:00+032",
        "24/01/01,00:00:00 32", " 24/01/01,00:00:00", "24/01/01,00:00:00\n", "2024/01/01,00:00:00",
        "24/1/1,0:0:0", "24-01-01,00:00:00", "٢٤/01/01,00:00:00", "²4/01/01,00:00:00", "24/01/01,00:00:00+٣٢",
    ],
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    assert not readable(text)


@given(SECONDS, ZONES)
def test_what_is_shown_can_be_read(utc: int, zone: int) -> None:
    assert read(show(utc, zone)) == (utc, zone)


@given(ALMOST)
def test_what_can_be_read_is_shown_as_it_was(text: str) -> None:
    try:
        utc, zone = read(text)
    except ValueError:
        return
    assert FIRST <= utc < END
    shown = show(utc, zone or 0)
    assert shown[:17] == text[:17]
    assert zone is None or shown == text.replace("-00", "+00")


@given(st.one_of(st.text(), ALMOST, st.text("0123456789/:,+-", max_size=20)))
def test_any_text_is_read_or_refused(text: str) -> None:
    readable(text)


@given(st.floats(FIRST, END - 1), ZONES)
def test_parts_of_a_second_are_not_shown(utc: float, zone: int) -> None:
    assert show(utc, zone) == show(int(utc), zone)


def test_before_1970_too() -> None:
    assert show(-0.5, 0) == "69/12/31,23:59:59+00"


# Running.


def test_before_it_is_set() -> None:
    clock = Clock(32)
    assert (clock.is_set, clock.zone) == (False, 32)


@given(SECONDS, st.floats(0, 1e9), st.floats(0, 1e6))
def test_it_runs(utc: int, now: float, passed: float) -> None:
    clock = Clock(32)
    clock.set(utc, now)
    assert clock.is_set
    assert clock.utc(now) == utc
    assert clock.shown(now) == show(utc, 32)
    assert clock.utc(now + passed) == pytest.approx(utc + passed, abs=1e-5)


def test_it_can_be_set_again_and_the_zone_on_its_own() -> None:
    clock = Clock(32)
    clock.set(seconds(2019, 2, 21), 5.0)
    clock.set(seconds(2024, 2, 29), 10.0)
    clock.zone = -8
    assert clock.shown(70.0) == "24/02/29,00:01:00-08"
