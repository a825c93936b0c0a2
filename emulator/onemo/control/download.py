"""The journal as a file: a transcript, JSON lines as ``run --trace`` writes them, or pcapng of the network's side."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from onemo.control.endpoints import QueryParameter
from onemo.control.journal import Journal
from onemo.dialogue.export import FORMATS, journal_packets, missing_start, transcript_file
from onemo.dialogue.lines import PAYLOAD, TracedLine
from onemo.runtime.trace import Crossing, JsonLines
from onemo.wire.transmitter import Kind

if TYPE_CHECKING:
    from onemo.control.http import Message, Receive, Send

_PIECE = 1 << 15
"""Bytes that are written at once."""
_ENTRIES = 100
"""Entries after which other tasks come in between."""
QUERY = (
    QueryParameter("format", str, "The format: a transcript if left out.", choices=tuple(FORMATS)),
    QueryParameter("console", int, "The AT line whose transcript it is: 0, the first, if left out.", 0, 99),
)


JSON_FILE = ((b"content-type", b"application/json"),)


class Download:
    """An ASGI application that writes a file, and lets other tasks come in between. headers: beside those of all."""

    def __init__(self, pieces: Iterable[bytes], headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._pieces = pieces
        self._headers = [*headers, (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        for piece in _gathered(self._pieces) if scope["method"] == "GET" else ():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class TraceFile(Download):
    """A journal as it is now, as a file. model: of the journal's module."""

    def __init__(self, journal: Journal, model: str, query: Mapping[str, Any]) -> None:
        name = query.get("format", "transcript")
        lines = [entry.line for entry in journal.since(0)]
        lines += [line._replace(time=journal.age) for line in journal.begun()]
        gone = journal.first - 1
        if name == "transcript":
            pieces: Iterable[bytes] = transcript_file(lines, model, gone, query.get("console", 0))
        elif name == "jsonl":
            pieces = _json_lines(lines, gone)
        else:
            pieces = journal_packets(lines, journal.module, journal.started, gone)
        file = quote(f"{journal.module}{FORMATS[name].suffix}", safe="")
        named = (b"content-disposition", f"attachment; filename*=utf-8''{file}".encode())
        super().__init__(pieces, ((b"content-type", FORMATS[name].media_type.encode()), named))


def _json_lines(lines: list[TracedLine], gone: int) -> Iterator[bytes]:
    text = JsonLines(io.StringIO(), lambda: 0.0).text
    if gone:
        yield text((lines[0].time if lines else 0.0, "dropped", missing_start(gone), None, 0, None)).encode()
    for line in lines:
        yield text(_crossing(line)).encode()


def _crossing(line: TracedLine) -> Crossing:
    """Return what crossed, that a line was made of."""
    if line.source != "network":
        direction = ">" if line.source == "dte" else "<"
        kind = Kind(line.kind) if line.kind else None
        return line.time, direction, line.before + line.data + line.after, kind, line.console, None
    if line.kind == PAYLOAD:
        return line.time, "sent" if line.event.startswith("sent") else "received", line.data, None, 0, line.label
    return line.time, line.event, line.data.decode("utf-8", "replace"), None, 0, line.label


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join pieces to some that are worth a write. An empty one also stands for work."""
    held, size = list[bytes](), 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _PIECE or len(held) >= _ENTRIES:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)
