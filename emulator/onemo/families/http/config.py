"""AT+MHTTPCFG: the settings of an HTTP instance (guide 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from onemo.at.command import Declaration, Key, KeyedSetting
from onemo.at.payload import BadPayload, decode
from onemo.at.reply import Cme, CommandError
from onemo.families.http.clients import HttpClients
from onemo.families.http.profile import HTTP_CLIENT, HttpError
from onemo.families.http.quoting import with_text
from onemo.families.http.request import fields_of, with_field
from onemo.families.http.settings import (
    BEARER_OF,
    BODY_MODE,
    CACHED_MODE,
    COMMON_FIELDS,
    FRAGMENTS,
    PATH_CODING,
    TEXT_FORMS,
    TIMEOUTS,
    TLS_OF,
    CommonFields,
    HttpCachedMode,
    HttpTimeouts,
)
from onemo.families.http.states import HttpOperation
from onemo.modem.modem import Modem


class _OfClient(Protocol):
    @property
    def httpid(self) -> int: ...


def _require_idle(modem: Modem, record: _OfClient) -> None:
    """Refuse a setting while a request runs. Raises CommandError(BUSY)."""
    modem.part(HttpClients)[record.httpid].check(HttpOperation.CONFIGURE)


def _with_field(modem: Modem, record: CommonFields) -> CommonFields:
    """Add the field that was typed.

    Raises CommandError: INCORRECT_PARAMETERS, it is none; NO_MEMORY, all of them together are too long.
    """
    client = modem.part(HttpClients)[record.httpid]
    try:
        field = decode(record.fields.encode("latin-1"), client.input_form)
    except BadPayload as error:
        raise CommandError(Cme.INCORRECT_PARAMETERS) from error
    if b"\r" in field or b"\n" in field or not fields_of(field):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    before = modem.settings.get(COMMON_FIELDS, record.httpid).fields.encode("latin-1")
    fields = with_field(fields_of(before) or [] if before else [], field)
    text = "".join(f"{each.decode('latin-1')}\r\n" for each in fields)
    if len(text) > modem.profile.table(HTTP_CLIENT).stored_header:
        raise CommandError(HttpError.NO_MEMORY)
    return record._replace(fields=text)


def _shown_fields(modem: Modem, record: CommonFields) -> Sequence[int | bytes]:
    """Return the values of a read-back: the length of all fields with their line ends, and the fields."""
    fields = record.fields.encode("latin-1")
    return (record.httpid, len(fields), fields) if fields else (record.httpid,)


def _shown_cached(modem: Modem, record: HttpCachedMode) -> Sequence[int]:
    """Return the values of a read-back: the size only while answers are kept (guide fn 4)."""
    return record if record.cached else record[:2]


def _shown_timeouts(modem: Modem, record: HttpTimeouts) -> Sequence[int]:
    """Return the values of a read-back: that of entries where there are any (guide fn 5)."""
    return record if modem.profile.table(HTTP_CLIENT).entry else record[:3]


def _changed_cached(modem: Modem, record: HttpCachedMode) -> None:
    """Forget an answer that is not kept any more; one that is finds the size with the next request."""
    if not record.cached:
        modem.part(HttpClients)[record.httpid].empty_cache()


def _ids(modem: Modem, httpid: int | None) -> Sequence[int]:
    return modem.part(HttpClients).ids(httpid)


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    KeyedSetting(
        "MHTTPCFG",
        (
            Key(
                COMMON_FIELDS,
                check=_require_idle,
                shown=_shown_fields,
                adjusted=_with_field,
                told=lambda record: bool(record.fields),
            ),
            Key(BODY_MODE, check=_require_idle),
            Key(CACHED_MODE, check=_require_idle, shown=_shown_cached, changed=_changed_cached),
            Key(TIMEOUTS, check=_require_idle, shown=_shown_timeouts),
            Key(TEXT_FORMS),
            Key(TLS_OF, check=_require_idle),
            Key(BEARER_OF, check=_require_idle),
            Key(FRAGMENTS),
            Key(PATH_CODING, check=_require_idle),
        ),
        ids=_ids,
        reads=True,
        split=with_text(2),
    ),
)
