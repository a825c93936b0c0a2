"""The world as the core and the shell see it: connections to peers, and what can go wrong.

Pure: no socket, no event loop. ``net.sockets`` is the host's network behind it.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, Protocol


class Transport(Enum):
    TCP = "TCP"
    UDP = "UDP"


class Family(Enum):
    IPV4 = 4
    IPV6 = 6


class KeepAlive(NamedTuple):
    """TCP keep-alive. idle, interval: seconds; probes: how many go unanswered before the end."""

    idle: int
    interval: int
    probes: int


class OpenRequest(NamedTuple):
    """What MIPOPEN asks of the network.

    host is what the firmware wrote: an IPv4 or IPv6 literal or a name. timeout (seconds) covers the name,
    every address tried and the handshake. local_port 0 is the system's choice. Buffers are in bytes, None
    leaves the host's: receive_window is what the peer may send unread, send_buffer what may wait to be sent.
    families is the order in which address families are tried.
    """

    transport: Transport
    host: str
    port: int
    timeout: float
    families: tuple[Family, ...] = (Family.IPV6, Family.IPV4)
    local_port: int = 0
    keep_alive: KeepAlive | None = None
    receive_window: int | None = None
    send_buffer: int | None = None


class CloseMode(Enum):
    """How a TCP connection ends (manual 3.4, <mode>); the 2 MSL wait of a local port is the core's."""

    DRAIN = "drain"  # wait until all is acknowledged, send FIN, discard what still comes, close
    NOW = "now"  # FIN at once if nothing is unsent, else RST
    RESET = "reset"  # RST


class ClosePlan(NamedTuple):
    """stall: seconds without progress after which draining gives up with an RST; linger: the most
    seconds spent discarding what the peer still sends after our FIN."""

    mode: CloseMode
    stall: float
    linger: float


class CloseResult(Enum):
    """What became of a close; the profile maps each to its <ret_code>."""

    NORMAL = "normal"
    NO_ANSWER = "no_answer"  # the peer never answered
    FAILED = "failed"  # an RST was received or the transmission failed


class Connection(Protocol):
    """One open connection. ``*_now`` never wait; ``wait_*`` wait and do nothing else.

    At most one task waits for reading and one for writing. After ``abort`` or ``close`` every waiter is woken.
    """

    @property
    def transport(self) -> Transport: ...

    @property
    def peer(self) -> str:
        """The address in use, for logs and traces: ``"127.0.0.1:2040"`` or ``"[::1]:2040"``."""
        ...

    def send_now(self, data: bytes | memoryview) -> int:
        """Hand data to the host's stack. Returns the bytes taken: 0 when it is full, always all or nothing
        for UDP, where a pending ICMP error is no failure (the datagram is sent again).

        Raises NetError(WRITE or RESET) when the connection cannot take data any more.
        """
        ...

    def receive_now(self, limit: int) -> bytes | None:
        """What has come, at most limit bytes (TCP) or one whole datagram (UDP, limit ignored).

        None: nothing now. ``b""``: the peer closed (TCP), or an empty datagram (UDP).
        Raises NetError(RESET) when the connection broke. ICMP errors on UDP are swallowed.
        """
        ...

    async def wait_readable(self) -> None: ...

    async def wait_writable(self) -> None: ...

    async def wait_broken(self) -> None:
        """Until the connection breaks (an RST, a time-out); the peer's own end is no break. For whoever does
        not read meanwhile. UDP never breaks."""
        ...

    def unacknowledged(self) -> int:
        """Bytes that were sent and not yet acknowledged by the peer (TCP), or not yet left the host (UDP)."""
        ...

    async def close(self, plan: ClosePlan) -> CloseResult:
        """End the connection as the plan says and free its local port. UDP closes at once, NORMAL."""
        ...

    def abort(self) -> None:
        """End it at once, with an RST on TCP. Idempotent."""
        ...


class Network(Protocol):
    """Something that opens connections: the host's sockets, or a network without a network."""

    async def open(self, request: OpenRequest) -> Connection:
        """Resolve, connect, and return the connection. Raises NetError."""
        ...
