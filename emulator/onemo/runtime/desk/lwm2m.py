"""The sandbox's LwM2M server: the operations of the desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from onemo.faults.kind import FaultKey, Type
from onemo.runtime.desk.lwm2m_results import (
    FORMATS,
    PATIENCE,
    Lwm2mAddress,
    Lwm2mAnswer,
    Lwm2mRegistration,
    Lwm2mReport,
)
from onemo.runtime.desk.operation import DeskOperation, Table, Values

if TYPE_CHECKING:  # ctl has the declarations alone
    from onemo.runtime.controls import ModuleControls

Act = Callable[["ModuleControls", Values], Awaitable["Lwm2mAnswer"]]
_WRITTEN = FORMATS[:3]
_TYPES = ("string", "opaque", "integer", "float", "boolean")
_MOST_BODY = 1 << 20
"""Bytes of a request."""


def _read(controls: ModuleControls, values: Values) -> Awaitable[Lwm2mAnswer]:
    from onemo.runtime.desk.lwm2m_desk import accepted, asked

    accept, seconds = accepted(values), values["timeout"]
    return asked(controls, values, lambda server, name: server.read(name, values["path"], accept, seconds))


def _observe(controls: ModuleControls, values: Values) -> Awaitable[Lwm2mAnswer]:
    from onemo.runtime.desk.lwm2m_desk import accepted, asked

    accept, seconds = accepted(values), values["timeout"]
    return asked(controls, values, lambda server, name: server.observe(name, values["path"], accept, seconds))


def _cancel(controls: ModuleControls, values: Values) -> Awaitable[Lwm2mAnswer]:
    from onemo.runtime.desk.lwm2m_desk import asked

    return asked(controls, values, lambda server, name: server.cancel(name, values["path"], values["timeout"]))


def _discover(controls: ModuleControls, values: Values) -> Awaitable[Lwm2mAnswer]:
    from onemo.runtime.desk.lwm2m_desk import asked

    return asked(controls, values, lambda server, name: server.discover(name, values["path"], values["timeout"]))


def _write(controls: ModuleControls, values: Values) -> Awaitable[Lwm2mAnswer]:
    from onemo.runtime.desk.lwm2m_desk import asked, payload_of

    payload, kind = payload_of(values)
    path, seconds = values["path"], values["timeout"]
    return asked(controls, values, lambda server, name: server.write(name, path, payload, kind, seconds))


def _attributes(controls: ModuleControls, values: Values) -> Awaitable[Lwm2mAnswer]:
    from onemo.runtime.desk.lwm2m_desk import asked

    path, said, seconds = values["path"], values["attributes"], values["timeout"]
    return asked(controls, values, lambda server, name: server.attributes(name, path, said, seconds))


def _execute(controls: ModuleControls, values: Values) -> Awaitable[Lwm2mAnswer]:
    from onemo.runtime.desk.lwm2m_desk import asked

    path, text, seconds = values["path"], values["text"], values["timeout"]
    return asked(controls, values, lambda server, name: server.execute(name, path, text.encode(), seconds))


def _list(controls: ModuleControls, values: Values) -> tuple[Lwm2mRegistration, ...]:
    from onemo.runtime.desk.lwm2m_desk import registrations

    return tuple(registrations(controls))


def _address(controls: ModuleControls, values: Values) -> Lwm2mAddress:
    from onemo.runtime.desk.lwm2m_desk import address

    return address(controls)


def _notifications(controls: ModuleControls, values: Values) -> tuple[Lwm2mReport, ...]:
    from onemo.runtime.desk.lwm2m_desk import reports

    return tuple(reports(controls))


def _answer(said: dict[str, Any]) -> Table:
    first, *more = said["text"].split("\n")
    rows = [(said["code"], said["path"], said["format"], first), *(("", "", "", line) for line in more)]
    return ("Code", "Path", "Format", "Text"), rows


def _clients(found: Sequence[dict[str, Any]]) -> Table:
    rows = [
        (each["endpoint"], each["address"], f"{each['left']} of {each['lifetime']} s", each["binding"],
         " ".join(each["paths"]), " ".join(each["observed"]))
        for each in found
    ]  # fmt: skip
    return ("Client", "Address", "Lifetime", "Binding", "Objects", "Observed"), rows


def _told(found: Sequence[dict[str, Any]]) -> Table:
    rows = [(each["endpoint"], each["path"], each["number"], each["confirmable"], each["format"], each["text"])
            for each in found]  # fmt: skip
    return ("Client", "Path", "Number", "Confirmable", "Format", "Text"), rows


_TEXT = "(?s)[^\ud800-\udfff]*"
_PATH = FaultKey("path", Type.TEXT, "An object, an instance or a resource, as in /3, /3/0 and /3/0/0.", required=True,
                 pattern="/[0-9]{1,5}(/[0-9]{1,5}){0,3}")  # fmt: skip
_COMMON = (
    FaultKey("endpoint", Type.TEXT, "The client of this name, not the module's.", pattern="[^\ud800-\udfff]{1,255}"),
    FaultKey("timeout", Type.SECONDS, "How long it may take.", PATIENCE, 0.1, 120),
)
_FORMAT = FaultKey("format", Type.CHOICE, "The Content-Format that is wanted; if left out, as the client likes.",
                   choices=FORMATS)  # fmt: skip


def _operation(word: str, about: str, act: Act, example: str, *keys: FaultKey) -> DeskOperation:
    """Declare an operation that asks something of a client."""
    return DeskOperation(
        command=f"lwm2m {word}",
        about=about,
        method="POST",
        path=f"/lwm2m/{word}",
        keys=(_PATH, *keys, *_COMMON),
        act=act,
        result=Lwm2mAnswer,
        example=f"lwm2m {word} {example}",
        arguments=("path", *(key.name for key in keys if key.required or key.name == "text")),
        optional=sum(key.name == "text" for key in keys),
        table=_answer,
        waits="timeout",
        most_body=_MOST_BODY,
    )


OPERATIONS = (
    DeskOperation(
        command="lwm2m list",
        about="List the clients that are registered at the sandbox's LwM2M server.",
        method="GET",
        path="/lwm2m/clients",
        keys=(),
        act=_list,
        result=tuple[Lwm2mRegistration, ...],
        example="lwm2m list",
        table=_clients,
    ),
    _operation("read", "Read an object, an instance or a resource of an LwM2M client.", _read, "/3/0/0", _FORMAT),
    _operation(
        "write", "Write a resource or an instance of an LwM2M client.", _write, "/3200/0/5750 hello",
        FaultKey("value", Type.TEXT, "The value.", required=True, pattern=_TEXT),
        FaultKey("format", Type.CHOICE, "Its Content-Format.", "text", choices=_WRITTEN),
        FaultKey("encoding", Type.CHOICE, "How the value is given: text, or hex for its bytes.", "text",
                 choices=("text", "hex")),
        FaultKey("type", Type.CHOICE, "With format=tlv, the type that the value has there; if left out, a string, and "
                 "hex is the whole TLV.", choices=_TYPES),
    ),
    _operation(
        "execute", "Execute a resource of an LwM2M client.", _execute, "/3200/0/5505 now",
        FaultKey("text", Type.TEXT, "Its argument.", "", pattern=_TEXT),
    ),
    _operation("discover", "Discover what a path of an LwM2M client has.", _discover, "/3200"),
    _operation("observe", "Observe a path of an LwM2M client, and tell what it has now.", _observe, "/3200/0", _FORMAT),
    _operation("cancel", "Observe a path of an LwM2M client no longer.", _cancel, "/3200/0"),
    _operation(
        "attributes", "Write attributes of a path of an LwM2M client.", _attributes, "/3200/0/5501 'pmin=18&pmax=90'",
        FaultKey("attributes", Type.TEXT, "Them, as in pmin=18&pmax=90.", required=True,
                 pattern="[!-%'-~]+(&[!-%'-~]+)*"),
    ),
    DeskOperation(
        command="lwm2m address",
        about="Tell where programs of the host reach the sandbox's LwM2M server.",
        method="GET",
        path="/lwm2m/address",
        keys=(),
        act=_address,
        result=Lwm2mAddress,
        example="lwm2m address",
        table=lambda said: (("Host", "Port"), [(said["host"], said["port"])]),
    ),
    DeskOperation(
        command="lwm2m notifications",
        about="List the newest notifications that the sandbox's LwM2M server had.",
        method="GET",
        path="/lwm2m/notifications",
        keys=(),
        act=_notifications,
        result=tuple[Lwm2mReport, ...],
        example="lwm2m notifications",
        table=_told,
    ),
)  # fmt: skip
