"""A download over HTTP: the owner of its connection, from opening it to the last byte."""

from __future__ import annotations

import math
from base64 import b64encode

from onemo.errors import NetError, NetFailure
from onemo.families import FIRMWARE_DOWNLOAD
from onemo.families.fota.fetch import FetchRequest, FetchSink
from onemo.families.fota.profile import FOTA
from onemo.families.http.answer import AnswerReader
from onemo.families.http.profile import HTTP_CLIENT
from onemo.families.http.request import REDIRECTS, HttpOrder, Method, read_target
from onemo.families.http.words import MaskedHttpWords
from onemo.modem.channel import Close, Drop, Forward, Open
from onemo.modem.host import Host
from onemo.modem.names import name_policy
from onemo.modem.tls import require_tls_room, tls_request
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, OpenRequest, TlsRequest, Transport
from onemo.profile.index import Label

_WHOLE, _PART = 200, 206
_LOGIN = b"Authorization: Basic "


class HttpFetch:
    """A download with GET. Implements Fetch and Owner."""

    watches_breaks = False
    watches_acknowledgements = False

    def __init__(self, host: Host, sink: FetchSink, request: FetchRequest) -> None:
        self.due = math.inf
        self._host = host
        self._sink = sink
        self._request = request
        self._table = host.profile.table(HTTP_CLIENT)
        self._silence = host.profile.table(FOTA).silence
        self._over = self._connected = False
        self._order = self._first_order()
        self._reader = self._new_reader()
        self._reported = False

    def opening(self) -> Open | None:
        """Return the request to open its connection; None: it has failed, and is told so."""
        if self._order is None:
            self._over = True
            self._sink.ended(whole=False)
            return None
        try:
            tls = self._tls(self._order)
        except NetError:
            self._over = True
            self._sink.ended(whole=False)
            return None
        request = OpenRequest(
            transport=Transport.TCP,
            host=self._order.url.host,
            port=self._order.url.port,
            timeout=self._request.timeout,
            names=name_policy(self._host),
            receive_window=self._table.tcp_window,
            tls=tls,
        )
        return Open(self, request, self._plan(CloseMode.DRAIN), MaskedHttpWords)

    def stop(self) -> None:
        """Let go of it, without a word."""
        self._let_go(CloseMode.NOW)

    def lose(self) -> None:
        """Break off: what it runs on is gone, or the server is silent."""
        if not self._over:
            self._let_go(None)
            self._sink.ended(whole=False)

    @property
    def secured(self) -> bool:
        """True while it is in TLS."""
        return not self._over and self._order is not None and self._order.secure

    # Owner.

    @property
    def label(self) -> Label:
        """The name of the connection in traces and fault scopes."""
        return Label(FIRMWARE_DOWNLOAD, 0)

    def on_opened(self, *, ipv6: bool, now: float) -> None:
        """Send the request."""
        assert self._order is not None
        self._connected = True
        self._hear(now)
        self._host.intents.append(Forward(self, self._order.head))

    def on_failed(self, failure: NetFailure, now: float) -> None:
        """Break off: there is no connection."""
        self._over = True
        self.due = math.inf
        self._sink.ended(whole=False)

    def credit(self) -> int:
        """Return the bytes of one piece; 0: not now."""
        if self._over or not self._connected or not self._sink.may_receive():
            return 0
        return self._table.piece

    def on_data(self, data: bytes, now: float) -> None:
        """Take a piece of the answer."""
        self._hear(now)
        reader = self._reader
        body = reader.feed(data)
        if reader.header and not self._reported and not self._begin():
            return
        if body and not self._sink.received(body):
            self._let_go(CloseMode.NOW)
        elif reader.failed:
            self.lose()
        elif reader.complete:
            self._let_go(CloseMode.DRAIN)
            self._sink.ended(whole=True)

    def on_taken(self, count: int, now: float) -> None:
        """Hear nothing of it: the answer tells."""

    def on_untaken(self, count: int) -> None:
        """Hear nothing of it: the loss follows."""

    def on_acknowledged(self, count: int) -> None:
        """Hear nothing of it: nobody watches."""

    def on_lost(self, failure: NetFailure | None, now: float) -> None:
        """Complete an answer that ends with its connection; any other breaks off."""
        self._over = True
        self.due = math.inf
        if failure is None:
            self._reader.end()
        self._sink.ended(whole=failure is None and self._reader.complete and self._reported)

    def on_closed(self, result: CloseResult, now: float) -> None:
        """Hear nothing of it: it is over."""

    # Inside.

    def _first_order(self) -> HttpOrder | None:
        target = read_target(self._request.url)
        if target is None:
            return None
        fields = []
        if self._request.user:
            login = f"{self._request.user}:{self._request.password}".encode("latin-1")
            fields.append(_LOGIN + b64encode(login))
        if self._request.offset:
            fields.append(b"Range: bytes=%d-" % self._request.offset)
        return HttpOrder(Method.GET, target.url, target.url.secure, target.path, tuple(fields), b"")

    def _new_reader(self) -> AnswerReader:
        return AnswerReader(self._table.header_block, bodiless=False)

    def _tls(self, order: HttpOrder) -> TlsRequest | None:
        """Return TLS as its settings have it. Raises NetError: a file is not stored; too many are in TLS."""
        if not order.secure:
            return None
        require_tls_room(self._host)
        if self._request.ssl_id is not None:
            return tls_request(self._host.settings, self._host.credentials, self._request.ssl_id)
        return TlsRequest(ignores_dates=True, resumes=True)

    def _plan(self, mode: CloseMode) -> ClosePlan:
        return ClosePlan(mode, self._table.close_stall, self._table.close_linger)

    def _begin(self) -> bool:
        """Report the header, or follow a redirect; return whether to go on with the body."""
        self._reported = True
        reader, order = self._reader, self._order
        assert order is not None
        if reader.code in REDIRECTS and reader.location is not None and order.redirects < self._table.redirects:
            following = order.redirected(reader.code, reader.location)
            if following is not None:
                if following.url != order.url:  # the login is the first server's alone
                    fields = tuple(field for field in following.fields if not field.startswith(_LOGIN))
                    following = following._replace(fields=fields)
                self._follow(following)
                return False
        if reader.code not in (_WHOLE, _PART):
            self._let_go(CloseMode.NOW)
            self._sink.refused()
            return False
        start, total = (reader.start, reader.entity) if reader.code == _PART else (0, reader.length)
        if start not in (0, self._request.offset):
            self.lose()
            return False
        if not self._sink.begun(goes_on=start > 0, total=total):
            self._let_go(CloseMode.NOW)
            return False
        return True

    def _follow(self, order: HttpOrder) -> None:
        """Go on with another request, on a connection of its own."""
        self._host.intents.append(Drop(self))
        self._order, self._reader, self._connected, self._reported = order, self._new_reader(), False, False
        self.due = math.inf
        if (opening := self.opening()) is not None:
            self._host.intents.append(opening)

    def _hear(self, now: float) -> None:
        self.due = now + self._silence
        self._sink.arm()

    def _let_go(self, mode: CloseMode | None) -> None:
        """Close the connection if there is one; None: at once."""
        self.due = math.inf
        if self._over:
            return
        self._over = True
        self._host.intents.append(Close(self, self._plan(mode)) if mode and self._connected else Drop(self))
