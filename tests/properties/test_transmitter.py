"""The transmitter: bytes leave in the order in which they were made, URCs whole, and the size is always exact."""

from __future__ import annotations

import math
from collections import deque

from hypothesis import given
from hypothesis import strategies as st
from onemo.wire.transmitter import Transmitter

HIGH_MARK, URC_QUEUE, GAP, TYPING = 40, 30, 2.0, 5.0
TEXT = st.one_of(st.binary(min_size=1, max_size=12), st.binary(min_size=URC_QUEUE, max_size=HIGH_MARK + 5))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["write", "final", "urc", "droppable", "typed", "half typed"]), TEXT),
        st.tuples(st.sampled_from(["hold", "let go", "release"]), st.none()),
        st.tuples(st.sampled_from(["wait", "read"]), st.integers(1, 15)),
    ),
    max_size=40,
)


@given(STEPS)
def test_order_and_size(steps: list[tuple[str, object]]) -> None:
    """Against a line that is one queue of bytes, and URCs that are another."""
    transmitter = Transmitter(HIGH_MARK, URC_QUEUE, GAP, TYPING)
    line, urcs, dropped, received = b"", deque[bytes](), 0, b""
    now = not_before = 0.0
    for kind, value in steps:
        if isinstance(value, bytes):
            if kind == "write":
                transmitter.write(value)
            elif kind == "final":
                transmitter.final(value, now)
                not_before = now + GAP
            elif kind in ("typed", "half typed"):
                transmitter.echo(value, now, partial=kind == "half typed")
                not_before = now + TYPING if kind == "half typed" else 0.0
            else:
                waiting = sum(map(len, urcs))
                too_much = (
                    len(line) + (0 if transmitter.hold else waiting) > HIGH_MARK or waiting + len(value) > URC_QUEUE
                )
                too_much = too_much and bool(line or waiting)  # one alone is kept whatever its size
                kept = transmitter.urc(value, droppable=kind == "droppable")
                assert kept is not (kind == "droppable" and too_much)
                dropped += not kept
                urcs.extend([value] if kept else [])
                value = b""
            line += value
        elif kind == "wait":
            assert isinstance(value, int)
            now += value
        elif kind == "read":
            assert isinstance(value, int)
            taken = bytes(transmitter.peek())[:value]
            assert line.startswith(taken)
            assert bool(taken) is bool(line)
            if taken:
                transmitter.sent(len(taken))
            line, received = line[len(taken) :], received + taken
        else:
            transmitter.hold = kind == "hold" or (transmitter.hold and kind == "release")
            transmitter.release(now)
            if not transmitter.hold and now >= not_before:
                line += b"".join(urcs)
                urcs.clear()
        waiting = sum(map(len, urcs))
        assert transmitter.size == len(line)
        # held URCs say nothing of whether the DTE reads
        assert transmitter.full is (len(line) + (0 if transmitter.hold else waiting) > HIGH_MARK)
        assert transmitter.dropped == dropped
        assert bool(urcs) is transmitter.urcs_wait
        assert urcs or transmitter.deadline == math.inf
        if urcs and not transmitter.hold:
            assert transmitter.deadline <= max(now, not_before)
    while data := bytes(transmitter.peek()):
        transmitter.sent(len(data))
        received += data
    assert received.endswith(line)
    assert transmitter.size == 0
