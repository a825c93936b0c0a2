"""Patterns of whole command lines, whose time grows with the line alone.

A pattern of a profile is anybody's, and Python's ``re`` may go back and forth over 30 characters for hours. So the
threads of a pattern are followed side by side (Thompson, Pike), each byte of the line once. That leaves out what looks
back or ahead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import NamedTuple

_MOST_STEPS = 512
"""Steps that a pattern may have, with its counted repeats written out."""
LONGEST_LINE = 256
"""The longest line, in bytes, that a pattern is tried on; with so many steps it takes a fraction of a second."""
_MOST_REPEATS = 255
_DEEPEST = 16
"""Groups within groups."""
_ATOM = re.compile(r"\\[dDwWsS]|\\[^0-9A-Za-z]|\[\^?\]?(?:\\.|[^\]\\])*\]|[^\\^$|()?*+{}\[\]]")
_GROUP = re.compile(r"\((?:\?:|\?P<([A-Za-z_][A-Za-z0-9_]*)>|(?!\?))")
_REPEAT = re.compile(r"(?:([*+?])|\{(\d{1,3})(,(\d{1,3})?)?\})(\?)?")
_LITERAL = re.compile(r"(?:\\[^0-9A-Za-z]|[^\\^$|()?*+{}\[\].])+")


class PatternError(ValueError):
    """A pattern that is none, or that has what is not taken."""


class _Do(Enum):
    """The kinds of steps."""

    BYTE = 1
    """One of the bytes of a set."""
    SPLIT = 2
    """Go on at either of two places, rather at the first."""
    SAVE = 3
    """Note the place in the line: where a group begins or ends."""
    END = 4


class _Step(NamedTuple):
    """A step of a pattern. first, second: as SPLIT and SAVE have them."""

    do: _Do
    first: int = 0
    second: int = 0
    accepted: frozenset[int] = frozenset()


Groups = Mapping[str, bytes]
"""What the groups of a pattern took, by number and by name; b"" where one took no part."""


class _Place(NamedTuple):
    """Where a group began (of SAVE's place 2 n - 2) or ended (2 n - 1), and what a thread noted before that."""

    slot: int
    at: int
    before: _Place | None


_Places = _Place | None


class LinePattern:
    """A regular expression for a whole line: letters of either case, sets, ``.``, groups, ``|``, repeats.

    Raises PatternError: it is none, has what looks back or ahead, or is too long.
    """

    def __init__(self, text: str) -> None:
        if not (text.isascii() and text.isprintable()):
            raise PatternError("has characters that are not printable ASCII")
        self._text, self._at = text, 0
        self._steps: list[_Step] = []
        self.names: dict[str, int] = {}
        """The number of each group, by its name and its number as a text."""
        self._count = 0
        self._depth = 0
        self._alternatives()
        if self._at < len(text):
            raise PatternError(f"has a {text[self._at]} at character {self._at + 1} that nothing opens")
        self._add(_Step(_Do.END))

    @property
    def size(self) -> int:
        """Its steps, with which the time grows."""
        return len(self._steps)

    @property
    def start(self) -> str:
        """The characters with which every line begins that it fits."""
        found = _LITERAL.match(self._text)
        if found is None or "|" in self._text:
            return ""
        end = found.end()
        if _REPEAT.match(self._text, end):  # of the last one
            end -= 2 if self._text[end - 2 : end - 1] == "\\" else 1
        return re.sub(r"\\(.)", r"\1", self._text[:end])

    def match(self, line: bytes) -> Groups | None:
        """Return what the groups took of a line that fits as a whole; None: it does not, or is too long."""
        if len(line) > LONGEST_LINE:
            return None
        threads: dict[int, _Places] = {}
        self._follow(threads, 0, None, 0, set())
        for place, byte in enumerate(line):
            threads, before, seen = {}, threads, set[int]()
            for at, noted in before.items():
                if byte in self._steps[at].accepted:
                    self._follow(threads, at + 1, noted, place + 1, seen)
            if not threads:
                return None
        end = len(self._steps) - 1
        if end not in threads:
            return None
        noted, places = threads[end], [-1] * (2 * self._count)
        while noted is not None:  # the newest first
            if places[noted.slot] < 0:
                places[noted.slot] = noted.at
            noted = noted.before
        spans = {name: places[2 * number - 2 : 2 * number] for name, number in self.names.items()}
        return {name: line[start:end] if end >= 0 else b"" for name, (start, end) in spans.items()}

    def _follow(self, threads: dict[int, _Places], at: int, places: _Places, place: int, seen: set[int]) -> None:
        """Add a thread at every step that takes a byte, or ends, and is reached from here; the first to come counts.

        seen: the steps that a thread has come to at this place.
        """
        waiting = [(at, places)]
        while waiting:
            at, places = waiting.pop()
            if at in seen:
                continue
            seen.add(at)
            step = self._steps[at]
            if step.do is _Do.SPLIT:
                waiting += [(step.second, places), (step.first, places)]
            elif step.do is _Do.SAVE:
                waiting.append((at + 1, _Place(step.first, place, places)))
            else:
                threads[at] = places

    # Reading the pattern.

    def _add(self, *steps: _Step) -> None:
        self._steps += steps
        if len(self._steps) > _MOST_STEPS:
            raise PatternError(f"is too long: with its repeats written out it has more than {_MOST_STEPS} steps")

    def _alternatives(self) -> None:
        """Read branches up to the end, or to what closes a group."""
        begin, ends = len(self._steps), []
        self._branch()
        while self._text.startswith("|", self._at):
            self._at += 1
            self._insert(begin, _Step(_Do.SPLIT, begin + 1, len(self._steps) + 2))
            ends.append(len(self._steps))
            self._add(_Step(_Do.SPLIT))
            begin = len(self._steps)
            self._branch()
        for end in ends:
            self._steps[end] = _Step(_Do.SPLIT, len(self._steps), len(self._steps))

    def _insert(self, at: int, step: _Step) -> None:
        """Put a step in front of the last ones, which move on by one."""
        moved = self._steps[at:]
        del self._steps[at:]
        self._add(step, *(self._moved(each, at, 1) for each in moved))

    @staticmethod
    def _moved(step: _Step, since: int, by: int) -> _Step:
        if step.do is not _Do.SPLIT:
            return step
        first, second = (place + by if place >= since else place for place in (step.first, step.second))
        return step._replace(first=first, second=second)

    def _branch(self) -> None:
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            begin = len(self._steps)
            self._piece()
            self._repeated(begin)

    def _piece(self) -> None:
        """Read a group, or a set of bytes."""
        if group := _GROUP.match(self._text, self._at):
            self._group(group)
        elif atom := _ATOM.match(self._text, self._at):
            self._at = atom.end()
            self._add(_Step(_Do.BYTE, accepted=_bytes_of(atom[0])))
        else:
            raise PatternError(self._refusal())

    def _group(self, group: re.Match[str]) -> None:
        opened, self._at = self._at, group.end()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise PatternError(f"has more than {_DEEPEST} groups within each other")
        number = 0
        if group[0] != "(?:":
            self._count += 1
            number = self._count
            for name in filter(None, (str(number), group[1])):
                if name in self.names:
                    raise PatternError(f"has two groups called {name}")
                self.names[name] = number
            self._add(_Step(_Do.SAVE, 2 * number - 2))
        self._alternatives()
        if not self._text.startswith(")", self._at):
            raise PatternError(f"has a ( at character {opened + 1} that nothing closes")
        self._at += 1
        self._depth -= 1
        if number:
            self._add(_Step(_Do.SAVE, 2 * number - 1))

    def _refusal(self) -> str:
        rest, here = self._text[self._at :], f"at character {self._at + 1}"
        if rest[0] in "^$":
            return f"has a {rest[0]} {here}: it is for the whole line anyway; write \\{rest[0]} for the character"
        if rest.startswith("(?"):
            return f"has {rest[:3]} {here}: of groups with ? there are (?:...) and (?P<name>...) alone"
        if rest[0] in "?*+{":
            return f"has a {rest[0]} {here} with nothing to repeat; write \\{rest[0]} for the character"
        if rest[0] == "\\":
            return f"has {rest[:2]} {here}: there are \\d, \\w, \\s, \\D, \\W, \\S, and \\ before a sign"
        return f"has a {rest[0]} {here} that nothing closes or opens; write \\{rest[0]} for the character"

    def _repeated(self, begin: int) -> None:
        """Repeat the steps since begin as what follows says."""
        found = _REPEAT.match(self._text, self._at)
        if found is None:
            return
        self._at = found.end()
        if self._text[self._at : self._at + 1] in (*"*+?{",):
            raise PatternError(f"has a repeat of a repeat at character {self._at + 1}")
        low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(found[1], (0, None))
        if found[1] is None:
            low = int(found[2])
            high = low if found[3] is None else int(found[4]) if found[4] else None
        if max(low, high or 0) > _MOST_REPEATS or (high is not None and high < low):
            raise PatternError(f"has {found[0]}: repeats are counted up to {_MOST_REPEATS}, the lower number first")
        once = self._steps[begin:]
        del self._steps[begin:]
        for _ in range(low):
            self._copy(once, begin)
        if high is None:
            self._optional(once, begin, lazy=bool(found[5]), again=True)
        else:
            self._optional_times(once, begin, high - low, lazy=bool(found[5]))

    def _copy(self, steps: list[_Step], from_: int) -> None:
        by = len(self._steps) - from_
        self._add(*(self._moved(step, from_, by) for step in steps))

    def _optional(self, steps: list[_Step], from_: int, *, lazy: bool, again: bool) -> int:
        """Add steps that may be left out, and (again) taken again; return where the choice is."""
        choice = len(self._steps)
        self._add(_Step(_Do.SPLIT))
        self._copy(steps, from_)
        if again:
            self._add(_Step(_Do.SPLIT, choice, choice))
        self._choose(choice, len(self._steps), lazy=lazy)
        return choice

    def _optional_times(self, steps: list[_Step], from_: int, times: int, *, lazy: bool) -> None:
        choices = [self._optional(steps, from_, lazy=lazy, again=False) for _ in range(times)]
        for choice in choices:
            self._choose(choice, len(self._steps), lazy=lazy)

    def _choose(self, choice: int, beyond: int, *, lazy: bool) -> None:
        ways = (beyond, choice + 1) if lazy else (choice + 1, beyond)
        self._steps[choice] = _Step(_Do.SPLIT, *ways)


def _bytes_of(atom: str) -> frozenset[int]:
    """Return the bytes that an atom of a pattern stands for, letters of either case. Raises PatternError."""
    try:
        one = re.compile(atom.encode(), re.IGNORECASE | re.DOTALL)
    except re.error as error:
        raise PatternError(f"has {atom}: {error.msg}") from error
    return frozenset(_fitting(one))


def _fitting(one: re.Pattern[bytes]) -> Iterator[int]:
    return (byte for byte in range(256) if one.fullmatch(bytes((byte,))))
