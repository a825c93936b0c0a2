"""The PIN as the card itself has it: VERIFY, CHANGE, DISABLE, ENABLE, UNBLOCK (102.221 11.1.9 to 11.1.13)."""

from __future__ import annotations

from collections.abc import Callable

from onemo.at.reply import CommandError
from onemo.families.card.apdu import Apdu, CardAnswer, CardRefusal, Sw
from onemo.modem.modem import Modem
from onemo.modem.sim import Sim, SimState, is_code

_PIN = 1
"""The reference of the PIN of the application (102.221 9.5.1)."""
_OCTETS = 8
_BLOCKED = (SimState.PUK, SimState.DEAD)


class CardPins:
    """The instructions about the PIN. They share its tries with AT+CPIN, AT+CLCK and AT+CPWD."""

    def __init__(self, modem: Modem) -> None:
        self._modem = modem

    def verify(self, apdu: Apdu) -> CardAnswer:
        """Enter the PIN; without one, tell how many tries there are. Raises CardRefusal."""
        self._require(apdu, codes=1, may_ask=True)
        if not apdu.data:
            if self._sim.entered:
                return CardAnswer()
            raise CardRefusal(Sw.TRIES | self._sim.pin_tries)
        self._require_lock()
        return self._try(lambda: self._sim.verify(_code(apdu.data)))

    def change(self, apdu: Apdu) -> CardAnswer:
        """Put another PIN in the place of the old one. Raises CardRefusal."""
        self._require(apdu, codes=2)
        self._require_lock()
        old, new = _code(apdu.data[:_OCTETS]), _code(apdu.data[_OCTETS:])

        def change() -> None:
            self._sim.verify(old)
            self._sim.change(old, new)

        return self._try(change)

    def disable(self, apdu: Apdu) -> CardAnswer:
        """Have the PIN not asked for. Raises CardRefusal."""
        self._require(apdu, codes=1)
        self._require_lock()
        return self._lock(apdu, on=False)

    def enable(self, apdu: Apdu) -> CardAnswer:
        """Have the PIN asked for. Raises CardRefusal: CONDITIONS, it is already."""
        self._require(apdu, codes=1)
        if self._sim.locked:
            raise CardRefusal(Sw.CONDITIONS)
        return self._lock(apdu, on=True)

    def unblock(self, apdu: Apdu) -> CardAnswer:
        """Enter the PUK and a new PIN; without them, tell how many tries there are. Raises CardRefusal."""
        self._require(apdu, codes=2, may_ask=True)
        if self._sim.state is SimState.DEAD:
            raise CardRefusal(Sw.BLOCKED)
        if not apdu.data:
            raise CardRefusal(Sw.TRIES | self._sim.puk_tries)
        if self._sim.state is not SimState.PUK:
            raise CardRefusal(Sw.CONDITIONS)
        puk, new = _code(apdu.data[:_OCTETS]), _code(apdu.data[_OCTETS:])
        return self._try(lambda: self._sim.unblock(puk, new), of_puk=True)

    @property
    def _sim(self) -> Sim:
        return self._modem.sim

    def _lock(self, apdu: Apdu, *, on: bool) -> CardAnswer:
        pin = _code(apdu.data)

        def lock() -> None:
            self._sim.verify(pin)
            self._sim.lock(on, pin)

        return self._try(lock)

    def _require(self, apdu: Apdu, codes: int, *, may_ask: bool = False) -> None:
        """Require the PIN's reference, and so many codes, or none where that is a question. Raises CardRefusal."""
        if apdu.p1 or apdu.p2 != _PIN:
            raise CardRefusal(Sw.NO_REFERENCE if not apdu.p1 else Sw.P1_P2)
        if len(apdu.data) != codes * _OCTETS and not (may_ask and not apdu.data and not apdu.le):
            raise CardRefusal(Sw.LENGTH)
        if self._sim.state in _BLOCKED and codes == 1:
            raise CardRefusal(Sw.BLOCKED)

    def _require_lock(self) -> None:
        if not self._sim.locked:
            raise CardRefusal(Sw.NO_PIN)

    def _try(self, act: Callable[[], None], *, of_puk: bool = False) -> CardAnswer:
        """Do what takes a code. Raises CardRefusal: TRIES, it is wrong; BLOCKED, for the last time."""
        was_ready = self._sim.entered
        try:
            act()
        except CommandError as error:
            left = self._sim.puk_tries if of_puk else self._sim.pin_tries
            raise CardRefusal(Sw.TRIES | left) from error
        if not was_ready:
            self._modem.radio.search_again(self._modem.now)
        return CardAnswer()


def _code(octets: bytes) -> str:
    """Read a code, which FF fill up. Raises CardRefusal(DATA): it can be none."""
    text = octets.rstrip(b"\xff").decode("latin-1")
    if not is_code(text):
        raise CardRefusal(Sw.DATA)
    return text
