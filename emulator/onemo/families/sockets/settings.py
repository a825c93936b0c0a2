"""The settings of connection instances: AT+MIPCFG and AT+MIPTKA (manual 3.1, 3.2)."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from onemo.at.params import Defaulted, Maybe, Param, ParamKind, Required
from onemo.at.store import Slot


class ContextOf(NamedTuple):
    """MIPCFG "cid": the PDP context of an instance; None while none was chosen."""

    connect_id: Required
    cid: Maybe


class Encoding(NamedTuple):
    """MIPCFG "encoding"; the two formats go together."""

    connect_id: Required
    send_format: Annotated[int, Param(ParamKind.INTEGER, together="formats")]
    recv_format: Annotated[int, Param(ParamKind.INTEGER, together="formats")]


class SendTimeout(NamedTuple):
    """MIPCFG "timeout": seconds."""

    connect_id: Required
    send_timeout: Defaulted


class Autofree(NamedTuple):
    """MIPCFG "autofree": 1 keeps a lost connection CLOSED until MIPCLOSE."""

    connect_id: Required
    free_mode: Defaulted


class SendBuffer(NamedTuple):
    """MIPCFG "sndbuf": bytes."""

    connect_id: Required
    send_buffer: Defaulted


class ReceiveBuffer(NamedTuple):
    """MIPCFG "rcvbuf": bytes; UDP only."""

    connect_id: Required
    recv_buffer: Defaulted


class AckMode(NamedTuple):
    """MIPCFG "ackmode": 1 reports what the peer acknowledged."""

    connect_id: Required
    ack_mode: Defaulted


class Ssl(NamedTuple):
    """MIPCFG "ssl": TLS, and the SSL context that has its settings."""

    connect_id: Required
    ssl_enable: Defaulted
    ssl_id: Defaulted


class KeepAliveSetting(NamedTuple):
    """MIPTKA: idle and interval in seconds, count in probes (manual 3.2)."""

    connect_id: Required
    keepalive: Defaulted
    keepidle: Defaulted
    keepinterval: Defaulted
    keepcount: Defaulted


CONTEXT = Slot("cid", ContextOf, of="MIPCFG", indexed_by="connect_id")
ENCODING = Slot("encoding", Encoding, of="MIPCFG", indexed_by="connect_id")
SEND_TIMEOUT = Slot("timeout", SendTimeout, of="MIPCFG", indexed_by="connect_id")
AUTOFREE = Slot("autofree", Autofree, of="MIPCFG", indexed_by="connect_id")
SEND_BUFFER = Slot("sndbuf", SendBuffer, of="MIPCFG", indexed_by="connect_id")
RECEIVE_BUFFER = Slot("rcvbuf", ReceiveBuffer, of="MIPCFG", indexed_by="connect_id")
ACK_MODE = Slot("ackmode", AckMode, of="MIPCFG", indexed_by="connect_id")
SSL = Slot("ssl", Ssl, of="MIPCFG", indexed_by="connect_id")
KEEP_ALIVE = Slot("MIPTKA", KeepAliveSetting, indexed_by="connect_id")
