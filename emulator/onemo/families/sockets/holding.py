"""How much a connection holds of what it receives, and how much of it a URC may tell."""

from __future__ import annotations

from functools import partial

from onemo.families import SOCKETS
from onemo.families.sockets.connection import AccessMode
from onemo.families.sockets.profile import CONNECTION
from onemo.families.sockets.settings import RECEIVE_BUFFER
from onemo.modem.cache import Cache
from onemo.modem.host import Host
from onemo.profile.index import Label

_LINE_ENDS = 4  # of a URC: CR LF before and behind it


def window(host: Host, connect_id: int) -> int:
    """Return the bytes that a TCP peer may send unread."""
    profile = host.profile.table(CONNECTION)
    return _receive_buffer(host, connect_id) if profile.window_is_set else profile.tcp_window


def buffer_for(host: Host, connect_id: int, mode: AccessMode) -> Cache[bytes] | None:
    """Make the buffer that an access mode needs; None: it needs none."""
    if mode not in (AccessMode.STREAM_BUFFERED, AccessMode.PACKET_BUFFERED):
        return None
    size = window(host, connect_id) if mode is AccessMode.STREAM_BUFFERED else _receive_buffer(host, connect_id)
    return Cache(size, host.profile.table(CONNECTION).packets, taken=partial(deliver, host, connect_id))


def tell_data(host: Host, connect_id: int, line: bytes, data: bytes, *, udp: bool) -> None:
    """Tell data as it comes, in a line; on some models a long URC with a datagram is lost."""
    longest = host.profile.table(CONNECTION).longest_urc
    if not (udp and 0 < longest < len(line) + _LINE_ENDS) and host.notify(line, droppable=udp):
        deliver(host, connect_id, data)


def deliver(host: Host, connect_id: int, data: bytes) -> None:
    """Take note that data went to the DTE."""
    if host.on_delivered is not None:
        host.on_delivered(Label(SOCKETS, connect_id), data)


def _receive_buffer(host: Host, connect_id: int) -> int:
    return host.settings.effective(RECEIVE_BUFFER, connect_id).recv_buffer
