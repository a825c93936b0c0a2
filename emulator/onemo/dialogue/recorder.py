"""The recorder of a dialogue, which writes it down as a transcript while it goes on.

Pure: time (seconds) is an argument; the lines come out of ``take_lines``.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from onemo.dialogue.escapes import escaped
from onemo.dialogue.lines import TracedLine
from onemo.dialogue.passwords import without_password
from onemo.dialogue.results import FINAL_LINE
from onemo.dialogue.secrets import MASK, without_key
from onemo.dialogue.transcript import EXACT, LINE, RAW, received_lines, typed_line

_LONGEST = 4096
"""Bytes of a line without its end that are held back."""
_ESCAPE = b"+++"
_FRAMED = re.compile(rb"\r\n[^\r\n]+\r\n")


class Recorder:
    """A transcript in the making, of what crosses the line both ways; private keys are masked.

    volatile: expressions of texts that differ each time, by the name of the value that stands for them; of an
    expression with a group, the group.

    pauses: the shortest silence before something is sent that is written as ``wait``; those around ``+++`` always are,
    as it is none without.
    """

    def __init__(self, volatile: Mapping[str, re.Pattern[str]] | None = None, pauses: float | None = None) -> None:
        self._volatile = volatile or {}
        self._pauses = pauses
        self._values: dict[str, str] = {}
        self._typed = bytearray()
        self._said = bytearray()
        self._lines: list[str] = []
        self._last: float | None = None
        self._escaping = False
        self._secret = 0  # bytes of a key that are still to be typed

    def sent(self, data: bytes, now: float) -> None:
        """Take data that the DTE sent."""
        if not self._typed:
            self._flush_said()
            self._pause(data, now)
        self._last = now
        self._typed += data
        *_, rest = re.split(rb"(?<=\r)(?!\n)|(?<=\n)", self._typed)
        for line in re.split(rb"(?<=\r)(?!\n)|(?<=\n)", self._typed)[:-1]:
            self._write_typed(line)
        self._typed[:] = rest
        if len(rest) > _LONGEST:
            self._flush_typed()

    def received(self, data: bytes, now: float) -> None:
        """Take data that the module sent."""
        self._last = now
        self._said += data
        if self._typed and not self._typed.startswith(self._said):  # no echo of a line that goes on
            self._flush_typed()
        if not self._typed:
            whole = 0
            for match in _FRAMED.finditer(self._said):
                whole = match.end()
            self._tell(whole if whole or len(self._said) < _LONGEST else len(self._said))

    def waited(self, seconds: float) -> None:
        """Write down that the DTE let time pass."""
        self.flush()
        self._lines.append(f"wait {seconds:g}")

    def flush(self) -> None:
        """Write down what has no end of its own: nothing more comes for a while."""
        self._flush_typed()
        self._flush_said()

    def take_lines(self) -> list[str]:
        """Take the lines that are complete, without their ends."""
        lines, self._lines = self._lines, []
        return lines

    def _pause(self, data: bytes, now: float) -> None:
        silence = now - self._last if self._last is not None else 0.0
        escape = data == _ESCAPE
        asked = self._pauses is not None and silence >= self._pauses
        if silence >= 0.01 and (asked or escape or self._escaping):
            self._lines.append(f"wait {silence:.2f}")
        self._escaping = escape

    def _flush_typed(self) -> None:
        if self._typed:
            self._write_typed(bytes(self._typed))
            self._typed.clear()

    def _write_typed(self, line: bytes) -> None:
        count = min(self._secret, len(line))
        shown, key = without_key(line[count:])
        self._secret += key - count
        if count:
            self._lines.append(f"{RAW} {escaped(MASK * count)}")
        if shown:
            self._lines.append(typed_line(without_password(shown)))

    def _flush_said(self) -> None:
        if not self._typed:
            self._tell(len(self._said))

    def _tell(self, count: int) -> None:
        """Write down so many bytes of what was said."""
        said, _ = without_key(bytes(self._said[:count]))
        if FINAL_LINE.search(said):  # whatever was to be typed is over
            self._secret = 0
        self._lines += map(self._with_names, received_lines(without_password(said)))
        del self._said[:count]

    def _with_names(self, line: str) -> str:
        """Put names into a line for what differs each time."""
        kind, _, text = line.partition(" ")
        if kind not in (LINE, EXACT):
            return line
        for name, pattern in self._volatile.items():
            text = pattern.sub(lambda match, name=name: self._name_value(name, match), text)  # type: ignore[misc]
        return f"{kind} {text}"

    def _name_value(self, name: str, match: re.Match[str]) -> str:
        """Give the same text the same name: time, time_2, time_3."""
        group = 1 if match.re.groups else 0
        value = match[group]
        if not value:
            return match[0]
        known = [each for each, text in self._values.items() if text == value and _numbered(each, name)]
        if known:
            place = known[0]
        else:
            taken = sum(1 for each in self._values if _numbered(each, name))
            place = f"{name}_{taken + 1}" if taken else name
            self._values[place] = value
        before, after = match.start(group) - match.start(), match.end(group) - match.start()
        return f"{match[0][:before]}{{{place}}}{match[0][after:]}"


def _numbered(name: str, base: str) -> bool:
    return name == base or re.fullmatch(rf"{base}_[0-9]+", name) is not None


def recorded(lines: Iterable[TracedLine], console: int = 0) -> Iterator[str]:
    """Yield the lines of the transcript of what crossed one line to the DTE, as a trace has it."""
    recorder = Recorder()
    for line in _joined(line for line in lines if line.source != "network" and line.console == console):
        take = recorder.sent if line.source == "dte" else recorder.received
        take(line.before + line.data + line.after, line.time)
        yield from recorder.take_lines()
    recorder.flush()
    yield from recorder.take_lines()


def _joined(lines: Iterable[TracedLine]) -> Iterator[TracedLine]:
    """Put the LF that came later than its CR back behind it: something else may have crossed the line in between.

    A line is held until it is known whether one comes, and what follows it as long.
    """
    held: deque[TracedLine] = deque()
    last: dict[str, int] = {}
    told = 0
    for number, line in enumerate(lines):
        before = last.get(line.source, -1) - told
        if before >= 0 and line.before.startswith(b"\n") and held[before].after == b"\r":
            held[before] = held[before]._replace(after=b"\r\n")
            line = line._replace(before=line.before[1:])
        held.append(line)
        last[line.source] = number
        while held and (held[0].after != b"\r" or last[held[0].source] != told):
            yield held.popleft()
            told += 1
    yield from held
