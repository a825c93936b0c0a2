"""The state of short messages for the control API."""

from __future__ import annotations

from typing import NamedTuple

from onemo.families.sms.centre import centre_of, shown_centre
from onemo.families.sms.mailbox import SentMessage
from onemo.families.sms.stores import ME, SM, MessageStore, memory_of
from onemo.modem.modem import Modem


class StoreInfo(NamedTuple):
    """A store of messages: the places that hold one, and all of them."""

    used: int
    total: int


class SmsInfo(NamedTuple):
    """The short messages of a module.

    number: the card's; centre: as AT+CSCA tells it; stores: by name; waiting: messages at the centre for the module;
    sent: the newest messages that it sent, oldest first.
    """

    number: str
    centre: str
    stores: dict[str, StoreInfo]
    waiting: int
    sent: tuple[SentMessage, ...]


def told(modem: Modem) -> SmsInfo | None:
    """Tell of a module's short messages; None: its model has none."""
    if not modem.has("CMGS"):
        return None
    mailbox = memory_of(modem).mailbox
    stores = {name: MessageStore(modem, name) for name in (ME, SM)}
    return SmsInfo(
        number=modem.sim.card.number,
        centre=shown_centre(modem, centre_of(modem))[0],
        stores={name: StoreInfo(store.used, store.total) for name, store in stores.items()},
        waiting=len(mailbox),
        sent=mailbox.sent(modem.now),
    )
