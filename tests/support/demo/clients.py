"""The clients of the family DEMO, with a TCP connection each."""

from __future__ import annotations

import math
from enum import Enum
from typing import NamedTuple

from onemo.at.command import print_line
from onemo.at.reply import CommandError
from onemo.errors import NetFailure
from onemo.modem.channel import Close, Drop, Forward, Open
from onemo.modem.modem import Modem
from onemo.modem.names import name_policy
from onemo.modem.part import Part
from onemo.modem.pieces import Pieces
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, OpenRequest, Transport
from onemo.profile.index import Label

from tests.support.demo.index import CLIENTS
from tests.support.demo.kept import PATIENCE, PREFIX, TABLE, Book, DemoError

PLAN = ClosePlan(CloseMode.DRAIN, stall=5.0, linger=1.0)


class ClientInfo(NamedTuple):
    """A client, for the control API. sent, received: bytes of its connection."""

    demoid: int
    name: str
    state: str
    sent: int
    received: int


class State(Enum):
    UNUSED = "unused"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    CLOSING = "closing"


class Event(Enum):
    OPEN = "open"
    OPENED = "opened"
    CLOSE = "close"
    ENDED = "ended"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.UNUSED, Event.OPEN): State.CONNECTING,
    (State.CONNECTING, Event.OPENED): State.CONNECTED,
    (State.CONNECTING, Event.ENDED): State.UNUSED,
    (State.CONNECTED, Event.CLOSE): State.CLOSING,
    (State.CONNECTED, Event.ENDED): State.UNUSED,
    (State.CLOSING, Event.ENDED): State.UNUSED,
}


class Client:
    """One client. Implements Owner. sent, received: bytes of the connection."""

    watches_breaks = False
    watches_acknowledgements = False

    def __init__(self, clients: Clients, device: Modem, demoid: int) -> None:
        self._clients = clients
        self._device = device
        self._table = device.profile.table(TABLE)
        self._pieces = Pieces(device.first, self._say, self._table.piece)
        self.demoid = demoid
        self.state = State.UNUSED
        self.sent = self.received = 0
        self.heard = -math.inf
        """When anything crossed last."""

    @property
    def due(self) -> float:
        """When the connection is closed for its silence."""
        patience = self._device.settings.effective(PATIENCE, self.demoid).seconds
        return self.heard + patience if patience and self.state is State.CONNECTED else math.inf

    def require(self, *states: State) -> None:
        """Raise CommandError unless it is in one of these states: NOT_CONNECTED, or IN_USE where it is to be unused."""
        if self.state not in states:
            raise CommandError(DemoError.IN_USE if State.UNUSED in states else DemoError.NOT_CONNECTED)

    def open(self, host: str, port: int) -> None:
        """Connect to host. Raises CommandError: IN_USE; no PDP context is active."""
        self.require(State.UNUSED)
        self._device.contexts.require(None)
        self._on(Event.OPEN)
        self.sent = self.received = self._pieces.total = 0
        request = OpenRequest(
            transport=Transport.TCP,
            host=host,
            port=port,
            timeout=self._table.open_timeout,
            names=name_policy(self._device),
        )
        self._device.intents.append(Open(self, request, PLAN))

    def send(self, data: bytes) -> None:
        """Hand data on. Raises CommandError(NOT_CONNECTED)."""
        self.require(State.CONNECTED)
        self._device.intents.append(Forward(self, data))

    def close(self) -> None:
        """Close the connection once all is sent. Raises CommandError(NOT_CONNECTED)."""
        self.require(State.CONNECTED)
        self._on(Event.CLOSE)
        self._device.intents.append(Close(self, PLAN))

    def drop(self) -> bool:
        """Let go of a connection, if there is one; tell whether there was."""
        if self.state is State.UNUSED:
            return False
        self._device.intents.append(Drop(self))
        self._on(Event.ENDED)
        return True

    # Owner.

    @property
    def label(self) -> Label:
        return Label(CLIENTS, self.demoid)

    def on_opened(self, *, ipv6: bool, now: float) -> None:
        self.heard = now
        self._on(Event.OPENED)
        self._device.notify(print_line("MDEMOOPEN", self.demoid, self._table.opened))

    def on_failed(self, failure: NetFailure, now: float) -> None:
        self._on(Event.ENDED)
        self._device.notify(print_line("MDEMOOPEN", self.demoid, self._table.failed))

    def credit(self) -> int:
        return self._table.read if self.state is State.CONNECTED and self._pieces.done else 0

    def on_data(self, data: bytes, now: float) -> None:
        """Tell data in pieces, each with the bytes that were told so far."""
        self.received += len(data)
        self._touch(now)
        self._pieces.add(data)

    def on_taken(self, count: int, now: float) -> None:
        self.sent += count
        self._touch(now)

    def on_untaken(self, count: int) -> None:
        self._device.notify(print_line("MDEMOURC", "untaken", self.demoid, count))

    def on_acknowledged(self, count: int) -> None:
        raise AssertionError("nobody watches acknowledgements")

    def on_lost(self, failure: NetFailure | None, now: float) -> None:
        self._on(Event.ENDED)
        self._device.notify(print_line("MDEMOURC", "lost", self.demoid))

    def on_closed(self, result: CloseResult, now: float) -> None:
        self._on(Event.ENDED)
        self._device.notify(print_line("MDEMOCLOSE", self.demoid))

    # Inside.

    def _say(self, piece: bytes, total: int) -> None:
        shown = self._device.settings.effective(PREFIX, self.demoid).prefix.encode("latin-1") + piece
        self._device.notify(print_line("MDEMOURC", "data", self.demoid, len(piece), total, shown))

    def _on(self, event: Event) -> None:
        self.state = TRANSITIONS[self.state, event]
        self._clients.arm()

    def _touch(self, now: float) -> None:
        self.heard = now
        self._clients.arm()


class Clients(Part):
    """The clients of one boot cycle: one for each id that is given out."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self.book: Book = device.keeping.keeper("demo")
        self._clients: dict[int, Client] = {}
        if self.book.given:
            device.notify(print_line("MDEMOREADY", len(self.book.given)))

    def __getitem__(self, demoid: int) -> Client:
        """Return the client of an id. Raises CommandError(NO_CLIENT)."""
        self.book.require(demoid)
        if demoid not in self._clients:
            self._clients[demoid] = Client(self, self._device, demoid)
        return self._clients[demoid]

    def forget(self, demoid: int) -> None:
        """Let go of the client of an id that goes."""
        self[demoid].drop()
        del self._clients[demoid]

    def told(self) -> tuple[ClientInfo, ...]:
        """Tell of every client, for the control API."""
        clients = (self[demoid] for demoid in sorted(self.book.given))
        return tuple(
            ClientInfo(
                demoid=client.demoid,
                name=self.book.given[client.demoid],
                state=client.state.value,
                sent=client.sent,
                received=client.received,
            )
            for client in clients
        )

    def arm(self) -> None:
        """Find out anew when something is due."""
        self.deadline = min((client.due for client in self._clients.values()), default=math.inf)

    # Part.

    def on_deadline(self, now: float) -> None:
        for client in self._clients.values():
            if now >= client.due:
                self._device.notify(print_line("MDEMOURC", "silent", client.demoid))
                client.close()

    @property
    def busy(self) -> bool:
        return any(client.state in (State.CONNECTING, State.CLOSING) for client in self._clients.values())

    @property
    def connections(self) -> int:
        return sum(client.state is not State.UNUSED for client in self._clients.values())

    def context_down(self, cid: int) -> None:
        for client in self._clients.values():
            if self._device.contexts.chosen(None) == cid and client.drop():
                self._device.notify(print_line("MDEMOURC", "down", client.demoid))

    def fall_asleep(self) -> None:
        for client in self._clients.values():
            client.drop()
