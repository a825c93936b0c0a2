"""The clients of the sandbox's LwM2M server: who is registered, until when, and what is observed. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from onemo.net.coap.exchange import is_newer
from onemo.net.coap.message import CoapCode, CoapMessage, CoapOption, CoapType, text_options
from onemo.net.lwm2m.links import decode_links
from onemo.net.lwm2m.values import Lwm2mFormat, Lwm2mMalformed
from onemo.net.sandbox.lwm2m_exchange import SocketAddress

_LIFETIME = 86400
"""Seconds, where a registration says none (OMA-TS-LightweightM2M-V1_0 8.2.1)."""
_VERSIONS = ("1.0", "1.1")
_MOST_CLIENTS = 4096
_LONGEST_NAME = 255
_MOST_LIFETIME = (1 << 32) - 1
_MOST_NOTIFICATIONS = 100


class Lwm2mNotification(NamedTuple):
    """A notification of a client. number: its Observe option; format: its Content-Format, None: it has none."""

    endpoint: str
    path: str
    number: int
    confirmable: bool
    format: int | None
    payload: bytes


@dataclass(slots=True)
class Lwm2mObservation:
    """A path that is observed at a client. number, at: of its newest notification."""

    path: str
    token: bytes
    number: int
    at: float


@dataclass(slots=True, eq=False)
class Lwm2mPeer:
    """A client that is registered. until: when its lifetime ends; paths: of its objects and instances."""

    endpoint: str
    location: str
    address: SocketAddress
    lifetime: int
    until: float
    version: str
    binding: str
    paths: tuple[str, ...]
    observations: dict[str, Lwm2mObservation] = field(default_factory=dict)


class Lwm2mRefusal(Exception):
    """A request that is answered with this code."""

    def __init__(self, code: CoapCode) -> None:
        super().__init__(code.name)
        self.code = code


class Lwm2mClients:
    """The registrations, by endpoint name; at most 4096, and those whose lifetime has ended are gone.

    notifications: the newest hundred.
    """

    def __init__(self) -> None:
        self._clients: dict[str, Lwm2mPeer] = {}
        self._locations: dict[str, Lwm2mPeer] = {}
        self._observed: dict[bytes, tuple[Lwm2mPeer, Lwm2mObservation]] = {}
        self._count = 0
        self.notifications: deque[Lwm2mNotification] = deque(maxlen=_MOST_NOTIFICATIONS)

    def all(self, now: float) -> list[Lwm2mPeer]:
        """Return the clients, in the order in which they registered."""
        for client in [client for client in self._clients.values() if client.until <= now]:
            self._remove(client)
        return list(self._clients.values())

    def find(self, endpoint: str, now: float) -> Lwm2mPeer | None:
        """Return the client of this name; None: there is none."""
        client = self._clients.get(endpoint)
        return client if client is not None and client.until > now else None

    def register(self, request: CoapMessage, source: SocketAddress, now: float) -> tuple[Lwm2mPeer, CoapMessage]:
        """Register a client; one of its name before it is gone. Return it and the answer. Raises Lwm2mRefusal."""
        query = _query(request)
        endpoint = query.get("ep", "")
        if not 0 < len(endpoint.encode()) <= _LONGEST_NAME:
            raise Lwm2mRefusal(CoapCode.BAD_REQUEST)
        if query.get("lwm2m", _VERSIONS[0]) not in _VERSIONS:
            raise Lwm2mRefusal(CoapCode.PRECONDITION_FAILED)
        lifetime = _lifetime(query, _LIFETIME)
        paths = _paths(request) or ()
        before = self._clients.get(endpoint)
        if before is not None:
            self._remove(before)
        if len(self._clients) >= _MOST_CLIENTS and len(self.all(now)) >= _MOST_CLIENTS:
            raise Lwm2mRefusal(CoapCode.UNAVAILABLE)
        self._count += 1
        client = Lwm2mPeer(
            endpoint=endpoint,
            location=str(self._count),
            address=source,
            lifetime=lifetime,
            until=now + lifetime,
            version=query.get("lwm2m", ""),
            binding=query.get("b", ""),
            paths=paths,
        )
        self._clients[endpoint] = self._locations[client.location] = client
        return client, answered(CoapCode.CREATED, *text_options(CoapOption.LOCATION_PATH, ("rd", client.location)))

    def update(self, location: str, request: CoapMessage, source: SocketAddress, now: float) -> CoapMessage:
        """Renew a registration; its client is from now on where this came from. Raises Lwm2mRefusal."""
        client = self._at(location, now)
        query = _query(request)
        lifetime = _lifetime(query, client.lifetime)
        paths = _paths(request)
        client.lifetime, client.until, client.address = lifetime, now + lifetime, source
        client.binding = query.get("b", client.binding)
        client.paths = client.paths if paths is None else paths
        return answered(CoapCode.CHANGED)

    def deregister(self, location: str, now: float) -> CoapMessage:
        """Remove a registration. Raises Lwm2mRefusal."""
        self._remove(self._at(location, now))
        return answered(CoapCode.DELETED)

    def observe(self, client: Lwm2mPeer, path: str, token: bytes, number: int, now: float) -> None:
        """Take up an observation in the place of an earlier one of this path."""
        self.cancel(client, path)
        if self._clients.get(client.endpoint) is client:
            observation = Lwm2mObservation(path, token, number, now)
            client.observations[path] = observation
            self._observed[token] = client, observation

    def cancel(self, client: Lwm2mPeer, path: str) -> None:
        """Forget an observation."""
        observation = client.observations.pop(path, None)
        if observation is not None:
            self._observed.pop(observation.token, None)

    def is_observed(self, token: bytes) -> bool:
        """Tell whether an observation has this token."""
        return token in self._observed

    def notify(self, message: CoapMessage, source: SocketAddress, now: float) -> bool:
        """Take a notification; return False where its token is that of no observation of this client's."""
        client, observation = self._observed.get(message.token, (None, None))
        if client is None or observation is None or client.address != source or client.until <= now:
            return False
        number = message.uint(CoapOption.OBSERVE)
        if number is None or message.code >> 5 != 2:  # an error, or an answer without it, ends it (RFC 7641 4.2)
            self.cancel(client, observation.path)
            number = observation.number if number is None else number
        elif not is_newer(number, now, observation.number, observation.at):
            return True
        observation.number, observation.at = number, now
        self.notifications.append(
            Lwm2mNotification(
                endpoint=client.endpoint,
                path=observation.path,
                number=number,
                confirmable=message.type is CoapType.CON,
                format=message.uint(CoapOption.CONTENT_FORMAT),
                payload=message.payload,
            )
        )
        return True

    def _at(self, location: str, now: float) -> Lwm2mPeer:
        client = self._locations.get(location)
        if client is None or client.until <= now:
            raise Lwm2mRefusal(CoapCode.NOT_FOUND)
        return client

    def _remove(self, client: Lwm2mPeer) -> None:
        del self._clients[client.endpoint]
        del self._locations[client.location]
        for path in list(client.observations):
            self.cancel(client, path)


def answered(code: CoapCode, *options: tuple[int, bytes]) -> CoapMessage:
    """Make an answer; who sends it gives it its type, mid and token."""
    return CoapMessage(CoapType.ACK, code, 0, options=options)


def _query(request: CoapMessage) -> dict[str, str]:
    return {name: value for name, _, value in (each.partition("=") for each in request.query)}


def _lifetime(query: dict[str, str], usual: int) -> int:
    """Return the lifetime that a request says. Raises Lwm2mRefusal."""
    said = query.get("lt", str(usual))
    if not (said.isascii() and said.isdecimal() and len(said) <= 10 and 0 < int(said) <= _MOST_LIFETIME):
        raise Lwm2mRefusal(CoapCode.BAD_REQUEST)
    return int(said)


def _paths(request: CoapMessage) -> tuple[str, ...] | None:
    """Return the paths that a request lists; None: it lists none. Raises Lwm2mRefusal."""
    if not request.payload:
        return None
    if request.uint(CoapOption.CONTENT_FORMAT) not in (None, Lwm2mFormat.LINK):
        raise Lwm2mRefusal(CoapCode.UNSUPPORTED_FORMAT)
    try:
        links = decode_links(request.payload)
    except Lwm2mMalformed as error:
        raise Lwm2mRefusal(CoapCode.BAD_REQUEST) from error
    return tuple(link.target for link in links if link.target != "/")
