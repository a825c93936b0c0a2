"""Family DEMO: AT+MDEMOCREATE, MDEMODEL, MDEMOCFG, MDEMOOPEN, MDEMOCLOSE, MDEMOSEND, MDEMOLIST.

No module has it. It has one of everything that a family can have, and nothing of it stands outside this folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

from onemo.at.command import Action, Key, KeyedSetting, Query, print_line
from onemo.at.entry import DataEntry
from onemo.at.family import FamilyDefinition, StateField, Trait
from onemo.at.outcome import Outcome, Pending
from onemo.at.params import Maybe, Param, ParamKind, Required, RequiredText
from onemo.at.reply import DONE, Reply, errors_in
from onemo.modem.modem import Modem
from onemo.profile.schema import Profile

from tests.support.demo.clients import Client, ClientInfo, Clients, State
from tests.support.demo.kept import COLOUR, DEMOID, PATIENCE, PREFIX, TABLE, Book, DemoError


class Create(NamedTuple):
    """AT+MDEMOCREATE."""

    name: RequiredText


class OfClient(NamedTuple):
    """A command about one client."""

    demoid: Required


class Connect(NamedTuple):
    """AT+MDEMOOPEN."""

    demoid: Required
    host: RequiredText
    port: Required


class Message(NamedTuple):
    """AT+MDEMOSEND; length in bytes, None: what is entered up to Ctrl-Z."""

    demoid: Required
    length: Maybe
    data: Annotated[bytes | None, Param(ParamKind.DATA, nullable=True)]


def _create(modem: Modem, record: Create) -> Pending:
    """The lowest free id is given out, and written down before it is told. Raises CommandError(NO_MORE_CLIENTS)."""
    book = modem.part(Clients).book
    demoid = book.free()

    def give() -> None:
        book.given[demoid] = record.name

    return modem.keeping.write_down(give, answer=Reply((print_line("MDEMOCREATE", demoid),)))


def _delete(modem: Modem, record: OfClient) -> Pending:
    """The client goes with its connection, its settings and its id. Raises CommandError(NO_CLIENT)."""
    clients, demoid = modem.part(Clients), record.demoid
    clients.forget(demoid)

    def take() -> None:
        del clients.book.given[demoid]
        modem.memory.forget(DEMOID, demoid)

    return modem.keeping.write_down(take)


def _open(modem: Modem, record: Connect) -> Reply:
    modem.part(Clients)[record.demoid].open(record.host, record.port)
    return DONE


def _close(modem: Modem, record: OfClient) -> Reply:
    modem.part(Clients)[record.demoid].close()
    return DONE


def _send(modem: Modem, record: Message) -> Outcome:
    """Data in the line or after ``>``; ESC sends nothing, a time-out is an error."""
    client, table = modem.part(Clients)[record.demoid], modem.profile.table(TABLE)
    client.require(State.CONNECTED)

    def take(data: bytes) -> Reply:
        client.send(data)
        return Reply((print_line("MDEMOSEND", client.demoid, len(data)),))

    entry = DataEntry(take=take, timeout=table.prompt_timeout, length=record.length, most=table.longest, partial=False)
    return entry.begin(record.data)


def _line(client: Client, name: str) -> bytes:
    return print_line("MDEMOLIST", client.demoid, name, client.state.value)


def _all(modem: Modem) -> Reply:
    clients = modem.part(Clients)
    return Reply([_line(clients[demoid], name) for demoid, name in sorted(clients.book.given.items())])


def _one(modem: Modem, record: OfClient) -> Reply:
    clients = modem.part(Clients)
    return Reply((_line(clients[record.demoid], clients.book.given[record.demoid]),))


def _ids(modem: Modem, demoid: int | None) -> Sequence[int]:
    """The ids that are given out, or the one that is meant. Raises CommandError(NO_CLIENT)."""
    book = modem.part(Clients).book
    if demoid is None:
        return sorted(book.given)
    book.require(demoid)
    return (demoid,)


def _book(modem: Modem) -> Book:
    return Book(modem.profile.params[DEMOID].range or ())


def check(profile: Profile) -> Iterator[tuple[str, str]]:
    """Find pieces of no bytes, of which there would be no end."""
    if not profile.table(TABLE).piece:
        yield "demo.piece", "is 0: a URC tells at least one byte"


def traits(profile: Profile) -> dict[str, Trait]:
    ids = profile.params[DEMOID].range
    return {"demo": Trait(f"demo clients {ids.text}" if ids else "no demo clients")}


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Action("MDEMOCREATE", Create, _create),
        Action("MDEMODEL", OfClient, _delete),
        KeyedSetting("MDEMOCFG", (Key(PREFIX), Key(PATIENCE), Key(COLOUR)), ids=_ids),
        Action("MDEMOOPEN", Connect, _open),
        Action("MDEMOCLOSE", OfClient, _close),
        Action("MDEMOSEND", Message, _send),
        Query("MDEMOLIST", OfClient, read=_all, select=_one),
    ),
    errors=errors_in(DemoError),
    tables=(TABLE,),
    part=Clients,
    keepers={"demo": _book},
    check=check,
    shows={"MDEMOOPEN": ("demo",), "MDEMOSEND": ("cms",)},
    traits=traits,
    state=(StateField("demo_clients", tuple[ClientInfo, ...], lambda modem: modem.part(Clients).told()),),
    kept_only={"MDEMOCFG.colour": "nobody sees it"},
    remarks={"MDEMOSEND": "what the peer does not take is told by a URC"},
)
