"""The HTTP client (vendor's HTTP guide).

AT+MHTTPCREATE, MHTTPCFG, MHTTPHEADER, MHTTPCONTENT, MHTTPREQUEST, MHTTPREAD, MHTTPTERM, MHTTPDEL,
MHTTPDLFILE.
"""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.family import FamilyDefinition, StateField
from onemo.at.reply import errors_in
from onemo.families.http import commands, config, download
from onemo.families.http.clients import HttpClients
from onemo.families.http.profile import FAILURES, HTTP_CLIENT, HttpError
from onemo.modem.modem import Modem


class HttpClientInfo(NamedTuple):
    """An HTTP instance, for the control API. header, body: bytes stored; unread: bytes kept for MHTTPREAD."""

    httpid: int
    host: str
    port: int
    state: str
    header: int
    body: int
    unread: int


def _clients(modem: Modem) -> tuple[HttpClientInfo, ...]:
    return tuple(
        HttpClientInfo(
            httpid=client.httpid,
            host=client.url.host,
            port=client.url.port,
            state=client.state.value,
            header=len(client.header.data),
            body=len(client.body.data),
            unread=client.received_body.total,
        )
        for client in modem.part(HttpClients)
    )


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(commands.CREATE, *config.DECLARATIONS, *commands.DECLARATIONS, download.DOWNLOAD),
    errors=errors_in(HttpError),
    tables=(HTTP_CLIENT, FAILURES),
    part=HttpClients,
    state=(StateField("http_clients", tuple[HttpClientInfo, ...], _clients),),
    shows={
        "MHTTPREQUEST": ("http", "http_failures"),
        "MHTTPDLFILE": ("http", "http_failures", "files"),
        "MHTTPCONTENT": ("http",),
        "MHTTPHEADER": ("http",),
    },
)
