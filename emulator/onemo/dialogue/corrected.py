"""A command line as the module takes it: without the characters that were taken back (V.250 5.2.2).

Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

BACKSPACE = 0x08
LINE_END = 0x0D
CONTROLS = frozenset(range(0x20))
_MOST = 2048
"""Characters that are remembered of a line, to be taken back."""


class CorrectedLine:
    """The line that is being typed, up to its last characters. terminator ends it, editing takes a character back.

    An echo, where ``BS blank BS`` takes one back, comes to the same.
    """

    def __init__(self) -> None:
        self.text = bytearray()

    def add(self, byte: int, terminator: int, editing: int) -> bool:
        """Take one more byte; return whether the line is one character longer."""
        if byte == terminator:
            self.text.clear()
        elif byte == editing:
            del self.text[-1:]
        elif byte not in CONTROLS:
            if len(self.text) >= 2 * _MOST:
                del self.text[:_MOST]
            self.text.append(byte)
            return True
        return False


def corrected(text: bytes, editing: int = BACKSPACE) -> bytes:
    """Return a line as it stands, without control characters."""
    line = CorrectedLine()
    for byte in text:
        line.add(byte, -1, editing)
    return bytes(line.text)


def ends_of(name: bytes) -> Callable[[CorrectedLine], bool]:
    """Make the question whether a line ends in a name, in letters of either case."""
    name = name.upper()
    return lambda line: line.text[-len(name) :].upper() == name


def end_of_name(name: bytes, text: bytes, terminator: int = LINE_END, editing: int = BACKSPACE) -> int | None:
    """Return the place in a text behind the first such name, as it stands once corrected; None: there is none."""
    line, ends = CorrectedLine(), ends_of(name)
    places: Iterator[int] = (
        place for place, byte in enumerate(text, 1) if line.add(byte, terminator, editing) and ends(line)
    )
    return next(places, None)
