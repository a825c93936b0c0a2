"""AT+MHTTPCREATE, MHTTPHEADER, MHTTPCONTENT, MHTTPREQUEST, MHTTPREAD, MHTTPTERM, MHTTPDEL (guide 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

from onemo.at.command import Action, Declaration, print_line
from onemo.at.entry import DataEntry
from onemo.at.outcome import Outcome, Pending
from onemo.at.params import Maybe, MaybeText, Param, ParamKind, Required, RequiredText
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.families.http.client import HttpClient
from onemo.families.http.clients import HttpClients
from onemo.families.http.intofile import HttpFile, stored_path, with_file
from onemo.families.http.profile import HTTP_CLIENT, HttpError
from onemo.families.http.quoting import with_text
from onemo.families.http.request import Method, fields_of, read_url
from onemo.families.http.settings import CACHED_MODE
from onemo.families.http.states import HttpOperation, HttpState
from onemo.modem.channel import Sent
from onemo.modem.modem import Modem

_LAST, _CLEAR = 0, 2
"""Values of <eof>; 1: more is to come."""


class CreateClient(NamedTuple):
    """AT+MHTTPCREATE."""

    url: RequiredText


class OfHttpClient(NamedTuple):
    """A command about one instance."""

    httpid: Required


class OfSomeClients(NamedTuple):
    """AT+MHTTPTERM; None: of all instances."""

    httpid: Maybe


class StorePiece(NamedTuple):
    """AT+MHTTPHEADER and AT+MHTTPCONTENT; eof None asks what is stored. text: as it was typed."""

    httpid: Required
    eof: Maybe
    length: Annotated[int | None, Param(ParamKind.INTEGER, nullable=True, needs="eof")]
    text: Annotated[bytes | None, Param(ParamKind.DATA, nullable=True, allow_empty=True, needs="eof")]


class MakeRequest(NamedTuple):
    """AT+MHTTPREQUEST; path: as it was typed; local_path: of the file that the body goes into."""

    httpid: Required
    method: Required
    length: Maybe
    path: Annotated[bytes | None, Param(ParamKind.DATA, nullable=True, allow_empty=True)]
    local_path: MaybeText


class ReadAnswer(NamedTuple):
    """AT+MHTTPREAD: kind 0 the header, 1 the body; length in bytes, 0 all, None asks how much is unread."""

    httpid: Required
    kind: Required
    length: Maybe


def _create(modem: Modem, record: CreateClient) -> Reply:
    """Give out an instance for a server (AT+MHTTPCREATE). Raises CommandError: BAD_URL, NO_FREE_INSTANCE."""
    url = read_url(record.url)
    if url is None:
        raise CommandError(HttpError.BAD_URL)
    return Reply((print_line("MHTTPCREATE", modem.part(HttpClients).create(url).httpid),))


def _take(
    modem: Modem,
    client: HttpClient,
    take: Callable[[bytes], Outcome],
    length: int | None,
    typed: bytes | None,
    *,
    header: bool = False,
) -> Outcome:
    """Take a text that stands in the line, or prompt for it. header: it is one; else a body or a path.

    Raises CommandError: as DataEntry.begin; INCORRECT_PARAMETERS, length 0 at the prompt, where the model refuses it.
    """
    table = modem.profile.table(HTTP_CLIENT)
    inline = table.header_inline if header else table.text_inline
    counted = table.zero_length == "refused" or (table.zero_length == "header" and not header)
    if length == 0 and typed is None and counted:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    return DataEntry(
        take=take,
        timeout=client.entry_timeout,
        length=length,
        most=table.entry_most,
        inline=inline or None,
        form=client.input_form,
        offered=table.entry,
    ).begin(typed)


def _header(modem: Modem, record: StorePiece) -> Outcome:
    """Store fields for one request, tell those that are stored, or clear them (AT+MHTTPHEADER).

    Raises CommandError: NOT_CREATED, BUSY; NOT_ALLOWED, the last piece was there; INCORRECT_PARAMETERS, it is no field,
    or of another length; NO_MEMORY.
    """
    client = modem.part(HttpClients)[record.httpid]
    stored = client.header
    if record.eof is None:
        return _stored_reply("MHTTPHEADER", client, bytes(stored.data))
    client.check(HttpOperation.STORE)
    if record.eof == _CLEAR:
        stored.clear()
        return DONE
    stored.require_open()

    def take(text: bytes) -> Reply:
        client.check(HttpOperation.STORE)
        if not text or fields_of(text) is None:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        fields = text.removesuffix(b"\r\n") + b"\r\n"
        client.require_room(len(fields))
        stored.add(fields, last=record.eof == _LAST)
        return DONE

    return _take(modem, client, take, record.length, record.text, header=True)


def _content(modem: Modem, record: StorePiece) -> Outcome:
    """Store a piece of the body, tell what is stored, or clear it; in chunked mode send a chunk (AT+MHTTPCONTENT).

    Raises CommandError: as _header; SENDING_FAILED, the chunk cannot be sent.
    """
    client = modem.part(HttpClients)[record.httpid]
    stored = client.body
    if record.eof is None:
        return DONE if client.chunked else _stored_reply("MHTTPCONTENT", client, bytes(stored.data))
    if client.chunked:
        return _chunk(modem, client, record)
    client.check(HttpOperation.STORE)
    if record.eof == _CLEAR:
        stored.clear()
        return DONE
    stored.require_open()

    def take(text: bytes) -> Reply:
        client.check(HttpOperation.STORE)
        if not text:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        client.require_room(len(text))
        stored.add(text, last=record.eof == _LAST)
        return DONE

    return _take(modem, client, take, record.length, record.text)


def _chunk(modem: Modem, client: HttpClient, record: StorePiece) -> Outcome:
    """Send a chunk of the body that a running request waits for. Raises CommandError: as _content."""
    if record.eof == _CLEAR:
        return DONE
    client.check(HttpOperation.CHUNK)
    exchange, last = client.exchange, record.eof == _LAST
    assert exchange is not None

    def take(text: bytes) -> Pending:
        if not text:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        if exchange.over or client.exchange is not exchange or client.state is not HttpState.FEEDING:
            raise CommandError(HttpError.SENDING_FAILED)
        return Pending(exchange.send_chunk(text, last=last), sent)

    def sent(result: Sent) -> Reply:
        if result.failed:
            exchange.lose()
            raise CommandError(HttpError.SENDING_FAILED)
        if last:
            client.fed(exchange)
        return DONE

    return _take(modem, client, take, record.length, record.text)


def _stored_reply(name: str, client: HttpClient, data: bytes) -> Reply:
    """Tell what is stored, raw; nothing stored: only OK."""
    return Reply((print_line(name, client.httpid, len(data), data),)) if data else DONE


def _without_inner_path(modem: Modem, record: MakeRequest) -> MakeRequest:
    """Take the <local_path> out of a path that was read to the last quote of the line.

    Raises CommandError(INCORRECT_PARAMETERS): the model has none, so that it is a parameter more.
    """
    path, more, local_path = (record.path or b"").partition(b'","')
    if not more:
        return record
    section = modem.profile.commands["MHTTPREQUEST"].params.get("local_path")
    if section is not None and not section.available:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    return record._replace(path=path, local_path=local_path.decode("latin-1"))


def _request(modem: Modem, record: MakeRequest) -> Outcome:
    """Begin a request (AT+MHTTPREQUEST): OK now, the answer in URCs. ESC at the prompt: no request.

    Raises CommandError: NOT_CREATED; INCORRECT_PARAMETERS, a path of another length; as HttpClient.order; FILE_FAILED.
    """
    if modem.profile.table(HTTP_CLIENT).inner_quotes:
        record = _without_inner_path(modem, record)
    into = None if record.local_path is None else stored_path(modem, record.local_path)
    client = modem.part(HttpClients)[record.httpid]
    client.check(HttpOperation.REQUEST)

    def take(path: bytes) -> Outcome:
        order = client.order(Method(record.method), path)

        def begin(file: HttpFile | None) -> Reply:
            modem.part(HttpClients).require(client)
            client.begin(order, file)
            return DONE

        return begin(None) if into is None else with_file(modem, into, begin, percent=False)

    if record.path == b"" and not record.length:
        return take(b"")
    return _take(modem, client, take, record.length, record.path)


def _read(modem: Modem, record: ReadAnswer) -> Reply:
    """Take what was kept of an answer, or tell how much is unread (AT+MHTTPREAD).

    Raises CommandError: NOT_CREATED, BUSY; NOT_ALLOWED, answers are not kept.
    """
    client = modem.part(HttpClients)[record.httpid]
    client.check(HttpOperation.READ)
    if not modem.settings.effective(CACHED_MODE, client.httpid).cached:
        raise CommandError(Cme.NOT_ALLOWED)
    kept = client.received_body if record.kind else client.received_header
    if record.length is None:
        return Reply((print_line("MHTTPREAD", client.httpid, record.kind, kept.total),))
    data = kept.read(record.length)
    return Reply((print_line("MHTTPREAD", client.httpid, record.kind, kept.total, len(data), data),))


def _terminate(modem: Modem, record: OfSomeClients) -> Reply:
    """End running requests, without a URC of theirs (AT+MHTTPTERM). Raises CommandError(NOT_CREATED)."""
    modem.part(HttpClients).stop(record.httpid)
    return DONE


def _delete(modem: Modem, record: OfHttpClient) -> Reply:
    """End an instance with all that it holds (AT+MHTTPDEL). Raises CommandError(NOT_CREATED)."""
    modem.part(HttpClients).delete(record.httpid)
    return DONE


CREATE: Declaration[Modem] = Action("MHTTPCREATE", CreateClient, _create)
DECLARATIONS: tuple[Declaration[Modem], ...] = (
    Action("MHTTPHEADER", StorePiece, _header, split=with_text(3)),
    Action("MHTTPCONTENT", StorePiece, _content, split=with_text(3)),
    Action("MHTTPREQUEST", MakeRequest, _request, split=with_text(3)),
    Action("MHTTPREAD", ReadAnswer, _read),
    Action("MHTTPTERM", OfSomeClients, _terminate, bare=True),
    Action("MHTTPDEL", OfHttpClient, _delete),
)
