"""One connection instance: what MIPOPEN, MIPCLOSE and the network do to it, and the URCs that say so.

What comes from the peer goes into URCs, buffers or straight to the DTE, as the access mode says (manual 3.14). Credit
is how back-pressure reaches the peer: the shell reads no more than is granted here.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from onemo.at.command import print_line
from onemo.at.payload import ReceiveFormat, encode
from onemo.at.reply import CommandError
from onemo.errors import NetFailure
from onemo.families import SOCKETS
from onemo.families.sockets.connection import (
    REFUSALS,
    TRANSITIONS,
    AcceptingServer,
    AccessMode,
    ConnectionEvent,
    Loss,
    Operation,
    State,
)
from onemo.families.sockets.holding import buffer_for, deliver, tell_data
from onemo.families.sockets.profile import CLOSE_MODES, CLOSE_RESULTS, CONNECTION, DISCONNECTED, OPEN_RESULTS
from onemo.families.sockets.settings import ACK_MODE, AUTOFREE, ENCODING
from onemo.modem.cache import Cache
from onemo.modem.channel import Close, Drop
from onemo.modem.console import Console
from onemo.modem.host import Host
from onemo.modem.pieces import piece_sizes
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, OpenRequest, Transport
from onemo.profile.index import Label
from onemo.wire.transmitter import Kind

_MAX_DATAGRAM = 65535
_BULK = 65536
_RECORD = 16384  # bytes of data in a TLS record at most (RFC 5246 6.2.1)


@dataclass(slots=True, eq=False)
class Instance:
    """One connect_id. Implements Owner.

    request: what MIPOPEN asked, None while INITIAL. cid: the PDP context that it is on, None for the default one. sent,
    received: bytes. waiting_ports: all local ports in their 2 MSL wait, and until when. console: the one that asked
    last, which hears of it, and is held in transparent mode.

    buffer holds what was received in a buffered mode, over UDP senders who sent each of it. server: that accepted it.
    online: it holds the line. queued: bytes of transparent mode that the network has not taken yet; packet_size (bytes)
    and packet_wait (seconds): when such data goes out.
    """

    connect_id: int
    host: Host = field(repr=False)
    waiting_ports: dict[int, float] = field(default_factory=dict, repr=False)
    state: State = State.INITIAL
    cid: int | None = None
    request: OpenRequest | None = None
    access_mode: AccessMode = AccessMode.NORMAL
    ipv6: bool = False
    sent: int = 0
    received: int = 0
    last_exchange: float = -math.inf
    close_mode: int = 0
    buffer: Cache[bytes] | None = None
    senders: deque[tuple[str, int]] = field(default_factory=deque, repr=False)
    server: AcceptingServer | None = None
    online: bool = False
    queued: int = 0
    packet_size: int = 0
    packet_wait: float = 0.0
    console: Console = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.console = self.host.first

    def check(self, operation: Operation) -> None:
        """Refuse an operation that the state does not allow. Raises CommandError."""
        if refusal := REFUSALS.get((operation, self.state)):
            raise CommandError(refusal)

    def on(self, event: ConnectionEvent) -> None:
        """Change the state. Raises KeyError when it has no such event: a bug."""
        self.state = TRANSITIONS[self.state, event]
        if self.state is State.INITIAL:
            server, sent, received = self.server, self.sent, self.received
            self.request = self.server = None
            self.access_mode = AccessMode.NORMAL
            self.ipv6 = False
            self.buffer = None
            self.online = False
            self.sent = self.received = self.queued = 0
            if server is not None:
                server.left(self.connect_id, sent, received)

    @property
    def transport(self) -> Transport | None:
        """TCP or UDP; None while INITIAL."""
        return self.request.transport if self.request else None

    @property
    def datagrams(self) -> bool:
        """True over UDP."""
        return self.transport is Transport.UDP

    # Transparent mode.

    def take_line(self) -> bytes:
        """Hold the line from now on; return what was received before and is unread."""
        unread = self.drain_raw()
        self.hold(AccessMode.TRANSPARENT)
        self.online = True
        return unread

    def leave_line(self) -> None:
        """Go back to normal mode."""
        self.online = False
        self.hold(AccessMode.NORMAL)

    def give_up_line(self) -> None:
        """Leave the line, or the way to it: it has ended, or a command on another console wants it otherwise."""
        self.online = False
        self.console.go_offline(self)

    # What commands do.

    def close(self, mode: int, now: float) -> None:
        """Begin MIPCLOSE in the way that mode stands for in the profile; on UDP the mode is inert."""
        self.check(Operation.CLOSE)
        self.give_up_line()
        self.console = self.host.console
        lost = self.state is State.CLOSED
        self.on(ConnectionEvent.CLOSE)
        self.close_mode = mode
        if lost or (self.server is not None and self.datagrams):  # its socket is the server's
            self.on_closed(CloseResult.NORMAL, now)
            return
        profile = self.host.profile
        way = CloseMode(profile.table(CLOSE_MODES)[str(mode)].way)
        plan = ClosePlan(way, profile.table(CONNECTION).close_stall, profile.table(CONNECTION).close_linger)
        self.host.intents.append(Close(self, plan))

    def accept(self, server: AcceptingServer, request: OpenRequest, mode: AccessMode, now: float) -> None:
        """Take a connection that a server got; it is CONNECTED at once."""
        self.cid, self.console = None, self.host.first
        self.server, self.request = server, request
        self.ipv6 = ":" in request.host
        self.last_exchange = now
        self.on(ConnectionEvent.ACCEPTED)
        self.hold(mode)

    def fail(self, loss: Loss) -> None:
        """End the connection, if there is one: a command found it broken, or its context went down."""
        if self.state is State.CONNECTED:
            self.host.intents.append(Drop(self))
            self.lose(loss)

    def hold(self, mode: AccessMode) -> None:
        """Take the access mode, and the buffer that it needs."""
        self.access_mode = mode
        self.senders.clear()
        self.buffer = buffer_for(self.host, self.connect_id, mode)

    @property
    def unread(self) -> int:
        """The bytes (TCP) or packets (UDP) that wait for MIPRD."""
        if self.buffer is None:
            return 0
        return len(self.buffer) if self._counts_packets else self.buffer.total

    def read(self, count: int) -> list[bytes]:
        """Take MIPRD lines: one with up to count bytes (TCP), one for each of up to count packets (UDP); 0: all.

        Of a stream that counts packets: one line for each that is in up to count bytes; the last may be broken.
        """
        buffer = self.buffer
        if not buffer:
            return []
        if self.transport is Transport.TCP:
            return list(self._read_stream(buffer, min(count, buffer.total) or buffer.total))
        packets = min(count, len(buffer)) or len(buffer)
        return [self._read_line(len(buffer), packet) for packet, _ in self.take_packets(packets)]

    def take_packets(self, count: int) -> Iterator[tuple[bytes, tuple[str, int]]]:
        """Take packets that are held, with their senders, as they are asked for."""
        assert self.buffer is not None
        for _ in range(count):
            yield self.buffer.take(), self.senders.popleft()

    def drain_raw(self) -> bytes:
        """Take everything that is buffered, as transparent mode prints it."""
        return self.buffer.read(0) if self.buffer else b""

    # Owner.

    @property
    def label(self) -> Label:
        """The name of the connection in traces and fault scopes."""
        return Label(SOCKETS, self.connect_id)

    @property
    def watches_breaks(self) -> bool:
        """True in stream-buffered mode: a break is told at once, though not everything was read."""
        return self.access_mode is AccessMode.STREAM_BUFFERED

    @property
    def watches_acknowledgements(self) -> bool:
        """True while the "ack" URC is on: over TCP, with ackmode 1, on a line that takes URCs."""
        return (
            self.access_mode is not AccessMode.TRANSPARENT
            and self.state is State.CONNECTED
            and self.transport is Transport.TCP
            and bool(self.host.settings.effective(ACK_MODE, self.connect_id).ack_mode)
        )

    def on_opened(self, *, ipv6: bool, now: float) -> None:
        """Tell that MIPOPEN is done, or ask for the line in transparent mode. ipv6: over that family."""
        self.on(ConnectionEvent.OPENED)
        self.ipv6 = ipv6
        self.last_exchange = now
        if self.access_mode is AccessMode.TRANSPARENT:
            self.console.go_online(self)
            return
        self.hold(self.access_mode)
        self._tell_opened(0)

    def on_failed(self, failure: NetFailure, now: float) -> None:
        """Tell that MIPOPEN has failed; the instance is free again whatever autofree says."""
        self.on(ConnectionEvent.FAILED)
        self.tell_failed(failure)

    def tell_failed(self, failure: NetFailure) -> None:
        """Tell that MIPOPEN has failed; <result> is what the profile makes of the failure."""
        results = self.host.profile.table(OPEN_RESULTS)
        named: int | str = getattr(results, failure.name.lower(), results.other)
        self._tell_opened(named if isinstance(named, int) else self.host.profile.cme[named].number)

    def credit(self) -> int:
        """Return the most bytes to read from the peer now; 0: none for the time being.

        Datagrams are always taken, but for those of a transparent connection that has not got the line yet: those that
        do not fit are dropped whole.
        """
        if self.state is not State.CONNECTED:
            return 0
        transparent = self.access_mode is AccessMode.TRANSPARENT
        if transparent and not self.online:
            return 0
        if self.transport is Transport.UDP:
            return _MAX_DATAGRAM
        transmitter = self.console.transmitter if transparent else self.host.first.transmitter
        if transmitter.full:
            return 0
        if transparent:
            return _BULK
        if self.buffer is not None:
            return self._stream_credit(self.buffer)
        return 0 if transmitter.hold else self.host.profile.table(CONNECTION).piece

    def _stream_credit(self, buffer: Cache[bytes]) -> int:
        """Return the credit in stream-buffered mode.

        Over TLS it is one record: while something of it is unread, nothing is taken from the peer (manual 3.3, fn 14).
        """
        if self.request is not None and self.request.tls is not None:
            return 0 if buffer.total else min(buffer.room, _RECORD)
        return min(buffer.room, self.host.profile.table(CONNECTION).piece)

    def on_data(self, data: bytes, now: float) -> None:
        """Hand on a piece of at most the credit (TCP), or a datagram."""
        self.last_exchange = now
        self.received += len(data)
        if self.access_mode is AccessMode.TRANSPARENT:
            self._write_raw(data)
        elif self.buffer is not None:
            self._store(self.buffer, data)
        else:
            udp = self.transport is Transport.UDP
            kind = b"rudp" if udp else b"rtcp"
            line = b'+MIPURC: "%b",%d,%d,%b' % (kind, self.connect_id, len(data), self.encoded(data))
            tell_data(self.host, self.connect_id, line, data, udp=udp)

    def on_datagram(self, data: bytes, host: str, port: int, now: float) -> None:
        """Hand on a datagram that came to a server over UDP."""
        assert self.request is not None
        assert self.server is not None
        self.request = self.request._replace(host=host, port=port)
        self.last_exchange = now
        self.received += len(data)
        if self.buffer is None:
            sender = print_line("MIPURC", "iudp", self.server.sid, self.connect_id, host, port)
            line = b"%b,%d,%b" % (sender, len(data), self.encoded(data))
            tell_data(self.host, self.connect_id, line, data, udp=True)
        else:
            self._store(self.buffer, data)

    def on_taken(self, count: int, now: float) -> None:
        """Count payload of transparent mode that the network took."""
        self.queued = max(0, self.queued - count)
        self.sent += count
        self.last_exchange = now

    def on_untaken(self, count: int) -> None:
        """Forget payload of transparent mode that will never leave."""
        self.queued = max(0, self.queued - count)

    def on_acknowledged(self, count: int) -> None:
        """Tell it in "ack" URCs of at most one piece each."""
        for part in piece_sizes(count, self.host.profile.table(CONNECTION).piece):
            self.host.notify(print_line("MIPURC", "ack", self.connect_id, part))

    def on_lost(self, failure: NetFailure | None, now: float) -> None:
        """Tell that the peer closed the connection, or that it broke."""
        self.lose(Loss.PEER_CLOSED if failure is None else Loss.BROKEN)

    def lose(self, loss: Loss) -> None:
        """Tell that the connection has ended by itself: "disconn", and INITIAL or (autofree 1) CLOSED."""
        self.give_up_line()
        self.on(ConnectionEvent.LOST)
        if not self.host.settings.effective(AUTOFREE, self.connect_id).free_mode:
            self.on(ConnectionEvent.RELEASED)
        number = self.host.profile.table(DISCONNECTED)[loss.value]
        self.host.notify(print_line("MIPURC", "disconn", self.connect_id, number))

    def on_closed(self, result: CloseResult, now: float) -> None:
        """Finish MIPCLOSE: its URC, and the 2 MSL wait of a given local port where the mode has one."""
        profile = self.host.profile
        mode = profile.table(CLOSE_MODES)[str(self.close_mode)]
        request = self.request
        tcp = request is not None and request.transport is Transport.TCP
        if tcp and request is not None and request.local_port and mode.waits:
            self.waiting_ports[request.local_port] = self.last_exchange + 2 * profile.table(CONNECTION).msl
        if self.server is not None and self.server.closed(self.connect_id, result):
            self.on(ConnectionEvent.RELEASED)
            return
        code = None
        if tcp and mode.code and profile.table(CONNECTION).close_code:
            code = getattr(profile.table(CLOSE_RESULTS), result.value)
        self.host.notify_on(self.console, print_line("MIPCLOSE", self.connect_id, code))
        self.on(ConnectionEvent.RELEASED)

    # Inside.

    def _tell_opened(self, result: int) -> None:
        self.host.notify_on(self.console, print_line("MIPOPEN", self.connect_id, result))

    def encoded(self, data: bytes) -> bytes:
        """Encode data in the <recv_format>."""
        form = self.host.settings.effective(ENCODING, self.connect_id).recv_format
        return encode(data, ReceiveFormat(form))

    @property
    def _counts_packets(self) -> bool:
        """True over UDP, and on an old firmware over TCP too."""
        return self.transport is Transport.UDP or self.host.profile.table(CONNECTION).stream_counts == "packets"

    def _read_stream(self, buffer: Cache[bytes], count: int) -> Iterator[bytes]:
        while count:
            data = buffer.read(min(count, buffer.oldest) if self._counts_packets else count)
            count -= len(data)
            yield self._read_line(self.unread, data)

    def _read_line(self, unread: int, data: bytes) -> bytes:
        return print_line("MIPRD", self.connect_id, unread, len(data), self.encoded(data))

    def _store(self, buffer: Cache[bytes], data: bytes) -> None:
        """Hold data for MIPRD. A datagram that does not fit is dropped; a stream has not more than its credit."""
        longest = self.host.profile.table(CONNECTION).longest_datagram if self.datagrams else 0
        if 0 < longest < len(data) or not buffer.add(data):
            # Droppable itself: a flood that nobody reads must not fill the queue with its own lament.
            self.host.notify(print_line("MIPURC", "drop", self.connect_id, len(data)), droppable=True)
            return
        if self.datagrams:
            request = self.request
            assert request is not None
            self.senders.append(getattr(data, "sender", (request.host, request.port)))
        if self.server is not None and self.datagrams and self.request is not None:
            host, port = self.request.host, self.request.port
            sid = self.server.sid
            self.host.notify(print_line("MIPURC", "iudp", sid, self.connect_id, host, port, len(buffer)))
        elif self._counts_packets:
            kind = "rtcp" if self.transport is Transport.TCP else "rudp"
            self.host.notify(print_line("MIPURC", kind, self.connect_id, len(buffer)))
        else:
            self.host.notify(print_line("MIPURC", "rtcp", self.connect_id, len(data), buffer.total))

    def _write_raw(self, data: bytes) -> None:
        """Write straight to the DTE. Datagrams for which there is no room are dropped whole, and counted."""
        transmitter = self.console.transmitter
        if self.transport is Transport.UDP and transmitter.full:
            transmitter.dropped += 1
        else:
            transmitter.write(data, Kind.DATA)
            deliver(self.host, self.connect_id, data)
