"""A TCP connection without a socket, for TLS to be on."""

from __future__ import annotations

import trio
from onemo.errors import NetError, NetFailure
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, Transport


class Socket:
    """A TCP connection: room is what it still takes, None without limit; what is fed comes in."""

    transport = Transport.TCP
    peer = "192.0.2.1:443"

    def __init__(self) -> None:
        self.room: int | None = None
        self.taken = b""
        self.broken = False
        self.ended: CloseMode | None = None
        self.aborted = False
        self.trickle: list[bytes] = []  # comes a piece at a time, each as soon as the last was received
        self._come = b""
        self._finished = False
        self._changed = trio.Event()

    def feed(self, data: bytes) -> None:
        self._come += data
        self._change()

    def finish(self) -> None:
        self._finished = True
        self._change()

    def take(self, room: int | None) -> None:
        self.room = room
        self._change()

    def break_down(self) -> None:
        self.broken = True
        self._change()

    def _change(self) -> None:
        changed, self._changed = self._changed, trio.Event()
        changed.set()

    def _require(self) -> None:
        if self.aborted or self.broken:
            raise NetError(NetFailure.RESET, "broken")

    # Connection.

    def send_now(self, data: bytes | memoryview) -> int:
        self._require()
        part = bytes(data[: len(data) if self.room is None else self.room])
        if self.room is not None:
            self.room -= len(part)
        self.taken += part
        return len(part)

    def receive_now(self, limit: int) -> bytes | None:
        if self.trickle:
            return self.trickle.pop(0)
        data, self._come = self._come[:limit], self._come[limit:]
        if not data:
            self._require()
        return data or (b"" if self._finished else None)

    async def wait_readable(self) -> None:
        while not self._come and not self._finished:
            self._require()
            await self._changed.wait()

    async def wait_writable(self) -> None:
        while self.room == 0:
            self._require()
            await self._changed.wait()
        self._require()

    async def wait_broken(self) -> None:
        while not self.broken:
            await self._changed.wait()

    def unacknowledged(self) -> int:
        return 0

    async def close(self, plan: ClosePlan) -> CloseResult:
        await trio.lowlevel.checkpoint()
        self.ended = plan.mode
        return CloseResult.NORMAL

    def abort(self) -> None:
        self.aborted = True
        self._change()
