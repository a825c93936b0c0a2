"""The world of a test: peers that do what they are told, and results that a test decides beforehand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from onemo.errors import NetFailure
from onemo.families import FIRMWARE_DATA, FTP_DATA
from onemo.families.sockets.connection import Loss
from onemo.families.sockets.instance import Instance
from onemo.modem.channel import (
    Accepted,
    Ask,
    Cancel,
    Close,
    Drop,
    Forward,
    Listen,
    Open,
    Outstanding,
    Owner,
    Send,
    SendTo,
    Sent,
    Unlisten,
)
from onemo.modem.intents import Attach, Intent, NetworkInfo, Restart, Store, Submission, Tell, Wait
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, OpenRequest, Transport
from onemo.profile.index import CONNECT_ID

from tests.support.answers import Answers
from tests.support.centre import Centre
from tests.support.listeners import Servers

if TYPE_CHECKING:
    from tests.support.driver import Driver


Key = int | tuple[str, int]
"""A connection in a test: its connect_id, or the index and number of whoever else owns it."""


_DATA = {FTP_DATA: "ftp_data", FIRMWARE_DATA: "firmware_data"}


def key_of(owner: Owner) -> Key:
    """The key of an owner's connection; ``ftp_data``, ``firmware_data`` stand for the data connections of FTP."""
    if owner.label.of in _DATA:
        return _DATA[owner.label.of], owner.label.number
    return owner.label.number if owner.label.index_name == CONNECT_ID else (owner.label.index_name, owner.label.number)


@dataclass
class Peer:
    """The far end of one connection. got: what it received (a list item a datagram, or a piece of a stream).

    room: how many bytes of transparent mode are still taken of the outbox, None: all. nack: bytes that it has not
    acknowledged.
    """

    owner: Owner
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
    """Answers intents: at once and with success, unless told otherwise. All by key.

    A held intent waits until the test says what becomes of it.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._reports: deque[Callable[[], None]] = deque()
        self._failures: dict[Key, NetFailure] = {}
        self._over_ipv6: set[Key] = set()
        self._sent: dict[Key, Sent] = {}
        self._close_results: dict[Key, CloseResult] = {}
        self._held: set[tuple[str, Key]] = set()
        self._feeding = False
        self.answers = Answers(driver, self._later)
        self.centre = Centre(driver)
        self.network = NetworkInfo((), "10.1.2.3", None, None)
        self.requests: list[OpenRequest] = []
        self.plans: list[ClosePlan] = []
        self.sends: list[Send] = []
        self.opening: dict[Key, Open] = {}
        self.sending: list[Send] = []
        self.closing: dict[Key, Owner] = {}
        self.peers: dict[Key, Peer] = {}
        self.last_peers: dict[Key, Peer] = {}
        self.servers = Servers(driver, self._later, self._accepted)

    # What will become of the next intent of its kind.

    def hold(self, kind: str, key: Key) -> None:
        """kind: open, send or close."""
        assert kind in ("open", "send", "close")
        self._held.add((kind, key))

    def fail_open(self, key: Key, failure: NetFailure) -> None:
        """The next open fails; one that is held fails now."""
        if opening := self.opening.pop(key, None):
            self._driver.report(lambda: opening.owner.on_failed(failure, self._driver.now))
        else:
            self._failures[key] = failure

    def over_ipv6(self, key: Key) -> None:
        """The next open finds an IPv6 address."""
        self._over_ipv6.add(key)

    def finish_open(self, key: Key) -> None:
        """An open that is held succeeds."""
        self._opened(self.opening.pop(key))

    def take_only(self, key: Key, taken: int, *, failed: bool = False) -> None:
        """Decide the next send, or now the one that is held."""
        if self.sending:
            self._finish_send(self.sending[0], Sent(taken, failed))
        else:
            self._sent[key] = Sent(taken, failed)

    def finish_send(self) -> None:
        """The send that is held, or the first of them, is taken whole."""
        send = self.sending[0]
        self._finish_send(send, Sent(len(send.data)))

    def end_close(self, key: Key, result: CloseResult) -> None:
        """Decide how the next close ends; one that is held ends so now."""
        if key in self.closing:
            self._closed(key, result)
        else:
            self._close_results[key] = result

    def take_more(self, key: Key, room: int | None) -> None:
        """Take so many bytes more of transparent mode, then none; None: all."""
        peer = self.peers[key]
        peer.room = room
        while count := self._take_outbox(peer):
            self._driver.report(partial(peer.owner.on_taken, count, self._driver.now))
        for send in [send for send in self.sending if send.owner is peer.owner and not peer.outbox]:
            self._finish_send(send, Sent(len(send.data)))

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

    def acknowledge(self, key: Key, count: int) -> None:
        """The peer acknowledges count bytes more, which only some want to know."""
        owner = self.peers[key].owner
        if owner.watches_acknowledgements:
            self._driver.report(lambda: owner.on_acknowledged(count))

    def peer_sends(self, key: Key, *pieces: bytes) -> None:
        """Over TCP in pieces of at most the credit; over UDP each piece a datagram."""
        self.peers[key].unread.extend(pieces)
        self.feed()

    def peer_ends(self, key: Key, loss: Loss) -> None:
        """After what the peer sent before was read."""
        self.peers[key].ended = loss
        self.feed()

    def feed(self) -> None:
        """Hand over what the core grants credit for."""
        if self._feeding:
            return
        self._feeding = True
        try:
            for key in list(self.peers):
                while (peer := self.peers.get(key)) is not None and self._feed_one(key, peer):
                    pass
        finally:
            self._feeding = False

    def got(self, key: Key) -> bytes:
        """Return the bytes that the peer received since the last look: the stream, or the next datagram."""
        peer = self.last_peers[key]
        if not peer.got:
            return b""
        if not peer.tcp:
            return peer.got.popleft()
        data = b"".join(peer.got)
        peer.got.clear()
        return data

    def _accepted(self, accepted: Accepted) -> None:
        key = key_of(accepted.owner)
        self.peers[key] = self.last_peers[key] = Peer(accepted.owner, accepted.request)

    # What the driver calls.

    def carry_out(self, intent: Intent) -> None:
        match intent:
            case Open():
                self._open(intent)
            case Send():
                self._send(intent)
            case Forward():
                self._forward(intent)
            case Outstanding():
                peer = self.peers.get(key_of(intent.owner))
                self._driver.complete(intent, peer.nack if peer is not None else 0)
            case Close():
                self._close(intent)
            case Drop():
                self.opening.pop(key_of(intent.owner), None)
                self.peers.pop(key_of(intent.owner), None)
            case Ask() | Cancel() | Store():
                self.answers.carry_out(intent)
            case Listen() | Unlisten() | SendTo():
                self.servers.carry_out(intent)
            case Submission():
                self.centre.submitted(intent)
            case Tell():
                self.centre.told.append(f"{intent.event} {intent.detail}")
            case Wait(seconds=seconds):
                self._driver.wakes.append((self._driver.now + seconds, intent))
            case Attach():
                self._later(lambda: self._driver.modem.attached(intent, self.network, self._driver.now))
            case Restart():
                self.answers.restart()
                self.peers.clear()
                self.servers.listening.clear()
                self.opening.clear()
                self.closing.clear()
                self._driver.wakes.clear()
                self._reports.clear()
                self.sending.clear()
            case _:
                pass

    def tell(self) -> None:
        """Report what came of the intents of a step, once that step has ended."""
        while self._reports:
            self._reports.popleft()()
        self.feed()

    # Inside.

    def _is_held(self, kind: str, key: Key) -> bool:
        held = (kind, key) in self._held
        self._held.discard((kind, key))
        return held

    def _open(self, intent: Open) -> None:
        key = key_of(intent.owner)
        assert key not in self.peers, "a connection is opened where there is one"
        self.requests.append(intent.request)
        failure = self._failures.pop(key, None)
        self.opening[key] = intent
        if not self._is_held("open", key):
            self._reports.append(partial(self._end_open, intent, failure))

    def _end_open(self, intent: Open, failure: NetFailure | None) -> None:
        """Unless it was dropped."""
        key = key_of(intent.owner)
        if self.opening.get(key) is not intent:
            return
        del self.opening[key]
        if failure is None:
            self._opened(intent)
        else:
            self._driver.report(lambda: intent.owner.on_failed(failure, self._driver.now))

    def _opened(self, intent: Open) -> None:
        key = key_of(intent.owner)
        self.peers[key] = self.last_peers[key] = Peer(intent.owner, intent.request)
        ipv6 = key in self._over_ipv6
        self._over_ipv6.discard(key)
        self._driver.report(lambda: intent.owner.on_opened(ipv6=ipv6, now=self._driver.now))

    def _send(self, send: Send) -> None:
        key = key_of(send.owner)
        self.sends.append(send)
        self.sending.append(send)
        peer = self.peers.get(key)
        if peer is not None and peer.outbox:
            return  # after what was handed over before
        if not self._is_held("send", key):
            self._finish_send(send, self._sent.pop(key, Sent(len(send.data))))

    def _finish_send(self, send: Send, result: Sent) -> None:
        self.sending.remove(send)
        peer = self.peers.get(key_of(send.owner))
        if peer is not None and not result.failed:
            peer.got.append(send.data[: result.taken])
        self._driver.complete(send, result)

    def _forward(self, forward: Forward) -> None:
        peer = self.peers.get(key_of(forward.owner))
        if peer is None:
            forward.owner.on_untaken(len(forward.data))
            return
        peer.outbox.append(forward.data)
        while count := self._take_outbox(peer):
            forward.owner.on_taken(count, self._driver.now)

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

    def _close(self, intent: Close) -> None:
        key, owner, plan = key_of(intent.owner), intent.owner, intent.plan
        self.plans.append(plan)
        if key not in self.peers:  # nobody serves it
            self._later(partial(owner.on_closed, CloseResult.NORMAL, self._driver.now))
            return
        if plan.mode is CloseMode.DRAIN:
            self.peers[key].got.extend(self.peers[key].outbox)
        del self.peers[key]
        self.closing[key] = owner
        if not self._is_held("close", key):
            result = self._close_results.pop(key, CloseResult.NORMAL)
            self._reports.append(partial(self._closed, key, result))

    def _closed(self, key: Key, result: CloseResult) -> None:
        owner = self.closing.pop(key)
        self._driver.report(lambda: owner.on_closed(result, self._driver.now))

    def _later(self, report: Callable[[], None]) -> None:
        self._reports.append(partial(self._driver.report, report))

    def _feed_one(self, key: Key, peer: Peer) -> bool:
        """Hand over one piece, or the end; whether there was anything to do."""
        if not peer.unread:
            if peer.ended is None:
                return False
            del self.peers[key]
            self._driver.report(partial(self._lose, peer.owner, peer.ended))
            return True
        credit = peer.owner.credit()
        if not credit:
            if peer.ended is Loss.BROKEN and peer.owner.watches_breaks:
                peer.unread.clear()
                return True
            return False
        data = peer.unread.popleft()
        if peer.tcp and len(data) > credit:
            peer.unread.appendleft(data[credit:])
            data = data[:credit]
        self._driver.report(lambda: peer.owner.on_data(data, self._driver.now))
        return True

    def _lose(self, owner: Owner, loss: Loss) -> None:
        if loss is Loss.PDP_DOWN:
            assert isinstance(owner, Instance)
            owner.lose(loss)
        else:
            owner.on_lost(None if loss is Loss.PEER_CLOSED else NetFailure.RESET, self._driver.now)
