"""The bounded store: what was taken in comes out, in order, and never more than its limits."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st
from onemo.modem.cache import Cache

SIZE, ENTRIES = 40, 6
ENTRY = st.binary(max_size=15)


@given(st.lists(st.one_of(ENTRY, st.none()), max_size=60))
def test_entries_come_out_whole(steps: list[bytes | None]) -> None:
    """Bytes are added, None takes."""
    cache: Cache[bytes] = Cache(SIZE, ENTRIES)
    held: deque[bytes] = deque()
    for step in steps:
        if step is None:
            if held:
                assert cache.take() == held.popleft()
            continue
        fits = len(held) < ENTRIES and sum(map(len, held)) + len(step) <= SIZE
        assert cache.add(step) is fits
        held.extend([step] if fits else [])
        assert (len(cache), cache.total) == (len(held), sum(map(len, held)))
        assert cache.room == (SIZE - cache.total if len(held) < ENTRIES else 0)


@given(st.lists(st.one_of(st.binary(min_size=1, max_size=15), st.integers(0, 20)), max_size=60))
def test_a_stream_comes_out_in_any_portions(steps: list[bytes | int]) -> None:
    """Bytes are added as far as there is room, a number reads."""
    cache: Cache[bytes] = Cache(SIZE, ENTRIES)
    held = b""
    for step in steps:
        if isinstance(step, bytes):
            piece = step[: cache.room]
            assert not piece or cache.add(piece)
            held += piece
        else:
            read = cache.read(step)
            count = min(step, len(held)) or len(held)
            assert read == held[:count]
            held = held[count:]
        assert cache.total == len(held) <= SIZE
        assert len(cache) <= ENTRIES
    assert cache.read(0) == held
