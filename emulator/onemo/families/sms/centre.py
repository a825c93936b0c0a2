"""The centre as a module knows it: the number on its card, else the emulated centre's."""

from __future__ import annotations

from onemo.at.reply import CommandError
from onemo.families.sms.errors import Cms
from onemo.families.sms.fields import Address, TpduError, decode_centre, encode_centre
from onemo.families.sms.profile import SMS
from onemo.modem.modem import Modem

_UNKNOWN = 129


def centre_of(modem: Modem) -> Address | None:
    """Return the centre that the card holds; None: it was set to none."""
    if modem.sim.card.centre is None:
        return Address.of(modem.profile.table(SMS).centre)
    try:
        return decode_centre(modem.sim.card.centre)[0]
    except TpduError:  # a card may hold anything
        return None


def require_centre(modem: Modem) -> bytes:
    """Return the centre as it stands before a TPDU. Raises CommandError(CENTRE_UNKNOWN): there is none."""
    centre = centre_of(modem)
    if centre is None:
        raise CommandError(Cms.CENTRE_UNKNOWN)
    return encode_centre(centre)


def emulated_centre(modem: Modem) -> bytes:
    """Return the centre that every message comes from, as it stands before a TPDU."""
    return encode_centre(Address.of(modem.profile.table(SMS).centre))


def shown_centre(modem: Modem, centre: Address | None) -> tuple[str, int]:
    """Return the number of a centre and its type of address, as the model prints them."""
    if centre is None:
        return "", _UNKNOWN
    if centre.international and not modem.profile.table(SMS).centre_plus:
        return "00" + centre.number, _UNKNOWN
    return centre.text, centre.toa
