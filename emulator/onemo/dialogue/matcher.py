"""The comparison of bytes with what is expected, in time linear in their number, whatever is expected.

All readings of the bytes are followed at once, the one first that gives ``...`` and each value the least.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onemo.dialogue.transcript import Expected, Value

_Atom = int | str | None
"""A byte, the name of a value, or None for anything."""
_Caught = tuple[tuple[str, int, int], ...]
"""Values: name, and where in the bytes it starts and ends."""
_ENDS = b"\r\n"


class Matcher:
    """The comparison of what is received with what is expected. known: values that are known already.

    open_ended: more may follow when it matches.
    """

    def __init__(self, expected: Sequence[Expected], known: Mapping[str, bytes]) -> None:
        self._atoms = _atoms(expected, known)
        self.open_ended = bool(self._atoms) and not isinstance(self._atoms[-1], int)
        self._data = bytearray()
        self._readings: list[tuple[int, int, _Caught]] = []
        self._seen: set[int] = set()
        self._add(self._readings, 0, -1, ())

    @property
    def matches(self) -> bool:
        """True while all that was received is what is expected."""
        return self._ended() is not None

    @property
    def possible(self) -> bool:
        """True while it can match, with what is still to come."""
        return bool(self._readings)

    @property
    def values(self) -> dict[str, bytes]:
        """The values that were received, once it matches."""
        return {name: bytes(self._data[start:end]) for name, start, end in self._ended() or ()}

    def receive(self, byte: int) -> None:
        """Take one more byte."""
        at = len(self._data)
        self._data.append(byte)
        readings: list[tuple[int, int, _Caught]] = []
        self._seen.clear()
        for place, since, caught in self._readings:
            if place == len(self._atoms):
                continue
            atom = self._atoms[place]
            if atom is None:
                self._add(readings, place, -1, caught)
            elif isinstance(atom, int):
                if atom == byte:
                    self._add(readings, place + 1, -1, caught)
            elif byte not in _ENDS:
                start = since if since >= 0 else at
                if self._agrees(atom, start, caught):
                    self._add(readings, place + 1, -1, (*caught, (atom, start, at + 1)))
                self._add(readings, place, start, caught)
        self._readings = readings

    def _add(self, readings: list[tuple[int, int, _Caught]], place: int, since: int, caught: _Caught) -> None:
        """Follow a reading; of several at one place, the first."""
        if place in self._seen:
            return
        self._seen.add(place)
        if place < len(self._atoms) and self._atoms[place] is None:
            self._add(readings, place + 1, since, caught)
        readings.append((place, since, caught))

    def _agrees(self, name: str, start: int, caught: _Caught) -> bool:
        """Tell whether the bytes from start on are the value that name has in this reading, if it has one."""
        for other, first, last in caught:
            if other == name:
                return self._data[first:last] == self._data[start:]
        return True

    def _ended(self) -> _Caught | None:
        return next((caught for place, _, caught in self._readings if place == len(self._atoms)), None)


def _atoms(expected: Sequence[Expected], known: Mapping[str, bytes]) -> list[_Atom]:
    atoms: list[_Atom] = []
    for each in expected:
        if each.pieces is None:
            if not atoms or atoms[-1] is not None:
                atoms.append(None)
            continue
        for piece in each.pieces:
            if isinstance(piece, Value) and piece.name not in known:
                atoms.append(piece.name)
            else:
                atoms += known[piece.name] if isinstance(piece, Value) else piece
    return atoms
