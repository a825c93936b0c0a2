"""The operator of the modules of one process: it knows their numbers, and carries texts and calls between them."""

from __future__ import annotations

import time
from typing import Protocol

import trio

from onemo.modem.intents import MessageRefusal, Submission
from onemo.modem.modem import Modem
from onemo.modem.sim import plain_number


class Subscriber(Protocol):
    """A running module, as its operator sees it."""

    modem: Modem

    def rouse(self) -> None:
        """Have the module look at the time again, soon."""
        ...


class MessageCentre:
    """The centre of all modules that have joined. What it takes to serve them is imported at the first message."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def join(self, subscriber: Subscriber) -> None:
        """Serve one more module."""
        self._subscribers.append(subscriber)
        subscriber.modem.cell.phones = self

    def leave(self, subscriber: Subscriber) -> None:
        """Serve a module no more."""
        self._subscribers.remove(subscriber)
        subscriber.modem.cell.phones = None

    def take(self, modem: Modem, submission: Submission) -> MessageRefusal | None:
        """Take a message of a module; return its refusal, None where it is taken."""
        from onemo.families.sms.operator import Exchange

        return Exchange(self.find, self.rouse).take(modem, submission.tpdu, time.time(), trio.current_time())

    def find(self, number: str) -> Modem | None:
        """Return the module of a number, as plain_number has it; None: it is nobody's here."""
        modems = (subscriber.modem for subscriber in self._subscribers)
        return next((modem for modem in modems if plain_number(modem.sim.card.number) == number), None)

    def rouse(self, modem: Modem) -> None:
        """Have a module tell what was done to it."""
        for subscriber in self._subscribers:
            if subscriber.modem is modem:
                subscriber.rouse()
