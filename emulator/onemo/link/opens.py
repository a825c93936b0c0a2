"""The count of programs that have each pseudo-terminal of this process open, by inotify.

One inotify serves every port, for a user may have few of them (128 by default) and a lab has a thousand ports.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import trio
from inotify_simple import INotify, flags, masks

_MASK = flags.OPEN | masks.CLOSE
_current = threading.local()
"""Its ``counter`` is that of this thread, if there is one: a port may be watched before trio runs."""


class WatchedPort:
    """One port that is watched.

    opens: by programs that came after the watch; opened: set at the first of them; last_closed: called when the last of
    them has closed it.
    """

    def __init__(self, last_closed: Callable[[], None]) -> None:
        self.opens = 0
        self.opened = trio.Event()
        self.last_closed = last_closed


class OpenCounter:
    """The counter of the openings of every port of one thread. directory: that of the ports."""

    def __init__(self, directory: str) -> None:
        self._inotify = INotify(nonblocking=True)
        self._directory = directory
        self._ports: dict[int, WatchedPort] = {}
        self._reading = trio.Lock()

    async def serve(self) -> None:
        """Take up what happens to any port, unless another task does. Runs until cancelled."""
        async with self._reading:
            while True:
                self._take_up()
                await trio.lowlevel.wait_readable(self._inotify.fd)

    def _take_up(self) -> None:
        """Count the events that have come."""
        closed: set[int] = set()
        for event in self._inotify.read(timeout=0):
            if event.mask & flags.Q_OVERFLOW:
                # The counts are lost. A lock that goes too early does less harm than one that stays for ever.
                closed = set(self._ports)
                for each in self._ports.values():
                    each.opens = 0
                    each.opened.set()
            elif (port := self._ports.get(event.wd)) is None:
                continue
            elif event.mask & flags.OPEN:
                port.opens += 1
                port.opened.set()
            elif event.mask & masks.CLOSE:
                port.opens = max(0, port.opens - 1)  # who was there before us was not counted
                closed.add(event.wd)
        for wd in closed:
            if (now_free := self._ports.get(wd)) is not None and not now_free.opens:
                now_free.last_closed()

    def add(self, path: str, port: WatchedPort) -> int:
        """Watch the port at path; return what ``remove`` takes. Raises OSError when the kernel refuses."""
        # The kernel merges an event into the one before it when they are equal, and two programs that leave at once
        # would count as one. Reported a second time through the directory, no two in a row are equal.
        self._inotify.add_watch(self._directory, _MASK)
        wd: int = self._inotify.add_watch(path, _MASK)
        self._ports[wd] = port
        return wd

    def remove(self, wd: int) -> None:
        """Watch a port no longer; the last one frees the inotify."""
        del self._ports[wd]
        try:
            self._inotify.rm_watch(wd)
        except OSError:  # the terminal is gone, and its watch with it
            pass
        if not self._ports:
            self._inotify.close()
            _current.counter = None


@contextmanager
def watching(path: str, port: WatchedPort) -> Iterator[OpenCounter]:
    """Keep port up to date while a task runs ``serve`` of the counter that this gives.

    Raises OSError when the kernel refuses.
    """
    opens: OpenCounter | None = getattr(_current, "counter", None)
    if opens is None:
        opens = _current.counter = OpenCounter(os.path.dirname(path))
    wd = opens.add(path, port)
    try:
        yield opens
    finally:
        opens.remove(wd)
