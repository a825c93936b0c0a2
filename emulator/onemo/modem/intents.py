"""What the core asks of the shell, and what the shell reports back where an answer waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from onemo.net.interface import ClosePlan, LookupRequest, OpenRequest, PingRequest, TimeRequest


class Open(NamedTuple):
    """Open a connection; report with Connections.opened or open_failed."""

    connect_id: int
    request: OpenRequest


class Send(NamedTuple):
    """Hand data to an open connection, waiting at most timeout seconds for room; report with Modem.complete
    and a Sent. A datagram goes whole or not at all."""

    connect_id: int
    data: bytes
    timeout: float


class Sent(NamedTuple):
    """What became of a Send: the bytes taken; failed when the connection cannot take data any more."""

    taken: int
    failed: bool = False


class Forward(NamedTuple):
    """Hand payload of transparent mode to a connection, after what was handed to it before; report with
    Modem.forwarded as it is taken. Over UDP it is one datagram."""

    connect_id: int
    data: bytes


class Outstanding(NamedTuple):
    """Tell with Modem.complete how many bytes of a connection the peer has not acknowledged: the number alone, or
    Carried where the socket carries others than it was given."""

    connect_id: int


class Carried(NamedTuple):
    """What a socket has carried, in bytes, and how much of what it sent is not acknowledged."""

    sent: int
    received: int
    outstanding: int


class Close(NamedTuple):
    """Close an open connection as planned; report with Connections.closed."""

    connect_id: int
    plan: ClosePlan


class Drop(NamedTuple):
    """Let go of a connection that is already lost; no report."""

    connect_id: int


class Lookup(NamedTuple):
    """Resolve a name; report with Services.found."""

    request: LookupRequest


class Ping(NamedTuple):
    """Send so many echo requests, one every interval seconds, each waiting timeout seconds for its reply; report
    each with Services.pinged, which tells whether to go on."""

    request: PingRequest
    requests: int
    timeout: float
    interval: float


class AskTime(NamedTuple):
    """Ask a time server; report with Services.timed. sync: the module's clock is to be set."""

    request: TimeRequest
    sync: bool


class Cancel(NamedTuple):
    """Let go of a lookup, pings or a question for the time; no report."""

    operation: Lookup | Ping | AskTime


class Wait(NamedTuple):
    """Let so many seconds pass while a command works; report with Modem.complete, if it still does."""

    seconds: float


class Store(NamedTuple):
    """Write down what outlives the boot cycle; where a command waits for it, report with Modem.complete whether that
    was done."""

    settings: Mapping[str, object]


class Attach(NamedTuple):
    """Register with the network; report with Modem.attached and a NetworkInfo."""


class NetworkInfo(NamedTuple):
    """What the network hands to a module that registers. utc: seconds since 1970-01-01; the addresses are the
    host's own, None where it has none of that family."""

    name_servers: tuple[str, ...]
    ipv4: str | None
    ipv6: str | None
    utc: float | None


class Restart(NamedTuple):
    """A boot cycle ended: drop every connection and whatever else runs."""


class Ready(NamedTuple):
    """The module has booted."""


class Bug(NamedTuple):
    """An exception that no command declares; already answered ERROR."""

    error: Exception


ServiceIntent = Lookup | Ping | AskTime
ConnectionIntent = Open | Send | Forward | Outstanding | Close | Drop
Intent = ConnectionIntent | ServiceIntent | Cancel | Wait | Store | Attach | Restart | Ready | Bug
