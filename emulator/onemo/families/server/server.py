"""One server: what MIPLISTEN and MIPSRVCLOSE do to it, and the connections that come to it.

Its connections are instances of MIPOPEN's numbers, and from then on their commands' affair.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from onemo.at.command import print_line
from onemo.errors import NetFailure
from onemo.families import SERVERS
from onemo.families.server.profile import SERVER
from onemo.families.server.settings import SERVER_BUFFER, SERVER_ENCODING
from onemo.families.server.states import TRANSITIONS, ServerEvent, ServerState
from onemo.families.sockets.connection import AccessMode, ConnectionEvent, Loss, State
from onemo.families.sockets.connections import Connections
from onemo.families.sockets.instance import Instance
from onemo.families.sockets.profile import CLOSE_MODES, CLOSE_RESULTS, CONNECTION
from onemo.families.sockets.settings import ENCODING, RECEIVE_BUFFER, Encoding, ReceiveBuffer
from onemo.modem.channel import Accepted, Close, Listen, Unlisten
from onemo.modem.intents import Tell
from onemo.modem.modem import Modem
from onemo.net.interface import (
    AddressFamily,
    CloseMode,
    ClosePlan,
    CloseResult,
    Datagram,
    ListenRequest,
    OpenRequest,
    Transport,
)
from onemo.profile.index import Label

_MAX_DATAGRAM = 65535
_RESULTS = {
    NetFailure.PORT_TAKEN: "port_busy",
    NetFailure.BIND: "bind_failed",
    NetFailure.LISTEN: "listen_failed",
}
"""<result> of +MIPLISTEN by the name of its error; any other: no socket. [decided]"""


class Listening(NamedTuple):
    """What MIPLISTEN asked for."""

    transport: Transport
    port: int
    family: AddressFamily
    access_mode: AccessMode


class ModuleServer:
    """One sid. Implements Listener, and the server of an instance.

    asked: by MIPLISTEN, None while INITIAL. host, host_port: where on the host that is. peers: over UDP the addresses
    that have sent, oldest first. clients: the ids that it has taken and that are not free again.
    """

    def __init__(self, sid: int, device: Modem, connections: Connections) -> None:
        self.sid = sid
        self.state = ServerState.INITIAL
        self._device = device
        self._connections = connections
        self._own: dict[int, tuple[Encoding, ReceiveBuffer]] = {}
        self._forget()

    def _forget(self) -> None:
        self.asked: Listening | None = None
        self.host, self.host_port = "", 0
        self.peers: dict[tuple[str, int], None] = {}
        self.clients: set[int] = set()
        self._ending: set[int] = set()
        self._left_sent = self._left_received = 0
        self._last_exchange = -math.inf
        self._result = CloseResult.NORMAL
        self._deaf = False
        self._console = self._device.first

    def _on(self, event: ServerEvent) -> None:
        """Change the state. Raises KeyError when it has no such event: a bug."""
        self.state = TRANSITIONS[self.state, event]
        if self.state is ServerState.INITIAL:
            self._forget()

    # What commands do.

    def listen(self, asked: Listening, now: float, *, taken: bool) -> None:
        """Begin MIPLISTEN. taken: the module itself has the port already."""
        self._on(ServerEvent.LISTEN)
        self.asked, self._console = asked, self._device.console
        if taken:
            self.on_listen_failed(NetFailure.PORT_TAKEN, now)
            return
        tcp = asked.transport is Transport.TCP
        window = self._device.settings.effective(SERVER_BUFFER, self.sid).recv_buffer
        request = ListenRequest(
            transport=asked.transport,
            family=asked.family,
            port=asked.port,
            receive_window=window if tcp else None,
            send_buffer=self._device.profile.table(CONNECTION).send_buffer if tcp else None,
        )
        self._device.intents.append(Listen(self, request))

    def close(self, mode: int, now: float) -> None:
        """Begin MIPSRVCLOSE: no more connections, and those that there are end as mode says."""
        self._on(ServerEvent.CLOSE)
        self._console = self._device.console
        self._device.intents.append(Unlisten(self))
        profile = self._device.profile
        way = CloseMode(profile.table(CLOSE_MODES)[str(mode)].way)
        section = profile.table(CONNECTION)
        plan = ClosePlan(way, section.close_stall, section.close_linger)
        for instance in self.instances:
            if instance.state is State.CONNECTED and not instance.datagrams:
                self._ending.add(instance.connect_id)
                instance.on(ConnectionEvent.CLOSE)
                self._device.intents.append(Close(instance, plan))
            elif instance.state is not State.CLOSING:
                instance.on(ConnectionEvent.CLOSE)
                instance.on(ConnectionEvent.RELEASED)

    def context_down(self) -> None:
        """End with the PDP context, without a word; its connections are told of.

        What MIPLISTEN has only asked for has failed, and that is told.
        """
        intents = self._device.intents
        if self.state is ServerState.OPENNING:
            intents[:] = [each for each in intents if not (isinstance(each, Listen) and each.listener is self)]
            self.on_listen_failed(NetFailure.SOCKET, self._device.now)
        elif self.state is ServerState.LISTENING:
            intents.append(Unlisten(self))
            for instance in self.instances:
                instance.fail(Loss.PDP_DOWN)
            self._on(ServerEvent.ENDED)

    # What it tells.

    @property
    def instances(self) -> list[Instance]:
        """Its clients, by their ids."""
        return [self._connections[each] for each in sorted(self.clients)]

    @property
    def connected(self) -> list[tuple[int, str, int]]:
        """Its clients as MIPSRVSTATE tells them: the id, the address and port; over UDP of each peer."""
        instances = [each for each in self.instances if each.state in (State.CONNECTED, State.CLOSING)]
        if self.asked is not None and self.asked.transport is Transport.UDP:
            return [(each.connect_id, *peer) for each in instances for peer in self.peers]
        found = [(each.connect_id, each.request) for each in instances]
        return [(connect_id, request.host, request.port) for connect_id, request in found if request is not None]

    @property
    def client_count(self) -> int:
        """The connections that are up, over UDP the peers that have sent."""
        udp = self.asked is not None and self.asked.transport is Transport.UDP
        return len(self.peers) if udp else len(self.connected)

    @property
    def totals(self) -> tuple[int, int]:
        """The bytes to and from all of its clients, those that are gone among them."""
        instances = self.instances
        return (
            self._left_sent + sum(each.sent for each in instances),
            self._left_received + sum(each.received for each in instances),
        )

    # The server of an instance.

    def left(self, connect_id: int, sent: int, received: int) -> None:
        """Give the instance its own settings back, and count what went through it."""
        encoding, buffer = self._own.pop(connect_id)
        self._device.settings.set(ENCODING, encoding, connect_id)
        self._device.settings.set(RECEIVE_BUFFER, buffer, connect_id)
        if connect_id not in self.clients:  # the server that it had has ended before it
            return
        self.clients.discard(connect_id)
        self._left_sent += sent
        self._left_received += received
        self._last_exchange = max(self._last_exchange, self._connections[connect_id].last_exchange)
        self._end_if_over(self._device.now)

    def closed(self, connect_id: int, result: CloseResult) -> bool:
        """Take up how a client was closed; True where MIPSRVCLOSE closed it, and tells of it."""
        if self.state is ServerState.CLOSING and result is CloseResult.NO_ANSWER and connect_id in self.clients:
            self._result = result
        return connect_id in self._ending

    # Listener.

    @property
    def label(self) -> Label:
        """Its name in traces."""
        return Label(SERVERS, self.sid)

    def client(self) -> Label | None:
        """Return the name of the one connection that it has taken, over UDP."""
        return next((each.label for each in self.instances), None)

    @property
    def watches_breaks(self) -> bool:
        """A socket of UDP does not break."""
        return False

    @property
    def watches_acknowledgements(self) -> bool:
        """Over UDP nothing is acknowledged."""
        return False

    @property
    def accepts(self) -> bool:
        """True while the line has room for what comes."""
        return not self._device.first.transmitter.full

    def on_listening(self, host: str, port: int, now: float) -> None:
        """Tell that it listens."""
        self._on(ServerEvent.LISTENING)
        self.host, self.host_port = host, port
        self._last_exchange = -math.inf
        self._device.notify_on(self._console, print_line("MIPLISTEN", self.sid, 0))

    def on_listen_failed(self, failure: NetFailure, now: float) -> None:
        """Tell why it does not listen."""
        number = self._device.profile.cme[_RESULTS.get(failure, "socket_failed")].number
        console = self._console
        self._on(ServerEvent.FAILED)
        self._device.notify_on(console, print_line("MIPLISTEN", self.sid, number))

    def accept(self, host: str, port: int, now: float) -> Accepted | None:
        """Give a connection the lowest id that is free; None: there is none."""
        instance = self._take(host, port, now)
        if instance is None or instance.request is None:
            return None
        section = self._device.profile.table(CONNECTION)
        parting = ClosePlan(CloseMode.DRAIN, section.close_stall, section.close_linger)
        self._device.notify(print_line("MIPURC", "itcp", self.sid, instance.connect_id, host, port))
        return Accepted(instance, instance.request, parting)

    def _take(self, host: str, port: int, now: float) -> Instance | None:
        """Take the lowest free instance for a peer, with the settings of this server."""
        instance = next((each for each in self._connections if each.state is State.INITIAL), None)
        if instance is None or self.asked is None or self.state is not ServerState.LISTENING:
            self._device.intents.append(Tell("no free connection", f"server {self.sid}: {host} port {port}"))
            return None
        connect_id, settings = instance.connect_id, self._device.settings
        encoding, buffer = settings.get(ENCODING, connect_id), settings.get(RECEIVE_BUFFER, connect_id)
        self._own[connect_id] = encoding, buffer
        self.clients.add(connect_id)
        form = settings.effective(SERVER_ENCODING, self.sid).recv_format
        size = settings.effective(SERVER_BUFFER, self.sid).recv_buffer
        settings.set(ENCODING, encoding._replace(recv_format=form), connect_id)
        settings.set(RECEIVE_BUFFER, buffer._replace(recv_buffer=size), connect_id)
        request = OpenRequest(
            transport=self.asked.transport,
            host=host,
            port=port,
            timeout=math.inf,
            server_port=self.asked.port,
            keep_alive=self._connections.keep_alive(connect_id),
        )
        instance.accept(self, request, self.asked.access_mode, now)
        return instance

    def on_opened(self, *, ipv6: bool, now: float) -> None:
        """Do nothing: on_listening has told."""

    def on_failed(self, failure: NetFailure, now: float) -> None:
        """Do nothing: a socket that listens does not fail to open."""

    def credit(self) -> int:
        """Return the size of any datagram: what does not fit is dropped whole."""
        return _MAX_DATAGRAM

    def on_data(self, data: bytes, now: float) -> None:
        """Hand a datagram to the instance of this server; the first one takes it."""
        host, port = data.sender if isinstance(data, Datagram) else ("", 0)
        instance = next((each for each in self.instances if each.state is State.CONNECTED), None)
        if instance is None and not self.clients:  # else it has an id already, that is CLOSED
            instance = self._take(host, port, now)
        if instance is None:
            return
        self.peers.pop((host, port), None)
        self.peers[host, port] = None
        if len(self.peers) > self._device.profile.table(SERVER).most_peers:
            del self.peers[next(iter(self.peers))]
        instance.on_datagram(data, host, port, now)

    def on_taken(self, count: int, now: float) -> None:
        """Do nothing: nothing is forwarded."""

    def on_untaken(self, count: int) -> None:
        """Do nothing: nothing is forwarded."""

    def on_acknowledged(self, count: int) -> None:
        """Do nothing: it does not watch."""

    def on_lost(self, failure: NetFailure | None, now: float) -> None:
        """Do nothing: the next MIPSRVCLOSE ends it."""

    def on_closed(self, result: CloseResult, now: float) -> None:
        """Hear that the host does not listen any more."""
        if self.state is ServerState.CLOSING:
            self._deaf = True
            self._end_if_over(now)

    # Inside.

    def _end_if_over(self, now: float) -> None:
        """Tell MIPSRVCLOSE's end once no client is left; a port of TCP that was used waits 2 MSL."""
        if not self._deaf or self.clients or self.asked is None:
            return
        if self.asked.transport is Transport.TCP and self._last_exchange > -math.inf:
            wait = 2 * self._device.profile.table(CONNECTION).msl
            self._connections.waiting_ports[self.asked.port] = self._last_exchange + wait
        results = self._device.profile.table(CLOSE_RESULTS)
        code: int = getattr(results, self._result.value)
        console = self._console
        self._on(ServerEvent.ENDED)
        self._device.notify_on(console, print_line("MIPSRVCLOSE", self.sid, code))
