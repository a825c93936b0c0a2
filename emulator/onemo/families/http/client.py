"""One HTTP instance: what its commands store, and what it hears of its request."""

from __future__ import annotations

import math
from collections.abc import Callable

from onemo.at.command import print_line
from onemo.at.payload import ReceiveFormat, SendFormat, encode
from onemo.at.reply import Cme, CommandError
from onemo.families.http.exchange import HttpExchange
from onemo.families.http.intofile import HttpFile
from onemo.families.http.profile import FAILURES, HTTP_CLIENT, HttpError
from onemo.families.http.request import HttpOrder, Method, Url, coded_path, fields_of, merged_fields
from onemo.families.http.settings import (
    BEARER_OF,
    BODY_MODE,
    CACHED_MODE,
    COMMON_FIELDS,
    PATH_CODING,
    TEXT_FORMS,
    TIMEOUTS,
    TLS_OF,
)
from onemo.families.http.states import REFUSALS, TRANSITIONS, HttpEvent, HttpOperation, HttpState
from onemo.modem.cache import Cache
from onemo.modem.modem import Modem


class HttpStored:
    """Bytes that come in pieces and are kept for a request. closed: the last of them has come."""

    def __init__(self, most: int) -> None:
        self.data = bytearray()
        self.closed = False
        self._most = most

    def require_open(self) -> None:
        """Require that more may come. Raises CommandError(NOT_ALLOWED)."""
        if self.closed:
            raise CommandError(Cme.NOT_ALLOWED)

    def add(self, piece: bytes, *, last: bool) -> None:
        """Take a piece. Raises CommandError: NOT_ALLOWED; NO_MEMORY, it does not fit and nothing was taken."""
        self.require_open()
        if len(self.data) + len(piece) > self._most:
            raise CommandError(HttpError.NO_MEMORY)
        self.data += piece
        self.closed = last

    def clear(self) -> None:
        """Forget all, and take more."""
        self.data.clear()
        self.closed = False


class HttpClient:
    """One httpid that was given out. Implements Asker.

    header, body: of the next request. keeps_answer: its answer is kept for MHTTPREAD; received_header, received_body:
    what of it is unread. file: what the body of its answer goes into. exchange: the request that runs; asked: the
    last one. on_change: is called when something may be due earlier, and when the state is another.
    """

    def __init__(self, device: Modem, httpid: int, url: Url, on_change: Callable[[], None]) -> None:
        table = device.profile.table(HTTP_CLIENT)
        self.httpid = httpid
        self.url = url
        self.state = HttpState.IDLE
        self.header = HttpStored(table.stored_header)
        self.body = HttpStored(table.stored_body)
        self.exchange: HttpExchange | None = None
        self.asked: HttpOrder | None = None
        self.keeps_answer = False
        self.file: HttpFile | None = None
        self._device = device
        self._on_change = on_change
        self._table = table
        self._code = 0
        self.empty_cache()

    def check(self, operation: HttpOperation) -> None:
        """Refuse an operation that the state does not allow. Raises CommandError."""
        if refusal := REFUSALS.get((operation, self.state)):
            raise CommandError(refusal)

    @property
    def chunked(self) -> bool:
        """True where the body comes after the request, in chunks."""
        return bool(self._device.settings.effective(BODY_MODE, self.httpid).chunked)

    @property
    def input_form(self) -> SendFormat:
        """The form of text in commands."""
        return SendFormat(self._device.settings.effective(TEXT_FORMS, self.httpid).input_format)

    @property
    def entry_timeout(self) -> float:
        """Seconds that an entry waits; inf: for ever."""
        if not self._table.entry:
            return self._table.prompt_timeout
        return self._device.settings.effective(TIMEOUTS, self.httpid).entry or math.inf

    def require_room(self, size: int) -> None:
        """Require that so much more can be stored of header and body together. Raises CommandError(NO_MEMORY)."""
        most = self._table.stored_together
        if most and len(self.header.data) + len(self.body.data) + size > most:
            raise CommandError(HttpError.NO_MEMORY)

    @property
    def cid(self) -> int | None:
        """The PDP context of its requests; None: the default one."""
        return self._device.settings.effective(BEARER_OF, self.httpid).cid

    def empty_cache(self) -> None:
        """Forget what was kept for MHTTPREAD."""
        size = self._device.settings.effective(CACHED_MODE, self.httpid).size
        self.received_header: Cache[bytes] = Cache(self._table.header_block, 1)
        self.received_body: Cache[bytes] = Cache(size, size)

    def order(self, method: Method, path: bytes) -> HttpOrder:
        """Make a request of what is stored and set.

        Raises CommandError: BUSY; INCORRECT_PARAMETERS, CR or LF in the path; TLS_OFF, CONNECTION_FAILED.
        """
        self.check(HttpOperation.REQUEST)
        if b"\r" in path or b"\n" in path:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        settings = self._device.settings
        secure = bool(settings.effective(TLS_OF, self.httpid).ssl_enable)
        if self.url.secure and not secure:
            raise CommandError(HttpError.TLS_OFF)
        if self._device.contexts.refusal(self.cid) is not None:
            raise CommandError(HttpError.CONNECTION_FAILED)
        if settings.effective(PATH_CODING, self.httpid).urlencode:
            path = coded_path(path)
        common = fields_of(settings.get(COMMON_FIELDS, self.httpid).fields.encode("latin-1"))
        own = fields_of(bytes(self.header.data))
        bare = method is Method.DELETE and not self._table.delete_body
        return HttpOrder(
            method=method,
            url=self.url,
            secure=secure,
            path=path or b"/",
            fields=merged_fields(common or (), own or ()),
            body=None if self.chunked else b"" if bare else bytes(self.body.data),
        )

    def begin(self, order: HttpOrder, file: HttpFile | None = None) -> None:
        """Begin a request: OK now, the answer in URCs, or its body in a file. Raises CommandError(BUSY)."""
        self.check(HttpOperation.REQUEST)
        self._on(HttpEvent.REQUEST)
        self.file = file
        self.keeps_answer = file is None and bool(self._device.settings.effective(CACHED_MODE, self.httpid).cached)
        self.empty_cache()
        self.turned(HttpExchange(self._device, self, order))

    def stop(self) -> None:
        """End the request that runs, if any, without a word."""
        exchange, self.exchange = self.exchange, None
        self.empty_cache()
        if exchange is not None:
            exchange.end()
            self._on(HttpEvent.END)

    # Asker.

    def wants_body(self) -> None:
        """Tell that chunks of the body may be sent; some modules end that line with nothing."""
        self._on(HttpEvent.WANTS_BODY)
        line = print_line("MHTTPURC", "ind", self.httpid)
        if self._table.ind_eol == "crlf":
            self._device.notify(line)
        else:
            self._device.notify_unended(line)

    def on_header(self, code: int, header: bytes, length: int | None) -> bool:
        """Keep the header. False: some models keep nothing of a body that is announced too large (guide fn 27)."""
        size = self._device.settings.effective(CACHED_MODE, self.httpid).size
        if length is not None and length > size and not self._table.caches_part:
            return False
        self._code = code
        self.received_header.add(header)
        return True

    def on_piece(self, data: bytes) -> bool:
        """Keep bytes of the body, as far as they fit."""
        room = self.received_body.room
        if len(data) <= room:
            return self.received_body.add(data)
        if room:
            self.received_body.add(data[:room])
        return False

    def encoded(self, data: bytes) -> bytes:
        """Encode data in the output format."""
        form = self._device.settings.effective(TEXT_FORMS, self.httpid).output_format
        return encode(data, ReceiveFormat(form))

    def turned(self, exchange: HttpExchange) -> None:
        """Begin a request, or go on with another."""
        self.exchange, self.asked = exchange, exchange.order
        exchange.start()
        self.arm()

    def succeeded(self) -> None:
        """Be free again, the header and body used up; tell what is kept for MHTTPREAD."""
        self.exchange = None
        self._on(HttpEvent.END)
        self.header.clear()
        if not self.chunked:
            self.body.clear()
        if self.keeps_answer:
            header, body = self.received_header.total, self.received_body.total
            self._device.notify(print_line("MHTTPURC", "recv", self.httpid, self._code, header, body))

    def ended(self, number: int) -> None:
        """Be free again and tell the failure; only what a cache was too small for stays in it."""
        self.exchange = None
        self._on(HttpEvent.END)
        if number != self._device.profile.table(FAILURES).cache_full:
            self.empty_cache()
        self._device.notify(print_line("MHTTPURC", "err", self.httpid, number))

    def arm(self) -> None:
        """Find out anew when something is due."""
        self._on_change()

    def fed(self, exchange: HttpExchange) -> None:
        """Take no more of the body of this request."""
        if self.exchange is exchange and self.state is HttpState.FEEDING:
            self._on(HttpEvent.FED)
            exchange.fed(self._device.now)

    def _on(self, event: HttpEvent) -> None:
        """Change the state. Raises KeyError when it has no such event: a bug."""
        self.state = TRANSITIONS[self.state, event]
        self.arm()
