"""AT+MIPCFG and AT+MIPTKA: the settings of connection instances (manual 3.1, 3.2)."""

from __future__ import annotations

from typing import Protocol

from onemo.at.command import Declaration, Key, KeyedSetting, Setting
from onemo.families.sockets.connection import Operation
from onemo.families.sockets.connections import Connections
from onemo.families.sockets.settings import (
    ACK_MODE,
    AUTOFREE,
    CONTEXT,
    ENCODING,
    KEEP_ALIVE,
    RECEIVE_BUFFER,
    SEND_BUFFER,
    SEND_TIMEOUT,
    SSL,
    ContextOf,
    KeepAliveSetting,
)
from onemo.modem.modem import Modem


class _OfInstance(Protocol):
    @property
    def connect_id(self) -> int: ...


def _require_unused(modem: Modem, record: _OfInstance) -> None:
    """Refuse a setting while the connection exists. Raises CommandError(IN_USE)."""
    modem.part(Connections)[record.connect_id].check(Operation.CONFIGURE)


def _require_active_context(modem: Modem, record: ContextOf) -> None:
    """Require an active context, if one is chosen. Raises CommandError: IN_USE, PDP_INACTIVE."""
    _require_unused(modem, record)
    if record.cid is not None:
        modem.contexts.require_active(record.cid)


def _shown_keep_alive(modem: Modem, record: KeepAliveSetting) -> tuple[int, ...]:
    """Return the values of a read-back; with keepalive 0 nothing more is printed (manual 3.2)."""
    if not record.keepalive:
        return record.connect_id, 0
    return record.connect_id, 1, record.keepidle, record.keepinterval, record.keepcount


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    KeyedSetting(
        "MIPCFG",
        (
            Key(CONTEXT, check=_require_active_context),
            Key(ENCODING),
            Key(SEND_TIMEOUT),
            Key(AUTOFREE),
            Key(SEND_BUFFER),
            Key(RECEIVE_BUFFER, check=_require_unused),
            Key(ACK_MODE),
            Key(SSL, check=_require_unused),
        ),
    ),
    Setting(KEEP_ALIVE, check=_require_unused, shown=_shown_keep_alive),
)
