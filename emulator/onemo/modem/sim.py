"""The SIM card: present or not, its PIN and PUK (27.007 8.3, 7.4, 7.5), its number, its centre and its messages.

Pure. The card outlives boot cycles: its codes, its lock and the tries that are left do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from onemo.at.reply import Cme, CommandError, ErrorCode
from onemo.modem.memory import put_back
from onemo.modem.subscriber import SimCard
from onemo.profile.schema import SimSection

_COUNTRY = "86"


class SimState(Enum):
    """The states of a card, by the word of AT+CPIN?; the first and the last are errors instead."""

    ABSENT = ""
    PIN = "SIM PIN"
    PUK = "SIM PUK"
    READY = "READY"
    DEAD = "dead"  # the PUK was wrong too often


REFUSALS: dict[SimState, ErrorCode] = {
    SimState.ABSENT: Cme.SIM_NOT_INSERTED,
    SimState.PIN: Cme.SIM_PIN_REQUIRED,
    SimState.PUK: Cme.SIM_PUK_REQUIRED,
    SimState.DEAD: Cme.SIM_FAILURE,
}
"""The refusal of commands that need the card, in each state but READY."""


_SUBSCRIBER = "subscriber"
_CODE = r"[0-9]{4,8}"


def is_code(text: object) -> bool:
    """Tell whether text can be a PIN or PUK: 4 to 8 digits (TS 51.011 9.3)."""
    return isinstance(text, str) and re.fullmatch(_CODE, text) is not None


def plain_number(number: str) -> str:
    """Return a telephone number as it is compared: without ``+``, ``00`` and the country's 86."""
    return number.removeprefix("+").removeprefix("00").removeprefix(_COUNTRY)


class Sim:
    """One card in its slot.

    changes: how often what outlives the boot cycle changed; resets: how often its supply was cut. meddle: what a fault
    makes of an answer, by instruction and file: after how many seconds it comes, and the status word in its place.
    """

    def __init__(self, profile: SimSection, card: SimCard | None = None) -> None:
        self._profile = profile
        self.changes = 0
        self.resets = 0
        self.meddle: Callable[[int, int | None], tuple[float, int | None]] = lambda ins, file: (0.0, None)
        self.present = profile.present
        self.pin = profile.pin
        self.puk = profile.puk
        self.locked = profile.locked
        self.pin_tries = profile.pin_tries
        self.puk_tries = profile.puk_tries
        self._entered = False
        self.card = SimCard() if card is None else card

    @property
    def state(self) -> SimState:
        """The state of the card."""
        if not self.present:
            return SimState.ABSENT
        if not self.puk_tries:
            return SimState.DEAD
        if not self.pin_tries:
            return SimState.PUK
        return SimState.PIN if self.locked and not self._entered else SimState.READY

    def require(self, state: SimState = SimState.READY) -> None:
        """Require a state of the card. Raises CommandError: as REFUSALS has it for another state."""
        if self.state is not state:
            raise CommandError(REFUSALS.get(self.state, Cme.NOT_ALLOWED))

    def require_card(self) -> None:
        """Require a card that answers, with its PIN or without. Raises CommandError: SIM_NOT_INSERTED, SIM_FAILURE."""
        if self.state in (SimState.ABSENT, SimState.DEAD):
            self.require()

    def restart(self) -> None:
        """Cut the card's supply (a restart, CFUN=0, taken out): the PIN has to be entered again."""
        self._entered = False
        self.resets += 1

    def begin_cycle(self) -> None:
        """Cut the card's supply."""
        self.restart()

    def enter(self, pin: str) -> None:
        """Enter the PIN. Raises CommandError: INCORRECT_PASSWORD, or as require."""
        self.require(SimState.PIN)
        self._try_pin(pin)
        self._entered = True

    def unblock(self, puk: str, pin: str) -> None:
        """Enter the PUK and a new PIN. Raises CommandError: INCORRECT_PASSWORD, or as require."""
        self.require(SimState.PUK)
        if puk != self.puk:
            self.puk_tries -= 1
            self.changes += 1
            raise CommandError(Cme.INCORRECT_PASSWORD)
        self.pin, self.pin_tries, self.puk_tries = pin, self._profile.pin_tries, self._profile.puk_tries
        self._entered = True
        self.changes += 1

    def lock(self, on: bool, pin: str) -> None:
        """Have the PIN asked for at the start, or not. Raises CommandError: INCORRECT_PASSWORD, or as require."""
        self.require()
        self._try_pin(pin)
        self.locked, self._entered = on, True
        self.changes += 1

    def change(self, old: str, new: str) -> None:
        """Set a new PIN, while the lock is on. Raises CommandError: NOT_ALLOWED, INCORRECT_PASSWORD, or as require."""
        self.require()
        if not self.locked:
            raise CommandError(Cme.NOT_ALLOWED)
        self._try_pin(old)
        self.pin = new
        self.changes += 1

    def _try_pin(self, pin: str) -> None:
        if pin == self.pin:
            if self.pin_tries != self._profile.pin_tries:
                self.pin_tries = self._profile.pin_tries
                self.changes += 1
            return
        self.pin_tries -= 1
        if not self.pin_tries:
            self._entered = False
        self.changes += 1
        raise CommandError(Cme.INCORRECT_PASSWORD)

    # What the card does itself, whatever the module thinks of it (102.221 11.1.9).

    @property
    def entered(self) -> bool:
        """True where the PIN was entered, or is not asked for."""
        return self.present and self.state is SimState.READY

    def verify(self, pin: str) -> None:
        """Enter the PIN, also once more. Raises CommandError: INCORRECT_PASSWORD, or its PUK is wanted."""
        if self.state not in (SimState.PIN, SimState.READY):
            self.require()
        self._try_pin(pin)
        self._entered = True

    def write(self, identifier: int, content: bytes) -> None:
        """Change a file of the card, or add one."""
        self.card.write(identifier, content)
        self.changes += 1

    def advance(self, sqn: int) -> None:
        """Take up a sequence number of AUTHENTICATE."""
        self.card.sqn = sqn
        self.changes += 1

    def forbid(self, plmn: str) -> None:
        """Note a network that does not allow the subscriber (EF_FPLMN)."""
        self.changes += self.card.forbid(plmn)

    def permit(self, plmn: str) -> None:
        """Take a network out of those that do not."""
        self.changes += self.card.permit(plmn)

    def require_answer(self, ins: int, file: int) -> None:
        """Require that the card answers the module itself. Raises CommandError(SIM_FAILURE): a fault has it refuse."""
        status = self.meddle(ins, file)[1]
        if status is not None and status >> 8 not in (0x90, 0x91):
            raise CommandError(Cme.SIM_FAILURE)

    # The memory.

    def snapshot(self) -> Mapping[str, object] | None:
        """Return what the card remembers; None: it is as it was issued.

        issued: how the card was when it was put in, by which it is known again.
        """
        return self._remembered() if self.changes else None

    def _remembered(self) -> dict[str, object]:
        subscriber = self.card.snapshot()
        return {
            "issued": [self._profile.pin, self._profile.locked],
            "pin": self.pin,
            "locked": self.locked,
            "pin_tries": self.pin_tries,
            "puk_tries": self.puk_tries,
            **({_SUBSCRIBER: subscriber} if subscriber else {}),
        }

    def restore(self, entry: object) -> list[str]:
        """Take up a snapshot; return the names of what does not fit, "" for all of it: none, or another card's."""
        if not isinstance(entry, Mapping) or not self._fits(entry):
            return [""]
        return self._put(entry)

    def _put(self, entry: Mapping[str, Any]) -> list[str]:
        self.pin, self.locked = entry["pin"], entry["locked"]
        self.pin_tries, self.puk_tries = entry["pin_tries"], entry["puk_tries"]
        self.changes += 1
        refused = self.card.restore(entry.get(_SUBSCRIBER, {}))
        return [f"{_SUBSCRIBER}.{part}" if part else _SUBSCRIBER for part in refused]

    def _fits(self, entry: Mapping[str, object]) -> bool:
        own = self._remembered()
        own.pop(_SUBSCRIBER, None)
        entry = {key: value for key, value in entry.items() if key != _SUBSCRIBER}
        if entry.keys() != own.keys() or entry["issued"] != own["issued"]:
            return False
        _, pin, locked, pin_tries, puk_tries = (entry[key] for key in own)
        if not (isinstance(pin, str) and is_code(pin) and isinstance(locked, bool)):
            return False
        if type(pin_tries) is not int or type(puk_tries) is not int:
            return False
        return 0 <= pin_tries <= self._profile.pin_tries and 0 <= puk_tries <= self._profile.puk_tries

    def save(self) -> Mapping[int, bytes]:
        """Return the messages: nothing else of a card fails where the module cannot write down what it remembers."""
        return self.card.messages

    def put_back(self, records: Mapping[Any, Any]) -> None:
        """Make the messages what they were."""
        put_back(self.card.messages, records)
