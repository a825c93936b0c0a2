"""The HTTP instances of one boot cycle together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from onemo.at.reply import CommandError
from onemo.families.http.client import HttpClient
from onemo.families.http.intofile import HttpFile
from onemo.families.http.profile import HttpError
from onemo.families.http.request import HttpOrder, Url
from onemo.families.http.settings import HTTPID, TLS_OF, TlsOf
from onemo.families.http.states import HttpState
from onemo.modem.modem import Modem
from onemo.modem.part import Part


class HttpClients(Part):
    """The instances that were given out, by httpid. Nothing of them outlives the boot cycle, or deep sleep.

    A download by AT+MHTTPDLFILE has one for itself until it ends, to which no command but AT+MHTTPTERM gets.
    """

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self._clients: dict[int, HttpClient] = {}
        self._download: HttpClient | None = None

    def __getitem__(self, httpid: int) -> HttpClient:
        """Return the instance of an id. Raises CommandError: NOT_CREATED; BUSY, it is a download's."""
        client = self._any(httpid)
        if client is self._download:
            raise CommandError(HttpError.BUSY)
        return client

    def __iter__(self) -> Iterator[HttpClient]:
        return iter([client for _, client in sorted(self._clients.items())])

    def require(self, client: HttpClient) -> None:
        """Require that an instance is there still. Raises CommandError(NOT_CREATED)."""
        if self._clients.get(client.httpid) is not client:
            raise CommandError(HttpError.NOT_CREATED)

    def create(self, url: Url) -> HttpClient:
        """Give out the lowest free id. Raises CommandError(NO_FREE_INSTANCE)."""
        free = self._free()
        client = self._clients[free] = HttpClient(self._device, free, url, self.arm)
        return client

    def free_for_download(self) -> int:
        """Return the id that a download would have. Raises CommandError: BUSY, one runs; NO_FREE_INSTANCE."""
        if self._download is not None:
            raise CommandError(HttpError.BUSY)
        return self._free()

    def download(self, order: HttpOrder, ssl_id: int | None, file: HttpFile) -> None:
        """Begin a download. Raises CommandError: as free_for_download."""
        self.free_for_download()
        client = self.create(order.url)
        if ssl_id is not None:
            self._device.settings.set(TLS_OF, TlsOf(client.httpid, 1, ssl_id), client.httpid)
        client.begin(order, file)
        self._download = client
        self.arm()

    def delete(self, httpid: int) -> None:
        """End an instance, with its request and all that it holds. Raises CommandError: NOT_CREATED, BUSY."""
        self._remove(self[httpid])

    def stop(self, httpid: int | None) -> None:
        """End the request of an instance, or all (None), without a word. Raises CommandError(NOT_CREATED)."""
        for client in list(self) if httpid is None else (self._any(httpid),):
            client.stop()

    def ids(self, httpid: int | None) -> Sequence[int]:
        """Return the ids that are given out, or the one that is meant. Raises CommandError: NOT_CREATED, BUSY."""
        if httpid is not None:
            return (self[httpid].httpid,)
        return [client.httpid for client in self if client is not self._download]

    def _any(self, httpid: int) -> HttpClient:
        if httpid not in self._clients:
            raise CommandError(HttpError.NOT_CREATED)
        return self._clients[httpid]

    def _free(self) -> int:
        ids = self._device.profile.params[HTTPID].range or ()
        free: int | None = next((each for each in ids if each not in self._clients), None)
        if free is None:
            raise CommandError(HttpError.NO_FREE_INSTANCE)
        return free

    def _remove(self, client: HttpClient) -> None:
        client.stop()
        if self._clients.pop(client.httpid, None) is not None:
            self._device.settings.forget(HTTPID, client.httpid)

    def arm(self) -> None:
        """Find out anew when something is due; a download that has ended is gone."""
        if self._download is not None and self._download.state is HttpState.IDLE:
            ended, self._download = self._download, None
            self._remove(ended)
        running = (client.exchange for client in self._clients.values())
        self.deadline = min((exchange.due for exchange in running if exchange is not None), default=math.inf)

    # Part.

    def on_deadline(self, now: float) -> None:
        """Fail the requests whose servers are silent."""
        for client in self:
            if client.exchange is not None and now >= client.exchange.due:
                client.exchange.on_silence(now)
        self.arm()

    @property
    def busy(self) -> bool:
        """True while a request runs."""
        return self.connections > 0

    @property
    def connections(self) -> int:
        """The number of requests that run."""
        return sum(client.exchange is not None for client in self._clients.values())

    @property
    def tls_connections(self) -> int:
        """The number of those in TLS."""
        running = (client.exchange for client in self._clients.values())
        return sum(exchange.secured for exchange in running if exchange is not None)

    def context_down(self, cid: int) -> None:
        """Fail the requests that run on a PDP context which is down."""
        for client in self:
            if client.exchange is not None and self._device.contexts.chosen(client.cid) == cid:
                client.exchange.lose()

    def fall_asleep(self) -> None:
        """Forget every instance."""
        for client in list(self):
            self._remove(client)
