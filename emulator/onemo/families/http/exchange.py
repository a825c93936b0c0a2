"""One request on its connection: the owner of that, from opening it to the last URC."""

from __future__ import annotations

import math
from functools import partial
from typing import Protocol

from onemo.at.command import print_line
from onemo.errors import NetError, NetFailure
from onemo.families import HTTP
from onemo.families.http.answer import AnswerReader
from onemo.families.http.intofile import HttpFile
from onemo.families.http.profile import FAILURES, HTTP_CLIENT, open_failure
from onemo.families.http.request import REDIRECTS, HttpOrder, Method, chunk
from onemo.families.http.settings import BEARER_OF, FRAGMENTS, TIMEOUTS, TLS_OF
from onemo.families.http.words import HttpWords
from onemo.modem.channel import Close, Drop, Forward, Open, Send
from onemo.modem.host import Host
from onemo.modem.names import name_policy
from onemo.modem.pieces import Pieces
from onemo.modem.tls import require_tls_room, tls_request
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, OpenRequest, TlsRequest, Transport
from onemo.profile.index import Label


class Asker(Protocol):
    """The instance that a request runs on. It hears of it in this order; encoded: data as its URCs print it.

    The body is kept for MHTTPREAD (keeps_answer), goes into a file, or else is told.
    """

    httpid: int
    keeps_answer: bool
    file: HttpFile | None

    def wants_body(self) -> None:
        """Hear that chunks of the body may be sent."""
        ...

    def on_header(self, code: int, header: bytes, length: int | None) -> bool:
        """Take the header of the answer; False where the rest is not wanted."""
        ...

    def on_piece(self, data: bytes) -> bool:
        """Take bytes of the body for MHTTPREAD; False where there is no room for them."""
        ...

    def encoded(self, data: bytes) -> bytes:
        """Encode data as URCs print it."""
        ...

    def turned(self, exchange: HttpExchange) -> None:
        """Go on with another request, to which this one was redirected."""
        ...

    def succeeded(self) -> None:
        """Hear that the answer is complete."""
        ...

    def ended(self, number: int) -> None:
        """Hear that the request failed. number: <error_code>."""
        ...

    def arm(self) -> None:
        """Find out anew when something is due."""
        ...


class HttpExchange:
    """A request and its answer, over a connection of its own. Implements Owner.

    heard: when the server, or a URC of its answer, was last heard of. over: the connection is let go of.
    """

    watches_breaks = False
    watches_acknowledgements = False

    def __init__(self, host: Host, asker: Asker, order: HttpOrder) -> None:
        self.order = order
        self.heard = -math.inf
        self.over = False
        self._host = host
        self._asker = asker
        self._table = host.profile.table(HTTP_CLIENT)
        self._failures = host.profile.table(FAILURES)
        self._connected = False
        self._unwanted = False
        self._in_tls = False
        self._unsent = 0
        self._feeding = order.body is None
        self._reader = AnswerReader(self._table.header_block, bodiless=order.method is Method.HEAD)
        self._reported = False
        self._pieces = Pieces(host.first, self._say)

    def start(self) -> None:
        """Open the connection; a certificate that is not stored fails at once."""
        httpid, settings = self._asker.httpid, self._host.settings
        try:
            tls = self._tls()
        except NetError as error:
            self._fail(open_failure(self._failures, error.failure))
            return
        url = self.order.url
        request = OpenRequest(
            transport=Transport.TCP,
            host=url.host,
            port=url.port,
            timeout=settings.effective(TIMEOUTS, httpid).connect or math.inf,
            names=name_policy(self._host, settings.effective(BEARER_OF, httpid).cid),
            receive_window=self._table.tcp_window,
            tls=tls,
        )
        self._host.intents.append(Open(self, request, self._plan(CloseMode.DRAIN), HttpWords))

    @property
    def secured(self) -> bool:
        """True while the connection is in TLS, and not let go of."""
        return self._in_tls and not self.over

    def end(self) -> None:
        """Let go of the connection, and of what was not told: the DTE wants no more of it."""
        self._unwanted = True
        self._pieces.clear()
        self._close_file()
        self._let_go(CloseMode.NOW)

    def lose(self) -> None:
        """Fail the request, unless its answer is complete already: what it runs on is gone."""
        if not self.over:
            self._fail(self._failures.broken)

    @property
    def due(self) -> float:
        """The time at which the server has been silent for too long; inf: it may be."""
        patience = self._host.settings.effective(TIMEOUTS, self._asker.httpid).response
        waits = self._connected and not (self.over or self._unsent or self._feeding)
        return self.heard + patience if patience and waits else math.inf

    def on_silence(self, now: float) -> None:
        """Act on a server that is silent; while nothing is read of it, nobody knows."""
        if self.credit():
            self._fail(self._failures.silent)
        else:
            self.heard = now

    def send_chunk(self, data: bytes, *, last: bool) -> Send:
        """Make the request to send a chunk of the body, without a limit of time."""
        return Send(self, chunk(data, last=last), math.inf)

    def fed(self, now: float) -> None:
        """Wait for the answer from now on: the body has ended."""
        self._feeding = False
        self._heard(now)

    # Owner.

    @property
    def label(self) -> Label:
        """The name of the connection in traces and fault scopes."""
        return Label(HTTP, self._asker.httpid)

    def on_opened(self, *, ipv6: bool, now: float) -> None:
        """Send the request."""
        self._connected = True
        data = self.order.head + (self.order.body or b"")
        self._unsent = len(data)
        self._host.intents.append(Forward(self, data))

    def on_failed(self, failure: NetFailure, now: float) -> None:
        """Fail: there is no connection."""
        self.over = True
        self._fail(open_failure(self._failures, failure))

    def credit(self) -> int:
        """Return the bytes of one piece, once the one before was told; 0: not now."""
        if self.over or not self._connected or not self._pieces.done:
            return 0
        transmitter = self._host.first.transmitter
        may_tell = self._asker.keeps_answer or not (transmitter.full or transmitter.hold)
        return self._table.piece if may_tell else 0

    def on_data(self, data: bytes, now: float) -> None:
        """Take a piece of the answer."""
        self._heard(now)
        reader = self._reader
        body = reader.feed(data)
        if reader.header and not self._reported and not self._begin_answer():
            return
        if body and not self._take(body):
            return
        if reader.failed:
            self._fail(self._failures.unreadable)
        elif reader.complete:
            self._complete()

    def on_taken(self, count: int, now: float) -> None:
        """Wait for the answer, or for the body, once the request is sent."""
        self._unsent -= count
        if self._unsent or self.over:
            return
        self._heard(now)
        if self._feeding:
            self._pieces.then(self._asker.wants_body)

    def on_untaken(self, count: int) -> None:
        """Wait for the loss that follows, or for an answer that came before the rest was sent."""

    def on_acknowledged(self, count: int) -> None:
        """Hear nothing of it: nobody watches."""

    def on_lost(self, failure: NetFailure | None, now: float) -> None:
        """Complete an answer that ends with its connection; any other breaks off."""
        self.over = True
        if failure is None:
            self._reader.end()
        if failure is None and self._reader.complete and self._reported:
            self._complete()
        else:
            self._fail(self._failures.broken)

    def on_closed(self, result: CloseResult, now: float) -> None:
        """Hear nothing of it: the request is over."""

    # Inside.

    def _tls(self) -> TlsRequest | None:
        """Return TLS as the instance has it; a redirect to https turns it on with default settings (guide 3.10).

        Raises NetError: a file that it needs is not stored; as many as may be are in TLS already.
        """
        if not self.order.secure:
            return None
        require_tls_room(self._host)
        self._in_tls = True
        ssl = self._host.settings.effective(TLS_OF, self._asker.httpid)
        if ssl.ssl_enable and ssl.ssl_id is not None:
            return tls_request(self._host.settings, self._host.credentials, ssl.ssl_id)
        negotiation = self._host.profile.commands["MSSLCFG"].keys["negotime"].params["negotime"].default
        assert isinstance(negotiation, int)
        return TlsRequest(ignores_dates=True, resumes=True, negotiation_time=negotiation)

    def _plan(self, mode: CloseMode) -> ClosePlan:
        return ClosePlan(mode, self._table.close_stall, self._table.close_linger)

    def _begin_answer(self) -> bool:
        """Report the header, or follow a redirect; return whether to go on with the body."""
        self._reported = True
        reader = self._reader
        if (order := self._redirected()) is not None:
            self._let_go(CloseMode.NOW)
            self._asker.turned(HttpExchange(self._host, self._asker, order))
            return False
        if not self._asker.keeps_answer:
            header, code = reader.header, reader.code
            self._pieces.then(lambda: self._tell("header", code, len(header), self._asker.encoded(header)))
        elif not self._asker.on_header(reader.code, reader.header, reader.length):
            self._fail(self._failures.cache_full)
            return False
        return True

    def _redirected(self) -> HttpOrder | None:
        """Return the request that the answer redirects to; None: it is to be reported."""
        reader = self._reader
        if reader.code not in REDIRECTS or reader.location is None or self.order.redirects >= self._table.redirects:
            return None
        order = self.order.redirected(reader.code, reader.location)
        offered = self._host.profile.commands["MHTTPCFG"].offers or ()
        return None if order is None or (order.secure and TLS_OF.name not in offered) else order

    def _take(self, body: bytes) -> bool:
        """Tell or keep bytes of the body; return whether to go on."""
        file = self._asker.file
        if file is not None:
            if not file.write(body):
                self._fail(self._failures.file_failed)
                return False
            if not self._reader.complete and file.due():
                line = file.line(file.done, self._reader.length or 0, self._reader.entity)
                self._pieces.then(partial(self._host.notify, line))
        elif not self._asker.keeps_answer:
            fragments = self._host.settings.effective(FRAGMENTS, self._asker.httpid)
            self._pieces.most, self._pieces.interval = fragments.size, fragments.interval / 1000
            self._pieces.add(body)
        elif not self._asker.on_piece(body):
            self._fail(self._failures.cache_full)
            return False
        return True

    def _complete(self) -> None:
        """End the request with its last URC: the piece that completes an announced body, else one of its own."""
        self._let_go(CloseMode.NOW if self._unsent else CloseMode.DRAIN)
        if self._asker.file is not None:
            self._asker.file.close(self._filed)
        elif self._asker.keeps_answer or not self._reader.has_body:
            self._pieces.then(self._asker.succeeded)
        elif self._reader.length is None:
            self._pieces.add(b"")

    def _filed(self, kept: bool) -> None:
        """End the request whose body is in its file, unless the DTE has ended it meanwhile."""
        file = self._asker.file
        if self._unwanted or file is None:
            return
        if not kept:
            self._pieces.then(partial(self._asker.ended, self._failures.file_failed))
        elif self._reader.has_body:
            self._pieces.then(partial(self._say_stored, file))
        else:
            self._pieces.then(self._asker.succeeded)

    def _say(self, piece: bytes, total: int) -> None:
        """Tell a piece of the body. The instance is free before the last of them is told."""
        self._heard(self._host.now)
        if self._reader.complete and self._pieces.done:
            self._asker.succeeded()
        self._tell("content", self._reader.length or 0, total, len(piece), self._asker.encoded(piece))

    def _say_stored(self, file: HttpFile) -> None:
        """Tell that the whole body is in its file. The instance is free before."""
        self._asker.succeeded()
        self._host.notify(file.last_line(self._reader.entity))

    def _tell(self, kind: str, *values: int | bytes) -> None:
        self._host.notify(print_line("MHTTPURC", kind, self._asker.httpid, *values))

    def _fail(self, number: int) -> None:
        """End the request with "err", after what was received before."""
        self._let_go(None)
        self._close_file()
        self._pieces.then(lambda: self._asker.ended(number))

    def _let_go(self, mode: CloseMode | None) -> None:
        """Close the connection if there is one; None: at once."""
        if self.over:
            return
        self.over = True
        self._host.intents.append(Close(self, self._plan(mode)) if mode and self._connected else Drop(self))

    def _close_file(self) -> None:
        if self._asker.file is not None:
            self._asker.file.close()

    def _heard(self, now: float) -> None:
        self.heard = now
        self._asker.arm()
