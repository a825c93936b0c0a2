"""The DTE's side of a transcript, played, and what the module says, judged.

Pure: time (seconds) is an argument, bytes come in and bytes to be sent go out. How the bytes are cut into pieces does
not matter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from onemo.dialogue.matcher import Matcher
from onemo.dialogue.results import FINAL_LINE
from onemo.dialogue.transcript import Expected, Step, Transcript, Value, filled

TIMEOUT = 5.0
QUIET = 0.3
_OPENING = 0.1
"""Seconds of silence before the first step: what was said before is not part of the dialogue."""
_MOST = 1 << 20
"""Bytes that are kept of what one step brings."""
_SILENT = 3
"""Steps in a row without a byte after which nobody is taken to be there."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where the module says something else than the transcript.

    number: the line in the transcript. action: that line. problem: what is wrong, in words. values: those known.
    """

    number: int
    action: str
    problem: str
    expected: tuple[Expected, ...]
    received: bytes
    values: Mapping[str, bytes]


class _State(Enum):
    OPENING = auto()  # what is still said by itself is dropped
    STEP = auto()  # what is received is what it should be, so far
    DIFFERS = auto()  # the rest is collected, to be shown
    CLOSING = auto()  # nothing more should come
    DONE = auto()


class Judge:
    """One play of a transcript. timeout: seconds a step has from when it is done, or its wait is over.

    quiet: seconds of silence that end what has no end of its own: ``...`` behind a step, what differs, the dialogue.
    differences: those found so far. step: how many steps have been begun.
    """

    def __init__(self, transcript: Transcript, timeout: float = TIMEOUT, quiet: float = QUIET) -> None:
        self.differences: list[Difference] = []
        self.values: dict[str, bytes] = {}
        self.step = 0
        self._steps = transcript.steps
        self._timeout = timeout
        self._quiet = quiet
        self._state = _State.OPENING
        self._current = transcript.steps[0]
        self._matcher = Matcher((), {})
        self._received = bytearray()
        self._out = bytearray()
        self._since = self._last = 0.0
        self._silent = 0

    @property
    def done(self) -> bool:
        """True once everything was played and judged."""
        return self._state is _State.DONE

    def start(self, now: float) -> None:
        """Begin: the port is open."""
        self._since = self._last = now
        if not self._steps[0].text:  # what the module says by itself is what is to be judged
            self._next(now)

    def take_output(self) -> bytes:
        """Take what is to be sent now."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def receive(self, data: bytes, now: float) -> None:
        """Take what the module said."""
        self.on_deadline(now)
        for byte in data:
            self._last = now
            if self._state is _State.OPENING or self._state is _State.DONE:
                continue
            if len(self._received) < _MOST:
                self._received.append(byte)
            if self._state is _State.STEP:
                self._matcher.receive(byte)
                if not self._matcher.possible or len(self._received) == _MOST:
                    self._state = _State.DIFFERS
                self._settle(now)

    @property
    def deadline(self) -> float:
        """The time at which ``on_deadline`` has something to do; inf: never by time alone."""
        quiet, limit = max(self._last, self._since) + self._quiet, self._since + self._timeout
        match self._state:
            case _State.OPENING:
                return min(self._last + _OPENING, limit)
            case _State.STEP if self._matcher.matches:
                return min(quiet, limit) if self._matcher.open_ended else self._since
            case _State.STEP:
                return limit
            case _State.DIFFERS:
                return min(quiet, limit) if self._seems_over() else limit
            case _State.CLOSING:
                return min(quiet, limit)
        return math.inf

    def on_deadline(self, now: float) -> None:
        """Do what time asks for; nothing before the deadline."""
        while now >= self.deadline:
            match self._state:
                case _State.OPENING:
                    self._next(now)
                case _State.STEP if self._matcher.matches:
                    self._finish(now)
                case _State.STEP:
                    came = "more was to come" if self._received else "nothing came"
                    self._differs(f"{came} within {self._timeout:g} s", now)
                case _State.DIFFERS:
                    self._differs("the module says something else", now)
                case _State.CLOSING:
                    if self._received:
                        self._note("the module says more", (), self._current)
                    self._state = _State.DONE

    def _settle(self, now: float) -> None:
        """Go on as far as that needs no more time."""
        while (
            self._state is _State.STEP and self._matcher.matches and not self._matcher.open_ended and now >= self._since
        ):
            self._finish(now)

    def _next(self, now: float) -> None:
        """Begin the next step, or the end."""
        self._received.clear()
        if self.step == len(self._steps):
            self._state, self._since = _State.CLOSING, now
            return
        self._current = step = self._steps[self.step]
        self.step += 1
        missing = [piece.name for piece in step.pieces if isinstance(piece, Value) and piece.name not in self.values]
        if missing:
            self._give_up(f"{{{missing[0]}}} was never received; the rest was not played")
            return
        self._out += filled(step.pieces, self.values)
        self._since = now + step.wait
        self._matcher = Matcher(step.expected, self.values)
        self._state = _State.STEP

    def _finish(self, now: float) -> None:
        """End a step that brought what it should."""
        self.values |= self._matcher.values
        self._silent = 0 if self._received else self._silent
        self._next(now)

    def _differs(self, problem: str, now: float) -> None:
        self._silent = 0 if self._received else self._silent + 1
        self._note(problem, self._current.expected, self._current)
        if self._silent == _SILENT and self.step < len(self._steps):
            self._give_up(f"{_SILENT} steps in a row brought nothing; the rest was not played")
        else:
            self._next(now)
            self._settle(now)

    def _give_up(self, problem: str) -> None:
        self._received.clear()
        self._note(problem, (), self._current)
        self._state = _State.DONE

    def _note(self, problem: str, expected: tuple[Expected, ...], step: Step) -> None:
        difference = Difference(step.number, step.text, problem, expected, bytes(self._received), dict(self.values))
        self.differences.append(difference)

    def _seems_over(self) -> bool:
        """Tell whether the answer that differs has come to an end, as far as anybody can tell."""
        if not self._current.pieces:
            return True
        last = self._current.expected[-1].pieces if self._current.expected else None
        return last is None or bool(FINAL_LINE.search(self._received)) or filled(last, self.values) in self._received
