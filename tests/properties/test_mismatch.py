"""A line that is sampled at another speed than it was sent at."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from onemo.wire.mismatch import sampled

SPEEDS = st.sampled_from([300, 1200, 2400, 4800, 9600, 14400, 19200, 38400, 57600, 115200, 921600]) | st.integers(
    1, 10**7
)
DATA = st.binary(max_size=60)


@given(DATA, SPEEDS)
def test_at_one_speed_all_is_heard(data: bytes, speed: int) -> None:
    assert sampled(data, speed, speed) == data


@given(DATA, SPEEDS, st.integers(-4, 4))
def test_so_it_is_a_few_per_cent_off(data: bytes, speed: int, per_cent: int) -> None:
    """A UART stands some 5 per cent for one byte: half a bit in nine and a half."""
    single = data[:1]
    assert sampled(single, speed * 100, speed * (100 + per_cent)) == single


@given(DATA, SPEEDS, SPEEDS)
def test_a_mismatch_is_bounded_and_the_same_each_time(data: bytes, sent: int, heard: int) -> None:
    first = sampled(data, sent, heard)
    assert first == sampled(data, sent, heard)
    assert len(first) <= 5 * len(data)
    assert len(first) <= len(data) * 10 * Fraction(heard, sent) / Fraction(19, 2) + 1


@given(DATA, SPEEDS, SPEEDS)
def test_it_is_what_the_levels_of_the_line_say(data: bytes, sent: int, heard: int) -> None:
    """The same said at length: a line in time, and a receiver that waits for edges."""
    levels = [level for byte in data for level in (0, *(byte >> bit & 1 for bit in range(8)), 1)]

    def level(time: Fraction) -> int:
        place = int(time * sent)
        return levels[place] if place < len(levels) else 1

    received, now = bytearray(), Fraction(-1)
    while True:
        edges = (Fraction(place, sent) for place in range(len(levels)) if levels[place] == 0)
        falling = (edge for edge in edges if edge > now and (edge == 0 or level(edge - Fraction(1, sent)) == 1))
        start = next(falling, None)
        if start is None:
            break
        samples = [level(start + Fraction(2 * bit + 1, 2 * heard)) for bit in range(10)]
        now = start + Fraction(1, 2 * heard)
        if samples[0] == 0:
            received.append(sum(sample << bit for bit, sample in enumerate(samples[1:9])))
            now = start + Fraction(19, 2 * heard)
    assert sampled(data, sent, heard) == received


def test_known_ones() -> None:
    """A break of a slower sender is 0x00 for each of its low bits; a fast one is over before the start bit is."""
    assert sampled(b"\0", 300, 9600) == b"\0"
    assert sampled(b"U", 300, 9600) == b"\0" * 5
    assert sampled(b"OK", 921600, 300) == b""
    assert sampled(b"\xff", 115200, 57600) == b""
    assert sampled(b"\xff", 115200, 57601) == b"\xff"
    assert sampled(b"\r\nOK\r\n", 115200, 57600) == bytes.fromhex("8c0ccc")
    assert sampled(b"", 115200, 9600) == b""
