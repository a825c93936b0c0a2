"""The answers of a test's network beside connections: names, echo requests, the time; and all that was asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from onemo.errors import NetFailure
from onemo.modem.channel import Ask, Cancel, EchoReply
from onemo.modem.intents import Store
from onemo.net.interface import AddressFamily, Echo, LookupRequest, PingRequest, TimeRequest

if TYPE_CHECKING:
    from tests.support.driver import Driver


class Answers:
    """Answers at once, unless held; what it was not told of has no address, no reply, no time.

    names: addresses by name. echoes: what becomes of the next echo requests. time: seconds since 1970 UTC.
    stored: what was written down last; full: nothing can be.
    """

    def __init__(self, driver: Driver, later: Callable[[Callable[[], None]], None]) -> None:
        self._driver = driver
        self._later = later
        self._waiting: dict[str, Ask] = {}
        self.names: dict[str, list[str]] = {}
        self.echoes: deque[tuple[str, Echo | NetFailure]] = deque()
        self.time: float | NetFailure = NetFailure.TIMED_OUT
        self.held: set[str] = set()
        self.asked: list[Ask] = []
        self.cancelled: list[Ask] = []
        self.stored: Mapping[str, object] = {}
        self.full = False

    def carry_out(self, intent: Ask | Cancel | Store) -> None:
        if isinstance(intent, Cancel):
            self.cancelled.append(intent.operation)
            self._waiting = {kind: each for kind, each in self._waiting.items() if each is not intent.operation}
            return
        if isinstance(intent, Store):
            if not self.full:
                self.stored = intent.settings
            self._driver.modem.complete(intent, not self.full, self._driver.now)
            return
        self.asked.append(intent)
        kind = _KINDS[type(intent.request)]
        if kind in self.held:
            self._waiting[kind] = intent
        else:
            self._later(lambda: self._answer_unless_cancelled(intent))

    def release(self, kind: str) -> None:
        """Answer what is held: lookup, ping or asktime."""
        self.held.discard(kind)
        intent = self._waiting.pop(kind)
        self._driver.report(lambda: self._answer(intent))

    def release_all(self) -> None:
        """Answer whatever is held, and hold nothing more."""
        for kind in [*self._waiting]:
            self.release(kind)
        self.held.clear()

    def echo_once(self) -> None:
        """One echo request of a run that is held has come to its end."""
        ask = self._waiting["ping"]

        def one() -> None:
            if not self._echo(ask):
                del self._waiting["ping"]

        self._driver.report(one)

    def restart(self) -> None:
        self._waiting.clear()

    def _echo(self, ask: Ask) -> bool:
        address, result = self.echoes.popleft() if self.echoes else ("", NetFailure.TIMED_OUT)
        told = EchoReply(address=address, time=result.time, ttl=result.ttl) if isinstance(result, Echo) else result
        return ask.done(told, self._driver.now)

    def _answer_unless_cancelled(self, intent: Ask) -> None:
        if not any(each is intent for each in self.cancelled):
            self._answer(intent)

    def _answer(self, ask: Ask) -> None:
        match ask.request:
            case LookupRequest() as request:
                found = self.names.get(request.name, [])
                families = request.names.families
                of = [[a for a in found if (":" in a) is (family is AddressFamily.IPV6)] for family in families]
                addresses = [a for each in of for a in each] if request.every else next(filter(None, of), [])
                ask.done(addresses or NetFailure.NAME, self._driver.now)
            case PingRequest():
                while self._echo(ask):
                    pass
            case TimeRequest():
                ask.done(self.time, self._driver.now)


_KINDS: Mapping[type, str] = {LookupRequest: "lookup", PingRequest: "ping", TimeRequest: "asktime"}
