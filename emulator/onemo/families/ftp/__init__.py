"""The FTP client (vendor's FTP guide).

AT+MFTPCFG, MFTPCONN, MFTPDISC, MFTPCWD, MFTPPWD, MFTPMKD, MFTPLIST, MFTPDEL, MFTPRN, MFTPRETR, MFTPAPPE, MFTPSTOR,
MFTPSTATE.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from onemo.at.family import FamilyDefinition, StateField
from onemo.at.reply import errors_in
from onemo.families.ftp import commands, config, uploads
from onemo.families.ftp.profile import FTP_CLIENT, FTP_FAILURES, FTP_RESULTS, FtpError
from onemo.families.ftp.sessions import FtpSessions
from onemo.modem.modem import Modem
from onemo.profile.schema import Profile


class FtpSessionInfo(NamedTuple):
    """An FTP session, for the control API. transfer: its data connection goes up, down, or there is none (``""``)."""

    ftp_id: int
    host: str
    port: int
    state: str
    transfer: str


_TRANSFERS = ("", "", "down", "up")


def _sessions(modem: Modem) -> tuple[FtpSessionInfo, ...]:
    return tuple(
        FtpSessionInfo(
            ftp_id=session.number,
            host=session.host,
            port=session.port,
            state=session.state.value,
            transfer=_TRANSFERS[session.shown],
        )
        for session in modem.part(FtpSessions)
    )


def check(profile: Profile) -> Iterator[tuple[str, str]]:
    """Find sizes with which nothing would ever be read or told."""
    table = profile.table(FTP_CLIENT)
    for name in ("piece", "read", "most_list", "most_entered", "packet_size", "tcp_window"):
        if not getattr(table, name):
            yield f"ftp.{name}", "is 0: nothing would ever come through"


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(*config.DECLARATIONS, *commands.DECLARATIONS, *uploads.DECLARATIONS),
    errors=errors_in(FtpError),
    tables=(FTP_CLIENT, FTP_RESULTS, FTP_FAILURES),
    part=FtpSessions,
    check=check,
    state=(StateField("ftp_sessions", tuple[FtpSessionInfo, ...], _sessions),),
    shows={"MFTPCONN": ("ftp", "ftp_results", "ftp_failures"), "MFTPRETR": ("ftp",), "MFTPSTOR": ("ftp",)},
)
