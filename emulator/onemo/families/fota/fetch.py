"""Downloads of any protocol, and what receives them."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

from onemo.modem.channel import Open


class FetchRequest(NamedTuple):
    """A download. offset: bytes that are there already. ssl_id None: TLS verifies nothing. Times in seconds."""

    url: str
    user: str = ""
    password: str = ""
    offset: int = 0
    ssl_id: int | None = None
    timeout: float = math.inf


class FetchSink(Protocol):
    """The receiver of a download; after ended and refused it hears nothing more."""

    def begun(self, *, goes_on: bool, total: int | None) -> bool:
        """Take the start; return whether the rest is wanted.

        goes_on: it comes from the offset on, else from the first byte. total: bytes of the whole, None: not told.
        """
        ...

    def received(self, data: bytes) -> bool:
        """Take bytes; return whether more are wanted."""
        ...

    def ended(self, *, whole: bool) -> None:
        """Hear that all has come, or that the network broke."""
        ...

    def refused(self) -> None:
        """Hear that the server does not give it."""
        ...

    def may_receive(self) -> bool:
        """Tell whether bytes may come now."""
        ...

    def arm(self) -> None:
        """Find out anew when something is due."""
        ...


class Fetch(Protocol):
    """A download of any protocol, as its receiver sees it. due: when its server has been silent for too long."""

    due: float

    def opening(self) -> Open | None:
        """Return the request to open its connection, to be carried out; None: it has failed, and is told so."""
        ...

    def stop(self) -> None:
        """Let go of it, without a word."""
        ...

    def lose(self) -> None:
        """Break off: what it runs on is gone, or the server is silent."""
        ...

    @property
    def secured(self) -> bool:
        """True while it is in TLS."""
        ...
