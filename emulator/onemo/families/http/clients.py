"""The HTTP instances of one boot cycle together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from onemo.at.reply import CommandError
from onemo.families.http.client import HttpClient
from onemo.families.http.profile import HttpError
from onemo.families.http.request import Url
from onemo.families.http.settings import HTTPID
from onemo.modem.modem import Modem
from onemo.modem.part import Part


class HttpClients(Part):
    """The instances that were given out, by httpid. Nothing of them outlives the boot cycle, or deep sleep."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self._clients: dict[int, HttpClient] = {}

    def __getitem__(self, httpid: int) -> HttpClient:
        """Return the instance of an id. Raises CommandError(NOT_CREATED)."""
        if httpid not in self._clients:
            raise CommandError(HttpError.NOT_CREATED)
        return self._clients[httpid]

    def __iter__(self) -> Iterator[HttpClient]:
        return iter([client for _, client in sorted(self._clients.items())])

    def create(self, url: Url) -> HttpClient:
        """Give out the lowest free id. Raises CommandError(NO_FREE_INSTANCE)."""
        ids = self._device.profile.params[HTTPID].range or ()
        free = next((each for each in ids if each not in self._clients), None)
        if free is None:
            raise CommandError(HttpError.NO_FREE_INSTANCE)
        client = self._clients[free] = HttpClient(self._device, free, url, self.arm)
        return client

    def delete(self, httpid: int) -> None:
        """End an instance, with its request and all that it holds. Raises CommandError(NOT_CREATED)."""
        self[httpid].stop()
        del self._clients[httpid]
        self._device.settings.forget(HTTPID, httpid)

    def ids(self, httpid: int | None) -> Sequence[int]:
        """Return the ids that are given out, or the one that is meant. Raises CommandError(NOT_CREATED)."""
        return [client.httpid for client in self] if httpid is None else (self[httpid].httpid,)

    def arm(self) -> None:
        """Find out anew when something is due."""
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
            self.delete(client.httpid)
