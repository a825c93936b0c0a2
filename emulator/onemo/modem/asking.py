"""One question at a time to the network: for the addresses of a name, echo replies, the time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from onemo.errors import NetFailure
from onemo.modem.channel import Ask, Cancel
from onemo.modem.host import Host
from onemo.modem.part import Part
from onemo.net.interface import LookupRequest, PingRequest, TimeRequest

R = TypeVar("R")


class Asking(Part, ABC, Generic[R]):
    """The question of one family that is open, if any, and the PDP context that it runs on."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.running: Ask | None = None
        self._cid = 0
        self._console = host.first

    @property
    def busy(self) -> bool:
        """True while a question is open."""
        return self.running is not None

    @abstractmethod
    def answered(self, result: R | NetFailure, now: float) -> bool:
        """Tell what came of it, as Ask has it; return whether to ask again."""

    def ask(self, request: LookupRequest | PingRequest | TimeRequest, cid: int | None, every: float = 0.0) -> None:
        """Ask the network. cid None: on the default context; every: seconds between two, if it is asked again."""

        def done(result: R | NetFailure, now: float) -> bool:
            if self.running is not ask:
                return False
            if self.answered(result, now):
                return True
            self.running = None
            return False

        self._console = self.host.console
        ask = self.running = Ask(request, done, every)
        self._cid = self.host.contexts.chosen(cid)
        self.host.intents.append(ask)

    def tell(self, line: bytes) -> None:
        """Tell a result, on the console that asked."""
        self.host.notify_on(self._console, line)

    def context_down(self, cid: int) -> None:
        """Fail the question that runs on a PDP context that ended."""
        if self.running is not None and self._cid == cid:
            self.host.intents.append(Cancel(self.running))
            self.running.done(NetFailure.OTHER, self.host.now)
