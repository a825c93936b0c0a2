"""Data in URCs: all of it arrives, in order, counted rightly, and no more is held than the line and one reception."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st
from onemo.modem.pieces import Pieces, piece_sizes
from onemo.wire.transmitter import Transmitter

HIGH_MARK, CREDIT = 60, 30
OVERHEAD = len(b"<00:0000:>")


@given(st.integers(0, 5000), st.integers(0, 700))
def test_sizes(count: int, most: int) -> None:
    sizes = list(piece_sizes(count, most))
    assert sum(sizes) == count
    assert all(0 < size <= (most or count) for size in sizes)
    assert not most or len(sizes) == -(-count // most)


class Line:
    """A client that is sent a stream, with a line to a DTE that reads when it likes. Times in seconds."""

    def __init__(self, most: int, interval: float) -> None:
        self.transmitter = Transmitter(HIGH_MARK, HIGH_MARK, urc_gap=0.5, typing_hold=2.0)
        self.pieces = Pieces(self, self.say, most, interval)
        self.unread: deque[bytes] = deque()
        self.read = b""
        self.told_at: list[float] = []
        self.now = 0.0

    def say(self, piece: bytes, total: int) -> None:
        """Only ever with room: it leaves in this step."""
        assert self.room
        self.told_at.append(self.now)
        self.transmitter.urc(b"<%02d:%04d:%b>" % (len(piece), total, piece))

    def feed(self) -> None:
        """Read the peer while there is credit."""
        while self.unread and self.pieces.done:
            data = self.unread.popleft()
            if len(data) > CREDIT:
                self.unread.appendleft(data[CREDIT:])
            self.pieces.add(data[:CREDIT])
            self.step()

    @property
    def room(self) -> bool:
        """Whether a URC given now leaves in this step."""
        transmitter = self.transmitter
        return not (transmitter.hold or transmitter.full or self.now < transmitter._not_before)

    def step(self) -> None:
        self.transmitter.release(self.now)
        assert not (self.transmitter._urcs and self.room)

    def take(self, count: int) -> None:
        data = bytes(self.transmitter.peek())[:count]
        if data:
            self.transmitter.sent(len(data))
        self.read += data


STEPS = st.lists(
    st.one_of(
        st.binary(min_size=1, max_size=80),
        st.tuples(st.sampled_from(["read", "wait"]), st.integers(1, 40)),
        st.sampled_from(["hold", "let go", "answer", "half typed"]),
    ),
    max_size=40,
)


@given(STEPS, st.integers(0, 20), st.sampled_from([0.0, 0.3]))
def test_whole_in_order_and_bounded(steps: list[bytes | tuple[str, int] | str], most: int, interval: float) -> None:
    line = Line(most, interval)
    transmitter, sent, others = line.transmitter, b"", 0
    for step in steps:
        if isinstance(step, bytes):
            line.unread.append(step)
            sent += step
        elif step in ("hold", "let go"):
            transmitter.hold = step == "hold"
        elif step == "answer":
            transmitter.final(b"OK", line.now)
            others += 2
        elif step == "half typed":
            transmitter.echo(b"AT", line.now, partial=True)
            others += 2
        elif step[0] == "read":
            line.take(int(step[1]))
        else:
            line.now += int(step[1]) / 10
        line.step()
        line.feed()
        assert transmitter.size <= HIGH_MARK + CREDIT + OVERHEAD + others
        assert sum(len(each) for each in line.pieces._added if isinstance(each, bytes)) <= CREDIT
    settle(line)
    total, data, rest = 0, b"", line.read
    while rest:
        if rest[:2] in (b"OK", b"AT"):
            rest = rest[2:]
            continue
        size, so_far = int(rest[1:3]), int(rest[4:8])
        piece, rest = rest[9 : 9 + size], rest[9 + size :].removeprefix(b">")
        total += size
        assert (len(piece), so_far) == (size, total)
        assert 0 < size <= (most or CREDIT)
        data += piece
    assert data == sent
    assert all(
        later - earlier >= interval - 1e-9 for earlier, later in zip(line.told_at, line.told_at[1:], strict=False)
    )


def settle(line: Line) -> None:
    """The DTE reads everything, and time goes from deadline to deadline until nothing is left to happen."""
    line.transmitter.hold = False
    for _ in range(10_000):
        line.step()
        line.feed()
        line.take(10_000)
        if line.pieces.done and not line.unread and not line.transmitter.size:
            return
        if line.transmitter.deadline < float("inf"):
            line.now = max(line.now, line.transmitter.deadline)
    raise AssertionError("the deadline tells of nothing, and something waits")
