"""Faults of the line to the DTE: bytes that are lost, wrong, late or twice, and a line that is stuck."""

from __future__ import annotations

from collections.abc import Collection

import trio

from onemo.faults.kind import Layer
from onemo.faults.plan import ArmedFault, FaultChooser, Occasion
from onemo.faults.seams.delay import DelayQueue, SharedWait
from onemo.link.interface import Link

_LATE = frozenset({"line-delay", "line-slice"})
_READ = 4096
_MOST = 16384
"""Bytes of each way that are late at most; then the line is full, or what the DTE sends waits outside."""


class FaultyLink:
    """Any link, with the faults of the line on it. Implements ``Link``.

    What one read brings, or one write takes, is what passes at once. ``run`` carries what is late on its way out.
    """

    def __init__(self, link: Link, faults: FaultChooser) -> None:
        self._link = link
        self._faults = faults
        self._in, self._out = DelayQueue(_MOST), DelayQueue(_MOST)
        self._writable = SharedWait(link.wait_writable)
        self._late = trio.Event()
        self._moved = trio.Event()
        self._reading = self._writing = trio.CancelScope()

    @property
    def port(self) -> str:
        return self._link.port

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Hand over what is late when it is due, until cancelled."""
        task_status.started()
        while True:
            await self._late.wait()
            while self._out:
                with trio.CancelScope() as self._writing:
                    await trio.sleep_until(self._out.due)
                if not self._push():
                    await self._writable.wait()
            self._late = trio.Event()

    def boot(self) -> None:
        """Take up that the module starts: a UART whose speed is not set yet says something."""
        if self._faults.armed_on(Layer.LINE) and self._out.room:
            for armed in self._faults.chosen(Layer.LINE, Occasion("to-dte", operation="boot")):
                fault = armed.fault
                noise = fault.data("data") if "data" in fault.values else armed.random.randbytes(fault.whole("count"))
                self._hand_over(noise)

    def release(self, ended: Collection[ArmedFault]) -> None:
        """Let go at once, in order, what faults made late that are gone."""
        if not any(armed.fault.kind.name in _LATE for armed in ended):
            return
        for queue, waiting in ((self._in, self._reading), (self._out, self._writing)):
            queue.release(trio.current_time())
            waiting.cancel()

    # The link.

    def read_now(self, limit: int) -> bytes | None:
        if not self._in and not self._faults.armed_on(Layer.LINE):
            return self._link.read_now(limit)
        self._pull(limit)
        return self._in.take(trio.current_time(), limit)

    def write_now(self, data: bytes | memoryview) -> int:
        """Hand bytes to the line; return how many were taken, those that are lost on it too."""
        if not self._out and not self._faults.armed_on(Layer.LINE):
            return self._link.write_now(data)
        part = bytes(data[: self._out.room])
        if part:
            self._pass(part, "to-dte", self._out)
            self._hand_over()
        return len(part)

    async def wait_readable(self) -> None:
        """Wait until the DTE has sent something that is due. What comes meanwhile begins to be late."""
        while True:
            with trio.CancelScope(deadline=self._in.due) as self._reading:
                if self._in.room:
                    await self._link.wait_readable()
                else:
                    await trio.sleep_forever()
                if not self._in and not self._faults.armed_on(Layer.LINE):
                    return
                self._pull(_READ)
            if self._in.due <= trio.current_time():
                return

    async def wait_writable(self) -> None:
        while self._out and not self._out.room:
            await self._moved.wait()
        if self._out:
            await trio.lowlevel.checkpoint()
        else:
            await self._writable.wait()

    # What happens on it.

    def _pull(self, limit: int) -> None:
        """Take what has come, as far as there is room for it."""
        data = self._link.read_now(min(limit, self._in.room)) if self._in.room else None
        if data is not None:
            self._pass(data, "from-dte", self._in)

    def _pass(self, data: bytes, direction: str, queue: DelayQueue) -> None:
        """Put bytes into the queue of their direction, as the faults leave them."""
        due = trio.current_time()
        piece, gap = 0, 0.0
        for armed in self._faults.chosen(Layer.LINE, Occasion(direction, data=data)):
            match armed.fault.kind.name:
                case "line-delay":
                    due += armed.seconds()
                case "line-slice":
                    piece, gap = armed.fault.whole("size"), armed.fault.number("gap")
                case name:
                    data = _changed(name, data, armed)
        if data:
            queue.add(data, max(due, queue.last + gap) if piece else due, piece, gap)

    def _hand_over(self, data: bytes = b"") -> None:
        """Hand over what is due, and put data behind all of it; the task has the rest."""
        if data:
            self._out.add(data, trio.current_time())
        self._push()
        if self._out:
            self._late.set()

    def _push(self) -> bool:
        """Hand over what is due; return False when the line is full."""
        now = trio.current_time()
        while (front := self._out.front(now)) is not None:
            count = self._link.write_now(front)
            if count:
                self._out.took(count)
                self._moved.set()
                self._moved = trio.Event()
            if count < len(front):
                return False
        return True


def _changed(name: str, data: bytes, armed: ArmedFault) -> bytes:
    """Return bytes as a fault of the line changes them."""
    fault = armed.fault
    match name:
        case "line-stuck":
            return b""
        case "line-drop":
            start = fault.whole("offset")
            return data[:start] + (data[start + count :] if (count := fault.whole("count")) else b"")
        case "line-duplicate":
            return data[: fault.whole("count") or None] + data
        case "line-corrupt":
            wrong = bytearray(data)
            for place in armed.random.sample(range(len(data)), min(len(data), fault.whole("count"))):
                wrong[place] ^= 1 << armed.random.randrange(8)
            return bytes(wrong)
        case _:  # an event, which is carried out elsewhere
            return data
