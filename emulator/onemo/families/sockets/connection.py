"""The states of a connection instance (manual 3.8), and what each refuses."""

from __future__ import annotations

from enum import Enum, IntEnum, StrEnum, auto
from typing import Protocol

from onemo.at.reply import Cme, ErrorCode
from onemo.net.interface import CloseResult, Transport


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


class State(StrEnum):
    """<state> of MIPSTATE, by the names it prints."""

    INITIAL = "INITIAL"
    CONNECTING = "CONNECTING"
    CONNECTED = "CONNECTED"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"


class ConnectionEvent(Enum):
    """The events that move an instance from state to state."""

    OPEN = auto()
    ACCEPTED = auto()
    OPENED = auto()
    FAILED = auto()
    LOST = auto()
    CLOSE = auto()
    RELEASED = auto()


TRANSITIONS: dict[tuple[State, ConnectionEvent], State] = {
    (State.INITIAL, ConnectionEvent.OPEN): State.CONNECTING,
    (State.INITIAL, ConnectionEvent.ACCEPTED): State.CONNECTED,
    (State.CONNECTING, ConnectionEvent.OPENED): State.CONNECTED,
    (State.CONNECTING, ConnectionEvent.FAILED): State.INITIAL,
    (State.CONNECTED, ConnectionEvent.LOST): State.CLOSED,
    (State.CONNECTED, ConnectionEvent.CLOSE): State.CLOSING,
    (State.CLOSED, ConnectionEvent.CLOSE): State.CLOSING,
    (State.CLOSED, ConnectionEvent.RELEASED): State.INITIAL,
    (State.CLOSING, ConnectionEvent.RELEASED): State.INITIAL,
}


class Operation(Enum):
    """The operations that commands want of an instance."""

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
        """Tell whether a transport can have the mode: stream-buffered is for TCP, packet-buffered for UDP."""
        return self not in _WRONG[transport]


_WRONG = {Transport.TCP: (AccessMode.PACKET_BUFFERED,), Transport.UDP: (AccessMode.STREAM_BUFFERED,)}


class AcceptingServer(Protocol):
    """The server that gave an instance its connection."""

    @property
    def sid(self) -> int:
        """Its number."""
        ...

    def left(self, connect_id: int, sent: int, received: int) -> None:
        """Hear that the instance is free again, and how many bytes it has sent and received."""
        ...

    def closed(self, connect_id: int, result: CloseResult) -> bool:
        """Hear that the instance is closed; True: the server tells of that itself."""
        ...


class Loss(Enum):
    """The ways in which a connection goes down without MIPCLOSE; the profile gives each its <connect_state>."""

    PEER_CLOSED = "peer_closed"
    BROKEN = "broken"
    PDP_DOWN = "pdp_down"
