"""The protocols of downloads, by the scheme of the URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from onemo.families.fota.fetch import Fetch, FetchRequest, FetchSink
from onemo.families.fota.httpfetch import HttpFetch
from onemo.families.fota.settings import scheme_of
from onemo.modem.host import Host


def _over_ftp(host: Host, sink: FetchSink, request: FetchRequest) -> Fetch:
    from onemo.families.fota.ftpfetch import FtpFetch  # few packages come so

    return FtpFetch(host, sink, request)


_FETCHERS: Mapping[str, Callable[[Host, FetchSink, FetchRequest], Fetch]] = {
    "http": HttpFetch,
    "https": HttpFetch,
    "ftp": _over_ftp,
}


def fetch_of(host: Host, sink: FetchSink, request: FetchRequest) -> Fetch | None:
    """Make the download of a URL; None: nothing here speaks its protocol."""
    kind = _FETCHERS.get(scheme_of(request.url))
    return None if kind is None else kind(host, sink, request)
