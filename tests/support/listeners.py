"""Servers of the module in a test's world, and clients that come when they are told to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from onemo.errors import NetFailure
from onemo.modem.channel import Accepted, Listen, Listener, SendTo, Sent, Unlisten
from onemo.net.interface import CloseResult, Datagram

if TYPE_CHECKING:
    from tests.support.driver import Driver


class Servers:
    """Those that listen, by sid. failure: of the next one. refusals: peers whose connections none took.

    holds: datagrams are not sent yet.
    """

    def __init__(
        self, driver: Driver, later: Callable[[Callable[[], None]], None], accepted: Callable[[Accepted], None]
    ) -> None:
        self._driver = driver
        self._later = later
        self._accepted = accepted
        self.listening: dict[int, Listener] = {}
        self.failure: NetFailure | None = None
        self.holds = False
        self.refusals: list[tuple[str, int]] = []
        self.sent: list[SendTo] = []

    def comes(self, sid: int, host: str, port: int) -> None:
        """A client connects to a server."""

        def accept() -> None:
            accepted = self.listening[sid].accept(host, port, self._driver.now)
            if accepted is None:
                self.refusals.append((host, port))
            else:
                self._accepted(accepted)

        self._driver.report(accept)

    def datagram(self, sid: int, host: str, port: int, data: bytes) -> None:
        """A datagram comes to a server."""
        found = Datagram(data)
        found.sender = host, port
        self._driver.report(lambda: self.listening[sid].on_data(found, self._driver.now))

    def carry_out(self, intent: Listen | Unlisten | SendTo) -> None:
        """Do it at once, and with success unless told otherwise."""
        if isinstance(intent, SendTo):
            self.sent.append(intent)
            if not self.holds:
                self._driver.complete(intent, Sent(len(intent.data)))
        elif isinstance(intent, Unlisten):
            self.listening.pop(intent.listener.label.number, None)
            self._later(lambda: intent.listener.on_closed(CloseResult.NORMAL, self._driver.now))
        elif self.failure is not None:
            failure, self.failure = self.failure, None
            self._later(lambda: intent.listener.on_listen_failed(failure, self._driver.now))
        else:
            self.listening[intent.listener.label.number] = intent.listener
            self._later(lambda: intent.listener.on_listening("127.0.0.1", intent.request.port, self._driver.now))
