"""The sandbox: its servers, started with the first use of each."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Container
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import trio

from onemo.errors import NetError, NetFailure
from onemo.net.interface import AddressFamily, Pinger, Transport
from onemo.net.sandbox import datagrams, streams
from onemo.net.sandbox.config import SandboxConfig
from onemo.net.sandbox.nameserver import NameServer
from onemo.net.sandbox.ping import PingTable
from onemo.net.sandbox.timeserver import TimeServer
from onemo.net.sandbox.zone import BOTH, NAME_SERVERS, Zone, in_sandbox

if TYPE_CHECKING:
    from onemo.net.sandbox.broker import Broker
    from onemo.net.sandbox.ftp import SandboxFtp
    from onemo.net.sandbox.lwm2m import Lwm2mServer
    from onemo.net.sandbox.web import WebServer

_DEFAULT = SandboxConfig()
_LOOPBACK = "127.0.0.1"
_ECHO, _DISCARD, _CHARACTERS, _NAMES, _TIME = 7, 9, 19, 53, 123
_FTP, _WEB, _MQTT, _LWM2M = 21, 80, 1883, 5683
_OVER_TLS = {443: _WEB, 8883: _MQTT}
_SERVED = (_DISCARD, _CHARACTERS, _NAMES, _TIME, _FTP, _WEB, _MQTT, _LWM2M)
_TRIES = 32  # for a number that is free for TCP and UDP
_UDP_BUFFER = 1 << 20  # bytes: a burst of datagrams fits
_TCP_BUFFER = 1 << 18  # bytes: the host's own choice grows to tens of MB, and a slow peer would be felt too late


class Service(NamedTuple):
    """The service of one well-known port, over TCP and over UDP."""

    converse: streams.Conversation
    serve: Callable[[socket.socket], Awaitable[None]]
    """Serves over UDP; owns the socket, non-blocking."""


class Sandbox:
    """A network in which every name has an address and every port a server on the host's loopback.

    Port 9 discards, 19 generates characters, 53 resolves names, 123 over UDP tells the time; over TCP 80 and, in TLS,
    443 are a web server, 1883 and, in TLS, 8883 an MQTT broker, 21 is an FTP server, which opens further ports; over
    UDP 5683 is an LwM2M server; all others echo. families: those in which names have addresses.
    """

    def __init__(self, config: SandboxConfig = _DEFAULT, families: Container[AddressFamily] = BOTH) -> None:
        self._zone = Zone(config.hosts, families)
        self.ussd = config.ussd
        """The radio network's answers to USSD codes."""
        self._pings = PingTable(config.ping, self._zone)
        self._config = config
        self._web: WebServer | None = None
        self._broker: Broker | None = None
        self._ftp: SandboxFtp | None = None
        self._lwm2m: Lwm2mServer | None = None
        self._nursery: trio.Nursery | None = None
        self._endpoints: dict[int, tuple[str, int]] = {}
        """Where the server of a port listens; of one in TLS, by the negative of its number."""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep the servers, until cancelled; then every socket is closed. Nothing is open before it is needed."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                task_status.started()
                await trio.sleep_forever()
            finally:
                self._nursery = None
                self._endpoints.clear()

    def endpoint(self, transport: Transport, port: int, *, tls: bool = False) -> tuple[str, int]:
        """Return the place where the server of this port really listens, from now on.

        A server has the same number for TCP and UDP, so that a client may turn from one to the other. tls: over TCP a
        server in TLS, for any port but 53: the web server's on 80 and 443, the broker's on 1883 and 8883, the FTP
        server's on 21, else an echo. Its data connections are never in TLS.
        Raises NetError: SOCKET, the host has none left; OTHER, the sandbox does not run.
        """
        if self._nursery is None:
            raise NetError(NetFailure.OTHER, "the sandbox does not run")
        if transport is Transport.TCP and self._ftp is not None and self._ftp.waits_on(port):
            return _LOOPBACK, port
        echoes = port in self._config.echo.ports
        kind = _ECHO if echoes else _OVER_TLS.get(port, port)
        if transport is Transport.TCP and port != _NAMES and (tls or (port in _OVER_TLS and not echoes)):
            return self._tls_endpoint(kind, self._nursery)
        if kind not in _SERVED:
            kind = _ECHO
        if kind not in self._endpoints:
            self._endpoints[kind] = self._start(self._service(kind), self._nursery)
        return self._endpoints[kind]

    @property
    def broker(self) -> Broker:
        """The MQTT broker, which every name has."""
        if self._broker is None:
            from onemo.net.sandbox.broker import Broker

            self._broker = Broker()
        return self._broker

    @property
    def ftp(self) -> SandboxFtp:
        """The FTP server, which every name has."""
        if self._ftp is None:
            from onemo.net.sandbox.ftp import SandboxFtp

            self._ftp = SandboxFtp()
        return self._ftp

    @property
    def web(self) -> WebServer:
        """The web server, which every name has."""
        if self._web is None:
            from onemo.net.sandbox.web import WebServer

            self._web = WebServer(self._config.http)
        return self._web

    @property
    def lwm2m(self) -> Lwm2mServer:
        """The LwM2M server, which every name has."""
        if self._lwm2m is None:
            from onemo.net.sandbox.lwm2m import Lwm2mServer

            self._lwm2m = Lwm2mServer(self._config.lwm2m.greets)
        return self._lwm2m

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        """Publish at the broker. Raises UsageError: that is no message."""
        self.broker.say(topic, payload, qos, retain)

    def _tls_endpoint(self, kind: int, nursery: trio.Nursery) -> tuple[str, int]:
        """Return the place where a server in TLS listens: one of those that have one, or the echo's."""
        key = -kind if kind in (*_OVER_TLS.values(), _FTP) else -_ECHO
        if key not in self._endpoints:
            from onemo.net.sandbox import tls

            servers = {_WEB: "web", _MQTT: "broker", _FTP: "ftp"}  # each is made when it is asked for
            server = tls.TlsServer(getattr(self, servers[kind]).talk if kind in servers else tls.echo)
            tcp, udp = _listening()
            udp.close()
            self._endpoints[key] = _LOOPBACK, tcp.getsockname()[1]
            nursery.start_soon(streams.serve, tcp, server.converse)
        return self._endpoints[key]

    def addresses(self, name: str, family: AddressFamily) -> list[str]:
        """Return the name's addresses in this family, may be none.

        Raises NetError(NAME): malformed, or no such name.
        """
        return self._zone.addresses(name, family)

    def pinger(self, address: str, size: int) -> Pinger:
        """Get ready to ping an address, whatever the size. Raises NetError(OTHER): it is no address."""
        return self._pings.pinger(address)

    def holds(self, address: str) -> bool:
        """Tell whether the address is one of the sandbox's networks or of its table; False for what is no address."""
        return in_sandbox(address) or self._zone.has(address)

    def name_servers(self) -> tuple[str, ...]:
        return NAME_SERVERS

    def _service(self, kind: int) -> Service:
        echo = _answering(datagrams.echo)
        if kind == _DISCARD:
            return Service(streams.discard, _answering(datagrams.silence))
        if kind == _CHARACTERS:
            return Service(streams.characters, _answering(datagrams.Characters().answer))
        if kind == _NAMES:
            names = NameServer(self._zone)
            return Service(names.converse, _answering(names.answer))
        if kind == _MQTT:
            return Service(self.broker.converse, echo)
        if kind == _WEB:
            return Service(self.web.converse, echo)
        if kind == _LWM2M:
            return Service(streams.echo, self.lwm2m.serve)
        if kind == _FTP:
            return Service(self.ftp.converse, echo)
        if kind == _TIME:
            return Service(streams.echo, _answering(TimeServer().answer))
        return Service(streams.echo, echo)

    @staticmethod
    def _start(service: Service, nursery: trio.Nursery) -> tuple[str, int]:
        tcp, udp = _listening()
        nursery.start_soon(streams.serve, tcp, service.converse)
        nursery.start_soon(service.serve, udp)
        return _LOOPBACK, udp.getsockname()[1]


def _answering(answer: datagrams.Answer) -> Callable[[socket.socket], Awaitable[None]]:
    """Return what serves over UDP with a function from a datagram to its answer."""
    return partial(datagrams.serve, answer=answer)


def _listening() -> tuple[socket.socket, socket.socket]:
    """Open a TCP and a UDP socket with one free number. Raises NetError(SOCKET), and then none is open."""
    failure: OSError | None = None
    for _ in range(_TRIES):
        try:
            return _listening_once()
        except OSError as error:
            failure = error
    raise NetError(NetFailure.SOCKET, str(failure)) from failure


def _listening_once() -> tuple[socket.socket, socket.socket]:
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    udp = None
    try:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp.bind((_LOOPBACK, 0))
        udp.bind(tcp.getsockname())
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UDP_BUFFER)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _TCP_BUFFER)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _TCP_BUFFER)
        tcp.setblocking(False)
        udp.setblocking(False)
        tcp.listen(socket.SOMAXCONN)
    except BaseException:
        tcp.close()
        if udp is not None:
            udp.close()
        raise
    return tcp, udp
