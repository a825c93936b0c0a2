"""A trace as a file of another format: a transcript, or pcapng of the network's side. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from onemo.dialogue.lines import TracedLine


class FileFormat(NamedTuple):
    """A format. suffix: of the file's name; media_type: of an answer of HTTP."""

    suffix: str
    media_type: str


FORMATS = {
    "transcript": FileFormat(".txt", "text/plain; charset=utf-8"),
    "jsonl": FileFormat(".jsonl", "application/x-ndjson"),
    "pcapng": FileFormat(".pcapng", "application/octet-stream"),
}


def missing_start(count: int) -> str:
    """Say that the first entries of a journal are not there."""
    return f"the journal keeps the newest entries: {count} before these are gone"


def transcript_file(lines: Iterable[TracedLine], model: str = "", gone: int = 0, console: int = 0) -> Iterator[bytes]:
    """Yield a transcript of one line to the DTE. gone: entries that are missing before the first."""
    from onemo.dialogue.recorder import recorded  # not at a start with a control, as all below

    if model:
        yield f"model: {model}\n".encode("ascii", "replace")
    if gone:
        yield f"# {missing_start(gone)}\n".encode()
    for line in recorded(lines, console):
        yield f"{line}\n".encode()


def packet_file(lines: Iterable[TracedLine], name: str, start: float) -> Iterator[bytes]:
    """Yield the network's side of a whole trace. start: seconds since 1970-01-01 UTC at which its time is 0."""
    from onemo.dialogue.capture import Capture

    capture = Capture(name, start)
    yield capture.opening
    yield from map(capture.take, lines)


def journal_packets(lines: list[TracedLine], name: str, start: float, gone: int) -> Iterator[bytes]:
    """Yield the network's side of a journal, whose first entries may be gone."""
    from onemo.dialogue.capture import Capture, openings_missing

    capture = Capture(name, start, openings_missing(lines), missing_start(gone) if gone else "")
    yield capture.opening
    yield from map(capture.take, lines)
