"""``+++``: whatever comes when, it is the escape exactly when it is alone in a silence, and else it is data."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st
from onemo.wire.events import Escaped, OnlineData
from onemo.wire.framer import Framer

GUARD = 4.0  # whole numbers, so that sums of times are exact

Timed = list[tuple[int, bytes]]
TIMED = st.lists(
    st.tuples(
        st.integers(0, 6), st.sampled_from([b"+", b"+", b"++", b"+++", b"++++", b"a", b"+a", b"a+", b"\r", b"+++\r"])
    ),
    max_size=12,
)


def transparent(timed: Timed, *, prompt_timers: bool, bulk: bool = False) -> tuple[bytes, bool]:
    """(the data, whether the escape ended it) of gaps and bytes. Timers that are late change nothing.

    bulk: the short way, where the framer has it.
    """
    now = 100.0
    framer = Framer(8192, GUARD, 0.02)
    framer.online(1024, 1.0, now)
    data = b""
    for gap, piece in [*timed, (99, b"")]:
        now += gap
        while prompt_timers and framer.deadline < now:
            framer.on_deadline(framer.deadline)
        packets = framer.stream(piece, now) if bulk and piece else None
        if packets is not None:
            data += packets
            continue
        framer.receive(piece, now) if piece else framer.on_deadline(now)
        while (event := framer.next_event(now)) is not None:
            if isinstance(event, Escaped):
                return data, True
            assert isinstance(event, OnlineData)
            data += event.data
    return data, False


def at_once(timed: Timed) -> Timed:
    """Join what comes at one moment, as one read brings it."""
    joined: Timed = []
    for gap, piece in timed:
        if gap or not joined:
            joined.append((gap, piece))
        else:
            before, start = joined.pop()
            joined.append((before, start + piece))
    return joined


def expected(timed: Timed) -> tuple[bytes, bool]:
    """The bytes in bursts that silence separates; the first burst of +++ alone, with silence before it, ends it."""
    now = 0
    moments: list[tuple[int, int]] = []
    for gap, piece in timed:
        now += gap
        moments += [(now, byte) for byte in piece]
    starts = [i for i, ((before, _), (after, _)) in enumerate(pairwise([(0, 0), *moments])) if after - before >= GUARD]
    for start, end in pairwise([*starts, len(moments)]):
        if bytes(byte for _, byte in moments[start:end]) == b"+++":
            return bytes(byte for _, byte in moments[:start]), True
    return bytes(byte for _, byte in moments), False


@given(TIMED)
@example([(4, b"+"), (3, b"+"), (3, b"+"), (4, b"a")])
@example([(4, b"+++"), (3, b"+"), (4, b"+++")])
@example([(5, b"+"), (4, b"+++")])
def test_escape_or_data(timed: Timed) -> None:
    assert transparent(timed, prompt_timers=True) == expected(timed)


@given(TIMED)
def test_late_timers_change_nothing(timed: Timed) -> None:
    data, escaped = transparent(timed, prompt_timers=False)
    assert escaped == expected(timed)[1]
    assert data == expected(timed)[0]


@given(TIMED, st.booleans())
@example([(4, b"+"), (0, b"++"), (4, b"a")], True)
@example([(4, b"+++"), (0, b"+"), (0, b"+++")], False)
def test_bulk_in_any_pieces(timed: Timed, prompt_timers: bool) -> None:
    """Nor does it matter how the line cuts what comes at one moment, or which way it takes."""
    assert transparent(timed, prompt_timers=prompt_timers, bulk=True) == expected(timed)
    assert transparent(at_once(timed), prompt_timers=prompt_timers, bulk=True) == expected(timed)
