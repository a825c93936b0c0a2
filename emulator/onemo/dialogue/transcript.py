r"""Transcripts: dialogues with a module as the manual writes them, one line each.

::

    model: ML307R               lines before the first step: what the reader is told
    notes: firmware 1.2.3
    # a comment; blank lines mean nothing, and so do blanks at the end of a line
    > AT+MIPTKA?                typed, with a CR behind it
    >> hello\x1a                typed as it stands, with escapes
    < +MIPTKA: 0,0,7200,75,9    a line received between a CR LF pair of its own
    = \r\nOK\r\n                exactly these bytes received, with escapes
    ...                         anything received, nothing too
    wait 1.5                    so many seconds pass; what follows may come meanwhile
    ! peer 0 sends abc          the world does something; only the emulator's own tests have such a world

``{name}`` in what is received is any text without a line end the first time, and the same text afterwards. In what is
typed behind such a line, it is that text; everywhere else, what is typed is as it stands.

What follows a step, up to the next one, is all that the module says in between. What stands before the first step is
what it says by itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from onemo.dialogue.escapes import NAME, escaped, latin, plain, unescaped
from onemo.errors import UsageError

TYPED, RAW, LINE, EXACT, ANY, WAIT, WORLD = ">", ">>", "<", "=", "...", "wait", "!"
_HEADER = re.compile(r"(?!wait:)([a-z][a-z-]*): *(.*)")
_LONGEST_WAIT = 86400.0
_KINDS = "> typed, >> raw, < line, = bytes, ..., wait SECONDS or # comment"


@dataclass(frozen=True, slots=True)
class Value:
    """The place of a value."""

    name: str


Piece = bytes | Value


@dataclass(frozen=True, slots=True)
class Expected:
    """A line that is to be received. pieces: None for anything. text: as it was written."""

    number: int
    text: str
    pieces: tuple[Piece, ...] | None


@dataclass(frozen=True, slots=True)
class Step:
    """An action of the DTE, and all that the module is to say until the next one.

    number: its line in the file. text: as it was written; empty for what the module says before anything is done.
    pieces: what is typed. wait: seconds that pass.
    """

    number: int
    text: str
    pieces: tuple[Piece, ...]
    wait: float
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript. name: of its file. headers: what the lines before the first step tell, in order."""

    name: str
    headers: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]


def parse(name: str, text: str, *, world: bool = False) -> Transcript:
    """Read a transcript. world: whether there is one that does what it is told.

    Raises UsageError, which names the file and the line, where it is none.
    """
    headers: list[tuple[str, str]] = []
    steps: list[tuple[int, str, tuple[Piece, ...], float]] = []
    said: list[list[Expected]] = []
    known: set[str] = set()
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.rstrip(" \t\r")
        kind, _, rest = line.partition(" ")
        if not line or line.startswith("#"):
            continue
        try:
            if kind in (LINE, EXACT, ANY):
                if not steps:
                    steps.append((number, "", (), 0.0))
                    said.append([])
                expected = _expected(number, line, kind, rest)
                known |= {piece.name for piece in expected.pieces or () if isinstance(piece, Value)}
                said[-1].append(expected)
            elif kind in (TYPED, RAW, WAIT) or (kind == WORLD and world):
                steps.append((number, line, _typed(kind, rest, known), _seconds(rest) if kind == WAIT else 0.0))
                said.append([])
            elif not steps and (match := _HEADER.fullmatch(line)):
                headers.append((match[1], match[2]))
            else:
                raise ValueError(_what_is(line))
        except ValueError as error:
            raise UsageError(f"{name}:{number}: {error}") from None
    if not steps:
        raise UsageError(f"{name}:1: there is no step in it; write one, like > AT")
    told = (Step(*step, tuple(expected)) for step, expected in zip(steps, said, strict=True))
    return Transcript(name, tuple(headers), tuple(told))


def filled(pieces: tuple[Piece, ...], values: Mapping[str, bytes]) -> bytes:
    """Join pieces with their values; a value that is not known stays a place."""
    return b"".join(
        piece if isinstance(piece, bytes) else values.get(piece.name, b"{%s}" % piece.name.encode()) for piece in pieces
    )


def typed_line(data: bytes) -> str:
    """Write the line of a transcript for bytes that the DTE sent."""
    if data.endswith(b"\r") and plain(data[:-1]):
        return f"{TYPED} {data[:-1].decode('ascii')}".rstrip(" ")
    return f"{RAW} {escaped(data)}"


def received_lines(data: bytes) -> list[str]:
    """Write the lines of a transcript for bytes that the module sent."""
    lines: list[str] = []
    at = 0
    for match in re.finditer(rb"\r\n([^\r\n]+)\r\n", data):
        if plain(match[1]):
            lines += _exact(data[at : match.start()])
            lines.append(f"{LINE} {match[1].decode('ascii')}")
            at = match.end()
    return lines + _exact(data[at:])


def _exact(data: bytes) -> list[str]:
    return [f"{EXACT} {escaped(piece)}" for piece in re.findall(rb"(?:\r\n)?[^\n]{0,2000}\n?", data) if piece]


def _typed(kind: str, rest: str, known: set[str]) -> tuple[Piece, ...]:
    if kind in (WAIT, WORLD):
        return ()
    pieces = _pieces(rest, latin if kind == TYPED else unescaped, known)
    return (*pieces, b"\r") if kind == TYPED else pieces


def _expected(number: int, line: str, kind: str, rest: str) -> Expected:
    if kind == ANY:
        if rest:
            raise ValueError("... stands alone in its line")
        return Expected(number, line, None)
    if kind == EXACT:
        if not rest:
            raise ValueError("= needs the bytes that are received, like = \\r\\nOK\\r\\n")
        return Expected(number, line, _pieces(rest, unescaped, None))
    return Expected(number, line, (b"\r\n", *_pieces(rest, latin, None), b"\r\n"))


def _pieces(text: str, to_bytes: Callable[[str], bytes], known: set[str] | None) -> tuple[Piece, ...]:
    """Split text into bytes and places of values. known: the names that count as such, None for all."""
    pieces: list[Piece] = []
    at = 0
    for match in NAME.finditer(text):
        if known is None or match[1] in known:
            pieces += [to_bytes(text[at : match.start()]), Value(match[1])]
            at = match.end()
    return tuple(piece for piece in (*pieces, to_bytes(text[at:])) if piece)


def _seconds(text: str) -> float:
    seconds = float(text) if re.fullmatch(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", text) else math.inf
    if seconds > _LONGEST_WAIT:
        raise ValueError(f"wait needs a number of seconds, at most {_LONGEST_WAIT:.0f}, like wait 0.5")
    return seconds


def _what_is(line: str) -> str:
    """Say what is wrong with a line."""
    if line.startswith(f"{WORLD} "):
        return "what the world does can be told only in the emulator's own tests; leave it out"
    for kind in (RAW, TYPED, LINE, EXACT):
        if line.startswith(kind):
            return f"write a blank after {kind}"
    shown = line if len(line) <= 60 else line[:60] + "..."
    return f"what is {shown!r}? A line is one of {_KINDS}"
