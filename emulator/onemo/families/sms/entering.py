"""The entry of messages behind ``>`` (27.005 3.5.1)."""

from __future__ import annotations

import math
from collections.abc import Callable

from onemo.at.entry import DataEntry
from onemo.at.outcome import Outcome
from onemo.at.reply import CommandError
from onemo.families.sms.centre import require_centre
from onemo.families.sms.errors import Cms
from onemo.families.sms.fields import TpduError, decode_centre
from onemo.families.sms.profile import SMS
from onemo.modem.modem import Modem

_TYPE = 0x03
_BS = 0x08


def entry_of(modem: Modem, take: Callable[[bytes], Outcome], *, text: bool = False) -> DataEntry:
    """Make an entry up to Ctrl-Z or ESC, which waits for ever. text: each CR in it is answered by the prompt again."""
    table = modem.profile.table(SMS)
    return DataEntry(take=take, timeout=math.inf, most=table.entry_limit, prompt=table.prompt, echoes=True, again=text)


def edited(typed: bytes) -> bytes:
    """Let each BS take the character before it away."""
    if _BS not in typed:
        return typed
    kept = bytearray()
    for byte in typed:
        if byte == _BS:
            del kept[-1:]
        else:
            kept.append(byte)
    return bytes(kept)


def require_length(modem: Modem, text: str | None) -> int:
    """Read the length of a TPDU. Raises CommandError(PDU_PARAMETER): it is none."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise CommandError(Cms.PDU_PARAMETER)
    if int(text) not in modem.profile.table(SMS).lengths:
        raise CommandError(Cms.PDU_PARAMETER)
    return int(text)


def from_hex(typed: bytes) -> bytes:
    """Read hex without anything between. Raises ValueError: it is none, or empty."""
    if not typed.isalnum():
        raise ValueError("no hex")
    return bytes.fromhex(typed.decode("ascii"))


def octets_of_hex(typed: bytes) -> bytes:
    """Read hex. Raises CommandError(PDU_NOT_HEX): it is none."""
    try:
        return from_hex(typed)
    except ValueError as error:
        raise CommandError(Cms.PDU_NOT_HEX) from error


def pdu_of(modem: Modem, typed: bytes, length: int) -> tuple[bytes, bytes]:
    """Read a PDU that was entered; return its centre, which is the card's where it has none, and its TPDU.

    length: of the TPDU, in octets. Raises CommandError: PDU_NOT_HEX, PDU_LENGTH, PDU_PARAMETER, CENTRE_UNKNOWN.
    """
    octets = octets_of_hex(typed)
    if len(octets) - 1 - octets[0] != length:
        raise CommandError(Cms.PDU_LENGTH)
    try:
        centre, tpdu = decode_centre(octets)
    except TpduError as error:
        raise CommandError(Cms.PDU_PARAMETER) from error
    return require_centre(modem) if centre is None else octets[: octets[0] + 1], tpdu


def is_of_type(tpdu: bytes, kind: int) -> bool:
    """Tell whether a TPDU is of a type (TP-MTI)."""
    return tpdu[0] & _TYPE == kind
