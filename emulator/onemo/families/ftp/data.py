"""A data connection: what comes from the server goes into a sink, what goes to it comes from a source."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Protocol

from onemo.errors import NetFailure
from onemo.families import FTP_DATA
from onemo.families.ftp.profile import FTP_CLIENT, FTP_FAILURES, FTP_RESULTS, network_failure
from onemo.modem.channel import Close, Drop, Forward
from onemo.modem.host import Host
from onemo.net.interface import CloseMode, ClosePlan, CloseResult
from onemo.profile.index import Label

_BEFORE_THE_END = 4096
"""Bytes that are read of a server that has nothing to send here, so that its end is noticed."""


class FtpSink(Protocol):
    """What the bytes of a download go into. full: it takes no more of them. failure: a result code that ended it."""

    full: bool
    failure: int | None

    def credit(self) -> int:
        """Return the most bytes that it takes now."""
        ...

    def take(self, data: bytes) -> None:
        """Take bytes."""
        ...


class DataWatcher(Protocol):
    """The session of a data connection, which hears of it."""

    number: int

    def opened(self, data: FtpData) -> None:
        """Hear that it stands."""
        ...

    def moved(self, data: FtpData) -> None:
        """Hear that something has changed, or may be due at another time."""
        ...


class FtpData:
    """One data connection. Implements Owner, and the console's Stream.

    sent: bytes that the network took; queued: those that it has not taken yet. flows: bytes are wanted of it, or go.
    failure: the result code of what ended it, None where that was the server, or it goes on. ended: it is over.
    online: it holds the line in transparent mode.
    """

    watches_breaks = False
    watches_acknowledgements = False
    datagrams = False

    def __init__(self, host: Host, watcher: DataWatcher, sink: FtpSink | None) -> None:
        self._host = host
        self._table = table = host.profile.table(FTP_CLIENT)
        self._results = host.profile.table(FTP_RESULTS)
        self._watcher = watcher
        self._sink = sink
        self._source: Iterator[bytes] | None = None
        self._there = False  # there is a connection, or will be
        self._open = self._closing = False
        self.on_leave: Callable[[], None] | None = None
        """What follows ``+++``."""
        self.flows = False
        self.ended = False
        self.failure: int | None = None
        self.sent = self.queued = 0
        self.heard = -math.inf
        self.online = False
        self.packet_size, self.packet_wait = table.packet_size, table.packet_wait

    # What the session does.

    def dial(self) -> None:
        """Take note that it is being opened."""
        self._there = True

    def plan(self, mode: CloseMode = CloseMode.DRAIN) -> ClosePlan:
        """Return the way in which it is closed."""
        return ClosePlan(mode, self._table.close_stall, self._table.close_linger)

    def start(self) -> None:
        """Let bytes come: the server has said that they do."""
        self.flows = True
        self.heard = self._host.now

    def pour(self, source: Iterator[bytes]) -> None:
        """Send all that the source yields."""
        self._source = source
        self.start()
        self._refill()

    def finish(self) -> None:
        """Close it, once all is sent; ended then."""
        self.start()
        self._closing = True
        if self._there and not self.ended:
            self._host.intents.append(Close(self, self.plan()))

    def drop(self) -> None:
        """Let go of it at once."""
        if self._there:
            self._there = self._open = False
            self._host.intents.append(Drop(self))
        self._source, self.flows = None, False

    @property
    def done(self) -> bool:
        """True once nothing more is to be waited for: it is over, or full, or all is sent."""
        if self.ended or self.failure is not None:
            return True
        if self._sink is not None:
            return self._sink.full
        return self._source is None and not self.queued and not self._closing

    @property
    def due(self) -> float:
        """The time at which it has been silent for too long; inf: it may be."""
        return self.heard + self._table.silence if self.flows and not self.done else math.inf

    def on_silence(self, now: float) -> None:
        """Act on the silence; while nothing is read of it, there is none."""
        if self._sink is not None and not self.credit():
            self.heard = now
        else:
            self._fail(self._host.profile.table(FTP_FAILURES).timed_out)

    # Stream.

    def take_line(self) -> bytes:
        """Hold the line from now on."""
        self.online = True
        return b""

    def leave_line(self) -> None:
        """Leave the line after ``+++``."""
        self.online = False
        if self.on_leave is not None:
            self.on_leave()

    # Owner.

    @property
    def label(self) -> Label:
        """The name of the connection in traces and fault scopes."""
        return Label(FTP_DATA, self._watcher.number)

    def on_opened(self, *, ipv6: bool, now: float) -> None:
        """Tell the session."""
        self._open = True
        self._watcher.opened(self)

    def on_failed(self, failure: NetFailure, now: float) -> None:
        """Fail: there is no connection."""
        self._there = False
        self._fail(network_failure(self._host.profile.table(FTP_FAILURES), failure))

    def credit(self) -> int:
        """Return the bytes that the sink takes now, once the server has said that they come."""
        if not self._open:
            return 0
        if self._sink is None:
            return _BEFORE_THE_END
        return self._sink.credit() if self.flows and not self._sink.full else 0

    def on_data(self, data: bytes, now: float) -> None:
        """Hand bytes to the sink; of an upload nothing is wanted."""
        if self._sink is None:
            return
        self.heard = now
        self._sink.take(data)
        self._watcher.moved(self)

    def on_taken(self, count: int, now: float) -> None:
        """Count bytes that left, and send more."""
        self.sent += count
        self.queued = max(0, self.queued - count)
        self.heard = now
        if not self.online:
            self._refill()
            self._watcher.moved(self)

    def on_untaken(self, count: int) -> None:
        """Fail: bytes will never leave."""
        self.queued = max(0, self.queued - count)
        if self._there:
            self._fail(self._results.sending_failed)

    def on_acknowledged(self, count: int) -> None:
        """Hear nothing of it: nobody watches."""

    def on_lost(self, failure: NetFailure | None, now: float) -> None:
        """Take up that the server closed it, which ends a download, or that it broke."""
        self._there = self._open = False
        self.ended = True
        if failure is not None or self._sink is None:
            self._fail(self._results.network)
        else:
            self._watcher.moved(self)

    def on_closed(self, result: CloseResult, now: float) -> None:
        """Take up that all was sent and the connection is closed; what became of it, the server says."""
        self._there = self._open = False
        self.ended = True
        self._watcher.moved(self)

    # Inside.

    def _fail(self, result: int) -> None:
        if self.failure is None:
            self.failure = result
        self._source = None
        self._watcher.moved(self)

    def _refill(self) -> None:
        """Hand over more of the source, as long as little of it waits."""
        while self._source is not None and self.queued <= self._table.send_queue // 2:
            data = next(self._source, None)
            if data is None:
                self._source = None
            elif data:
                self.queued += len(data)
                self._host.intents.append(Forward(self, data))
