"""The count of programs that have each pseudo-terminal of this process open, by inotify.

Two inotify serve every port, for a user may have few of them (128 by default) and a lab has a thousand ports.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

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


class _Watches:
    """An inotify on some ports."""

    def __init__(self) -> None:
        self.inotify = INotify(nonblocking=True)
        self._ports: dict[int, WatchedPort] = {}
        self._wds: dict[WatchedPort, int] = {}

    def add(self, path: str, port: WatchedPort) -> None:
        """Watch the port at path. Raises OSError when the kernel refuses."""
        wd = self._wds[port] = self.inotify.add_watch(path, _MASK)
        self._ports[wd] = port

    def remove(self, port: WatchedPort) -> None:
        """Watch the port no longer, if it was."""
        if (wd := self._wds.pop(port, None)) is not None:
            del self._ports[wd]
            with suppress(OSError):  # the terminal is gone, and its watch with it
                self.inotify.rm_watch(wd)

    def read(self) -> list[tuple[WatchedPort, int]] | None:
        """Return what happened to the ports, in order; None when the kernel has lost some of it."""
        events = self.inotify.read(timeout=0)
        if any(event.mask & flags.Q_OVERFLOW for event in events):
            return None
        return [(port, event.mask) for event in events if (port := self._ports.get(event.wd)) is not None]


class OpenCounter:
    """The counter of the openings of every port of one thread. directory: that of the ports.

    The kernel merges an event into the one before it when they are equal, and two programs that leave at once would
    count as one. Reported a second time through the directory, no two in a row are equal; but the directory tells of
    everybody's terminals. So one inotify, of our ports alone, wakes us, and another one, with the directory, counts.
    """

    def __init__(self, directory: str) -> None:
        self._waker = _Watches()
        try:
            self._ledger = _Watches()
        except OSError:
            self._waker.inotify.close()
            raise
        self._directory = directory
        self._ports: set[WatchedPort] = set()
        self._reading = trio.Lock()

    async def serve(self) -> None:
        """Take up what happens to any port, unless another task does. Runs until cancelled."""
        async with self._reading:
            while True:
                self._take_up()
                await trio.lowlevel.wait_readable(self._waker.inotify.fd)

    def _take_up(self) -> None:
        """Count the events that have come."""
        merged, events = self._waker.read(), self._ledger.read()
        if events is None:  # others have filled it since the last event of ours; what woke us is nearly as good
            events = merged
        closed: list[WatchedPort] = []
        if events is None:
            # The counts are lost. A lock that goes too early does less harm than one that stays for ever.
            closed = list(self._ports)
            for each in self._ports:
                each.opens = 0
                each.opened.set()
        for port, mask in events or ():
            if mask & flags.OPEN:
                port.opens += 1
                port.opened.set()
            elif mask & masks.CLOSE:
                port.opens = max(0, port.opens - 1)  # who was there before us was not counted
                closed.append(port)
        for port in dict.fromkeys(closed):
            if not port.opens:
                port.last_closed()

    def add(self, path: str, port: WatchedPort) -> None:
        """Watch the port at path. Raises OSError when the kernel refuses."""
        self._ports.add(port)
        try:
            self._ledger.inotify.add_watch(self._directory, _MASK)
            self._ledger.add(path, port)
            self._waker.add(path, port)
        except OSError:
            self.remove(port)
            raise

    def remove(self, port: WatchedPort) -> None:
        """Watch a port no longer; the last one frees the inotify."""
        self._ports.remove(port)
        for watches in (self._waker, self._ledger):
            watches.remove(port)
        if not self._ports:
            self._waker.inotify.close()
            self._ledger.inotify.close()
            _current.counter = None


@contextmanager
def watching(path: str, port: WatchedPort) -> Iterator[OpenCounter]:
    """Keep port up to date while a task runs ``serve`` of the counter that this gives.

    Raises OSError when the kernel refuses.
    """
    opens: OpenCounter | None = getattr(_current, "counter", None)
    if opens is None:
        opens = _current.counter = OpenCounter(os.path.dirname(path))
    opens.add(path, port)
    try:
        yield opens
    finally:
        opens.remove(port)
