"""Somebody else than a socket instance who owns a connection."""

from __future__ import annotations

from dataclasses import dataclass, field

from onemo.errors import NetFailure
from onemo.net.interface import CloseResult
from onemo.profile.index import Index, Label

DEMOS = Index("demoid", "", b"")


@dataclass(eq=False)
class Client:
    """A client of a family of its own, demoid: it counts and remembers what it hears. Implements Owner.

    grant: the bytes that it may still be given; trips: what it does wrong when data come.
    """

    demoid: int = 0
    grant: int = 1 << 20
    watches_breaks: bool = False
    watches_acknowledgements: bool = False
    trips: Exception | None = None
    heard: list[object] = field(default_factory=list)
    data: bytes = b""
    taken: int = 0
    untaken: int = 0
    acknowledged: int = 0

    @property
    def label(self) -> Label:
        return Label(DEMOS, self.demoid)

    def on_opened(self, *, ipv6: bool, now: float) -> None:
        self.heard.append("opened")

    def on_failed(self, failure: NetFailure, now: float) -> None:
        self.heard.append(failure)

    def credit(self) -> int:
        return self.grant

    def on_data(self, data: bytes, now: float) -> None:
        if self.trips is not None:
            raise self.trips
        assert 0 < len(data) <= self.grant
        self.data += data
        self.grant -= len(data)

    def on_taken(self, count: int, now: float) -> None:
        self.taken += count

    def on_untaken(self, count: int) -> None:
        self.untaken += count

    def on_acknowledged(self, count: int) -> None:
        self.acknowledged += count

    def on_lost(self, failure: NetFailure | None, now: float) -> None:
        self.heard.append(("lost", failure))

    def on_closed(self, result: CloseResult, now: float) -> None:
        self.heard.append(result)
