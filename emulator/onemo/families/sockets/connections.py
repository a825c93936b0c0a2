"""The connection instances together: opening them, and what happens to all of them."""

from __future__ import annotations

from collections.abc import Iterator

from onemo.errors import NetError, NetFailure
from onemo.families.sockets.connection import AccessMode, ConnectionEvent, Loss, Operation, State
from onemo.families.sockets.holding import window
from onemo.families.sockets.instance import Instance
from onemo.families.sockets.profile import CONNECTION
from onemo.families.sockets.settings import CONTEXT, KEEP_ALIVE, SSL
from onemo.modem.channel import Drop, Open
from onemo.modem.console import Console
from onemo.modem.host import Host
from onemo.modem.names import name_policy
from onemo.modem.part import Part
from onemo.modem.tls import tls_request
from onemo.net.interface import CloseMode, ClosePlan, KeepAlive, OpenRequest, TlsRequest, Transport


class Connections(Part):
    """Every instance of one boot cycle. Times in seconds."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._waiting_ports: dict[int, float] = {}
        ids = host.profile.params["connect_id"].range or ()
        self._instances = {index: Instance(index, host, self._waiting_ports) for index in ids}

    def __getitem__(self, connect_id: int) -> Instance:
        return self._instances[connect_id]

    def __contains__(self, connect_id: object) -> bool:
        return connect_id in self._instances

    def __iter__(self) -> Iterator[Instance]:
        return iter(self._instances.values())

    def open(self, connect_id: int, transport: Transport, host: str, port: int, timeout: float, local_port: int,
             mode: AccessMode, now: float) -> None:  # fmt: skip
        """Begin MIPOPEN: CONNECTING, and the network is asked; a local port in its 2 MSL wait fails at once."""
        instance = self._instances[connect_id]
        instance.check(Operation.OPEN)
        instance.console = self._host.console
        tcp = transport is Transport.TCP
        if tcp and local_port and self._waiting_ports.get(local_port, now) > now:
            instance.tell_failed(NetFailure.PORT_TAKEN)
            return
        instance.cid = self._host.settings.effective(CONTEXT, connect_id).cid
        if refusal := self._host.contexts.refusal(instance.cid):
            instance.tell_failed(refusal)
            return
        try:
            tls = self._tls(connect_id) if tcp else None
        except NetError as error:
            instance.tell_failed(error.failure)
            return
        instance.access_mode = mode
        profile = self._host.profile.table(CONNECTION)
        send_buffer = profile.send_buffer if mode is not AccessMode.TRANSPARENT else profile.transparent_send_buffer
        instance.request = OpenRequest(
            transport=transport,
            host=host,
            port=port,
            timeout=timeout,
            names=name_policy(self._host, instance.cid),
            local_port=local_port,
            keep_alive=self.keep_alive(connect_id) if tcp else None,
            receive_window=window(self._host, connect_id) if tcp else None,
            send_buffer=send_buffer if tcp else None,
            tls=tls,
            open_to_all=not tcp and self._host.has("MIPSENDTO"),
        )
        instance.on(ConnectionEvent.OPEN)
        parting = ClosePlan(CloseMode.DRAIN, profile.close_stall, profile.close_linger)
        self._host.intents.append(Open(instance, instance.request, parting))

    @property
    def waiting_ports(self) -> dict[int, float]:
        """The local ports in their 2 MSL wait, and until when."""
        return self._waiting_ports

    def has_port(self, transport: Transport, port: int, now: float) -> bool:
        """Tell whether a connection has the local port, or one that was closed keeps it for 2 MSL."""
        requests = [each.request for each in self if each.request is not None and each.server is None]
        waits = transport is Transport.TCP and self._waiting_ports.get(port, now) > now
        return waits or any((each.transport, each.local_port) == (transport, port) for each in requests)

    def fall_asleep(self) -> None:
        """Forget TCP connections without a word, as deep sleep does on some models.

        That is so whatever autofree says. [decided]
        """
        if not self._host.profile.sleep.drops_tcp:
            return
        for instance in self:
            if instance.state is State.CONNECTED and instance.transport is Transport.TCP:
                self._host.intents.append(Drop(instance))
                instance.on(ConnectionEvent.LOST)
                instance.on(ConnectionEvent.RELEASED)

    def context_down(self, cid: int) -> None:
        """End every connection on a PDP context that ended; one that was being made has failed."""
        for instance in self:
            if self._host.contexts.chosen(instance.cid) != cid:
                continue
            if instance.state is State.CONNECTING:
                self._host.intents.append(Drop(instance))
                instance.on_failed(self._host.contexts.refusal(cid) or NetFailure.NO_CONTEXT, self._host.now)
            else:
                instance.fail(Loss.PDP_DOWN)

    @property
    def connections(self) -> int:
        """The number of instances that are in use."""
        return sum(instance.state is not State.INITIAL for instance in self)

    @property
    def busy(self) -> bool:
        """True while a connection is being made or closed."""
        return any(instance.state in (State.CONNECTING, State.CLOSING) for instance in self)

    def awaits_line(self, console: Console) -> bool:
        """Tell whether a connection holds the console's line in transparent mode, or is on its way to."""
        waiting = (State.CONNECTING, State.CONNECTED)
        transparent = (i for i in self if i.access_mode is AccessMode.TRANSPARENT and i.state in waiting)
        return any(i.console is console for i in transparent)

    # Inside.

    def _tls(self, connect_id: int) -> TlsRequest | None:
        """TLS as the settings ask for it, None for plain TCP. Raises NetError: a file that it needs is not stored."""
        ssl = self._host.settings.effective(SSL, connect_id)
        return tls_request(self._host.settings, self._host.credentials, ssl.ssl_id) if ssl.ssl_enable else None

    def keep_alive(self, connect_id: int) -> KeepAlive | None:
        """Return the keep-alive of an instance, None without."""
        keep_alive = self._host.settings.effective(KEEP_ALIVE, connect_id)
        if not keep_alive.keepalive:
            return None
        return KeepAlive(idle=keep_alive.keepidle, interval=keep_alive.keepinterval, probes=keep_alive.keepcount)
