"""The settings of FTP sessions: AT+MFTPCFG (FTP guide 3.1)."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from onemo.at.params import Defaulted, Maybe, Param, ParamKind, Required
from onemo.at.store import Slot

FTP_ID = "ftp_id"
_WithSsl = Annotated[int, Param(ParamKind.INTEGER, together="ssl")]


class DataType(NamedTuple):
    """MFTPCFG "data_type": 0 binary, 1 ASCII."""

    ftp_id: Required
    data_type: Defaulted


class TransferMode(NamedTuple):
    """MFTPCFG "transmode": 1, passive."""

    ftp_id: Required
    transmode: Defaulted


class ReplyTimeout(NamedTuple):
    """MFTPCFG "rsptimeout": seconds that a reply of the server is waited for."""

    ftp_id: Required
    rsptimeout: Defaulted


class FtpTls(NamedTuple):
    """MFTPCFG "ssl": 0, plain FTP, and an SSL context."""

    ftp_id: Required
    mode: _WithSsl
    ssl_id: _WithSsl


class LocalFiles(NamedTuple):
    """MFTPCFG "local_fs": 1 has files go from and to the file store, 0 through the line."""

    ftp_id: Required
    local_fs: Defaulted


class FtpContext(NamedTuple):
    """MFTPCFG "cid": the PDP context; None while none was chosen."""

    ftp_id: Required
    cid: Maybe


DATA_TYPE = Slot("data_type", DataType, of="MFTPCFG", indexed_by=FTP_ID)
TRANSFER_MODE = Slot("transmode", TransferMode, of="MFTPCFG", indexed_by=FTP_ID)
REPLY_TIMEOUT = Slot("rsptimeout", ReplyTimeout, of="MFTPCFG", indexed_by=FTP_ID)
TLS_MODE = Slot("ssl", FtpTls, of="MFTPCFG", indexed_by=FTP_ID)
LOCAL_FILES = Slot("local_fs", LocalFiles, of="MFTPCFG", indexed_by=FTP_ID)
CONTEXT = Slot("cid", FtpContext, of="MFTPCFG", indexed_by=FTP_ID)
