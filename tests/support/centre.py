"""The centre of a test's module: its texts, at a time that the test sets, and what the trace is told of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from onemo.families.sms.fields import TimeStamp
from onemo.families.sms.operator import Exchange, inject, inject_pdu
from onemo.families.sms.state import told
from onemo.modem.intents import MessageRefusal, Submission
from onemo.modem.modem import Modem
from onemo.modem.sim import plain_number

if TYPE_CHECKING:
    from tests.support.driver import Driver

_FIRST = "26/11/28,23:47:00+32"


class Centre:
    """Knows one module. told: the events of the trace; refusal: with which the next message is refused.

    The centre's clock stands, unless a test moves it: at 23:47 of 2026-11-28 in the zone of UTC+8.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._exchange = Exchange(self._find, lambda modem: None)
        self.told: list[str] = []
        self.refusal: MessageRefusal | None = None
        self.set_time(_FIRST)

    def set_time(self, text: str) -> None:
        stamp = TimeStamp.of(text)
        local = datetime(2000 + stamp.year, *stamp[1:6], tzinfo=UTC)
        self.utc = (local - timedelta(minutes=15 * stamp.quarters)).timestamp()

    def submitted(self, intent: Submission) -> None:
        driver, refusal = self._driver, self.refusal
        self.refusal = None
        if refusal is None:
            refusal = self._exchange.take(driver.modem, intent.tpdu, self.utc, driver.now)
        driver.complete(intent, refusal)

    def text(self, sender: str, text: str, encoding: str | None = None, message_class: int | None = None) -> None:
        """A text comes to the module."""
        driver = self._driver
        driver.report(
            lambda: inject(
                driver.modem,
                sender,
                text,
                utc=self.utc,
                now=driver.now,
                encoding=encoding,
                message_class=message_class,
            )
        )
        driver.wait(0)

    def pdu(self, pdu: str) -> None:
        """A DELIVER comes to the module."""
        self._driver.report(lambda: inject_pdu(self._driver.modem, pdu, self._driver.now))
        self._driver.wait(0)

    @property
    def waiting(self) -> int:
        state = told(self._driver.modem)
        assert state is not None
        return state.waiting

    def _find(self, number: str) -> Modem | None:
        modem = self._driver.modem
        return modem if plain_number(modem.sim.card.number) == number else None
