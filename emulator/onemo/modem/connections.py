"""The connection instances together: what MIPOPEN, MIPCLOSE and the network do to them, and the URCs that say so."""

from __future__ import annotations

from collections.abc import Iterator

from onemo.at.command import print_line
from onemo.errors import NetError, NetFailure
from onemo.modem.connection import AccessMode, Event, Instance, Loss, Operation, State
from onemo.modem.delivery import Delivery
from onemo.modem.host import Host
from onemo.modem.intents import Close, Drop, Open
from onemo.modem.names import name_policy
from onemo.modem.part import Part
from onemo.modem.slots import AUTOFREE, CONTEXT, KEEP_ALIVE, SSL
from onemo.modem.tls import tls_request
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, KeepAlive, OpenRequest, Transport
from onemo.profile.schema import CLOSE_MODES, CLOSE_RESULTS, CONNECTION, DISCONNECTED, OPEN_RESULTS


class Connections(Part):
    """Every instance of one boot cycle. Times in seconds; the shell reports with the methods that take now."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._profile = host.profile
        self._instances = {index: Instance(index) for index in host.profile.params["connect_id"].range or ()}
        self._waiting_ports: dict[int, float] = {}
        self.delivery = Delivery(host, host.profile.table(CONNECTION))

    def __getitem__(self, connect_id: int) -> Instance:
        return self._instances[connect_id]

    def __contains__(self, connect_id: object) -> bool:
        return connect_id in self._instances

    def __iter__(self) -> Iterator[Instance]:
        return iter(self._instances.values())

    # What commands do.

    def open(self, connect_id: int, transport: Transport, host: str, port: int, timeout: float, local_port: int,
             mode: AccessMode, now: float) -> None:  # fmt: skip
        """MIPOPEN: CONNECTING, and the network is asked; a local port in its 2 MSL wait fails at once."""
        instance = self._instances[connect_id]
        instance.check(Operation.OPEN)
        if transport is Transport.TCP and local_port and self._waiting_ports.get(local_port, now) > now:
            self._notify_opened(connect_id, self._result(NetFailure.PORT_TAKEN))
            return
        instance.cid = self._host.settings.effective(CONTEXT, connect_id).cid
        if refusal := self._host.contexts.refusal(instance.cid):
            self._notify_opened(connect_id, self._result(refusal))
            return
        tls = None
        ssl = self._host.settings.effective(SSL, connect_id)
        if ssl.ssl_enable and transport is Transport.TCP:
            try:
                tls = tls_request(self._host.settings, self._host.files, ssl.ssl_id or 0)
            except NetError as error:
                self._notify_opened(connect_id, self._result(error.failure))
                return
        instance.access_mode = mode
        keep_alive = self._host.settings.effective(KEEP_ALIVE, connect_id)
        profile = self._profile.table(CONNECTION)
        tcp = transport is Transport.TCP
        send_buffer = profile.send_buffer if mode is not AccessMode.TRANSPARENT else profile.transparent_send_buffer
        instance.request = OpenRequest(
            transport,
            host,
            port,
            timeout,
            name_policy(self._host, instance.cid),
            local_port,
            KeepAlive(keep_alive.keepidle, keep_alive.keepinterval, keep_alive.keepcount)
            if tcp and keep_alive.keepalive
            else None,
            receive_window=profile.tcp_window if tcp else None,
            send_buffer=send_buffer if tcp else None,
            tls=tls,
            connect_id=connect_id,
        )
        instance.on(Event.OPEN)
        self._host.intents.append(Open(connect_id, instance.request))

    def close(self, connect_id: int, mode: int, now: float) -> None:
        """MIPCLOSE, in the way that mode stands for in the profile; on UDP the mode is inert."""
        instance = self._instances[connect_id]
        instance.check(Operation.CLOSE)
        lost = instance.state is State.CLOSED
        instance.on(Event.CLOSE)
        instance.close_mode = mode
        if lost:
            self.closed(connect_id, CloseResult.NORMAL, now)
            return
        way = CloseMode(self._profile.table(CLOSE_MODES)[str(mode)].way)
        profile = self._profile.table(CONNECTION)
        self._host.intents.append(Close(connect_id, ClosePlan(way, profile.close_stall, profile.close_linger)))

    def fail(self, connect_id: int, loss: Loss) -> None:
        """A command found the connection broken."""
        if self._instances[connect_id].state is State.CONNECTED:
            self._host.intents.append(Drop(connect_id))
            self.lost(connect_id, loss)

    # What the shell reports.

    def opened(self, connect_id: int, *, ipv6: bool, now: float) -> None:
        """The network gave a connection; ipv6: over that family."""
        instance = self._instances[connect_id]
        instance.on(Event.OPENED)
        instance.ipv6 = ipv6
        instance.last_exchange = now
        if instance.access_mode is AccessMode.TRANSPARENT:
            self._host.go_online(connect_id)
            return
        self.delivery.hold(instance, instance.access_mode)
        self._notify_opened(connect_id, 0)

    def open_failed(self, connect_id: int, failure: NetFailure) -> None:
        """The network gave none; the instance is free again whatever autofree says."""
        self._instances[connect_id].on(Event.FAILED)
        self._notify_opened(connect_id, self._result(failure))

    def credit(self, connect_id: int) -> int:
        """How many bytes the shell may read from the peer now; 0: none for the time being."""
        return self.delivery.credit(self._instances[connect_id])

    def tells_breaks(self, connect_id: int) -> bool:
        """Whether a break is told at once, though not everything was read: in stream-buffered mode."""
        return self._instances[connect_id].access_mode is AccessMode.STREAM_BUFFERED

    def wants_acknowledgements(self, connect_id: int) -> bool:
        """Whether the shell should report what the peer acknowledges."""
        return self.delivery.wants_acknowledgements(self._instances[connect_id])

    def acknowledged(self, connect_id: int, count: int) -> None:
        """The peer acknowledged count more bytes."""
        self.delivery.acknowledged(self._instances[connect_id], count)

    def received(self, connect_id: int, data: bytes, now: float) -> None:
        """A piece of at most the credit (TCP), or a datagram."""
        instance = self._instances[connect_id]
        instance.last_exchange = now
        self.delivery.received(instance, data)

    def lost(self, connect_id: int, loss: Loss) -> None:
        """The connection ended by itself: "disconn", and INITIAL or (autofree 1) CLOSED."""
        instance = self._instances[connect_id]
        if instance.online:
            instance.online = False
            self._host.go_offline(connect_id)
        instance.on(Event.LOST)
        if not self._host.settings.effective(AUTOFREE, connect_id).free_mode:
            instance.on(Event.RELEASED)
        number = self._profile.table(DISCONNECTED)[loss.value]
        self._host.notify(print_line("MIPURC", "disconn", connect_id, number))

    def closed(self, connect_id: int, result: CloseResult, now: float) -> None:
        """MIPCLOSE is done: its URC, and the 2 MSL wait of a given local port where the mode has one."""
        instance = self._instances[connect_id]
        mode = self._profile.table(CLOSE_MODES)[str(instance.close_mode)]
        request = instance.request
        tcp = request is not None and request.transport is Transport.TCP
        if tcp and request is not None and request.local_port and mode.waits:
            self._wait_port(request.local_port, instance.last_exchange, now)
        code = None
        if tcp and mode.code and self._profile.table(CONNECTION).close_code:
            code = getattr(self._profile.table(CLOSE_RESULTS), result.value)
        instance.on(Event.RELEASED)
        self._host.notify(print_line("MIPCLOSE", connect_id, code))

    def fall_asleep(self) -> None:
        """Deep sleep on some models: TCP connections are gone without a word, whatever autofree says. [decided]"""
        if not self._profile.sleep.drops_tcp:
            return
        for instance in self:
            if instance.state is State.CONNECTED and instance.transport is Transport.TCP:
                self._host.intents.append(Drop(instance.connect_id))
                instance.on(Event.LOST)
                instance.on(Event.RELEASED)

    def context_down(self, cid: int) -> None:
        """The PDP context ended: every connection on it does. One that was being made has failed."""
        for instance in self:
            if self._host.contexts.chosen(instance.cid) != cid:
                continue
            if instance.state is State.CONNECTING:
                self._host.intents.append(Drop(instance.connect_id))
                self.open_failed(instance.connect_id, self._host.contexts.refusal(cid) or NetFailure.NO_CONTEXT)
            else:
                self.fail(instance.connect_id, Loss.PDP_DOWN)

    def abandoned(self, connect_id: int, now: float) -> None:
        """Nobody serves the connection any more (a bug): whatever was awaited of it has failed."""
        state = self._instances[connect_id].state
        if state is State.CONNECTING:
            self.open_failed(connect_id, NetFailure.OTHER)
        elif state is State.CONNECTED:
            self.lost(connect_id, Loss.BROKEN)
        elif state is State.CLOSING:
            self.closed(connect_id, CloseResult.FAILED, now)

    @property
    def busy(self) -> bool:
        """Whether a connection is being made or closed."""
        return any(instance.state in (State.CONNECTING, State.CLOSING) for instance in self)

    @property
    def awaiting_line(self) -> bool:
        """Whether a connection is on its way that will hold the line in transparent mode."""
        waiting = (State.CONNECTING, State.CONNECTED)
        return any(i.access_mode is AccessMode.TRANSPARENT and i.state in waiting for i in self)

    # Inside.

    def _wait_port(self, port: int, last_exchange: float, now: float) -> None:
        self._waiting_ports = {known: until for known, until in self._waiting_ports.items() if until > now}
        self._waiting_ports[port] = last_exchange + 2 * self._profile.table(CONNECTION).msl

    def _result(self, failure: NetFailure) -> int:
        """<result> of MIPOPEN for a failure, as the profile says."""
        results = self._profile.table(OPEN_RESULTS)
        named: int | str = getattr(results, failure.name.lower(), results.other)
        return named if isinstance(named, int) else self._profile.cme[named].number

    def _notify_opened(self, connect_id: int, result: int) -> None:
        self._host.notify(print_line("MIPOPEN", connect_id, result))
