"""One connection instance (manual 3.8): its states, and what each state refuses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, IntEnum, auto

from onemo.at.reply import Cme, CommandError, ErrorCode
from onemo.modem.buffers import PacketBuffer, StreamBuffer
from onemo.net.interface import OpenRequest, Transport


class SocketError:
    """The errors of connections (manual 5)."""

    TCPIP_UNKNOWN = ErrorCode("tcpip_unknown")
    NOT_USED = ErrorCode("not_used")
    IN_USE = ErrorCode("in_use")
    NOT_CONNECTED = ErrorCode("not_connected")
    SOCKET_FAILED = ErrorCode("socket_failed")
    BIND_FAILED = ErrorCode("bind_failed")
    LISTEN_FAILED = ErrorCode("listen_failed")
    REFUSED = ErrorCode("refused")
    TIMED_OUT = ErrorCode("timed_out")
    CONNECTION_FAILED = ErrorCode("connection_failed")
    WRITE_FAILED = ErrorCode("write_failed")
    READ_FAILED = ErrorCode("read_failed")
    ACCEPT_FAILED = ErrorCode("accept_failed")
    PORT_BUSY = ErrorCode("port_busy")
    FAMILY_UNSUPPORTED = ErrorCode("family_unsupported")


class State(Enum):
    """<state> of MIPSTATE, by the names it prints."""

    INITIAL = "INITIAL"
    CONNECTING = "CONNECTING"
    CONNECTED = "CONNECTED"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"


class Event(Enum):
    OPEN = auto()
    OPENED = auto()
    FAILED = auto()
    LOST = auto()
    CLOSE = auto()
    RELEASED = auto()


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.INITIAL, Event.OPEN): State.CONNECTING,
    (State.CONNECTING, Event.OPENED): State.CONNECTED,
    (State.CONNECTING, Event.FAILED): State.INITIAL,
    (State.CONNECTED, Event.LOST): State.CLOSED,
    (State.CONNECTED, Event.CLOSE): State.CLOSING,
    (State.CLOSED, Event.CLOSE): State.CLOSING,
    (State.CLOSED, Event.RELEASED): State.INITIAL,
    (State.CLOSING, Event.RELEASED): State.INITIAL,
}


class Operation(Enum):
    """What a command wants of an instance."""

    OPEN = auto()
    CLOSE = auto()
    SEND = auto()
    INSPECT = auto()  # what only an established connection has: its mode, its acknowledgements
    CONFIGURE = auto()  # settings that cannot change under a connection


REFUSALS: dict[tuple[Operation, State], ErrorCode] = {
    (Operation.OPEN, State.CONNECTING): SocketError.IN_USE,
    (Operation.OPEN, State.CONNECTED): SocketError.IN_USE,
    (Operation.OPEN, State.CLOSING): SocketError.IN_USE,
    (Operation.OPEN, State.CLOSED): SocketError.IN_USE,
    (Operation.CLOSE, State.INITIAL): SocketError.NOT_USED,
    (Operation.CLOSE, State.CONNECTING): Cme.NOT_SUPPORTED,
    (Operation.CLOSE, State.CLOSING): Cme.NOT_SUPPORTED,
    (Operation.SEND, State.INITIAL): SocketError.TCPIP_UNKNOWN,
    (Operation.SEND, State.CONNECTING): SocketError.TCPIP_UNKNOWN,
    (Operation.SEND, State.CLOSING): SocketError.TCPIP_UNKNOWN,
    (Operation.SEND, State.CLOSED): SocketError.TCPIP_UNKNOWN,
    (Operation.INSPECT, State.INITIAL): SocketError.NOT_CONNECTED,
    (Operation.INSPECT, State.CONNECTING): SocketError.NOT_CONNECTED,
    (Operation.INSPECT, State.CLOSING): SocketError.NOT_CONNECTED,
    (Operation.INSPECT, State.CLOSED): SocketError.NOT_CONNECTED,
    (Operation.CONFIGURE, State.CONNECTING): SocketError.IN_USE,
    (Operation.CONFIGURE, State.CONNECTED): SocketError.IN_USE,
    (Operation.CONFIGURE, State.CLOSING): SocketError.IN_USE,
    (Operation.CONFIGURE, State.CLOSED): SocketError.IN_USE,
}


class AccessMode(IntEnum):
    """<access_mode> (manual 3.3)."""

    NORMAL = 0
    TRANSPARENT = 1
    STREAM_BUFFERED = 2
    PACKET_BUFFERED = 3

    def fits(self, transport: Transport) -> bool:
        """Stream-buffered is for TCP, packet-buffered for UDP."""
        return self not in _WRONG[transport]


_WRONG = {Transport.TCP: (AccessMode.PACKET_BUFFERED,), Transport.UDP: (AccessMode.STREAM_BUFFERED,)}


class Loss(Enum):
    """Why a connection went down without MIPCLOSE; the profile gives each its <connect_state>."""

    PEER_CLOSED = "peer_closed"
    BROKEN = "broken"
    PDP_DOWN = "pdp_down"


@dataclass(slots=True)
class Instance:
    """One connect_id. request is what MIPOPEN asked, None while INITIAL. cid: the PDP context that it is on,
    None for the default one. sent, received: bytes.

    buffer holds what was received in a buffered mode. online: it holds the line. queued: bytes of transparent
    mode that the network has not taken yet; packet_size (bytes) and packet_wait (seconds): when such data goes out.
    """

    connect_id: int
    state: State = State.INITIAL
    cid: int | None = None
    request: OpenRequest | None = None
    access_mode: AccessMode = AccessMode.NORMAL
    ipv6: bool = False
    sent: int = 0
    received: int = 0
    last_exchange: float = -math.inf
    close_mode: int = 0
    buffer: StreamBuffer | PacketBuffer | None = None
    online: bool = False
    queued: int = 0
    packet_size: int = 0
    packet_wait: float = 0.0

    def check(self, operation: Operation) -> None:
        """Raises CommandError when the state refuses the operation."""
        if refusal := REFUSALS.get((operation, self.state)):
            raise CommandError(refusal)

    def on(self, event: Event) -> None:
        """Raises KeyError when the state has no such event: a bug."""
        self.state = TRANSITIONS[self.state, event]
        if self.state is State.INITIAL:
            self.request = None
            self.access_mode = AccessMode.NORMAL
            self.ipv6 = False
            self.buffer = None
            self.online = False
            self.sent = self.received = self.queued = 0

    @property
    def transport(self) -> Transport | None:
        return self.request.transport if self.request else None
