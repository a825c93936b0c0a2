"""The states of an FTP session, what leads from one to another, and what each refuses."""

from __future__ import annotations

from enum import Enum, IntEnum, auto

from onemo.at.reply import ErrorCode
from onemo.families.ftp.profile import FtpError


class FtpState(Enum):
    """The state of a session. The value is its name in the control API."""

    CLOSED = "closed"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTING = "disconnecting"


class FtpEvent(Enum):
    """The events that move a session from state to state."""

    CONNECT = auto()
    ACCEPTED = auto()
    DISCONNECT = auto()
    ENDED = auto()


TRANSITIONS: dict[tuple[FtpState, FtpEvent], FtpState] = {
    (FtpState.CLOSED, FtpEvent.CONNECT): FtpState.CONNECTING,
    (FtpState.CONNECTING, FtpEvent.ACCEPTED): FtpState.CONNECTED,
    (FtpState.CONNECTING, FtpEvent.ENDED): FtpState.CLOSED,
    (FtpState.CONNECTED, FtpEvent.DISCONNECT): FtpState.DISCONNECTING,
    (FtpState.CONNECTED, FtpEvent.ENDED): FtpState.CLOSED,
    (FtpState.DISCONNECTING, FtpEvent.ENDED): FtpState.CLOSED,
}


class FtpOperation(Enum):
    """The operations that commands want of a session."""

    CONFIGURE = auto()  # settings that cannot change under a connection
    CONNECT = auto()
    EXCHANGE = auto()
    DISCONNECT = auto()


REFUSALS: dict[tuple[FtpOperation, FtpState], ErrorCode] = {
    (FtpOperation.CONFIGURE, FtpState.CONNECTING): FtpError.RUNNING,
    (FtpOperation.CONFIGURE, FtpState.CONNECTED): FtpError.RUNNING,
    (FtpOperation.CONFIGURE, FtpState.DISCONNECTING): FtpError.RUNNING,
    (FtpOperation.CONNECT, FtpState.CONNECTING): FtpError.RUNNING,
    (FtpOperation.CONNECT, FtpState.CONNECTED): FtpError.RUNNING,
    (FtpOperation.CONNECT, FtpState.DISCONNECTING): FtpError.RUNNING,
    (FtpOperation.EXCHANGE, FtpState.CLOSED): FtpError.NOT_RUNNING,
    (FtpOperation.EXCHANGE, FtpState.CONNECTING): FtpError.NOT_RUNNING,
    (FtpOperation.DISCONNECT, FtpState.CLOSED): FtpError.NOT_RUNNING,
}


class ShownState(IntEnum):
    """<state> of MFTPSTATE (FTP guide 3.13)."""

    NOT_CONNECTED = 0
    CONNECTED = 1
    DOWNLOADING = 2
    UPLOADING = 3
