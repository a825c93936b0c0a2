"""The printer of traces, ``onemo-emulator trace``: it shows what ``run --trace`` wrote to a reader."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from onemo.cli.output import write
from onemo.dialogue.lines import ECHO, MARKS, Lines, TracedLine, crossed
from onemo.errors import UsageError
from onemo.profile.index import label_of

_STYLES = {"dte": "1;36", "module": "32", "network": "33"}
_NOTES = {ECHO: "  (echo)", "urc": "  (URC)"}
_FAINT = "2"
_LONGEST = 1 << 24
"""Characters of a line."""


class TraceOptions(NamedTuple):
    """The options of ``trace``. since, until: seconds."""

    file: Path
    source: str | None
    kind: str | None
    grep: str | None
    connection: int | None
    since: float
    until: float
    deltas: bool


def show_trace(options: TraceOptions) -> int:
    """Print a trace. Raises UsageError, which names the file and the line, where it is none."""
    try:
        wanted = re.compile(options.grep) if options.grep is not None else None
    except re.error as error:
        raise UsageError(f"--grep {options.grep}: {error}; write a regular expression") from None
    coloured = sys.stdout is not None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    before = 0.0
    for told in _told(options.file):
        text = told.text + _NOTES.get(told.kind, "")
        if options.source not in (None, told.source) or options.kind not in (None, told.kind):
            continue
        if wanted is not None and not wanted.search(text):
            continue
        if options.connection not in (None, told.connection) or not options.since <= told.time <= options.until:
            continue
        stamp = f"{told.time - before:+12.6f}" if options.deltas else f"{told.time:12.6f}"
        write(_line(told, stamp, text, coloured))
        before = told.time
    return 0


def _line(told: TracedLine, stamp: str, text: str, coloured: bool) -> str:
    mark = MARKS[told.source]
    took = "" if told.took is None else f"  ({told.took * 1000:.1f} ms)"
    if not coloured:
        return f"{stamp} {mark} {text}{took}\n"
    style = _FAINT if told.kind == ECHO else _STYLES[told.source]
    return f"\x1b[{_FAINT}m{stamp}\x1b[0m {mark} \x1b[{style}m{text}\x1b[0m\x1b[{_FAINT}m{took}\x1b[0m\n"


def _told(file: Path) -> Iterator[TracedLine]:
    """Yield the lines of a trace.

    One that ends within its last entry, as the emulator was killed, is read up to there.
    """
    lines, time = Lines(), 0.0
    try:
        with file.open(encoding="utf-8") as stream:
            for number, line in enumerate(iter(partial(stream.readline, _LONGEST), ""), 1):
                try:
                    time, entry = _entry(line)
                    yield from _from(entry, time, lines)
                except (ValueError, KeyError, TypeError, RecursionError) as error:
                    if not line.endswith("\n") and number > 1:
                        break
                    problem = "this is no line of a trace; name a file that run --trace wrote"
                    raise UsageError(f"{file}:{number}: {problem}") from error
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; name a file that can be read") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: this is no text; name a file that run --trace wrote") from error
    yield from lines.end(time)


def _entry(line: str) -> tuple[float, dict[str, object]]:
    """Read one entry, and its time. Raises ValueError, KeyError or TypeError where the line is none."""
    import json

    entry = json.loads(line)
    if not isinstance(entry, dict):
        raise TypeError(line)
    return float(entry["time"]), entry


def _from(entry: dict[str, object], time: float, lines: Lines) -> Iterable[TracedLine]:
    label = label_of(entry)
    if "event" in entry:
        return [crossed(str(entry["event"]), label, str(entry["detail"]), time)]
    data = str(entry["data"]).encode("latin-1")
    match entry["from"], entry["to"]:
        case "dte", "module":
            return lines.sent(data, time)
        case "module", "dte":
            return lines.received(data, time, str(entry["kind"]))
        case ("module" | "network") as source, "module" | "network":
            return [crossed("sent" if source == "module" else "received", label, data, time)]
    raise ValueError(entry["from"])
