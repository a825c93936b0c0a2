"""Faults of open connections: what is late, slow or lost, and peers that reset, close or vanish."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable

import trio

from emulator.errors import NetError, NetFailure
from emulator.faults.held import Shared, Way
from emulator.faults.kinds import Layer
from emulator.faults.plan import Armed, Chooser, Occasion
from emulator.faults.silence import Silence
from emulator.net.interface import Carrying, CloseMode, ClosePlan, CloseResult, Connection, OpenRequest, Transport

_log = logging.getLogger(__name__)
_MOST = 65536
"""Bytes of each way that are late at most; then the peer, or the module, has to wait."""
_SENT_AGAIN = 1.0
"""Seconds after which TCP sends again what was lost (RFC 6298, the first time-out)."""
_SHORTEST_LOOK, _LONGEST_LOOK = 0.001, 0.05
_READ, _READS = 65536, 16

Wait = Callable[[], Awaitable[None]]
Start = Callable[[Wait], object]


class FaultyConnection:
    """An open connection, with the network's faults on it. Implements Connection.

    What one call receives or sends is what passes at once. What is late to the peer counts as not acknowledged; a task
    hands it over, which start starts, and which ends with the connection. A peer that vanished is noticed as the
    module's stack would notice: by keep-alive, or because what was sent is not acknowledged.
    """

    def __init__(self, inner: Connection, request: OpenRequest, faults: Chooser, start: Start) -> None:
        """Owns inner from here on."""
        self.transport = inner.transport
        self._inner = inner
        self._faults = faults
        self._start = start
        self._send_buffer = request.send_buffer
        self._stream = inner.transport is Transport.TCP
        self._in, self._out = Way("receive", _MOST), Way("send", _MOST)
        self._occasion = Occasion(
            connect_id=request.connect_id, transport=self.transport.value, host=request.host, port=request.port
        )
        self._silence = Silence(request.keep_alive, trio.current_time())
        self._writable = Shared(inner.wait_writable)
        self._moved = trio.Event()
        self._waits: list[trio.CancelScope] = []
        self._carries = self._ended = False
        self._end: NetError | bytes | None = None
        self._end_due = -math.inf
        self._failed: NetError | None = None
        self._unsendable: NetError | None = None

    @property
    def peer(self) -> str:
        """See Connection."""
        return self._inner.peer

    def strike(self, armed: Armed) -> None:
        """What happens to the whole connection happens now: the peer vanishes, closes or resets.

        Over UDP nobody closes or resets.
        """
        match armed.fault.kind.name:
            case "net-half-open":
                self._silence.begin(armed.ends, trio.current_time())
            case "net-close" if self._stream and self._end is None:
                self._end = b""
            case "net-reset" if self._stream and armed.fault.text("failure") == "write":
                self._unsendable = NetError(NetFailure.WRITE, str(armed.fault))
            case "net-reset" if self._stream:
                self._break(str(armed.fault))
        self._wake()

    def release(self) -> None:
        """The faults are gone: what they made late goes at once, in order, and a peer that vanished is back."""
        now = trio.current_time()
        if self._silence and not self._stream and not self._ended:
            self._discard()
        self._silence.end()
        self._in.held.release(now)
        self._out.held.release(now)
        self._end_due = min(self._end_due, now)
        self._wake()

    # Connection.

    def send_now(self, data: bytes | memoryview) -> int:
        """See Connection."""
        self._require_open()
        if self._unsendable is not None:
            error, self._unsendable = self._unsendable, None
            raise error
        if not self._is_shaped(self._out):
            self._silence.exchanged(trio.current_time())
            return self._inner.send_now(data)
        self._look()
        room = self._room
        if not room or (self._stream and not data):
            return 0
        part = bytes(data[:room] if self._stream else data)
        self._pass(part, self._out)
        self._require_open()
        if self._unsendable is not None:
            error, self._unsendable = self._unsendable, None
            raise error
        if self._push() and not self._carries:
            self._carries = True
            self._start(self._carry)
        return len(part)

    def receive_now(self, limit: int) -> bytes | None:
        """See Connection."""
        self._require_open()
        if limit <= 0 and self._stream:
            return None
        if not self._is_shaped(self._in) and self._end is None:
            self._silence.exchanged(trio.current_time())
            return self._inner.receive_now(limit)
        self._look()
        self._pull(limit)
        self._require_open()
        data = self._in.held.take(trio.current_time(), limit if self._stream else None)
        if data is None and self._has_ended:
            if isinstance(self._end, NetError):
                raise self._end
            return b""
        return data

    async def wait_readable(self) -> None:
        """See Connection. What comes meanwhile begins to be late."""
        held = self._in.held
        while True:
            self._require_open()
            stopped = self._silence or self._end is not None or not held.room
            due = self._end_due if self._end is not None and not held else held.due
            if await self._until(due, None if stopped else self._inner.wait_readable):
                if not self._is_shaped(self._in):
                    return
                self._pull(_READ)
            if held.due <= trio.current_time() or self._has_ended:
                return

    async def wait_writable(self) -> None:
        """See Connection."""
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
        """See Connection."""
        while self._failed is None:
            self._require_open()
            if await self._until(math.inf, None if self._silence else self._inner.wait_broken):
                return

    def unacknowledged(self) -> int:
        """See Connection."""
        return self._out.held.size + self._inner.unacknowledged()

    async def close(self, plan: ClosePlan) -> CloseResult:
        """See Connection. The FIN goes behind what is late, also with NOW, for that was sent; what still waits for
        bandwidth was not. Cancelled, it ends with an RST."""
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

    def abort(self) -> None:
        """See Connection. Datagrams that were sent still arrive."""
        self._ended = True
        self._send_datagrams()
        self._clear()
        self._inner.abort()
        self._wake()

    # What passes.

    def _is_shaped(self, way: Way) -> bool:
        """Whether a way is not just the host's."""
        return bool(way.held or self._silence or self._faults.armed_on(Layer.NETWORK))

    def _pass(self, data: bytes, way: Way) -> None:
        """What passes at once goes its way, as the faults have it."""
        late, rate, lost = 0.0, math.inf, False
        occasion = self._occasion._replace(operation=way.operation, data=data)
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
        if not self._silence:
            self._silence.exchanged(trio.current_time())
        elif self._stream:
            late = math.inf
            if way is self._out and not self.unacknowledged():
                self._silence.sent(trio.current_time())
        else:
            lost = True
        if not (lost or self._failed or (self._unsendable and way is self._out)):
            way.add(data, late, rate, whole=not self._stream)
        if self._end is not None:
            self._end_due = max(trio.current_time(), self._in.held.last)

    def _pull(self, limit: int) -> None:
        """Take what has come, as far as there is room for it."""
        room = self._in.held.room
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
        self._end_due = max(trio.current_time(), self._in.held.last)

    def _push(self) -> bool:
        """Hand the host what is due; whether anything is left. Raises NetError: it cannot be sent, and is gone."""
        now, held = trio.current_time(), self._out.held
        try:
            while (front := held.front(now)) is not None:
                try:
                    count = self._inner.send_now(front)
                except NetError:
                    held.took(len(front))
                    if self._stream:
                        held.clear()
                    raise
                if count or not front:
                    held.took(count)
                if count < len(front):
                    break
        finally:
            self._moved.set()
            self._moved = trio.Event()
        return bool(held)

    async def _carry(self) -> None:
        """Hand over what is late when it is due."""
        held = self._out.held
        try:
            while held:
                await self._until(held.due, None)
                try:
                    if self._push() and held.due <= trio.current_time():
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
        """Bytes that may be sent: as many as may be late, and unsent as many as the module's stack has room for."""
        room = self._out.held.room
        return room if self._send_buffer is None else max(0, min(room, self._send_buffer - self._out.unsent))

    @property
    def _has_ended(self) -> bool:
        return self._end is not None and not self._in.held and trio.current_time() >= self._end_due

    # Waiting, and what time brings.

    async def _until(self, due: float, wait: Wait | None) -> bool:
        """Wait; whether that ended by itself, and not because something else is to be looked at."""
        back = self._silence.until if self._silence else math.inf
        with trio.CancelScope(deadline=min(due, back, self._noticed_at())) as scope:
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
        """A peer that vanished is back, or the stack gives it up."""
        now = trio.current_time()
        if self._silence and now >= self._silence.until:
            self.release()
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

    def _break(self, why: str) -> None:
        """The connection is broken, and the peer is told."""
        self._failed = NetError(NetFailure.RESET, why)
        self._clear()
        self._inner.abort()
        self._wake()

    def _clear(self) -> None:
        self._in.held.clear()
        self._out.held.clear()

    async def _drained(self, plan: ClosePlan) -> bool:
        """Wait until all is with the host; False when it cannot be, or nothing moved for the plan's stall.

        What comes meanwhile is discarded: a peer that echoes would stop reading once it cannot write.
        """
        held = self._out.held
        if plan.mode is CloseMode.NOW and (self._silence or self._out.unsent):
            return False
        gap, give_up = _SHORTEST_LOOK, trio.current_time() + plan.stall
        while held:
            self._discard()
            before = held.size
            await trio.sleep(gap)
            gap = min(2 * gap, _LONGEST_LOOK)
            if held.size < before:
                give_up = trio.current_time() + plan.stall
            elif trio.current_time() >= give_up:
                return False
        if error := self._failed or self._unsendable:
            raise error
        return True

    def _discard(self) -> None:
        """Throw away what came, if it is reached at all."""
        for _ in range(0 if self._silence and self._stream else _READS):
            if not self._inner.receive_now(_READ):
                return

    def _send_datagrams(self) -> None:
        """Those that are late leave early rather than never."""
        if not self._stream and self._out.held:
            self._out.held.release(trio.current_time())
            try:
                self._push()
            except NetError:
                pass
            self._out.held.clear()


class FaultyCarrying(FaultyConnection):
    """The same of a connection whose socket carries other bytes than it is given. Implements Carrying."""

    @property
    def carried(self) -> tuple[int, int]:
        """See Carrying: what is late to the peer counts as sent, what is late from it as not yet received."""
        assert isinstance(self._inner, Carrying)
        sent, received = self._inner.carried
        return sent + self._out.held.size, max(0, received - self._in.held.size)
