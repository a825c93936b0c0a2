"""Characters of short messages: the GSM 7-bit alphabet, its packing, UCS2, and what a TP-DCS says of them (23.038).

A septet is a number 0-127; septets not packed are a byte each. An extended character is two of them, escape first.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple
from unicodedata import lookup

from gsm0338.charset import BASIC_CHARACTER_SET, BASIC_CHARACTER_SET_EXTENSION

ESCAPE = 0x1B
"""The septet that begins an extended character."""


class Alphabet(Enum):
    """How the text of a message is written. The values are the words for it outside the module."""

    GSM7 = "7bit"
    OCTETS = "8bit"
    UCS2 = "ucs2"


class Coding(NamedTuple):
    """What a TP-DCS says. message_class: 0-3, or None for a message of no class."""

    alphabet: Alphabet
    message_class: int | None


# A receiver that knows no meaning of an escape shows a blank (23.038 6.2.1).
_BASIC = [" " if septet == ESCAPE else lookup(name) for septet, name in sorted(BASIC_CHARACTER_SET.items())]
_EXTENSION = {septet: lookup(name) for septet, name in BASIC_CHARACTER_SET_EXTENSION.items()}
_SEPTETS = {character: bytes((ESCAPE, septet)) for septet, character in _EXTENSION.items()} | {
    character: bytes((septet,)) for septet, character in enumerate(_BASIC) if septet != ESCAPE
}
_GENERAL = (Alphabet.GSM7, Alphabet.OCTETS, Alphabet.UCS2, Alphabet.GSM7)
_AS_OCTETS = {Alphabet.GSM7: 0, Alphabet.OCTETS: 4, Alphabet.UCS2: 8}


def lacking(text: str) -> str:
    """Return the first character of a text that the GSM alphabet lacks, empty where it has them all."""
    return next((character for character in text if character not in _SEPTETS), "")


def to_septets(text: str) -> bytes:
    """Write a text in septets, not packed. What the alphabet lacks becomes ``?``."""
    return b"".join([_SEPTETS.get(character, b"?") for character in text])


def from_septets(septets: bytes) -> str:
    """Read septets that are not packed, each 0-127.

    An escape before what the extension lacks is passed over, one before another or at the end is a blank
    (23.038 6.2.1.1).
    """
    shown = []
    rest = iter(septets)
    for septet in rest:
        if septet == ESCAPE:
            extended = next(rest, ESCAPE)
            shown.append(_EXTENSION.get(extended, _BASIC[extended]))
        else:
            shown.append(_BASIC[septet])
    return "".join(shown)


def pack(septets: bytes, fill: int = 0) -> bytes:
    """Pack septets into octets (23.038 6.1.2.1), behind fill bits of zero. The bits left over are zero."""
    bits = 0
    for place, septet in enumerate(septets):
        bits |= (septet & 0x7F) << 7 * place
    return (bits << fill).to_bytes((7 * len(septets) + fill + 7) // 8, "little")


def unpack(octets: bytes, count: int) -> bytes:
    """Unpack so many septets, a byte each. Those that octets do not reach are zero."""
    bits = int.from_bytes(octets, "little")
    return bytes([bits >> 7 * place & 0x7F for place in range(count)])


def to_ucs2(text: str) -> bytes:
    """Write a text in UCS2, big end first; beyond the BMP in surrogate pairs. Half a pair becomes ``?``."""
    return text.encode("utf-16-be", "replace")


def from_ucs2(octets: bytes) -> str:
    """Read UCS2, with surrogate pairs. Half a pair, or an octet that is left over, becomes U+FFFD."""
    return octets.decode("utf-16-be", "replace")


def from_alpha(octets: bytes) -> str:
    """Read a name as a card holds it (102.221 annex A): in septets, or in UCS2, in one of three ways; FF ends it."""
    match octets[:1]:
        case b"\x80":
            pairs = [octets[at : at + 2] for at in range(1, len(octets) - 1, 2)]
            return from_ucs2(b"".join(pair for pair in pairs if pair != b"\xff\xff"))
        case b"\x81" if len(octets) > 2:
            return _from_page(octets[3 : 3 + octets[1]], octets[2] << 7)
        case b"\x82" if len(octets) > 3:
            return _from_page(octets[4 : 4 + octets[1]], int.from_bytes(octets[2:4]))
    return from_septets(bytes(octet & 0x7F for octet in octets.rstrip(b"\xff")))


def _from_page(octets: bytes, first: int) -> str:
    """Read characters of a half page of UCS2, and septets among them. first: character of that page."""
    return "".join(chr(first + (each & 0x7F)) if each & 0x80 else from_septets(bytes((each,))) for each in octets)


def coding(dcs: int) -> Coding:
    """Read a TP-DCS, 0-255 (23.038 4). What is reserved is the GSM alphabet; compressed text is octets."""
    group = dcs >> 4
    if group < 0b1000:  # general, and the same for messages that delete themselves
        alphabet = Alphabet.OCTETS if dcs & 0x20 else _GENERAL[dcs >> 2 & 3]
        return Coding(alphabet, dcs & 3 if dcs & 0x10 else None)
    if group == 0b1111:
        return Coding(Alphabet.OCTETS if dcs & 4 else Alphabet.GSM7, dcs & 3)
    return Coding(Alphabet.UCS2 if group == 0b1110 else Alphabet.GSM7, None)  # 11xx: a message waits elsewhere


def dcs_of(alphabet: Alphabet, message_class: int | None = None) -> int:
    """Write a TP-DCS of the general group. message_class: 0-3, or None."""
    return _AS_OCTETS[alphabet] | (0 if message_class is None else 0x10 | message_class)
