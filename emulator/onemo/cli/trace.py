"""The printer of traces, ``onemo-emulator trace``: it shows what ``run --trace`` wrote to a reader."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from math import inf, isfinite
from pathlib import Path
from typing import NamedTuple

from onemo.cli.output import in_colours, write
from onemo.dialogue.lines import ECHO, ConsoleLines, TracedLine, network_line
from onemo.dialogue.pattern import occurs
from onemo.errors import UsageError
from onemo.faults.kind import INDICES, TRACED_INDICES
from onemo.profile.index import Label, label_of

_STYLES = {"dte": "1;36", "module": "32", "network": "33"}
_NOTES = {ECHO: "  (echo)", "urc": "  (URC)"}
_FAINT = "2"
_LONGEST = 1 << 24
"""Characters of a line."""


class TraceOptions(NamedTuple):
    """The options of ``trace``.

    grep: a pattern (``dialogue.pattern``). numbers: those of instances, by the index; since, until: seconds.
    """

    file: Path
    source: str | None
    kind: str | None
    grep: str | None
    regex: str | None
    numbers: Mapping[str, int | None]
    console: int | None
    since: float
    until: float
    deltas: bool


def show_trace(options: TraceOptions) -> int:
    """Print a trace. Raises UsageError, which names the file and the line, where it is none."""
    try:
        regex = re.compile(options.regex or "")
    except re.error as error:
        raise UsageError(
            f"--regex {options.regex}: {error}; write a regular expression, or a text as it stands after --grep"
        ) from None
    coloured = in_colours()
    labels = [Label(index, number) for index in INDICES if (number := options.numbers.get(index.name)) is not None]
    before = 0.0
    for told in _told(options.file):
        text = told.text + _NOTES.get(told.kind, "")
        if options.source not in (None, told.source) or options.kind not in (None, told.kind):
            continue
        if not (occurs(options.grep or "", text) and regex.search(text)):
            continue
        if options.console is not None and (told.source == "network" or told.console != options.console):
            continue
        if labels and not (told.label and told.label.is_among(labels)):
            continue
        if not options.since <= told.time <= options.until:
            continue
        stamp = f"{told.time - before:+12.6f}" if options.deltas else f"{told.time:12.6f}"
        write(_line(told, stamp, text, coloured))
        before = told.time
    return 0


def save_trace(options: TraceOptions, out: Path) -> int:
    """Write a trace to a file of another format. Raises UsageError, as ``show_trace``, and LinkError."""
    from onemo.cli.out_file import format_of, write_file
    from onemo.dialogue.export import packet_file, transcript_file

    form, file = format_of(out, ("transcript", "pcapng")), options.file
    all_of_it = TraceOptions(file, None, None, None, None, {}, None, 0.0, inf, False)
    if options._replace(console=None, numbers={}) != all_of_it or any(n is not None for n in options.numbers.values()):
        raise UsageError("--out takes all of a trace: leave the filters out")
    if file.exists() and not file.is_file():
        raise UsageError(f"{file}: --out reads a trace twice; name a file that run --trace wrote")
    last = max((told.time for told in _told(file)), default=0.0)
    if form == "transcript":
        pieces = transcript_file(_told(file), console=options.console or 0)
    elif options.console is not None:
        raise UsageError(f"--console is for a transcript: --out {out.with_suffix('.txt')}")
    else:
        pieces = packet_file(_told(file), file.stem, file.stat().st_mtime - last)
    write(f"{out}: {write_file(out, pieces):,} bytes\n")
    return 0


def _line(told: TracedLine, stamp: str, text: str, coloured: bool) -> str:
    mark = told.mark
    took = "" if told.took is None else f"  ({told.took * 1000:.1f} ms)"
    if not coloured:
        return f"{stamp} {mark} {text}{took}\n"
    style = _FAINT if told.kind == ECHO else _STYLES[told.source]
    return f"\x1b[{_FAINT}m{stamp}\x1b[0m {mark} \x1b[{style}m{text}\x1b[0m\x1b[{_FAINT}m{took}\x1b[0m\n"


def _told(file: Path) -> Iterator[TracedLine]:
    """Yield the lines of a trace.

    One that ends within its last entry, as the emulator was killed, is read up to there.
    """
    lines, time = ConsoleLines(), 0.0
    try:
        with file.open(encoding="utf-8") as stream:
            for number, line in enumerate(iter(partial(stream.readline, _LONGEST), ""), 1):
                try:
                    time, entry = _entry(line)
                    yield from _from(entry, time, lines)
                except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
                    if not line.endswith("\n") and number > 1:
                        break
                    problem = "this is no line of a trace; name a file that run --trace wrote"
                    raise UsageError(f"{file}:{number}: {problem}") from error
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; name a file that can be read") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: this is no text; name a file that run --trace wrote") from error
    for each in lines.values():
        yield from each.end(time)


def _entry(line: str) -> tuple[float, dict[str, object]]:
    """Read one entry, and its time. Raises ValueError, KeyError or TypeError where the line is none."""
    import json

    entry = json.loads(line)
    if not isinstance(entry, dict):
        raise TypeError(line)
    time = float(entry["time"])
    if not isfinite(time):
        raise ValueError(line)
    return time, entry


def _from(entry: dict[str, object], time: float, lines: ConsoleLines) -> Iterable[TracedLine]:
    label = label_of(entry, TRACED_INDICES)
    if "event" in entry:
        return [network_line(str(entry["event"]), label, str(entry["detail"]), time)]
    data = str(entry["data"]).encode("latin-1")
    match entry["from"], entry["to"]:
        case "dte", "module":
            return lines[_console(entry)].sent(data, time)
        case "module", "dte":
            return lines[_console(entry)].received(data, time, str(entry["kind"]))
        case ("module" | "network") as source, "module" | "network":
            return [network_line("sent" if source == "module" else "received", label, data, time)]
    raise ValueError(entry["from"])


def _console(entry: dict[str, object]) -> int:
    """Return the number of the console that an entry is of. Raises ValueError where it is none."""
    return int(str(entry.get("console", 0)))
