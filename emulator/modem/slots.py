"""What the device remembers for one boot cycle: the stored records of every setting, by slot."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from emulator.at.params import Defaulted, Kind, Maybe, OptionalText, Param, Required
from emulator.at.store import Slot


class Switch(NamedTuple):
    """The one value of a basic command or S-parameter."""

    value: Defaulted


class ErrorReport(NamedTuple):
    """AT+CMEE (27.007 9.1): 0 ERROR, 1 numbers, 2 texts."""

    n: Defaulted


class ContextOf(NamedTuple):
    """MIPCFG "cid": the PDP context of an instance; None while none was chosen."""

    connect_id: Required
    cid: Maybe


class Encoding(NamedTuple):
    """MIPCFG "encoding"; the two formats go together."""

    connect_id: Required
    send_format: Annotated[int, Param(Kind.INTEGER, together="formats")]
    recv_format: Annotated[int, Param(Kind.INTEGER, together="formats")]


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
    """MIPCFG "ssl"; <ssl_id> is None until one was set."""

    connect_id: Required
    ssl_enable: Defaulted
    ssl_id: Maybe


class Servers(NamedTuple):
    """MDNSCFG "ip" and "ipv6": the user's name servers; "" where the user set none (manual 3.10)."""

    address1: OptionalText
    address2: OptionalText


class Priority(NamedTuple):
    """MDNSCFG "priority": 0 IPv4 first, 1 IPv6 first."""

    priority: Defaulted


class Cached(NamedTuple):
    """MDNSCFG "cached": mode 0 keeps answers, for a period in seconds."""

    cached_mode: Defaulted
    cached_period: Defaulted


class RequestTimeout(NamedTuple):
    """MDNSCFG "timeout": seconds that one request waits, and how many requests a server gets."""

    time: Defaulted
    retries: Defaulted


class KeepAliveSetting(NamedTuple):
    """MIPTKA: idle and interval in seconds, count in probes (manual 3.2)."""

    connect_id: Required
    keepalive: Defaulted
    keepidle: Defaulted
    keepinterval: Defaulted
    keepcount: Defaulted


ECHO = Slot("E", Switch, indexed=False)
VERBOSE = Slot("V", Switch, indexed=False)
QUIET = Slot("Q", Switch, indexed=False)
TERMINATOR = Slot("S3", Switch, indexed=False)
LINE_FEED = Slot("S4", Switch, indexed=False)
EDITING = Slot("S5", Switch, indexed=False)
ERROR_REPORT = Slot("CMEE", ErrorReport, indexed=False)
BASICS = (ECHO, VERBOSE, QUIET, TERMINATOR, LINE_FEED, EDITING, ERROR_REPORT)
"""What ATZ and AT&F put back."""

CONTEXT = Slot("cid", ContextOf, indexed=True)
ENCODING = Slot("encoding", Encoding, indexed=True)
SEND_TIMEOUT = Slot("timeout", SendTimeout, indexed=True)
AUTOFREE = Slot("autofree", Autofree, indexed=True)
SEND_BUFFER = Slot("sndbuf", SendBuffer, indexed=True)
RECEIVE_BUFFER = Slot("rcvbuf", ReceiveBuffer, indexed=True)
ACK_MODE = Slot("ackmode", AckMode, indexed=True)
SSL = Slot("ssl", Ssl, indexed=True)
NAME_SERVERS_IPV4 = Slot("ip", Servers, indexed=False)
NAME_SERVERS_IPV6 = Slot("ipv6", Servers, indexed=False)
NAME_PRIORITY = Slot("priority", Priority, indexed=False)
NAME_CACHE = Slot("cached", Cached, indexed=False)
NAME_TIMEOUT = Slot("timeout", RequestTimeout, indexed=False)
KEEP_ALIVE = Slot("MIPTKA", KeepAliveSetting, indexed=True)
