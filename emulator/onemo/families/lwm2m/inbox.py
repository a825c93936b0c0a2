"""Requests of the server that wait for the DTE: told at once, or stored for AT+MIPLMGR (LwM2M manual 4)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from onemo.at.reply import CommandError
from onemo.families.lwm2m.device import Lwm2mDevice
from onemo.families.lwm2m.readings import Path, Reading
from onemo.families.lwm2m.states import Cis
from onemo.net.coap.message import CoapCode, CoapMessage


class RequestKind(Enum):
    """The kinds of requests that the DTE answers."""

    READ = auto()
    WRITE = auto()
    EXECUTE = auto()


@dataclass(slots=True, eq=False)
class Lwm2mRequest:
    """A request that waits. lines: its URCs; size: bytes of its values; readings: those of an answer so far.

    until: when it is forgotten; stored: for AT+MIPLMGR.
    """

    kind: RequestKind
    message: CoapMessage
    path: Path
    lines: Sequence[bytes]
    size: int = 0
    until: float = math.inf
    stored: bool = False
    readings: list[Reading] = field(default_factory=list)


class Lwm2mInbox:
    """The requests of one login. dropped: how many were since it began."""

    def __init__(self, device: Lwm2mDevice) -> None:
        self._device = device
        self._table = device.table
        self._waiting: dict[int, Lwm2mRequest] = {}
        self.dropped = 0

    def __contains__(self, mid: object) -> bool:
        return mid in self._waiting

    @property
    def deadline(self) -> float:
        """When the oldest is forgotten; inf: there is none."""
        return next((request.until for request in self._waiting.values()), math.inf)

    def on_deadline(self, now: float) -> None:
        """Forget what the DTE has not answered in time."""
        for mid, request in list(self._waiting.items()):
            if now >= request.until:
                del self._waiting[mid]

    def clear(self) -> None:
        """Forget all."""
        self._waiting.clear()

    def add(self, request: Lwm2mRequest, now: float) -> CoapCode | None:
        """Tell a request, store it, or drop it; return the code that refuses it, None: it waits, or is lost."""
        request.until = now + self._table.answer_time
        long = request.kind is not RequestKind.READ and request.size > self._table.cached_message
        if self._device.direct or long:
            if len(self._waiting) >= self._table.requests:
                return CoapCode.UNAVAILABLE
            self._waiting[request.message.mid] = request
            self.tell(request)
            return None
        request.stored = True
        stored = self._stored
        held = sum(each.size for each in stored if each.kind is not RequestKind.READ)
        if request.kind is not RequestKind.READ and held + request.size > self._table.cached_bytes:
            self.dropped += 1
            return None
        if len(self._waiting) >= self._table.requests:
            self.dropped += 1
            oldest = stored[0] if stored else next(iter(self._waiting.values()))
            del self._waiting[oldest.message.mid]
        self._waiting[request.message.mid] = request
        if self._device.hints:
            self._device.tell("MIPLNMI")
        return None

    def tell(self, request: Lwm2mRequest) -> None:
        """Tell a request."""
        for line in request.lines:
            self._device.modem.notify(line)

    def tell_again(self, mid: int) -> None:
        """Take up that a request has come again that waits."""
        if self._table.repeat_urc and not self._waiting[mid].stored:
            self.tell(self._waiting[mid])

    def tell_stored(self) -> None:
        """Tell at once what is stored: that is the mode from now on."""
        for request in self._stored:
            request.stored = False
            self.tell(request)

    @property
    def oldest_lines(self) -> Sequence[bytes]:
        """The URCs of the oldest request that is stored."""
        return next((request.lines for request in self._stored), ())

    @property
    def figures(self) -> tuple[int, int, int]:
        """How many wait, how many were dropped, and the bytes of the values of WRITE and EXECUTE that wait."""
        size = sum(each.size for each in self._waiting.values() if each.kind is not RequestKind.READ)
        return len(self._waiting), self.dropped, size

    def find(self, mid: int, kind: RequestKind) -> Lwm2mRequest:
        """Return the request that an answer is for. Raises CommandError(RESOURCE): there is none of that kind."""
        request = self._waiting.get(mid)
        if request is None or request.kind is not kind:
            raise CommandError(Cis.RESOURCE)
        return request

    def take(self, request: Lwm2mRequest) -> None:
        """Take out a request that is answered."""
        del self._waiting[request.message.mid]

    @property
    def _stored(self) -> list[Lwm2mRequest]:
        return [request for request in self._waiting.values() if request.stored]
