"""The states of an HTTP instance, and what each refuses."""

from __future__ import annotations

from enum import Enum, auto

from onemo.at.reply import Cme, ErrorCode
from onemo.families.http.profile import HttpError


class HttpState(Enum):
    """RUNNING: from a request's OK to its last URC; FEEDING: while it takes chunks of its body."""

    IDLE = "idle"
    RUNNING = "running"
    FEEDING = "feeding"


class HttpEvent(Enum):
    """The events that move an instance from state to state."""

    REQUEST = auto()
    WANTS_BODY = auto()
    FED = auto()
    END = auto()


TRANSITIONS: dict[tuple[HttpState, HttpEvent], HttpState] = {
    (HttpState.IDLE, HttpEvent.REQUEST): HttpState.RUNNING,
    (HttpState.RUNNING, HttpEvent.WANTS_BODY): HttpState.FEEDING,
    (HttpState.FEEDING, HttpEvent.FED): HttpState.RUNNING,
    (HttpState.RUNNING, HttpEvent.END): HttpState.IDLE,
    (HttpState.FEEDING, HttpEvent.END): HttpState.IDLE,
}


class HttpOperation(Enum):
    """The operations that commands want of an instance."""

    CONFIGURE = auto()  # what a running request rests on
    STORE = auto()  # header, and body in length mode
    CHUNK = auto()
    REQUEST = auto()
    READ = auto()


REFUSALS: dict[tuple[HttpOperation, HttpState], ErrorCode] = {
    (HttpOperation.CONFIGURE, HttpState.RUNNING): HttpError.BUSY,
    (HttpOperation.CONFIGURE, HttpState.FEEDING): HttpError.BUSY,
    (HttpOperation.STORE, HttpState.RUNNING): HttpError.BUSY,
    (HttpOperation.STORE, HttpState.FEEDING): HttpError.BUSY,
    (HttpOperation.CHUNK, HttpState.IDLE): Cme.NOT_ALLOWED,
    (HttpOperation.CHUNK, HttpState.RUNNING): Cme.NOT_ALLOWED,
    (HttpOperation.REQUEST, HttpState.RUNNING): HttpError.BUSY,
    (HttpOperation.REQUEST, HttpState.FEEDING): HttpError.BUSY,
    (HttpOperation.READ, HttpState.RUNNING): HttpError.BUSY,
    (HttpOperation.READ, HttpState.FEEDING): HttpError.BUSY,
}
