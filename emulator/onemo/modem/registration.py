"""The states of the registration, and what is on the air (27.007 7.2, 8.5, 8.69, 10.1.22)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, IntEnum, auto
from typing import Any, NamedTuple, Protocol

from onemo.modem.cells import Traffic, cells_of
from onemo.profile.schema import Profile


class Registration(IntEnum):
    """<stat> of AT+CREG, AT+CGREG and AT+CEREG."""

    NOT_REGISTERED = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    ROAMING = 5

    @property
    def registered(self) -> bool:
        """True at home and while roaming."""
        return self in (Registration.HOME, Registration.ROAMING)


class RegistrationEvent(Enum):
    """The events that lead from one state of the registration to another."""

    SEARCH = auto()  # the function is full, the card is ready, an operator is wanted
    ATTACHED = auto()
    ROAMED = auto()  # as ATTACHED, in another operator's network
    STOP = auto()  # CFUN, COPS=2, the card is gone, a restart
    LOST = auto()  # coverage is gone: the search goes on
    REFUSED = auto()


_ON_AIR = (Registration.HOME, Registration.ROAMING, Registration.SEARCHING, Registration.DENIED)

TRANSITIONS: dict[tuple[Registration, RegistrationEvent], Registration] = {
    **{(state, RegistrationEvent.STOP): Registration.NOT_REGISTERED for state in Registration},
    **{(state, RegistrationEvent.LOST): Registration.SEARCHING for state in _ON_AIR},
    **{(state, RegistrationEvent.REFUSED): Registration.DENIED for state in _ON_AIR},
    (Registration.NOT_REGISTERED, RegistrationEvent.SEARCH): Registration.SEARCHING,
    (Registration.SEARCHING, RegistrationEvent.SEARCH): Registration.SEARCHING,
    (Registration.DENIED, RegistrationEvent.SEARCH): Registration.SEARCHING,
    (Registration.SEARCHING, RegistrationEvent.ATTACHED): Registration.HOME,
    (Registration.ROAMING, RegistrationEvent.ATTACHED): Registration.HOME,
    (Registration.SEARCHING, RegistrationEvent.ROAMED): Registration.ROAMING,
    (Registration.HOME, RegistrationEvent.ROAMED): Registration.ROAMING,
}


class Signal(NamedTuple):
    """The figures of a signal: rssi, ber as in AT+CSQ (99: unknown); rsrq, rsrp as in AT+CESQ (255: unknown)."""

    rssi: int
    ber: int
    rsrq: int
    rsrp: int


NO_SIGNAL = Signal(99, 99, 255, 255)


Publishing = Callable[[str, bytes, int, bool], None]
"""Publishes topic, payload, QoS and retain. Raises UsageError: that is no message."""


class PhoneNetwork(Protocol):
    """The other modules on the air, as one that calls them sees them."""

    def find(self, number: str) -> Any:  # noqa: ANN401  (a device cannot be named below it)
        """Return the module of a number, as plain_number has it; None: it is nobody's here."""
        ...

    def rouse(self, modem: Any) -> None:  # noqa: ANN401
        """Have a module tell what was done to it."""
        ...


class Cell:
    """The network that is on the air around the module, across boot cycles.

    refusal: the cause (24.301 9.9.3.9) with which the network refuses the module; None: it takes it. ussd: what it
    answers to codes, besides the profile's own. publish: publishes at the broker that is there for tests; None: there
    is none. cells: the first that the module may use serves it. loss: the share of packets that are lost. call_fate:
    what becomes of the next call that the module makes, as the family of calls has it; None: it is answered. phones:
    the other modules on it; None: there are none. zone: quarters of an hour east of UTC, None: the module's own.
    """

    ussd: Mapping[str, str] = {}
    publish: Publishing | None = None
    loss = 0.0
    call_fate: object = None
    phones: PhoneNetwork | None = None
    zone: int | None = None

    def __init__(self, whole: Profile) -> None:
        profile = whole.radio
        self.cells = cells_of(whole)
        self.traffic = Traffic()
        self.coverage = True
        self.refusal: int | None = None
        self.roaming = False
        self.signal = Signal(profile.rssi, profile.ber, profile.rsrq, profile.rsrp)
