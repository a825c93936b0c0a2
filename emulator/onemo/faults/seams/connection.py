"""Faults of open connections: what is late, slow or lost, and peers that reset, close or vanish."""

from __future__ import annotations

import math

import trio

from onemo.errors import NetError
from onemo.faults.plan import FaultChooser
from onemo.faults.seams.shaped import SEGMENT, ShapedConnection, Start
from onemo.net.interface import (
    Carrying,
    CloseMode,
    ClosePlan,
    CloseResult,
    Connection,
    Datagram,
    OpenRequest,
    OpenToAll,
)

_SHORTEST_LOOK, _LONGEST_LOOK = 0.001, 0.05


class FaultyConnection(ShapedConnection):
    """An open connection, with the network's faults on it. Implements Connection.

    What one call receives or sends is what passes at once. What is late to the peer counts as not acknowledged; a task
    hands it over, which start starts, and which ends with the connection. A peer that vanished is noticed as the
    module's stack would notice: by keep-alive, or because what was sent is not acknowledged.
    """

    @property
    def peer(self) -> str:
        return self._inner.peer

    def send_now(self, data: bytes | memoryview) -> int:
        self._require_sendable()
        if not self._is_shaped(self._out):
            self._silence.exchanged(trio.current_time())
            return self._hand_over(data)
        self._look()
        room = self._room
        if not room or (self._stream and not data):
            return 0
        part = data if isinstance(data, Datagram) else bytes(data[:room] if self._stream else data)
        self._pass(part, self._out)
        self._require_sendable()
        if self._push() and not self._carries:
            self._carries = True
            self._start(self._carry)
        return len(part)

    def receive_now(self, limit: int) -> bytes | None:
        self._require_open()
        if limit <= 0 and self._stream:
            return None
        if not self._is_shaped(self._in) and self._end is None:
            self._silence.exchanged(trio.current_time())
            return self._inner.receive_now(limit)
        self._look()
        self._limit = max(limit, SEGMENT)
        self._pull(limit if self._stream else SEGMENT)
        self._require_open()
        data = self._in.queue.take(trio.current_time(), limit if self._stream else None)
        if data is None and self._has_ended:
            if isinstance(self._end, NetError):
                raise self._end
            return b""
        return data

    async def wait_readable(self) -> None:
        """Wait until something has come that is due. What comes meanwhile begins to be late."""
        queue = self._in.queue
        while True:
            self._require_open()
            stopped = self._silence or self._end is not None or not queue.room
            due = self._end_due if self._end is not None and not queue else queue.due
            if await self._until(due, None if stopped else self._inner.wait_readable):
                if not self._is_shaped(self._in):
                    return
                self._pull(self._limit)
            if queue.due <= trio.current_time() or self._has_ended:
                return

    async def wait_writable(self) -> None:
        while True:
            self._require_open()
            if self._unsendable is None and not self._is_shaped(self._out):
                if await self._until(math.inf, self._writable.wait):
                    return
            elif self._unsendable is not None or self._room:
                await trio.lowlevel.checkpoint()
                return
            else:
                look = trio.current_time() + _LONGEST_LOOK if self._out.unsent else math.inf
                await self._until(look, self._moved.wait)

    async def wait_broken(self) -> None:
        while self._failed is None:
            self._require_open()
            if await self._until(math.inf, None if self._silence else self._inner.wait_broken):
                return

    async def close(self, plan: ClosePlan) -> CloseResult:
        """End the connection as the plan says, and free its local port.

        The FIN goes behind what is late, also with NOW, for that was sent; what still waits for bandwidth was not.
        Cancelled, it ends with an RST.
        """
        if self._failed is not None:
            self.abort()
            return CloseResult.FAILED
        if self._ended:
            return CloseResult.NORMAL
        self._ended = True
        self._wake()
        try:
            if self._stream and plan.mode is not CloseMode.RESET:
                if not await self._drained(plan):
                    return CloseResult.NORMAL if plan.mode is CloseMode.NOW else CloseResult.NO_ANSWER
                if self._silence:
                    await trio.sleep(plan.linger)
                    return CloseResult.NORMAL
            self._send_datagrams()
            return await self._inner.close(plan)
        except NetError:
            return CloseResult.FAILED
        finally:
            self.abort()

    async def _drained(self, plan: ClosePlan) -> bool:
        """Wait until all is with the host; return False when it cannot be, or nothing moved for the plan's stall.

        Whatever comes meanwhile is discarded: a peer that echoes would stop reading once it cannot write.
        """
        queue = self._out.queue
        if plan.mode is CloseMode.NOW and (self._silence or self._out.unsent):
            return False
        gap, give_up = _SHORTEST_LOOK, trio.current_time() + plan.stall
        while queue:
            self._discard()
            before = queue.size
            await trio.sleep(gap)
            gap = min(2 * gap, _LONGEST_LOOK)
            if queue.size < before:
                give_up = trio.current_time() + plan.stall
            elif trio.current_time() >= give_up:
                return False
        if error := self._failed or self._unsendable:
            raise error
        return True


class FaultyOpen(FaultyConnection):
    """A faulty UDP connection that is open to all. Implements OpenToAll.

    A datagram to an address waits with the others, with that in the place of its sender.
    """

    def __init__(self, inner: Connection, request: OpenRequest, faults: FaultChooser, start: Start) -> None:
        assert isinstance(inner, OpenToAll)
        self._open = inner
        super().__init__(inner, request, faults, start)

    def show(self, place: tuple[str, int], shown: tuple[str, int]) -> None:
        self._open.show(place, shown)

    def send_to_now(self, data: bytes, address: str, port: int) -> int:
        addressed = Datagram(data)
        addressed.sender = address, port
        return self.send_now(addressed)

    def _hand_over(self, data: bytes | memoryview) -> int:
        whole = data.obj if isinstance(data, memoryview) else data
        if isinstance(whole, Datagram):
            return self._open.send_to_now(bytes(data), *whole.sender)
        return super()._hand_over(data)


class FaultyCarrying(FaultyConnection):
    """A faulty connection whose socket carries other bytes than it is given. Implements Carrying."""

    async def carry(self) -> None:
        assert isinstance(self._inner, Carrying)
        await self._inner.carry()

    @property
    def carried(self) -> tuple[int, int]:
        """Bytes for the socket to send, and those received.

        Those that are late to the peer count as sent, those that are late from it as not yet received.
        """
        assert isinstance(self._inner, Carrying)
        sent, received = self._inner.carried
        return sent + self._out.queue.size, max(0, received - self._in.queue.size)
