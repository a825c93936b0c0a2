"""Labels of connections, as tests name them."""

from __future__ import annotations

from onemo.families import SOCKETS
from onemo.profile.index import Label


def socket_label(connect_id: int) -> Label:
    """The label of a socket instance."""
    return Label(SOCKETS, connect_id)
