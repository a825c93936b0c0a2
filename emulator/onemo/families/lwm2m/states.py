"""The states of the LwM2M device, its errors and its events (LwM2M manual 3 and 6)."""

from __future__ import annotations

from enum import Enum, IntEnum, auto

from onemo.at.reply import ErrorCode
from onemo.net.coap.message import CoapCode


class Cis:
    """The errors of AT+MIPL... (LwM2M manual 6)."""

    UNKNOWN = ErrorCode("lwm2m_unknown", "CIS")
    SYNTAX = ErrorCode("lwm2m_syntax", "CIS")
    NOT_LOGGED_IN = ErrorCode("lwm2m_not_logged_in", "CIS")
    NOT_ALLOWED = ErrorCode("lwm2m_not_allowed", "CIS")
    BUSY = ErrorCode("lwm2m_busy", "CIS")
    RESOURCE = ErrorCode("lwm2m_resource", "CIS")


class Lwm2mState(Enum):
    """The states of the device. OPENING: bootstrap, then registration."""

    NONE = "none"
    CREATED = "created"
    OPENING = "opening"
    REGISTERED = "registered"
    CLOSING = "closing"


class Lwm2mEvent(Enum):
    """The events that lead from one state to another."""

    CREATE = auto()
    DELETE = auto()
    OPEN = auto()
    LOGGED_IN = auto()
    CLOSE = auto()
    UNCLOSED = auto()  # the server did not take the de-registration
    ENDED = auto()  # a login that failed, was closed, has run out, or that the server knows nothing of


TRANSITIONS: dict[tuple[Lwm2mState, Lwm2mEvent], Lwm2mState] = {
    **{(state, Lwm2mEvent.DELETE): Lwm2mState.NONE for state in Lwm2mState if state is not Lwm2mState.NONE},
    (Lwm2mState.NONE, Lwm2mEvent.CREATE): Lwm2mState.CREATED,
    (Lwm2mState.CREATED, Lwm2mEvent.OPEN): Lwm2mState.OPENING,
    (Lwm2mState.OPENING, Lwm2mEvent.LOGGED_IN): Lwm2mState.REGISTERED,
    (Lwm2mState.OPENING, Lwm2mEvent.ENDED): Lwm2mState.CREATED,
    (Lwm2mState.REGISTERED, Lwm2mEvent.ENDED): Lwm2mState.CREATED,
    (Lwm2mState.REGISTERED, Lwm2mEvent.CLOSE): Lwm2mState.CLOSING,
    (Lwm2mState.CLOSING, Lwm2mEvent.UNCLOSED): Lwm2mState.REGISTERED,
    (Lwm2mState.CLOSING, Lwm2mEvent.ENDED): Lwm2mState.CREATED,
}


class Lwm2mOperation(Enum):
    """The groups of commands that a state allows or refuses together."""

    CREATE = auto()
    DELETE = auto()
    OBJECTS = auto()  # AT+MIPLADDOBJ, AT+MIPLDELOBJ
    CONFIGURE = auto()  # AT+MIPLCFG, AT+MIPLUPDATESET
    SET = auto()  # what any device takes
    OPEN = auto()
    EXCHANGE = auto()  # what needs a login


_MISSING = {(operation, Lwm2mState.NONE): Cis.RESOURCE for operation in Lwm2mOperation}
_OFFLINE = (Lwm2mState.CREATED, Lwm2mState.OPENING, Lwm2mState.CLOSING)
_BUSY = (Lwm2mState.OPENING, Lwm2mState.CLOSING)
REFUSALS: dict[tuple[Lwm2mOperation, Lwm2mState], ErrorCode] = {
    **{key: error for key, error in _MISSING.items() if key[0] is not Lwm2mOperation.CREATE},
    **{(Lwm2mOperation.CREATE, state): Cis.RESOURCE for state in Lwm2mState if state is not Lwm2mState.NONE},
    **{(Lwm2mOperation.OBJECTS, state): Cis.NOT_ALLOWED for state in _BUSY},
    **{(Lwm2mOperation.CONFIGURE, state): Cis.NOT_ALLOWED for state in (*_BUSY, Lwm2mState.REGISTERED)},
    **{(Lwm2mOperation.OPEN, state): Cis.NOT_LOGGED_IN for state in _BUSY},
    (Lwm2mOperation.OPEN, Lwm2mState.REGISTERED): Cis.NOT_ALLOWED,
    **{(Lwm2mOperation.EXCHANGE, state): Cis.NOT_LOGGED_IN for state in _OFFLINE},
}
"""The error of an operation in a state; where there is none it is allowed."""


class Lwm2mTold(IntEnum):
    """<evtid> of +MIPLEVENT."""

    BOOTSTRAPPED = 2
    BOOTSTRAP_FAILED = 3
    LOGGED_IN = 6
    LOGIN_FAILED = 7
    UPDATED = 11
    LEFT = 15
    ACKNOWLEDGED = 26
    DELETED = 31
    TOO_LONG = 33


DONE_READ, DONE = 1, 2
"""<result> of an answer that says yes: to a READ or an observation, to all else."""
NO: dict[int, CoapCode] = {
    11: CoapCode.BAD_REQUEST,
    12: CoapCode.UNAUTHORIZED,
    13: CoapCode.NOT_FOUND,
    14: CoapCode.METHOD_NOT_ALLOWED,
    15: CoapCode.NOT_ACCEPTABLE,
}
"""<result> of an answer that says no, and its code."""
