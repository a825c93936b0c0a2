"""The world as the core and the shell see it: connections to peers, and what can go wrong.

Pure: no socket, no event loop. ``net.sockets`` is the host's network behind it.
"""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple, Protocol, runtime_checkable

from onemo.profile.index import Label


class Transport(Enum):
    """A transport protocol, as commands and routes write it."""

    TCP = "TCP"
    UDP = "UDP"


class AddressFamily(Enum):
    """A family of addresses, by its IP version."""

    IPV4 = 4
    IPV6 = 6


class NamePolicy(NamedTuple):
    """The way in which names are resolved (manual 3.10, MDNSCFG).

    families: in the order of preference. ipv4, ipv6: the servers asked for A and for AAAA records, in order. timeout:
    seconds that one request waits; requests: how many each server gets. cache: seconds for which a name's whole result
    is kept, None: no answer is kept and none is taken from what was.
    """

    families: tuple[AddressFamily, ...] = (AddressFamily.IPV6, AddressFamily.IPV4)
    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    timeout: float = 10.0
    requests: int = 3
    cache: float | None = None


class KeepAlive(NamedTuple):
    """TCP keep-alive. idle, interval: seconds; probes: how many go unanswered before the end."""

    idle: int
    interval: int
    probes: int


class Pem(bytes):
    """A certificate or a key as firmware stored it. It does not show itself: keys are secrets."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes of PEM>"

    __str__ = __repr__


class PreSharedKey(NamedTuple):
    """A secret that the server has as well, and what it is called there."""

    identity: str
    key: Pem


class TlsVersion(Enum):
    """A version of TLS that the modules have."""

    SSL_3 = "SSL 3"
    TLS_1_0 = "TLS 1.0"
    TLS_1_1 = "TLS 1.1"
    TLS_1_2 = "TLS 1.2"


class TlsRequest(NamedTuple):
    """The TLS that the firmware asks for.

    trusted: the server's certificate and its name are verified with this CA; None: any certificate will do.
    ignores_dates: of certificates that are verified. certificate, key: the client's own, if it is to show one. version
    None: up to TLS 1.2, which is the last that these modules have. cipher_suite: IANA's number, None: any. resumes: an
    earlier session with the peer. tells_name: the server is told its name (SNI). negotiation_time: most
    seconds of the handshake. shared: it takes the place of all certificates.
    """

    trusted: Pem | None = None
    certificate: Pem | None = None
    key: Pem | None = None
    ignores_dates: bool = False
    version: TlsVersion | None = None
    cipher_suite: int | None = None
    resumes: bool = False
    tells_name: bool = True
    negotiation_time: float = 300.0
    shared: PreSharedKey | None = None


class OpenRequest(NamedTuple):
    """A connection that the module asks the network for (MIPOPEN).

    host is what the firmware wrote: an IPv4 or IPv6 literal or a name. timeout (seconds) covers the name, every address
    tried and the handshake. local_port 0 is the system's choice. Buffers are in bytes, None leaves the host's:
    receive_window is what the peer may send unread, send_buffer what may wait to be sent. names: how a name is
    resolved, and the order in which address families are tried. tls: None for plain TCP; else its handshake with the
    host, which is part of the opening. open_to_all: over UDP, datagrams of others than the host come in too. label: of
    who asks, for those who tell them apart. client: tells the label of what a server on UDP has taken for its peers.
    server_port: of a server of the module, which was not asked for but accepted.
    """

    transport: Transport
    host: str
    port: int
    timeout: float
    names: NamePolicy = NamePolicy()
    local_port: int = 0
    keep_alive: KeepAlive | None = None
    receive_window: int | None = None
    send_buffer: int | None = None
    tls: TlsRequest | None = None
    open_to_all: bool = False
    label: Label | None = None
    client: Callable[[], Label | None] | None = None
    server_port: int = 0


class ListenRequest(NamedTuple):
    """A port of the module on which it listens (AT+MIPLISTEN). Buffers as of OpenRequest."""

    transport: Transport
    family: AddressFamily
    port: int
    receive_window: int | None = None
    send_buffer: int | None = None


class Datagram(bytes):
    """A datagram that knows its sender: an address and a port; ("", 0): nobody has said it."""

    sender: tuple[str, int] = ("", 0)


class CloseMode(Enum):
    """A way to end a TCP connection (manual 3.4, <mode>); the 2 MSL wait of a local port is the core's."""

    DRAIN = "drain"  # wait until all is acknowledged, send FIN, discard what still comes, close
    NOW = "now"  # FIN at once if nothing is unsent, else RST
    RESET = "reset"  # RST


class ClosePlan(NamedTuple):
    """A mode of closing, with its patience.

    stall: seconds without progress after which draining gives up with an RST; linger: the most seconds spent discarding
    what the peer still sends after our FIN.
    """

    mode: CloseMode
    stall: float
    linger: float


class CloseResult(Enum):
    """The outcome of a close; the profile maps each to its <ret_code>."""

    NORMAL = "normal"
    NO_ANSWER = "no_answer"  # the peer never answered
    FAILED = "failed"  # an RST was received or the transmission failed


class Connection(Protocol):
    """One open connection. ``*_now`` never wait; ``wait_*`` wait and do nothing else.

    At most one task waits for reading and one for writing. After ``abort`` or ``close`` every waiter is woken.
    """

    @property
    def transport(self) -> Transport:
        """The transport protocol."""
        ...

    @property
    def peer(self) -> str:
        """The address in use, for logs and traces: ``"127.0.0.1:2040"`` or ``"[::1]:2040"``."""
        ...

    def send_now(self, data: bytes | memoryview) -> int:
        """Hand data to the host's stack; return the bytes taken, 0 when it is full.

        UDP takes always all or nothing, and a pending ICMP error is no failure there (the datagram is sent again).
        Raises NetError(WRITE or RESET) when the connection cannot take data any more.
        """
        ...

    def receive_now(self, limit: int) -> bytes | None:
        """Return what has come, at most limit bytes (TCP) or one whole datagram (UDP, limit ignored).

        None: nothing now. ``b""``: the peer closed (TCP), or an empty datagram (UDP). Raises NetError(RESET) when the
        connection broke. ICMP errors on UDP are swallowed.
        """
        ...

    async def wait_readable(self) -> None:
        """Wait until something has come, or the connection ends."""
        ...

    async def wait_writable(self) -> None:
        """Wait until the stack takes data, or the connection ends."""
        ...

    async def wait_broken(self) -> None:
        """Wait until the connection breaks (an RST, a time-out), for whoever does not read meanwhile.

        The peer's own end is no break. UDP never breaks.
        """
        ...

    def unacknowledged(self) -> int:
        """Count the bytes that were sent and not yet acknowledged by the peer (TCP), or not yet left the host (UDP)."""
        ...

    async def close(self, plan: ClosePlan) -> CloseResult:
        """End the connection as the plan says and free its local port. UDP closes at once, NORMAL."""
        ...

    def abort(self) -> None:
        """End the connection at once, with an RST on TCP. Idempotent."""
        ...


@runtime_checkable
class OpenToAll(Protocol):
    """A UDP connection that speaks with whoever sends: what it receives are Datagrams."""

    def show(self, place: tuple[str, int], shown: tuple[str, int]) -> None:
        """Have what comes from a place told as from another one, to which it was written."""
        ...

    async def wait_writable(self) -> None:
        """Wait as Connection.wait_writable."""
        ...

    def send_to_now(self, data: bytes, address: str, port: int) -> int:
        """Send one datagram to an address, as Connection.send_now. Raises NetError(WRITE or RESET)."""
        ...


@runtime_checkable
class Carrying(Protocol):
    """A connection whose socket carries other bytes than those that it is given: TLS."""

    @property
    def carried(self) -> tuple[int, int]:
        """Bytes that were for the socket to send, and that it has received."""
        ...

    async def carry(self) -> None:
        """Hand the socket the rests of records that were taken whole, as it takes them.

        It does so whether anybody waits for that or not, in a task of its own once the connection is open; abort ends
        it.
        """
        ...


class LookupRequest(NamedTuple):
    """A question for the addresses of a name (MDNSGIP).

    every: all families are asked, else the next one only when the one before has nothing.
    """

    name: str
    names: NamePolicy
    every: bool


class PingRequest(NamedTuple):
    """A run of echo requests to one host (MPING).

    size: bytes of data in each echo request; timeout: seconds that each waits for its reply.
    """

    host: str
    size: int
    names: NamePolicy
    timeout: float = 10.0


class Echo(NamedTuple):
    """An echo reply. time: seconds of the round trip; ttl: the reply's own TTL or hop limit."""

    time: float
    ttl: int


class Pinger(Protocol):
    """Echo requests to one address."""

    @property
    def address(self) -> str:
        """The address, as an IPv4 or IPv6 literal."""
        ...

    async def echo(self, timeout: float) -> Echo:
        """Send one request and wait timeout seconds for its reply; late replies to earlier ones do not count.

        Raises NetError: TIMED_OUT, REPORTED (an ICMP error came back), OTHER (it cannot be sent).
        """
        ...

    def close(self) -> None:
        """Free the socket. Idempotent."""
        ...


class TimeRequest(NamedTuple):
    """A question for the time (MNTP). timeout (seconds) covers the name and the answer."""

    host: str
    port: int
    timeout: float
    names: NamePolicy


class Network(Protocol):
    """The network behind a module: the host's sockets, with routes and the sandbox among them.

    One module has one. Names are resolved as the request's policy says, never by the host's own resolver.
    """

    async def open(self, request: OpenRequest) -> Connection:
        """Resolve, connect, and return the connection. Raises NetError."""
        ...

    async def place(self, host: str, port: int) -> tuple[str, int]:
        """Find the real end of datagrams to an address that nobody has spoken from. Raises NetError."""
        ...

    async def lookup(self, request: LookupRequest) -> list[str]:
        """Return the name's addresses, in the order of the policy's families, at least one. A literal is its own.

        Raises NetError: NAME, NAME_TIMED_OUT.
        """
        ...

    async def ping(self, request: PingRequest) -> Pinger:
        """Resolve the host, and get ready to send echo requests to it.

        Raises NetError: NAME, NAME_TIMED_OUT, REPORTED, OTHER (the host does not let us ping, or there is no way
        there).
        """
        ...

    async def ask_time(self, request: TimeRequest) -> float:
        """Return the server's time, at the moment of the return: seconds since 1970-01-01 UTC.

        Raises NetError: NAME, NAME_TIMED_OUT, TIMED_OUT, UNUSABLE, OTHER.
        """
        ...

    def name_servers(self) -> tuple[str, ...]:
        """Return the servers that the network hands to a module that registers, best first; may be empty."""
        ...

    def local_addresses(self) -> tuple[str | None, str | None]:
        """Return the host's own outgoing IPv4 and IPv6 address, None where it has none.

        The module's contexts get them.
        """
        ...

    def forget(self) -> None:
        """Drop cached names: the module restarts."""
        ...
