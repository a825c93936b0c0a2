"""The device's channel to its server: CoAP over UDP, with repetitions, acknowledgements and duplicates (RFC 7252 4)."""

from __future__ import annotations

import hashlib
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

from onemo.errors import NetFailure
from onemo.families import LWM2M_DEVICES
from onemo.families.lwm2m.profile import LWM2M
from onemo.families.lwm2m.target import Lwm2mTarget
from onemo.families.lwm2m.words import Lwm2mWords
from onemo.modem.channel import Drop, Forward, Open
from onemo.modem.modem import Modem
from onemo.modem.names import name_policy
from onemo.net.coap.exchange import CoapAnswers, CoapFlights, CoapPatience
from onemo.net.coap.message import (
    MOST_MID,
    CoapCode,
    CoapMalformed,
    CoapMessage,
    CoapType,
    decode,
    encode,
)
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, OpenRequest, Transport
from onemo.profile.index import Label

_TOKEN = 4
_PARTING = ClosePlan(CloseMode.NOW, 0.0, 0.0)
_PORT_FAILURES = (NetFailure.PORT_TAKEN, NetFailure.BIND)
_MOST_PORTS = 16
"""Ports that are tried one after the other before the module waits: of 1,000 modules of a lab some want the same."""
_MOST_FORWARDS = 64
"""Datagrams that wait for a host that takes none."""
Options = Sequence[tuple[int, bytes]]


class Lwm2mTaking(NamedTuple):
    """What becomes of a confirmable message: acknowledged, else reset or given up."""

    acknowledged: bool


class Lwm2mHears(Protocol):
    """Whoever speaks over the link."""

    def on_up(self, now: float) -> None:
        """Hear that the server can be spoken to."""
        ...

    def on_unreachable(self, failure: NetFailure, now: float) -> None:
        """Hear that there is no way to the server, or none any more."""
        ...

    def on_request(self, message: CoapMessage, now: float) -> None:
        """Take a request of the server's, which was not answered before."""
        ...

    def on_reset(self, mid: int, now: float) -> None:
        """Hear that the server knows nothing of a message that was not confirmable."""
        ...

    def on_too_long(self) -> None:
        """Hear that a datagram was too long, and is lost."""
        ...


@dataclass(slots=True, eq=False)
class _Order:
    """A request that waits for its answer until a time."""

    mid: int
    done: Callable[[CoapMessage | None, float], None]
    until: float


class Lwm2mChannel:
    """The channel. Implements Owner. arm: the deadline may be another one."""

    watches_breaks = False
    watches_acknowledgements = False

    def __init__(self, device: Modem, hears: Lwm2mHears, arm: Callable[[], None]) -> None:
        self._device = device
        self._hears = hears
        self._arm = arm
        self._table = device.profile.table(LWM2M)
        self._dice = 0
        self._port_seed = 0
        self._ports_tried = 0
        self._until = 0.0
        self._mid = self._roll() & MOST_MID
        self._stands = False
        self.opening = False
        self._target: Lwm2mTarget
        self._flights: CoapFlights[int] = CoapFlights()
        self._takings: dict[int, Callable[[Lwm2mTaking, float], None]] = {}
        self._orders: dict[bytes, _Order] = {}
        self._answers: CoapAnswers[int] = CoapAnswers(self._table.kept_answers, self._table.kept_time)
        self._forwards: deque[Callable[[bool], None] | None] = deque()

    # Connections.

    def open(self, target: Lwm2mTarget, timeout: float) -> None:
        """Look for the server within so many seconds; on_up or on_unreachable follows."""
        self._target, self._until, self._ports_tried = target, self._device.now + timeout, 0
        self._open()

    def drop(self) -> None:
        """Let go of the server, and forget what it was asked and has answered."""
        if self._stands or self.opening:
            self._device.intents.append(Drop(self))
        self.gone()
        self._flights.clear()
        self._takings.clear()
        self._orders.clear()

    def gone(self) -> None:
        """Take up that there is no connection any more; what waits goes on where there is one again."""
        self._stands = self.opening = False
        self._answers.clear()
        while self._forwards:
            self._tell_taken(self._forwards.popleft(), taken=False)

    @property
    def busy(self) -> bool:
        """True while something waits for the server's word."""
        return self.opening or bool(self._flights) or bool(self._orders)

    @property
    def flying(self) -> int:
        """How many notifications wait for their acknowledgement."""
        return len(self._takings)

    @property
    def untaken(self) -> int:
        """How many datagrams the host has not taken yet."""
        return len(self._forwards)

    # What is sent.

    def give_mid(self) -> int:
        """Return the next message id."""
        self._mid = self._mid % MOST_MID + 1
        return self._mid

    def request(
        self,
        code: CoapCode,
        options: Options,
        payload: bytes,
        done: Callable[[CoapMessage | None, float], None],
    ) -> None:
        """Ask the server; done hears its answer, or None: there was none."""
        now, patience = self._device.now, self._patience()
        token, mid = self._roll().to_bytes(_TOKEN, "big"), self.give_mid()
        data = encode(CoapMessage(CoapType.CON, code, mid, token, tuple(options), payload))
        until = now + patience.first * (2 ** (patience.times + 1) - 1)
        self._orders[token] = _Order(mid, done, until)
        self._flights.begin(mid, data, patience, now)
        self._forward(data)
        self._arm()

    def confirm(
        self, message: CoapMessage, done: Callable[[Lwm2mTaking, float], None], sent: Callable[[bool], None] | None
    ) -> None:
        """Send a confirmable message that is no request."""
        data = encode(message)
        self._takings[message.mid] = done
        self._flights.begin(message.mid, data, self._patience(), self._device.now)
        self._forward(data, sent)
        self._arm()

    def send(self, message: CoapMessage, sent: Callable[[bool], None] | None = None) -> None:
        """Send a message once. sent: hears whether the host took it."""
        self._forward(encode(message), sent)

    def answer(
        self,
        request: CoapMessage,
        code: CoapCode,
        options: Options = (),
        payload: bytes = b"",
        sent: Callable[[bool], None] | None = None,
    ) -> None:
        """Answer a request, on its acknowledgement where it is confirmable, and whenever it comes again."""
        confirmable = request.type is CoapType.CON
        kind, mid = (CoapType.ACK, request.mid) if confirmable else (CoapType.NON, self.give_mid())
        data = encode(CoapMessage(kind, code, mid, request.token, tuple(options), payload))
        self._answers.keep(request.mid, data if confirmable else b"", self._device.now)
        self._forward(data, sent)

    def forget_orders(self) -> None:
        """Forget the requests that wait for an answer."""
        for order in self._orders.values():
            self._flights.end(order.mid)
        self._orders.clear()

    # Owner.

    @property
    def label(self) -> Label:
        """The name of the connection in traces and fault scopes."""
        return Label(LWM2M_DEVICES, 0)

    def on_opened(self, *, ipv6: bool, now: float) -> None:
        """Take up that there is a way to the server."""
        self._stands, self.opening = True, False
        self._hears.on_up(now)

    def on_failed(self, failure: NetFailure, now: float) -> None:
        """Take up that there is none; where a program of the host has its own port, the module takes another one."""
        self.opening = False
        if failure in _PORT_FAILURES:
            self._port_seed += 1
            self._ports_tried += 1
            if self._ports_tried < _MOST_PORTS and now < self._until:
                self._open()
                return
        self._hears.on_unreachable(failure, now)

    def credit(self) -> int:
        """Return the most bytes that may come: datagrams always may."""
        return MOST_MID

    def on_data(self, data: bytes, now: float) -> None:
        """Take a datagram; without a network it is lost."""
        if not self._stands or self._device.contexts.refusal(None) is not None:
            return
        if len(data) > self._table.datagram:
            if not self._device.first.transmitter.crowded:
                self._hears.on_too_long()
            return
        try:
            self._take(decode(data), now)
        except CoapMalformed as error:
            if error.mid is not None:
                self._reset(error.mid)
        self._arm()

    def on_taken(self, count: int, now: float) -> None:
        """Take note that the host took a datagram."""
        if self._forwards:
            self._tell_taken(self._forwards.popleft(), taken=True)

    def on_untaken(self, count: int) -> None:
        """Take note that the host refused a datagram; it is repeated as one that is lost."""
        if self._forwards:
            self._tell_taken(self._forwards.popleft(), taken=False)

    def on_acknowledged(self, count: int) -> None:
        """Raise AssertionError: nobody watches acknowledgements."""
        raise AssertionError("nobody watches acknowledgements")

    def on_lost(self, failure: NetFailure | None, now: float) -> None:
        """Take up that the connection is gone."""
        self.gone()
        self._hears.on_unreachable(failure or NetFailure.OTHER, now)

    def on_closed(self, result: CloseResult, now: float) -> None:
        """Raise AssertionError: it is dropped, never closed."""
        raise AssertionError("it is dropped, never closed")

    # Time.

    @property
    def deadline(self) -> float:
        """When on_deadline is to be called; inf: never."""
        return min(self._flights.deadline, min((order.until for order in self._orders.values()), default=math.inf))

    def on_deadline(self, now: float) -> None:
        """Repeat what is due, and give up what is lost."""
        again, given_up = self._flights.due(now)
        for data in again:
            self._forward(data)
        for mid in given_up:
            if (done := self._takings.pop(mid, None)) is not None:
                done(Lwm2mTaking(acknowledged=False), now)
        for token, order in list(self._orders.items()):
            if (order.mid in given_up or now >= order.until) and self._orders.pop(token, None) is not None:
                self._flights.end(order.mid)
                order.done(None, now)

    # Inside.

    def _open(self) -> None:
        """Open the connection from the module's own port."""
        self.opening = True
        ports, target = self._table.local_ports, self._target
        request = OpenRequest(
            transport=Transport.UDP,
            host=target.host,
            port=target.port,
            timeout=self._until - self._device.now,
            names=name_policy(self._device, None),
            local_port=_own_port(ports.low, ports.high, self._device.profile.identity.imei, self._port_seed),
        )
        words = partial(Lwm2mWords, self._table.authcode_option)
        self._device.intents.append(Open(self, request, _PARTING, words))

    def _take(self, message: CoapMessage, now: float) -> None:
        if message.type in (CoapType.ACK, CoapType.RST):
            self._settle(message, now)
        elif message.is_request:
            known = self._answers.find(message.mid, now)
            if known is None and not self._device.first.transmitter.crowded:  # else it is lost, and comes again
                self._hears.on_request(message, now)
            elif known:
                self._forward(known)
        elif message.is_answer:
            self._take_separate(message, now)
        elif message.type is CoapType.CON:
            self._reset(message.mid)  # a ping, or a code that nobody knows

    def _settle(self, message: CoapMessage, now: float) -> None:
        """Take an ACK or a RST."""
        mid = message.mid
        waited = self._flights.end(mid)
        if (done := self._takings.pop(mid, None)) is not None:
            done(Lwm2mTaking(acknowledged=message.type is CoapType.ACK), now)
            return
        if message.type is CoapType.RST:
            order = next((token for token, order in self._orders.items() if order.mid == mid), None)
            if order is not None:
                self._orders.pop(order).done(None, now)
            elif not waited:
                self._hears.on_reset(mid, now)
        elif message.is_answer:
            self._finish(message, now)

    def _take_separate(self, message: CoapMessage, now: float) -> None:
        """Take an answer in a message of its own: acknowledged when somebody waits for it, or did."""
        known = self._answers.find(message.mid, now)
        if known is None and message.token not in self._orders:
            if message.type is CoapType.CON:
                self._reset(message.mid)
            return
        if message.type is CoapType.CON:
            data = known or encode(CoapMessage(CoapType.ACK, CoapCode.EMPTY, message.mid))
            self._answers.keep(message.mid, data, now)
            self._forward(data)
        self._finish(message, now)

    def _finish(self, message: CoapMessage, now: float) -> None:
        if (order := self._orders.pop(message.token, None)) is not None:
            self._flights.end(order.mid)
            order.done(message, now)

    def _reset(self, mid: int) -> None:
        self._forward(encode(CoapMessage(CoapType.RST, CoapCode.EMPTY, mid)))

    def _forward(self, data: bytes, sent: Callable[[bool], None] | None = None) -> None:
        """Hand a datagram to the host; without a network, and behind too many that wait, it is lost."""
        full = len(self._forwards) >= _MOST_FORWARDS
        if full or not self._stands or self._device.contexts.refusal(None) is not None:
            self._tell_taken(sent, taken=False)
            return
        self._forwards.append(sent)
        self._device.intents.append(Forward(self, data))

    @staticmethod
    def _tell_taken(sent: Callable[[bool], None] | None, *, taken: bool) -> None:
        if sent is not None:
            sent(taken)

    def _patience(self) -> CoapPatience:
        share = (self._roll() & MOST_MID) / MOST_MID
        return CoapPatience(self._table.ack_time * (1 + (self._table.ack_spread - 1) * share), self._table.repeats)

    def _roll(self) -> int:
        """Return a number of 32 bits that nobody foresees, and that is the same in the same test."""
        self._dice += 1
        return _hashed(f"{self._device.profile.identity.imei} {self._device.now} {self._dice}")


def _own_port(low: int, high: int, imei: str, seed: int) -> int:
    """Return the local port of a module: another one for each seed, the same for the same."""
    return low + _hashed(f"{imei} {seed}") % (high - low + 1)


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
