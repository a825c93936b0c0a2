"""An open connection whose two directions are late, slow or cut off, and whose peer may be gone."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Collection

import trio

from onemo.errors import NetError, NetFailure
from onemo.faults.kind import Layer
from onemo.faults.plan import ArmedFault, FaultChooser, Occasion
from onemo.faults.seams.delay import Direction, SharedWait
from onemo.faults.seams.filters import filter_of
from onemo.faults.seams.silence import Silence
from onemo.net.interface import Connection, OpenRequest, Transport

_log = logging.getLogger(__name__)
_MOST = 65536
"""Bytes of each way that are late at most; then the peer, or the module, has to wait."""
_SENT_AGAIN = 1.0
"""Seconds after which TCP sends again what was lost (RFC 6298, the first time-out)."""
_LATE = frozenset({"net-latency", "net-bandwidth", "net-loss", "http-silence", "http-slow", "mqtt-late", "ftp-silence",
                   "ftp-stall", "lwm2m-late"})  # fmt: skip
_READ, _READS = 65536, 16
SEGMENT = 1460
"""Bytes of a TCP segment: what is read at once at least."""

Wait = Callable[[], Awaitable[None]]
Start = Callable[[Wait], object]


class ShapedConnection:
    """The delays between a module and the host's connection, which it owns.

    Whatever one call receives or sends passes at once.
    """

    def __init__(self, inner: Connection, request: OpenRequest, faults: FaultChooser, start: Start) -> None:
        self.transport = inner.transport
        self._inner = inner
        self._faults = faults
        self._start = start
        self._send_buffer = request.send_buffer
        self._stream = inner.transport is Transport.TCP
        self._in, self._out = Direction("receive", _MOST), Direction("send", _MOST)
        self._occasion = Occasion(
            label=request.label, transport=self.transport.value, host=request.host, port=request.port
        )
        self._client = request.client
        self._silence = Silence(request.keep_alive, trio.current_time())
        self._filter = filter_of(request, faults, self.strike)
        self._writable = SharedWait(inner.wait_writable)
        self._moved = trio.Event()
        self._waits: list[trio.CancelScope] = []
        self._carries = self._ended = False
        self._end: NetError | bytes | None = None
        self._end_due = -math.inf
        self._limit = SEGMENT
        self._failed: NetError | None = None
        self._unsendable: NetError | None = None

    def strike(self, armed: ArmedFault) -> None:
        """Let happen to the whole connection what a fault says: the peer vanishes, closes or resets.

        Over UDP nobody closes or resets.
        """
        match armed.fault.kind.name:
            case "net-half-open" | "mqtt-vanish":
                self._silence.begin(armed, trio.current_time())
            case "net-close" if self._stream and self._end is None:
                self._end = b""
            case "net-reset" if self._stream and armed.fault.text("failure") == "write":
                self._unsendable = NetError(NetFailure.WRITE, str(armed.fault))
            case "net-reset" if self._stream:
                self._break(str(armed.fault))
        self._wake()

    def release(self, ended: Collection[ArmedFault]) -> None:
        """Let go at once, in order, what faults made late that are gone; a peer that vanished is back."""
        if self._silence.why in ended:
            self._return()
        elif not self._silence and any(armed.fault.kind.name in _LATE for armed in ended):
            self._go_on()

    def _return(self) -> None:
        """Bring the peer back. Datagrams that came meanwhile were lost."""
        if not self._stream and not self._ended:
            self._discard()
        self._silence.end()
        self._go_on()

    def _go_on(self) -> None:
        """Make due at once what is late."""
        now = trio.current_time()
        self._in.queue.release(now)
        self._out.queue.release(now)
        self._end_due = min(self._end_due, now)
        self._wake()

    def abort(self) -> None:
        """End the connection at once, with an RST on TCP. Datagrams that were sent still arrive. Idempotent."""
        self._ended = True
        self._send_datagrams()
        self._clear()
        self._inner.abort()
        self._wake()

    def unacknowledged(self) -> int:
        """Count the bytes that were sent and not yet acknowledged by the peer, or not yet left the host (UDP)."""
        return self._out.queue.size + self._inner.unacknowledged()

    # What passes.

    def _is_shaped(self, way: Direction) -> bool:
        """Tell whether a direction is not just the host's."""
        return bool(way.queue or self._silence or self._filter or self._faults.armed_on(Layer.NETWORK))

    def _pass(self, data: bytes, way: Direction) -> None:
        """Put data on its way, as the faults have it."""
        late, rate, lost = self._strikes(data, way)
        if self._filter is not None and way is self._out:
            self._filter.sent(data)
        if not self._silence:
            self._silence.exchanged(trio.current_time())
        elif self._stream:
            late = math.inf
            if way is self._out and not self.unacknowledged():
                self._silence.sent(trio.current_time())
        else:
            lost = True
        if not (lost or self._failed or (self._unsendable and way is self._out)):
            for piece, more in self._filtered(data, way):
                way.add(piece, late + more, rate, whole=not self._stream)
        if self._end is not None:
            self._end_due = max(trio.current_time(), self._in.queue.last)

    def _filtered(self, data: bytes, way: Direction) -> list[tuple[bytes, float]]:
        """Return what becomes of data between a client and its server: pieces, and how late each is (seconds)."""
        if self._filter is None or way is self._out:
            return [(data, 0.0)]
        pieces = self._filter.received(data)
        if self._filter.ended and self._end is None:
            self._end = b""
        return pieces

    def _strikes(self, data: bytes, way: Direction) -> tuple[float, float, bool]:
        """Let the faults strike that data meets; return its lateness, the rate in bytes a second, and if it is lost."""
        late, rate, lost = 0.0, math.inf, False
        client = None if self._client is None else self._client()
        occasion = self._occasion._replace(client=client, operation=way.operation, data=data)
        for armed in self._faults.chosen(Layer.NETWORK, occasion):
            match armed.fault.kind.name:
                case "net-latency":
                    late += armed.seconds()
                case "net-bandwidth":
                    rate = min(rate, armed.fault.whole("rate"))
                case "net-loss" if self._stream:
                    late += _SENT_AGAIN
                case "net-loss":
                    lost = True
                case _:
                    self.strike(armed)
        return late, rate, lost

    def _pull(self, limit: int) -> None:
        """Take what has come, as far as there is room for it."""
        room = self._in.queue.room
        if self._silence or self._end is not None or not room:
            return
        try:
            data = self._inner.receive_now(min(limit, room))
        except NetError as error:
            self._end = error
        else:
            if data or (data is not None and not self._stream):
                self._pass(data, self._in)
                return
            self._end = data
        if self._filter is not None and (rest := self._filter.rest()):
            self._in.add(rest, 0.0, math.inf, whole=False)
        self._end_due = max(trio.current_time(), self._in.queue.last)

    def _push(self) -> bool:
        """Hand the host what is due; return whether anything is left.

        Raises NetError: it cannot be sent, and is gone.
        """
        now, queue = trio.current_time(), self._out.queue
        try:
            while (front := queue.front(now)) is not None:
                try:
                    count = self._hand_over(front)
                except NetError:
                    queue.took(len(front))
                    if self._stream:
                        queue.clear()
                    raise
                if count or not front:
                    queue.took(count)
                if count < len(front):
                    break
        finally:
            self._moved.set()
            self._moved = trio.Event()
        return bool(queue)

    def _hand_over(self, data: bytes | memoryview) -> int:
        """Hand data to the host's connection, as its send_now."""
        return self._inner.send_now(data)

    async def _carry(self) -> None:
        """Hand over what is late when it is due."""
        queue = self._out.queue
        try:
            while queue:
                await self._until(queue.due, None)
                try:
                    if self._push() and queue.due <= trio.current_time():
                        await self._writable.wait()
                except NetError as error:
                    if self._stream:
                        self._unsendable = error
        except Exception:
            _log.exception("a bug in the emulator: what was late on a connection is lost")
            self.abort()
        finally:
            self._carries = False

    @property
    def _room(self) -> int:
        """The number of bytes that may be sent.

        As many as may be late, and unsent as many as the module's stack has room for.
        """
        room = self._out.queue.room
        return room if self._send_buffer is None else max(0, min(room, self._send_buffer - self._out.unsent))

    @property
    def _has_ended(self) -> bool:
        return self._end is not None and not self._in.queue and trio.current_time() >= self._end_due

    # Waiting, and what time brings.

    async def _until(self, due: float, wait: Wait | None) -> bool:
        """Wait; return whether that ended by itself, and not because something else is to be looked at."""
        with trio.CancelScope(deadline=min(due, self._silence.until, self._noticed_at())) as scope:
            self._waits.append(scope)
            try:
                if wait is None:
                    await trio.sleep_forever()
                else:
                    await wait()
            finally:
                self._waits.remove(scope)
        self._look()
        return not scope.cancelled_caught

    def _look(self) -> None:
        """Take up that a peer that vanished is back, or that the stack gives it up."""
        now = trio.current_time()
        if now >= self._silence.until:
            self._return()
        if now >= self._noticed_at():
            self._break("no answer")

    def _noticed_at(self) -> float:
        if not self._silence or not self._stream:
            return math.inf
        return self._silence.noticed_at(outstanding=self.unacknowledged() > 0)

    def _wake(self) -> None:
        """Let all that wait look again."""
        for scope in self._waits:
            scope.cancel()

    # The end.

    def _require_open(self) -> None:
        if self._failed is not None:
            raise NetError(self._failed.failure, self._failed.detail)
        if self._ended:
            raise NetError(NetFailure.RESET, "closed by this side")

    def _require_sendable(self) -> None:
        self._require_open()
        if self._unsendable is not None:
            error, self._unsendable = self._unsendable, None
            raise error

    def _break(self, why: str) -> None:
        """Break the connection, and tell the peer."""
        self._failed = NetError(NetFailure.RESET, why)
        self._clear()
        self._inner.abort()
        self._wake()

    def _clear(self) -> None:
        self._in.queue.clear()
        self._out.queue.clear()

    def _discard(self) -> None:
        """Throw away what came, if it is reached at all."""
        for _ in range(0 if self._silence and self._stream else _READS):
            if not self._inner.receive_now(_READ):
                return

    def _send_datagrams(self) -> None:
        """Send datagrams that are late early rather than never."""
        if not self._stream and self._out.queue:
            self._out.queue.release(trio.current_time())
            try:
                self._push()
            except NetError:
                pass
            self._out.queue.clear()
