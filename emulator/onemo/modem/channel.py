"""Ways of a part to the network: the owner of a connection, what it asks of the shell, and what it hears.

The shell knows owners alone, compared by identity; a socket instance is one, any client of a family another.
"""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from onemo.errors import NetFailure
from onemo.net.interface import (
    ClosePlan,
    CloseResult,
    ListenRequest,
    LookupRequest,
    OpenRequest,
    PingRequest,
    TimeRequest,
)
from onemo.profile.index import Label

if TYPE_CHECKING:  # at start nobody needs words
    from onemo.dialogue.words import ChannelWords

DeliveryWatch = Callable[[Label, bytes], None]
"""Told which bytes of a socket's peer were delivered to the DTE: in a URC, read, or in transparent mode."""


class Owner(Protocol):
    """One end of one connection at a time. Times in seconds; the shell follows each call up.

    After Drop, on_failed, on_lost and on_closed it hears nothing more of that connection; after Close only on_closed.
    """

    @property
    def label(self) -> Label:
        """The name of the connection in traces and fault scopes."""
        ...

    @property
    def watches_breaks(self) -> bool:
        """True to hear at once that the connection broke, though there is no credit to read what came before."""
        ...

    @property
    def watches_acknowledgements(self) -> bool:
        """True to hear on_acknowledged; asked anew whenever bytes were taken."""
        ...

    def on_opened(self, *, ipv6: bool, now: float) -> None:
        """Hear that the connection stands, TLS included."""
        ...

    def on_failed(self, failure: NetFailure, now: float) -> None:
        """Hear that there is no connection."""
        ...

    def credit(self) -> int:
        """Return the most bytes that may be read now; 0: none, and it is asked again with every step."""
        ...

    def on_data(self, data: bytes, now: float) -> None:
        """Take bytes that came: at most the credit (TCP), or one datagram."""
        ...

    def on_taken(self, count: int, now: float) -> None:
        """Hear that the network took bytes of a Forward."""
        ...

    def on_untaken(self, count: int) -> None:
        """Hear that bytes of a Forward will never leave: there is no connection, or it is broken."""
        ...

    def on_acknowledged(self, count: int) -> None:
        """Hear that the peer has acknowledged so many bytes more."""
        ...

    def on_lost(self, failure: NetFailure | None, now: float) -> None:
        """Hear that the connection ended by itself; None: the peer closed it."""
        ...

    def on_closed(self, result: CloseResult, now: float) -> None:
        """Hear that a Close is done."""
        ...


class Open(NamedTuple):
    """A request to open a connection for an owner that has none; on_opened or on_failed follows.

    The shell labels the request. parting: how it is closed once the peer has closed its side; what is unsent still
    goes. words: makes what tells its bytes in words, where they are traced; None: it is told in bytes alone.
    """

    owner: Owner
    request: OpenRequest
    parting: ClosePlan
    words: "Callable[[], ChannelWords] | None" = None


class Accepted(NamedTuple):
    """The owner that a listener gives a connection, and what Open would have asked for."""

    owner: Owner
    request: OpenRequest
    parting: ClosePlan


class Listener(Owner, Protocol):
    """A server of the module. Over UDP it is the owner of its one socket, whose data are Datagrams."""

    @property
    def accepts(self) -> bool:
        """True while a connection may come; else the next one waits at the host."""
        ...

    def client(self) -> Label | None:
        """Return the name of the one connection that a server on UDP has taken for all of its peers; None: none yet."""
        ...

    def on_listening(self, host: str, port: int, now: float) -> None:
        """Hear where on the host it listens now."""
        ...

    def on_listen_failed(self, failure: NetFailure, now: float) -> None:
        """Hear that the host does not listen for it."""
        ...

    def accept(self, host: str, port: int, now: float) -> Accepted | None:
        """Take a connection of a peer, which stands; None: it is to be reset."""
        ...


class Listen(NamedTuple):
    """A request to listen; on_listening or on_listen_failed follows, then accept for each connection (TCP)."""

    listener: Listener
    request: ListenRequest


class Unlisten(NamedTuple):
    """A request to listen no more, at once; on_closed follows. Connections that were accepted stay."""

    listener: Listener


class SendTo(NamedTuple):
    """A request to send one datagram to an address, from a connection that is open to all.

    The command that waits for it is completed with a Sent. known: the address has sent to this socket, and no route
    is looked for.
    """

    owner: Owner
    data: bytes
    timeout: float
    host: str
    port: int
    known: bool


class Send(NamedTuple):
    """A request to hand data to an open connection, waiting at most timeout seconds for room.

    The command that waits for it is completed with a Sent. A datagram goes whole or not at all.
    """

    owner: Owner
    data: bytes
    timeout: float


class Sent(NamedTuple):
    """The result of a Send: the bytes taken; failed when the connection cannot take data any more."""

    taken: int
    failed: bool = False


class Forward(NamedTuple):
    """A request to hand data to an open connection, after what was handed to it before and unbounded by time.

    on_taken and on_untaken tell what becomes of it. Over UDP it is one datagram.
    """

    owner: Owner
    data: bytes


class Outstanding(NamedTuple):
    """A request for the bytes that the peer has not acknowledged.

    The command that waits for it is completed with the number alone, or with Carried where the socket carries others
    than it was given.
    """

    owner: Owner


class Carried(NamedTuple):
    """The bytes that a socket has carried, and how many of those that it sent are not acknowledged."""

    sent: int
    received: int
    outstanding: int


class Close(NamedTuple):
    """A request to close a connection as planned; on_closed follows, also where there is nothing left to close."""

    owner: Owner
    plan: ClosePlan


class Drop(NamedTuple):
    """A request to let go of a connection at once, on TCP with an RST."""

    owner: Owner


class Ask(NamedTuple):
    """A question to the network, asked again and again while done returns True.

    It is asked every seconds after it was asked last, or as soon as the answer is there. A name is resolved once for
    all of the echo requests of one Ask.

    done(result, now): result is the addresses of a LookupRequest, an EchoReply to a PingRequest, the seconds since
    1970-01-01 UTC of a TimeRequest; or the NetFailure.
    """

    request: LookupRequest | PingRequest | TimeRequest
    done: Callable[[Any, float], bool]
    every: float = 0.0


class EchoReply(NamedTuple):
    """A reply to an echo request. address: who replied; time: seconds of the round trip; ttl: the reply's own."""

    address: str
    time: float
    ttl: int


class Cancel(NamedTuple):
    """A request to let go of an Ask: done is not called any more."""

    operation: Ask


ChannelIntent = Open | Listen | Unlisten | SendTo | Send | Forward | Outstanding | Close | Drop | Ask | Cancel
