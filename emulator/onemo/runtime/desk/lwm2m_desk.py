"""Requests to the clients of the sandbox's LwM2M server, for any thread and for the operations of the desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import trio

from onemo.errors import FaultError, NetError, UsageError
from onemo.families.lwm2m.info import lwm2m_device
from onemo.net.coap.message import CoapMessage, CoapOption, label
from onemo.net.interface import Transport
from onemo.net.lwm2m.shown import PlainValue, payload_text, plain_value, resources_payload
from onemo.net.lwm2m.values import Lwm2mFormat, Lwm2mMalformed, Lwm2mType, from_text, to_text
from onemo.net.sandbox import Sandbox
from onemo.net.sandbox.lwm2m import Lwm2mServer
from onemo.runtime.desk.lwm2m_results import (
    FORMATS,
    PATIENCE,
    Lwm2mAddress,
    Lwm2mAnswer,
    Lwm2mRegistration,
    Lwm2mReport,
)
from onemo.runtime.desk.operation import Values

if TYPE_CHECKING:
    from onemo.modem.modem import Modem
    from onemo.runtime.controls import ModuleControls

_FORMATS = {
    "text": Lwm2mFormat.TEXT,
    "opaque": Lwm2mFormat.OPAQUE,
    "tlv": Lwm2mFormat.TLV,
    "json": Lwm2mFormat.JSON,
    "old-tlv": Lwm2mFormat.OLD_TLV,
    "old-json": Lwm2mFormat.OLD_JSON,
}
_NAMES = {**{int(value): name for name, value in _FORMATS.items()}, int(Lwm2mFormat.LINK): "link"}
Ask = Callable[[Lwm2mServer, str], Awaitable[CoapMessage]]
"""Asks something of the client of a name."""
Wait = Callable[[Callable[[], Awaitable[Lwm2mAnswer]]], Lwm2mAnswer]
"""Awaits the work that it is given in the trio run of the module, and returns its result."""


class Lwm2mErrorAnswer(UsageError):
    """A client answered with an error. code: as people write it, ``4.04``."""

    def __init__(self, endpoint: str, path: str, code: str) -> None:
        super().__init__(f"{endpoint} answered {code} for {path}")
        self.code = code


class Lwm2mDesk:
    """The LwM2M server of the sandbox that a module's routes lead to.

    Modules with the same network options share it. Requests go to the module's own client, or to that of the name
    endpoint, and wait at most timeout seconds. Each raises UsageError where nothing leads to a sandbox, or nobody of
    that name is registered; Lwm2mErrorAnswer where the client answers with an error; TimeoutError where it is silent.
    """

    def __init__(self, controls: ModuleControls, wait: Wait) -> None:
        self._controls = controls
        self._wait_for = wait

    @property
    def clients(self) -> list[Lwm2mRegistration]:
        """The clients that are registered, in the order in which they came."""
        return registrations(self._controls)

    @property
    def address(self) -> Lwm2mAddress:
        """The UDP address where programs of the host reach the server."""
        return address(self._controls)

    @property
    def notifications(self) -> list[Lwm2mReport]:
        """The newest hundred notifications of all clients, the last at the end."""
        return reports(self._controls)

    def read(
        self, path: str, *, format: str | None = None, endpoint: str | None = None, timeout: float = PATIENCE
    ) -> str:
        """Read an object, an instance or a resource; return it as text, of several resources a line for each.

        format: ``text``, ``opaque``, ``tlv``, ``json``, ``old-tlv`` or ``old-json``; None: as the client likes.
        """
        accept = _accept(format)
        return self._wait(path, endpoint, lambda server, name: server.read(name, path, accept, timeout))

    def write(
        self,
        path: str,
        value: PlainValue | Mapping[int, PlainValue],
        *,
        endpoint: str | None = None,
        timeout: float = PATIENCE,
    ) -> None:
        """Write a resource: bytes as opaque, all else as text; or several of an instance, by their ids, as TLV."""
        try:
            payload, format_ = _python_payload(value)
        except Lwm2mMalformed as error:
            raise UsageError(f"write {path}: {error}") from error
        self._wait(path, endpoint, lambda server, name: server.write(name, path, payload, format_, timeout))

    def execute(self, path: str, text: str = "", *, endpoint: str | None = None, timeout: float = PATIENCE) -> None:
        """Execute a resource, with an argument or without."""
        data = text.encode("utf-8", "surrogatepass")
        self._wait(path, endpoint, lambda server, name: server.execute(name, path, data, timeout))

    def discover(self, path: str, *, endpoint: str | None = None, timeout: float = PATIENCE) -> str:
        """Return the links of what an object, an instance or a resource has: ``</3/0>,</3/0/0>``."""
        return self._wait(path, endpoint, lambda server, name: server.discover(name, path, timeout))

    def observe(
        self, path: str, *, format: str | None = None, endpoint: str | None = None, timeout: float = PATIENCE
    ) -> str:
        """Observe a path; return what it has now. ``notifications`` has what follows."""
        accept = _accept(format)
        return self._wait(path, endpoint, lambda server, name: server.observe(name, path, accept, timeout))

    def cancel(self, path: str, *, endpoint: str | None = None, timeout: float = PATIENCE) -> None:
        """Observe a path no longer."""
        self._wait(path, endpoint, lambda server, name: server.cancel(name, path, timeout))

    def attributes(self, path: str, attributes: str, *, endpoint: str | None = None, timeout: float = PATIENCE) -> None:
        """Write attributes of notification: ``"pmin=18&pmax=90"``."""
        self._wait(path, endpoint, lambda server, name: server.attributes(name, path, attributes, timeout))

    def _wait(self, path: str, endpoint: str | None, ask: Ask) -> str:
        server, name = _addressed(self._controls, endpoint)
        return self._wait_for(partial(_asked, ask, server, name, path)).text


def asked(controls: ModuleControls, values: Values, ask: Ask) -> Awaitable[Lwm2mAnswer]:
    """Ask something of the client that the values name; return the answer to be awaited. Raises UsageError."""
    server, name = _addressed(controls, values.get("endpoint"))
    return _asked(ask, server, name, values["path"])


def _server(controls: ModuleControls) -> Lwm2mServer:
    return _sandbox(controls).lwm2m


def _sandbox(controls: ModuleControls) -> Sandbox:
    sandbox = controls.sandbox
    if not isinstance(sandbox, Sandbox):
        raise UsageError("nothing leads to the sandbox: start the module with --sandbox, or a route to it")
    return sandbox


def _addressed(controls: ModuleControls, endpoint: str | None) -> tuple[Lwm2mServer, str]:
    """Return the server, and the name of a client: the one that was given, or the module's. Raises UsageError."""
    server = _server(controls)
    return server, endpoint or controls._do(lambda modem, now: _own_endpoint(server, modem))


def _own_endpoint(server: Lwm2mServer, modem: Modem) -> str:
    """Return the endpoint name of a module's client: its device's, else one with its IMEI. Raises UsageError: none."""
    imei = modem.profile.identity.imei
    names = [client.endpoint for client in server.clients()]
    devices = lwm2m_device(modem) if modem.has("MIPLCREATE") else ()
    own = [name for name in names if imei in name] + [device.endpoint for device in devices if device.endpoint in names]
    if not own:
        known = f"{', '.join(names[:10])}{' …' if len(names) > 10 else ''}" if names else "nobody"
        raise UsageError(
            f"the module, {imei}, is not registered at the sandbox's LwM2M server; registered is {known}: "
            "name another client as endpoint"
        )
    return own[-1]


async def _asked(ask: Ask, server: Lwm2mServer, name: str, path: str) -> Lwm2mAnswer:
    """Ask something of a client, and tell its answer. Raises Lwm2mErrorAnswer."""
    answer = await ask(server, name)
    if answer.code >> 5 != 2:
        raise Lwm2mErrorAnswer(name, path, label(answer.code))
    content = answer.uint(CoapOption.CONTENT_FORMAT)
    text = payload_text(content, answer.payload, path)
    return Lwm2mAnswer(name, path, label(answer.code), _format_name(content, answer.payload), text)


def _format_name(content: int | None, payload: bytes) -> str:
    if content is None:
        return "text" if payload else ""
    return _NAMES.get(content, str(content))


def registrations(controls: ModuleControls) -> list[Lwm2mRegistration]:
    """Return the clients that are registered."""
    server = _server(controls)
    return controls.do(lambda: _registrations(server, trio.current_time()))


def address(controls: ModuleControls) -> Lwm2mAddress:
    """Return the place of the server, which is started if it was not asked for before. Raises UsageError."""
    sandbox = _sandbox(controls)
    try:
        return Lwm2mAddress(*controls.do(lambda: sandbox.endpoint(Transport.UDP, 5683)))
    except NetError as error:
        raise UsageError(str(error)) from error


def reports(controls: ModuleControls) -> list[Lwm2mReport]:
    """Return the newest notifications."""
    server = _server(controls)
    return controls.do(lambda: _reports(server))


def _registrations(server: Lwm2mServer, now: float) -> list[Lwm2mRegistration]:
    return [
        Lwm2mRegistration(
            endpoint=client.endpoint,
            address=f"{client.address[0]}:{client.address[1]}",
            lifetime=client.lifetime,
            left=int(client.until - now),
            version=client.version,
            binding=client.binding,
            paths=list(client.paths),
            observed=list(client.observations),
        )
        for client in server.clients()
    ]


def _reports(server: Lwm2mServer) -> list[Lwm2mReport]:
    return [
        Lwm2mReport(
            endpoint=each.endpoint,
            path=each.path,
            number=each.number,
            confirmable=each.confirmable,
            format=_format_name(each.format, each.payload),
            text=payload_text(each.format, each.payload, each.path),
        )
        for each in server.notifications
    ]


def payload_of(values: Values) -> tuple[bytes, Lwm2mFormat]:
    """Return what is to be written, and its format. Raises FaultError: hex, or a value of its type, that is none."""
    text, kind, named = values["value"], values.get("type"), values["format"]
    if kind is not None and named != "tlv":
        raise FaultError(f"lwm2m write: type={kind} is for format=tlv; a text is sent as it is")
    try:
        data = bytes.fromhex(text) if values["encoding"] == "hex" else text.encode()
    except ValueError as error:
        raise FaultError(f"lwm2m write: {text[:80]!r} is no hex: give two digits for each byte") from error
    if named == "tlv" and (kind is not None or values["encoding"] == "text"):
        last = values["path"].rpartition("/")[2]
        if values["path"].strip("/").count("/") != 2 or not last.isdecimal():
            raise FaultError("lwm2m write: format=tlv of an instance is given whole: as encoding=hex, without a type")
        try:
            value = from_text(Lwm2mType(kind or "string"), data)
        except Lwm2mMalformed as error:
            raise FaultError(f"lwm2m write: {text[:80]!r} is no {kind}: {error}") from error
        try:
            data = resources_payload({int(last): value})
        except Lwm2mMalformed as error:
            raise FaultError(f"lwm2m write {values['path']}: {error}") from error
    return data, _FORMATS[named]


def accepted(values: Values) -> int | None:
    """Return the Content-Format that is wanted; None: any."""
    return _accept(values.get("format"))


def _accept(name: str | None) -> int | None:
    if name is not None and name not in FORMATS:
        raise UsageError(f"format={name!r}: give one of {', '.join(FORMATS)}")
    return None if name is None else _FORMATS[name]


def _python_payload(value: PlainValue | Mapping[int, PlainValue]) -> tuple[bytes, Lwm2mFormat]:
    """Return what is to be written, and its format. Raises Lwm2mMalformed."""
    if isinstance(value, Mapping):
        return resources_payload({number: plain_value(each) for number, each in value.items()}), Lwm2mFormat.TLV
    if isinstance(value, bytes):
        return value, Lwm2mFormat.OPAQUE
    return to_text(plain_value(value)), Lwm2mFormat.TEXT
