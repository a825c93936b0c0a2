"""The ISD-R of an eUICC: its number, and the one profile on it (SGP.22 5.7)."""

from __future__ import annotations

from onemo.families.card.apdu import Apdu, CardRefusal, Sw, tlv
from onemo.modem.cardfiles import swapped
from onemo.modem.modem import Modem

AID = bytes.fromhex("A0000005591010FFFFFFFF8900000100")
STORE_DATA = 0xE2
_PROFILE_AID = bytes.fromhex("A0000005591010FFFFFFFF8900001100")
_LAST_BLOCK = 0x91
_GET_EID, _LIST = 0xBF3E, 0xBF2D


def store_data(modem: Modem, apdu: Apdu) -> bytes:
    """Answer a request in STORE DATA: GET EID, or the list of profiles.

    Raises CardRefusal: DATA, it is no object; NO_REFERENCE, another request.
    """
    if apdu.p1 != _LAST_BLOCK or apdu.p2:
        raise CardRefusal(Sw.P1_P2)
    data = apdu.data
    if len(data) < 3 or data[2] != len(data) - 3:
        raise CardRefusal(Sw.DATA)
    request = int.from_bytes(data[:2])
    if request == _GET_EID:
        return tlv(_GET_EID, tlv(0x5A, bytes.fromhex(modem.profile.card.eid)))
    if request != _LIST:
        raise CardRefusal(Sw.NO_REFERENCE)
    profile = modem.profile.radio.operator.encode("ascii", "replace")[:32]
    fields = (
        tlv(0x5A, swapped(modem.sim.card.iccid[:20]))
        + tlv(0x4F, _PROFILE_AID)
        + tlv(0x9F70, b"\x01")  # it is enabled
        + tlv(0x91, profile)
        + tlv(0x92, profile)
    )
    return tlv(_LIST, tlv(0xA0, tlv(0xE3, fields)))
