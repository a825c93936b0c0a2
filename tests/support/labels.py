"""Labels of connections, as tests name them."""

from __future__ import annotations

from onemo.profile.index import CONNECT_ID, Label


def socket_label(connect_id: int) -> Label:
    """The label of a socket instance."""
    return Label(CONNECT_ID, connect_id)
