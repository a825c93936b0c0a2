"""The framer: what it makes of bytes does not depend on how they were cut up, and nothing is lost or invented.

All bytes come at one moment here; what time does is told by the unit tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st
from onemo.wire.events import Event, Line, LineTooLong, OnlineData, PromptCancelled, PromptData, Repeat
from onemo.wire.framer import Framer, Mode

MAX_LINE = 12
PACKET = 4
PROMPT_LIMIT = 6
CR, LF, SUB, ESC = 0x0D, 0x0A, 0x1A, 0x1B

NextMode = str | int | None
"""The mode after a line: "command", "online", or a prompt: of so many bytes, or (None) of any number."""
Told = list[tuple[str, bytes]]

# Bytes that mean something somewhere come more often than others.
TELLING = [b"\r", b"\n", b"\r\n", b"A", b"/", b"A/", b"a/", b"AT", b'"', b" ", b"\0", b"\x1a", b"\x1b", b"+", b"+++"]
BYTES = st.lists(st.one_of(st.sampled_from(TELLING), st.binary(min_size=1, max_size=4)), max_size=30).map(b"".join)
MODES = st.lists(st.sampled_from(["command", "command", "online", None, 1, 5]), max_size=8)
WITHOUT_EDITING = BYTES.map(lambda data: data.replace(b"\x08", b""))


@st.composite
def pieces_of(draw: st.DrawFn, source: st.SearchStrategy[bytes]) -> list[bytes]:
    """Bytes in pieces, none of them empty."""
    data = draw(source)
    cuts = draw(st.sets(st.integers(1, len(data) - 1), max_size=8)) if len(data) > 1 else set()
    return [data[low:high] for low, high in pairwise([0, *sorted(cuts), len(data)]) if high > low]


def framed(pieces: Iterable[bytes], modes: Iterator[NextMode]) -> Told:
    """Feed the pieces to a framer, and return its events; transparent data in one."""
    now = 5.0
    framer = Framer(MAX_LINE, guard=0.2, lf_window=0.02)
    framer.command()
    told: Told = []
    for piece in pieces:
        framer.receive(piece, now)
        while (event := framer.next_event(now)) is not None:
            tell(told, event)
            assert framer.mode is (Mode.ONLINE if isinstance(event, OnlineData) else Mode.PAUSED)
            if isinstance(event, OnlineData):
                assert len(event.data) % PACKET == 0
                continue
            mode = next(modes, "command") if isinstance(event, Line) else "command"
            if isinstance(mode, str):
                framer.online(PACKET, 0.2, now) if mode == "online" else framer.command()
            else:
                framer.prompt(mode, PROMPT_LIMIT, 10.0, now)
        assert not framer.kept, "bytes wait though the mode is known"
    framer.on_deadline(now + 60.0)
    while (event := framer.next_event(now + 60.0)) is not None:
        tell(told, event)
    return told


def tell(told: Told, event: Event) -> None:
    if isinstance(event, Line):
        note(told, "Line", event)
    else:
        note(told, type(event).__name__, b"".join(field for field in event if isinstance(field, bytes)))


def note(told: Told, kind: str, data: bytes) -> None:
    if kind == OnlineData.__name__ and told and told[-1][0] == kind:
        data = told.pop()[1] + data
    told.append((kind, data))


def expected(data: bytes, modes: Iterator[NextMode]) -> Told:
    """The same from the description, byte by byte: what V.250 5.2 says of lines, and manual 3.5 of prompts.

    Where an entry without length has reached its limit, the rest up to Ctrl-Z or ESC is dropped.
    """
    told: Told = []
    mode: NextMode = "command"
    kept = b""
    after_cr = dropping = False
    for code in data:
        byte, swallowed, after_cr = bytes((code,)), after_cr and code == LF, False
        if dropping:
            dropping = code not in (SUB, ESC)
            continue
        if swallowed:
            continue
        if mode == "online":
            note(told, OnlineData.__name__, byte)
        elif mode == "command":
            if code == CR:
                after_cr = True
                if len(kept) > MAX_LINE:
                    told.append((LineTooLong.__name__, b""))
                elif line := heard(kept):
                    told.append(("Line", line))
                    mode = next(modes, "command")
                kept = b""
            elif kept or code > 0x20:
                kept += byte
                if kept in (b"A/", b"a/"):
                    told.append((Repeat.__name__, b""))
                    kept = b""
        elif mode is None and code in (SUB, ESC):
            told.append((PromptData.__name__, kept) if code == SUB else (PromptCancelled.__name__, b""))
            mode, kept = "command", b""
        else:
            kept += byte
            if len(kept) == (PROMPT_LIMIT if mode is None else mode):
                told.append((PromptData.__name__, kept))
                dropping = mode is None
                mode, kept = "command", b""
    if mode is None or isinstance(mode, int):
        told.append((PromptData.__name__, kept))
    return told


def heard(line: bytes) -> bytes:
    """Leave control characters outside strings out of a line."""
    parts = line.split(b'"')
    parts[::2] = [bytes(code for code in part if code >= 0x20) for part in parts[::2]]
    return b'"'.join(parts)


@given(pieces_of(BYTES), MODES)
@example([b"\rX", b"\nY\r"], [])
@example([b"A\r123456", b"\x1bAT\r"], [None])
def test_pieces_change_nothing(pieces: list[bytes], modes: list[NextMode]) -> None:
    assert framed(pieces, iter(modes)) == framed([b"".join(pieces)], iter(modes))


@given(pieces_of(WITHOUT_EDITING), MODES)
@example([b"\r", b"X\nY\r"], [])
@example([b"A\r123456\x1bAT\r"], [None])
@example([b"A\r123456!\rAT\r"], [None])
@example([b"A\r123456!\r", b"\n\x1aAT\r"], [None])
def test_nothing_is_lost_reordered_or_invented(pieces: list[bytes], modes: list[NextMode]) -> None:
    assert framed(pieces, iter(modes)) == expected(b"".join(pieces), iter(modes))


@given(pieces_of(BYTES))
def test_discarding_drops_all_until_the_line_was_quiet(lost: list[bytes]) -> None:
    framer = Framer(MAX_LINE, guard=0.2, lf_window=0.02)
    framer.discard(5.0)
    now = 5.0
    for piece in lost:
        now += 0.19
        framer.receive(piece, now)
        assert framer.next_event(now) is None
        assert framer.mode is Mode.DISCARD
    now += 0.21
    framer.on_deadline(now)
    assert framer.mode is Mode.COMMAND
    assert not framer.kept
    framer.receive(b"AT\r", now)
    assert framer.next_event(now) == Line(b"AT")
