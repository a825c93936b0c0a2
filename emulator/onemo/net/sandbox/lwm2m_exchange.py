"""The messages of the sandbox's LwM2M server: requests and answers, repeated and recognised (RFC 7252). Pure.

Times are seconds of a clock that the caller has.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from onemo.errors import UsageError
from onemo.net.coap.exchange import CoapAnswers, CoapFlights, CoapPatience
from onemo.net.coap.message import MOST_MID, CoapCode, CoapMalformed, CoapMessage, CoapType, decode, encode

SocketAddress = tuple[str, int]
Done = Callable[[CoapMessage | None], None]
"""Takes the answer to a request; None: there will be none, for it was reset, or nothing acknowledged it."""

_TOKEN = 4
_ACK_TIMEOUT, _SPREAD, _REPEATED = 2.0, 1.5, 4
"""RFC 7252 4.8: ACK_TIMEOUT, ACK_RANDOM_FACTOR, MAX_RETRANSMIT."""
_LIFETIME = 247.0
"""Seconds for which a duplicate is recognised (RFC 7252 4.8.2, EXCHANGE_LIFETIME)."""
_MOST_ANSWERS = 4096
_MOST_ASKED = 4096
_SILENCE = b""


class _Asked(NamedTuple):
    to: SocketAddress
    mid: int
    done: Done


class CoapExchanges:
    """The exchanges of one socket with all its peers; at most 4096 requests of its own wait at a time.

    answer: makes the answer to a request, without its mid and token. notify: takes what came for a token that it knows,
    and tells whether it does. ``outbox`` is what is to be sent.
    """

    def __init__(
        self,
        answer: Callable[[CoapMessage, SocketAddress, float], CoapMessage],
        notify: Callable[[CoapMessage, SocketAddress, float], bool],
    ) -> None:
        self.outbox: deque[tuple[bytes, SocketAddress]] = deque()
        self._answer = answer
        self._notify = notify
        self._dice = Random(5683)
        self._mid = self._dice.randint(0, MOST_MID)
        self._asked: dict[bytes, _Asked] = {}
        self._flights: dict[SocketAddress, CoapFlights[int]] = {}
        self._answers: CoapAnswers[tuple[SocketAddress, int]] = CoapAnswers(_MOST_ANSWERS, _LIFETIME)

    @property
    def deadline(self) -> float:
        """When ``due`` is to be called; inf: never."""
        return min((flights.deadline for flights in self._flights.values()), default=math.inf)

    def token(self) -> bytes:
        """Return a token that no request of its own waits with."""
        while True:
            token = self._dice.randbytes(_TOKEN)
            if token not in self._asked:
                return token

    def waits(self, token: bytes) -> bool:
        """Tell whether a request with this token waits for its answer."""
        return token in self._asked

    def ask(self, request: CoapMessage, to: SocketAddress, done: Done, now: float) -> None:
        """Send a confirmable request, whose mid is given here. Raises UsageError: too many wait already."""
        if len(self._asked) >= _MOST_ASKED:
            raise UsageError(f"{_MOST_ASKED} requests to LwM2M clients wait for an answer: try again later")
        self._mid = (self._mid + 1) & MOST_MID
        data = encode(request._replace(type=CoapType.CON, mid=self._mid))
        self._asked[request.token] = _Asked(to, self._mid, done)
        patience = CoapPatience(self._dice.uniform(_ACK_TIMEOUT, _ACK_TIMEOUT * _SPREAD), _REPEATED)
        self._flights.setdefault(to, CoapFlights()).begin(self._mid, data, patience, now)
        self.outbox.append((data, to))

    def forget(self, token: bytes) -> None:
        """Wait no longer for an answer."""
        asked = self._asked.pop(token, None)
        if asked is not None:
            self._land(asked.to, asked.mid)

    def receive(self, data: bytes, source: SocketAddress, now: float) -> None:
        """Take a datagram, whatever it is."""
        try:
            message = decode(data)
        except CoapMalformed as malformed:
            if malformed.mid is not None:
                self._reset(malformed.mid, source)
            return
        if message.type in (CoapType.ACK, CoapType.RST):
            self._on_acknowledged(message, source)
        elif (known := self._answers.find((source, message.mid), now)) is not None:
            if known is not _SILENCE:
                self.outbox.append((known, source))
        elif message.is_request:
            self._on_request(message, source, now)
        elif message.is_answer:
            self._on_answer(message, source, now)
        elif message.type is CoapType.CON:  # an empty one is a ping (RFC 7252 4.3)
            self._reset(message.mid, source)

    def due(self, now: float) -> None:
        """Repeat what is not acknowledged, and give up what never was."""
        for to, flights in list(self._flights.items()):
            again, given_up = flights.due(now)
            self.outbox.extend((data, to) for data in again)
            if not len(flights):
                del self._flights[to]
            for mid in given_up:
                self._end(to, mid)

    def _on_acknowledged(self, message: CoapMessage, source: SocketAddress) -> None:
        if not self._land(source, message.mid):
            return
        asked = self._asked.get(message.token) if message.is_answer else None
        if message.type is CoapType.RST:
            self._end(source, message.mid)
        elif asked is not None and (asked.to, asked.mid) == (source, message.mid):
            del self._asked[message.token]
            asked.done(message)

    def _on_request(self, message: CoapMessage, source: SocketAddress, now: float) -> None:
        confirmable = message.type is CoapType.CON
        answer = self._answer(message, source, now)
        kind, mid = (CoapType.ACK, message.mid) if confirmable else (CoapType.NON, self._next_mid())
        data = encode(answer._replace(type=kind, mid=mid, token=message.token))
        self._answers.keep((source, message.mid), data if confirmable else _SILENCE, now)
        self.outbox.append((data, source))

    def _on_answer(self, message: CoapMessage, source: SocketAddress, now: float) -> None:
        """Take an answer that is no acknowledgement: a separate one, or a notification."""
        asked = self._asked.get(message.token)
        if asked is not None and asked.to == source:
            del self._asked[message.token]
            self._land(source, asked.mid)
        elif not self._notify(message, source, now):
            self._reset(message.mid, source)
            return
        said = _SILENCE
        if message.type is CoapType.CON:
            said = encode(CoapMessage(CoapType.ACK, CoapCode.EMPTY, message.mid))
            self.outbox.append((said, source))
        self._answers.keep((source, message.mid), said, now)
        if asked is not None and asked.to == source:
            asked.done(message)

    def _end(self, to: SocketAddress, mid: int) -> None:
        """Tell who asked that there is no answer."""
        for token, asked in list(self._asked.items()):
            if (asked.to, asked.mid) == (to, mid):
                del self._asked[token]
                asked.done(None)

    def _land(self, to: SocketAddress, mid: int) -> bool:
        """End the repetition of a message; return whether it was waited for."""
        flights = self._flights.get(to)
        if flights is None or not flights.end(mid):
            return False
        if not len(flights):
            del self._flights[to]
        return True

    def _reset(self, mid: int, to: SocketAddress) -> None:
        self.outbox.append((encode(CoapMessage(CoapType.RST, CoapCode.EMPTY, mid)), to))

    def _next_mid(self) -> int:
        self._mid = (self._mid + 1) & MOST_MID
        return self._mid
