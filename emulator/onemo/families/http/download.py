"""AT+MHTTPDLFILE: a download into a file, without an instance (guide 3.9)."""

from __future__ import annotations

import re
from typing import NamedTuple

from onemo.at.command import Action, Declaration
from onemo.at.outcome import Outcome
from onemo.at.params import Defaulted, Maybe, MaybeText, RequiredText
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.families.http.clients import HttpClients
from onemo.families.http.intofile import HttpFile, stored_path, with_file
from onemo.families.http.profile import HTTP_CLIENT, HttpError
from onemo.families.http.request import HttpOrder, HttpTarget, Method, read_target
from onemo.families.http.settings import BEARER_OF
from onemo.modem.filestore import store_of
from onemo.modem.modem import Modem

_RANGE = re.compile(r"bytes=(?:\d{1,19}-(?:\d{1,19})?|-\d{1,19})", re.ASCII)


class DownloadFile(NamedTuple):
    """AT+MHTTPDLFILE. progind: bytes between two lines, 0: the last one alone; eof: 1 goes on behind what is there."""

    url: RequiredText
    local_path: RequiredText
    progind: Defaulted
    byte_range: MaybeText
    eof: Defaulted
    ssl_id: Maybe


def _target(modem: Modem, record: DownloadFile) -> HttpTarget:
    """Return what is to be downloaded. Raises CommandError: INCORRECT_PARAMETERS, BAD_URL, TLS_OFF."""
    scheme = modem.profile.table(HTTP_CLIENT).download_scheme
    url = record.url if "://" in record.url or not scheme else f"{scheme}://{record.url}"
    target = read_target(url)
    if target is None:
        raise CommandError(HttpError.BAD_URL)
    if target.url.secure and record.ssl_id is None:
        raise CommandError(HttpError.TLS_OFF)
    return target


def _download(modem: Modem, record: DownloadFile) -> Outcome:
    """Download into a file (AT+MHTTPDLFILE): OK now, the answer in URCs with the lowest free httpid.

    Raises CommandError: INCORRECT_PARAMETERS; BAD_URL, TLS_OFF; BUSY, one runs already; NO_FREE_INSTANCE;
    CONNECTION_FAILED; FILE_FAILED.
    """
    path = stored_path(modem, record.local_path)
    asked = record.byte_range
    if asked is not None and not _RANGE.fullmatch(asked):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    target, clients = _target(modem, record), modem.part(HttpClients)
    cid = modem.settings.effective(BEARER_OF, clients.free_for_download()).cid
    if modem.contexts.refusal(cid) is not None:
        raise CommandError(HttpError.CONNECTION_FAILED)
    there = store_of(modem.keeping).size(path)
    if record.eof and asked is None and there:
        asked = f"bytes={there}-"
    order = HttpOrder(
        method=Method.GET,
        url=target.url,
        secure=record.ssl_id is not None,
        path=target.path,
        fields=() if asked is None else (f"Range: {asked}".encode("ascii"),),
        body=b"",
    )

    def begin(file: HttpFile) -> Reply:
        clients.download(order, record.ssl_id, file)
        return DONE

    return with_file(modem, path, begin, appends=bool(record.eof), every=record.progind, percent=True)


DOWNLOAD: Declaration[Modem] = Action("MHTTPDLFILE", DownloadFile, _download)
