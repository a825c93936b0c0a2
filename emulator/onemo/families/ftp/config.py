"""AT+MFTPCFG: the settings of FTP sessions (FTP guide 3.1)."""

from __future__ import annotations

from typing import Any, Protocol

from onemo.at.command import Declaration, Key, KeyedSetting
from onemo.at.reply import Cme, CommandError
from onemo.families.ftp.profile import FTP_CLIENT
from onemo.families.ftp.sessions import FtpSessions
from onemo.families.ftp.settings import (
    CONTEXT,
    DATA_TYPE,
    LOCAL_FILES,
    REPLY_TIMEOUT,
    TLS_MODE,
    TRANSFER_MODE,
    FtpContext,
)
from onemo.families.ftp.states import FtpOperation
from onemo.modem.modem import Modem


class _OfSession(Protocol):
    @property
    def ftp_id(self) -> int: ...


def _require_closed(modem: Modem, record: _OfSession) -> None:
    """Refuse a setting while there is a connection. Raises CommandError(RUNNING)."""
    modem.part(FtpSessions)[record.ftp_id].check(FtpOperation.CONFIGURE)


def _check_context(modem: Modem, record: FtpContext) -> None:
    """Require a context that is active, where the model wants that. Raises CommandError: INCORRECT_PARAMETERS."""
    if modem.profile.table(FTP_CLIENT).active_cid and modem.contexts.refusal(record.cid) is not None:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    _require_closed(modem, record)


def _closed_key(slot: Any) -> Key[Modem, Any]:  # noqa: ANN401  (of any record)
    return Key(slot, check=_require_closed)


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    KeyedSetting(
        "MFTPCFG",
        (
            Key(DATA_TYPE),
            _closed_key(TRANSFER_MODE),
            Key(REPLY_TIMEOUT),
            _closed_key(TLS_MODE),
            Key(LOCAL_FILES),
            Key(CONTEXT, check=_check_context),
        ),
        leads=True,
    ),
)
