"""The states of a server (a newer edition of the manual, 3.11; the arrows are decided)."""

from __future__ import annotations

from enum import Enum, StrEnum, auto


class ServerState(StrEnum):
    """<state> of MIPSRVSTATE, by the names it prints."""

    INITIAL = "INITIAL"
    OPENNING = "OPENNING"
    LISTENING = "LISTENING"
    CLOSING = "CLOSING"


class ServerEvent(Enum):
    """The events that move a server from state to state."""

    LISTEN = auto()
    LISTENING = auto()
    FAILED = auto()
    CLOSE = auto()
    ENDED = auto()


TRANSITIONS: dict[tuple[ServerState, ServerEvent], ServerState] = {
    (ServerState.INITIAL, ServerEvent.LISTEN): ServerState.OPENNING,
    (ServerState.OPENNING, ServerEvent.LISTENING): ServerState.LISTENING,
    (ServerState.OPENNING, ServerEvent.FAILED): ServerState.INITIAL,
    (ServerState.OPENNING, ServerEvent.ENDED): ServerState.INITIAL,
    (ServerState.LISTENING, ServerEvent.CLOSE): ServerState.CLOSING,
    (ServerState.LISTENING, ServerEvent.ENDED): ServerState.INITIAL,
    (ServerState.CLOSING, ServerEvent.ENDED): ServerState.INITIAL,
}
