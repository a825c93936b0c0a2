"""The states of a connection instance (manual 3.8), and what each refuses."""

from __future__ import annotations

from enum import Enum, IntEnum, auto

from onemo.at.reply import Cme
from onemo.net.interface import Transport


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


REFUSALS: dict[tuple[Operation, State], Cme] = {
    (Operation.OPEN, State.CONNECTING): Cme.IN_USE,
    (Operation.OPEN, State.CONNECTED): Cme.IN_USE,
    (Operation.OPEN, State.CLOSING): Cme.IN_USE,
    (Operation.OPEN, State.CLOSED): Cme.IN_USE,
    (Operation.CLOSE, State.INITIAL): Cme.NOT_USED,
    (Operation.CLOSE, State.CONNECTING): Cme.NOT_SUPPORTED,
    (Operation.CLOSE, State.CLOSING): Cme.NOT_SUPPORTED,
    (Operation.SEND, State.INITIAL): Cme.TCPIP_UNKNOWN,
    (Operation.SEND, State.CONNECTING): Cme.TCPIP_UNKNOWN,
    (Operation.SEND, State.CLOSING): Cme.TCPIP_UNKNOWN,
    (Operation.SEND, State.CLOSED): Cme.TCPIP_UNKNOWN,
    (Operation.INSPECT, State.INITIAL): Cme.NOT_CONNECTED,
    (Operation.INSPECT, State.CONNECTING): Cme.NOT_CONNECTED,
    (Operation.INSPECT, State.CLOSING): Cme.NOT_CONNECTED,
    (Operation.INSPECT, State.CLOSED): Cme.NOT_CONNECTED,
    (Operation.CONFIGURE, State.CONNECTING): Cme.IN_USE,
    (Operation.CONFIGURE, State.CONNECTED): Cme.IN_USE,
    (Operation.CONFIGURE, State.CLOSING): Cme.IN_USE,
    (Operation.CONFIGURE, State.CLOSED): Cme.IN_USE,
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
