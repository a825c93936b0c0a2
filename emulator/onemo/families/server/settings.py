"""The settings of servers: AT+MIPSRVCFG (a newer edition of the manual, 3.9)."""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.params import Defaulted, Required
from onemo.at.store import Slot


class ServerEncoding(NamedTuple):
    """MIPSRVCFG "encoding": the <recv_format> of its connections."""

    sid: Required
    recv_format: Defaulted


class ServerBuffer(NamedTuple):
    """MIPSRVCFG "rcvbuf": bytes of one connection, over TCP its window."""

    sid: Required
    recv_buffer: Defaulted


SERVER_ENCODING = Slot("encoding", ServerEncoding, of="MIPSRVCFG", indexed_by="sid")
SERVER_BUFFER = Slot("rcvbuf", ServerBuffer, of="MIPSRVCFG", indexed_by="sid")
