"""How much a connection holds of what it receives, and how much of it a URC may tell."""

from __future__ import annotations

from onemo.families.sockets.connection import AccessMode
from onemo.families.sockets.profile import CONNECTION
from onemo.families.sockets.settings import RECEIVE_BUFFER
from onemo.modem.cache import Cache
from onemo.modem.host import Host

_LINE_ENDS = 4  # of a URC: CR LF before and behind it


def window(host: Host, connect_id: int) -> int:
    """Return the bytes that a TCP peer may send unread."""
    profile = host.profile.table(CONNECTION)
    return _receive_buffer(host, connect_id) if profile.window_is_set else profile.tcp_window


def buffer_for(host: Host, connect_id: int, mode: AccessMode) -> Cache[bytes] | None:
    """Make the buffer that an access mode needs; None: it needs none."""
    packets = host.profile.table(CONNECTION).packets
    if mode is AccessMode.STREAM_BUFFERED:
        return Cache(window(host, connect_id), packets)
    return Cache(_receive_buffer(host, connect_id), packets) if mode is AccessMode.PACKET_BUFFERED else None


def tell_data(host: Host, line: bytes, *, udp: bool) -> None:
    """Tell data as it comes; on some models a long URC with a datagram is lost."""
    longest = host.profile.table(CONNECTION).longest_urc
    if not (udp and 0 < longest < len(line) + _LINE_ENDS):
        host.notify(line, droppable=udp)


def _receive_buffer(host: Host, connect_id: int) -> int:
    return host.settings.effective(RECEIVE_BUFFER, connect_id).recv_buffer
