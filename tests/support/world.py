"""The world of a test: peers that do what they are told, and results that a test decides beforehand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from onemo.errors import NetFailure
from onemo.modem.connection import Loss
from onemo.modem.connections import Connections
from onemo.modem.intents import (
    AskTime,
    Attach,
    Cancel,
    Close,
    Drop,
    Forward,
    Intent,
    Lookup,
    NetworkInfo,
    Open,
    Outstanding,
    Ping,
    Restart,
    Send,
    Sent,
    Store,
    Wait,
)
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, OpenRequest, Transport

from tests.support.answers import Answers

if TYPE_CHECKING:
    from tests.support.driver import Driver


@dataclass
class Peer:
    """The far end of one connection. got: what it received (a list item a datagram, or a piece of a stream).

    room: how many bytes of transparent mode are still taken of the outbox, None: all. nack: bytes that it has not
    acknowledged.
    """

    request: OpenRequest
    got: deque[bytes] = field(default_factory=deque)
    unread: deque[bytes] = field(default_factory=deque)
    ended: Loss | None = None
    outbox: deque[bytes] = field(default_factory=deque)
    room: int | None = None
    nack: int = 0

    @property
    def tcp(self) -> bool:
        return self.request.transport is Transport.TCP


class World:
    """Answers intents: at once and with success, unless told otherwise. All by connect_id.

    A held intent waits until the test says what becomes of it.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._reports: deque[Callable[[], None]] = deque()
        self._failures: dict[int, NetFailure] = {}
        self._over_ipv6: set[int] = set()
        self._sent: dict[int, Sent] = {}
        self._close_results: dict[int, CloseResult] = {}
        self._held: set[tuple[str, int]] = set()
        self._feeding = False
        self.answers = Answers(driver, self._later)
        self.network = NetworkInfo((), "10.1.2.3", None, None)
        self.requests: list[OpenRequest] = []
        self.plans: list[ClosePlan] = []
        self.sends: list[Send] = []
        self.opening: dict[int, OpenRequest] = {}
        self.sending: Send | None = None
        self.closing: set[int] = set()
        self.peers: dict[int, Peer] = {}
        self.last_peers: dict[int, Peer] = {}

    # What will become of the next intent of its kind.

    def hold(self, kind: str, connect_id: int) -> None:
        """kind: open, send or close."""
        assert kind in ("open", "send", "close")
        self._held.add((kind, connect_id))

    def fail_open(self, connect_id: int, failure: NetFailure) -> None:
        """The next open fails; one that is held fails now."""
        if connect_id in self.opening:
            del self.opening[connect_id]
            self._driver.report(lambda: self._connections.open_failed(connect_id, failure))
        else:
            self._failures[connect_id] = failure

    def over_ipv6(self, connect_id: int) -> None:
        """The next open finds an IPv6 address."""
        self._over_ipv6.add(connect_id)

    def finish_open(self, connect_id: int) -> None:
        """An open that is held succeeds."""
        self._opened(connect_id, self.opening.pop(connect_id))

    def take_only(self, connect_id: int, taken: int, *, failed: bool = False) -> None:
        """Decide the next send, or now the one that is held."""
        if self.sending is not None:
            self._finish_send(Sent(taken, failed))
        else:
            self._sent[connect_id] = Sent(taken, failed)

    def finish_send(self) -> None:
        """The send that is held is taken whole."""
        assert self.sending is not None
        self._finish_send(Sent(len(self.sending.data)))

    def end_close(self, connect_id: int, result: CloseResult) -> None:
        """Decide how the next close ends; one that is held ends so now."""
        if connect_id in self.closing:
            self._closed(connect_id, result)
        else:
            self._close_results[connect_id] = result

    def take_more(self, connect_id: int, room: int | None) -> None:
        """Take so many bytes more of transparent mode, then none; None: all."""
        peer = self.peers[connect_id]
        peer.room = room
        while count := self._take_outbox(peer):
            self._driver.report(partial(self._driver.modem.forwarded, connect_id, count, self._driver.now))
        if not peer.outbox and self.sending is not None and self.sending.connect_id == connect_id:
            self.finish_send()

    def host_has(self, ipv4: str, ipv6: str) -> None:
        """The host's own addresses at the next registration; "none": it has none."""
        given = (None if address == "none" else address for address in (ipv4, ipv6))
        self.network = self.network._replace(ipv4=next(given), ipv6=next(given))

    def hands_over(self, *, name_servers: tuple[str, ...] | None = None, utc: float | None = None) -> None:
        """Hand over name servers from now on, and the time (seconds since 1970) at the next registration."""
        if name_servers is not None:
            self.network = self.network._replace(name_servers=name_servers)
            self._driver.modem.name_servers = name_servers
        if utc is not None:
            self.network = self.network._replace(utc=utc)

    def drop_context(self, cid: int) -> None:
        """The network takes a PDP context down."""
        self._driver.report(lambda: self._driver.modem.contexts.lose(cid))

    # What peers do by themselves.

    def acknowledge(self, connect_id: int, count: int) -> None:
        """The peer acknowledges count bytes more, which only some want to know."""
        if self._connections.wants_acknowledgements(connect_id):
            self._driver.report(lambda: self._connections.acknowledged(connect_id, count))

    def peer_sends(self, connect_id: int, *pieces: bytes) -> None:
        """Over TCP in pieces of at most the credit; over UDP each piece a datagram."""
        self.peers[connect_id].unread.extend(pieces)
        self.feed()

    def peer_ends(self, connect_id: int, loss: Loss) -> None:
        """After what the peer sent before was read."""
        self.peers[connect_id].ended = loss
        self.feed()

    def feed(self) -> None:
        """Hand over what the core grants credit for."""
        if self._feeding:
            return
        self._feeding = True
        try:
            for connect_id in list(self.peers):
                while (peer := self.peers.get(connect_id)) is not None and self._feed_one(connect_id, peer):
                    pass
        finally:
            self._feeding = False

    def got(self, connect_id: int) -> bytes:
        """Return the bytes that the peer received since the last look: the stream, or the next datagram."""
        peer = self.last_peers[connect_id]
        if not peer.got:
            return b""
        if not peer.tcp:
            return peer.got.popleft()
        data = b"".join(peer.got)
        peer.got.clear()
        return data

    # What the driver calls.

    def carry_out(self, intent: Intent) -> None:
        match intent:
            case Open(connect_id=connect_id, request=request):
                self._open(connect_id, request)
            case Send():
                self._send(intent)
            case Forward():
                self._forward(intent)
            case Outstanding(connect_id=connect_id):
                peer = self.peers.get(connect_id)
                self._driver.complete(peer.nack if peer is not None else 0)
            case Close(connect_id=connect_id, plan=plan):
                self._close(connect_id, plan)
            case Drop(connect_id=connect_id):
                self.opening.pop(connect_id, None)
                self.peers.pop(connect_id, None)
            case Lookup() | Ping() | AskTime() | Cancel() | Store():
                self.answers.carry_out(intent)
            case Wait(seconds=seconds):
                self._driver.wakes.append((self._driver.now + seconds, intent))
            case Attach():
                self._reports.append(lambda: self._driver.report(self._attach))
            case Restart():
                self.answers.restart()
                self.peers.clear()
                self.opening.clear()
                self.closing.clear()
                self._driver.wakes.clear()
                self._reports.clear()
                self.sending = None
            case _:
                pass

    def tell(self) -> None:
        """Report what came of the intents of a step, once that step has ended."""
        while self._reports:
            self._reports.popleft()()
        self.feed()

    # Inside.

    @property
    def _connections(self) -> Connections:
        return self._driver.modem.connections

    def _attach(self) -> None:
        self._driver.modem.attached(self.network, self._driver.now)

    def _is_held(self, kind: str, connect_id: int) -> bool:
        held = (kind, connect_id) in self._held
        self._held.discard((kind, connect_id))
        return held

    def _open(self, connect_id: int, request: OpenRequest) -> None:
        assert connect_id not in self.peers, "a connection is opened where there is one"
        self.requests.append(request)
        failure = self._failures.pop(connect_id, None)
        self.opening[connect_id] = request
        if not self._is_held("open", connect_id):
            self._reports.append(partial(self._end_open, connect_id, request, failure))

    def _end_open(self, connect_id: int, request: OpenRequest, failure: NetFailure | None) -> None:
        """Unless it was dropped."""
        if self.opening.get(connect_id) is not request:
            return
        del self.opening[connect_id]
        if failure is None:
            self._opened(connect_id, request)
        else:
            self._driver.report(lambda: self._connections.open_failed(connect_id, failure))

    def _opened(self, connect_id: int, request: OpenRequest) -> None:
        self.peers[connect_id] = self.last_peers[connect_id] = Peer(request)
        ipv6 = connect_id in self._over_ipv6
        self._over_ipv6.discard(connect_id)
        self._driver.report(lambda: self._connections.opened(connect_id, ipv6=ipv6, now=self._driver.now))

    def _send(self, send: Send) -> None:
        self.sends.append(send)
        self.sending = send
        peer = self.peers.get(send.connect_id)
        if peer is not None and peer.outbox:
            return  # after what was handed over before
        if not self._is_held("send", send.connect_id):
            self._finish_send(self._sent.pop(send.connect_id, Sent(len(send.data))))

    def _finish_send(self, result: Sent) -> None:
        send, self.sending = self.sending, None
        assert send is not None
        peer = self.peers.get(send.connect_id)
        if peer is not None and not result.failed:
            peer.got.append(send.data[: result.taken])
        self._driver.complete(result)

    def _forward(self, forward: Forward) -> None:
        peer = self.peers.get(forward.connect_id)
        if peer is None:
            return
        peer.outbox.append(forward.data)
        while count := self._take_outbox(peer):
            self._driver.modem.forwarded(forward.connect_id, count, self._driver.now)

    def _take_outbox(self, peer: Peer) -> int:
        """Return how many bytes of the oldest payload the peer takes: of a datagram all or none."""
        if not peer.outbox:
            return 0
        data = peer.outbox.popleft()
        count = len(data) if peer.room is None else min(peer.room, len(data))
        if not peer.tcp and count < len(data):
            count = 0
        if peer.room is not None:
            peer.room -= count
        if count < len(data):
            peer.outbox.appendleft(data[count:])
        if count:
            peer.got.append(data[:count])
        return count

    def _close(self, connect_id: int, plan: ClosePlan) -> None:
        self.plans.append(plan)
        if connect_id not in self.peers:  # nobody serves it
            self._later(partial(self._connections.closed, connect_id, CloseResult.NORMAL, self._driver.now))
            return
        if plan.mode is CloseMode.DRAIN:
            self.peers[connect_id].got.extend(self.peers[connect_id].outbox)
        del self.peers[connect_id]
        self.closing.add(connect_id)
        if not self._is_held("close", connect_id):
            result = self._close_results.pop(connect_id, CloseResult.NORMAL)
            self._reports.append(partial(self._closed, connect_id, result))

    def _closed(self, connect_id: int, result: CloseResult) -> None:
        self.closing.remove(connect_id)
        self._driver.report(lambda: self._connections.closed(connect_id, result, self._driver.now))

    def _later(self, report: Callable[[], None]) -> None:
        self._reports.append(partial(self._driver.report, report))

    def _feed_one(self, connect_id: int, peer: Peer) -> bool:
        """Hand over one piece, or the end; whether there was anything to do."""
        if not peer.unread:
            if peer.ended is None:
                return False
            loss = peer.ended
            del self.peers[connect_id]
            self._driver.report(lambda: self._connections.lost(connect_id, loss))
            return True
        credit = self._connections.credit(connect_id)
        if not credit:
            if peer.ended is Loss.BROKEN and self._connections.tells_breaks(connect_id):
                peer.unread.clear()
                return True
            return False
        data = peer.unread.popleft()
        if peer.tcp and len(data) > credit:
            peer.unread.appendleft(data[credit:])
            data = data[:credit]
        self._driver.report(lambda: self._connections.received(connect_id, data, self._driver.now))
        return True
