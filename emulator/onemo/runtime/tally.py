"""A count of the command lines of a module: of each command how many, how many failed, how long they took; each error.

Made only where a control is there to tell of it. Times in seconds, from the last byte of a command line, or of its
entry, until its final result code is made.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Container
from math import frexp, ldexp

from onemo.at.command import is_basic
from onemo.at.grammar import MalformedLine, next_command
from onemo.at.registry import BoundModel
from onemo.at.reply import CommandError
from onemo.dialogue.results import FAILED
from onemo.modem.modem import Modem

BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
          60.0)  # fmt: skip
"""The upper bounds of the counts that ``within`` has."""
OTHER = "other"
"""The name of all that is no command of the model, and of errors beyond the most that are told apart."""
_PARTS = 32
"""Parts of an octave that are counted apart: a quantile is less than 4 % above the time that was measured."""
_LEAST = 1e-6
_MOST_ERRORS = 256
_MOST_KNOWN, _LONGEST_KNOWN = 512, 32


class CommandTimes:
    """The times of one command.

    count: its lines that were answered; failed: those of them that ended in an error; total, longest: seconds. within:
    how many took at most each of BOUNDS and more than the one before; the last: more than all of them.
    """

    __slots__ = ("_parts", "count", "failed", "longest", "total", "within")

    def __init__(self) -> None:
        self.count = self.failed = 0
        self.total = self.longest = 0.0
        self.within = [0] * (len(BOUNDS) + 1)
        self._parts: dict[int, int] = {}

    def add(self, seconds: float, *, failed: bool) -> None:
        """Count a line."""
        self.count += 1
        self.failed += failed
        self.total += seconds
        if seconds > self.longest:
            self.longest = seconds
        self.within[bisect_left(BOUNDS, seconds)] += 1
        fraction, octave = frexp(seconds if seconds > _LEAST else _LEAST)
        part, parts = _PARTS * (octave - 1) + int(2 * _PARTS * fraction), self._parts
        if part in parts:
            parts[part] += 1
        else:
            parts[part] = 1

    def quantile(self, share: float) -> float:
        """Return the time within which this share of the lines was answered; 0 where there was none."""
        left = share * self.count
        for part in sorted(self._parts):
            left -= self._parts[part]
            if left <= 0:
                octave, number = divmod(part, _PARTS)
                return min(ldexp((_PARTS + number + 1) / (2 * _PARTS), octave), self.longest)
        return self.longest


class CommandTally:
    """The counts of one module, on all its consoles.

    lines: all that were answered; times: by command, as it is typed; errors: by the class of the final result code
    ("CME", "ERROR", …) and its number, "" where it has none.
    """

    def __init__(self, model: BoundModel[Modem], clock: Callable[[], float]) -> None:
        """Begin. clock: as the core's time comes from, in seconds."""
        self.lines = 0
        self.times: dict[str, CommandTimes] = {}
        self.errors: dict[tuple[str, str], int] = {}
        self._commands: Container[bytes] = model.commands
        self._numbers = model.errors
        self._clock = clock
        self._known: dict[bytes, CommandTimes] = {}

    def answered(self, line: bytes, began: float, failure: CommandError | None, final: bytes) -> None:
        """Take up that a line was answered: an ``AnswerWatch``."""
        seconds = self._clock() - began
        head = line[: line.find(b"=") + 1] or line
        times = self._known.get(head)
        if times is None:
            times = self._times(line, head)
        self.lines += 1
        error = None if failure is None else self._error(failure, final)
        times.add(seconds, failed=error is not None)
        if error is not None:
            if error not in self.errors and len(self.errors) >= _MOST_ERRORS:
                error = OTHER, ""
            self.errors[error] = self.errors.get(error, 0) + 1

    def _times(self, line: bytes, head: bytes) -> CommandTimes:
        """Return the times of the first command of a line, and know it again by what stands before its parameters."""
        times = self.times.setdefault(self._name(line), CommandTimes())
        if len(head) <= _LONGEST_KNOWN and len(self._known) < _MOST_KNOWN:
            self._known[head] = times
        return times

    def _name(self, line: bytes) -> str:
        """Return the first command of the body of a line, as it is typed."""
        try:
            command = next_command(line, 0)
        except MalformedLine:
            return OTHER
        if command is None:
            return "AT"
        name = command.name.decode("latin-1")
        if command.name not in self._commands:
            return OTHER
        return f"AT{name}" if is_basic(name) else f"AT+{name}"

    def _error(self, failure: CommandError, final: bytes) -> tuple[str, str] | None:
        """Return the class and the number of a failure, also where AT+CMEE hides them; None: it is none."""
        if failure.code is not None:
            return failure.code.result, str(self._numbers[failure.code][0])
        if type(failure) is CommandError:
            return "ERROR", ""
        if not final:
            return None  # the line goes to a connection, or nobody is told
        numbered = FAILED.fullmatch(final.strip())
        if numbered is not None and numbered[2]:
            return numbered[1].decode(), numbered[2].decode()
        return ("ERROR", "") if final.strip() in (b"ERROR", b"4") else None
