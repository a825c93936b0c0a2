"""The trace as server-sent events: the entries of the journals, and then each one that comes.

A reader has a place in each journal and no queue. One that is slower than the dialogue finds that entries are gone when
it comes back to that place, and is told how many.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence

import trio

from onemo.control.http import Message, Receive, Send
from onemo.control.journal import Journal
from onemo.control.shape import plain

HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
_PIECE = 200
"""Entries that are written at once: other tasks come in between."""
_PAUSE = 0.02
"""Seconds between two looks at the journals: a thousand busy modules shall not be slower for being watched."""
_LOOK = 1.0
"""Seconds after which the state is looked at, even if nothing was said."""
_QUIET = 15.0
"""Seconds after which a silent stream says that it is alive."""


class TraceStream:
    """A stream of journals, as an ASGI application.

    since: the first entry wanted, None for those to come. summary: of a journal's module, None when there is none any
    more; ``state`` tells each that is new. count: told 1 when the stream begins, and -1 when it ends.
    """

    def __init__(
        self,
        journals: Callable[[], Sequence[Journal]],
        since: int | None,
        summary: Callable[[str], object],
        count: Callable[[int], None],
    ) -> None:
        self._journals = journals
        self._summary = summary
        self._count = count
        self._places: dict[Journal, int] = {}
        self._states: dict[str, object] = {}
        self._since = since
        self._news = trio.Event()
        self._wake: Callable[[], None] = self._awake

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self._count(1)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._until_gone, receive, nursery.cancel_scope)
                await self._write(send)
        finally:
            self._count(-1)
            for journal in self._places:
                journal.on_news.remove(self._wake)

    async def _until_gone(self, receive: Receive, scope: trio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    def _awake(self) -> None:
        self._news.set()

    async def _write(self, send: Send) -> None:
        spoke, looked = trio.current_time(), -math.inf
        await _say(send, ": the trace\n\n")
        while True:
            self._news = trio.Event()
            self._follow_all()
            look = trio.current_time() - looked >= _LOOK
            if look:
                looked = trio.current_time()
            for text in self._pieces(look=look):
                await _say(send, text)
                spoke = trio.current_time()
            if trio.current_time() - spoke > _QUIET:
                await _say(send, ":\n\n")
                spoke = trio.current_time()
            await trio.sleep(_PAUSE)
            with trio.move_on_at(looked + _LOOK):
                await self._news.wait()

    def _follow_all(self) -> None:
        """Follow the journals of new modules, for modules come and go."""
        for journal in self._journals():
            if journal not in self._places:
                self._places[journal] = journal.next if self._since is None else self._since
                journal.on_news.append(self._wake)

    def _pieces(self, *, look: bool) -> Iterator[str]:
        """Yield the news. look: at the state of modules that said nothing, too."""
        for journal, place in list(self._places.items()):
            if place != journal.next:
                yield from self._entries(journal, place)
            elif not look:
                continue
            state = plain(self._summary(journal.module))
            if state is not None and self._states.get(journal.module) != state:
                self._states[journal.module] = state
                yield f"event: state\ndata: {json.dumps(state)}\n\n"

    def _entries(self, journal: Journal, place: int) -> Iterator[str]:
        if place > journal.next:  # of an earlier process
            place = journal.first
        while place < journal.next:
            lost = journal.first - place
            if lost > 0:
                place += lost
                yield f"event: lost\ndata: {json.dumps({'module': journal.module, 'count': lost})}\n\n"
            texts = [
                f"id: {entry.seq}\nevent: entry\ndata: {json.dumps(entry.shown(journal.module))}\n\n"
                for entry in journal.since(place, _PIECE)
            ]
            place += len(texts)
            self._places[journal] = place
            yield "".join(texts)
        self._places[journal] = place


async def _say(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
