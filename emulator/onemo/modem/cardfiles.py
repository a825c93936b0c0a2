"""The files of a card: their identifiers, their coding (31.102, 102.221), and how a card is issued. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from itertools import starmap

from onemo.profile.schema import Profile

FILL = 0xFF
"""An octet that holds nothing."""
NO_PLMN = b"\xff\xff\xff"
MOST_RECORDS = 254
"""Of one file (102.221 8.2.2.2)."""
LONGEST = 0x7FFF
"""Octets of a file without records: those that READ BINARY reaches (102.221 11.1.3)."""
DIRECTORIES = (0x3F00, 0x7FFF)
"""The identifiers of the MF and of the USIM, which no file has."""
READ_BINARY, READ_RECORD = 0xB0, 0xB2
UPDATE_BINARY, UPDATE_RECORD = 0xD6, 0xDC
"""Instructions (102.221 10.1.2)."""
_INTERNATIONAL = 0x91


class Ef(IntEnum):
    """The elementary files that mean something to the module."""

    ICCID = 0x2FE2
    IMSI = 0x6F07
    SMS = 0x6F3C
    MSISDN = 0x6F40
    SMSP = 0x6F42
    SPN = 0x6F46
    PLMN_WITH_ACT = 0x6F60
    OPERATOR_PLMN_WITH_ACT = 0x6F61
    HOME_PLMN_WITH_ACT = 0x6F62
    PSLOCI = 0x6F73
    FPLMN = 0x6F7B
    LOCI = 0x6F7E
    AD = 0x6FAD
    EPSLOCI = 0x6FE3


# Digits in swapped nibbles (102.221 13.2, 31.102 4.2.2).


def swapped(digits: str) -> bytes:
    """Write digits two to an octet, the first in its low nibble; an odd one is followed by F."""
    even = digits + "F" * (len(digits) % 2)
    return bytes.fromhex("".join(even[at + 1] + even[at] for at in range(0, len(even), 2)))


def unswapped(octets: bytes) -> str:
    """Read digits up to the first nibble that is none."""
    text = "".join(f"{octet & 0xF:x}{octet >> 4:x}" for octet in octets)
    return next((text[:at] for at, digit in enumerate(text) if not digit.isdecimal()), text)


def imsi_file(imsi: str) -> bytes:
    """Write EF_IMSI: the length, then 9 (an odd count) or 1 and the digits (31.102 4.2.2)."""
    coded = swapped(("9" if len(imsi) % 2 else "1") + imsi)
    return bytes((len(coded),)) + coded.ljust(8, b"\xff")


def imsi_of(content: bytes) -> str:
    """Read EF_IMSI; "" where it holds none."""
    return unswapped(content[1 : 1 + content[0]])[1:] if content and content[0] <= len(content) - 1 else ""


def number_record(number: str, size: int) -> bytes:
    """Write a record of EF_MSISDN, of size octets: no name, then the number; "": none (31.102 4.2.26)."""
    if not number:
        return b"\xff" * size
    coded = bytes((_INTERNATIONAL if number.startswith("+") else 0x81,)) + swapped(number.removeprefix("+"))
    return b"\xff" * (size - 14) + (bytes((len(coded),)) + coded).ljust(14, b"\xff")


def number_of(record: bytes) -> str:
    """Read a record of EF_MSISDN, with + before an international number; "" where it holds none."""
    length, kind, digits = record[-14], record[-13], record[-12:-2]
    if not 1 < length <= 11:
        return ""
    found = unswapped(digits[: length - 1])
    return f"+{found}" if found and kind & 0x70 == 0x10 else found


def plmn_file(plmn: str) -> bytes:
    """Write a PLMN of five or six digits (24.008 10.5.1.13)."""
    third = plmn[5:6] or "F"
    return bytes.fromhex(f"{plmn[1]}{plmn[0]}{third}{plmn[2]}{plmn[4]}{plmn[3]}")


def plmn_of(octets: bytes) -> str:
    """Read a PLMN; "" where there is none."""
    text = octets.hex()
    found = text[1] + text[0] + text[3] + text[5] + text[4] + text[2].replace("f", "")
    return found if found.isdecimal() else ""


# The centre of short messages (31.102 4.2.27): alpha, indicators, destination 12, centre 12, PID, DCS, validity.

_REST = 28
_HAS_CENTRE = 0b10
"""Its bit of the indicators is 0 where there is a centre."""


def with_centre(record: bytes, centre: bytes) -> bytes:
    """Put a centre, as it stands before a TPDU, into a record of EF_SMSP; of one octet it is none."""
    at = len(record) - _REST
    there = len(centre) > 1
    indicators = record[at] & ~_HAS_CENTRE if there else record[at] | _HAS_CENTRE
    held = (centre if there else b"").ljust(12, b"\xff")
    return record[:at] + bytes((indicators,)) + record[at + 1 : at + 13] + held + record[at + 25 :]


def centre_in(record: bytes) -> bytes:
    """Read the centre of a record of EF_SMSP, as it stands before a TPDU; ``00`` where there is none."""
    at = len(record) - _REST
    held = record[at + 13 : at + 25]
    there = not record[at] & _HAS_CENTRE and 1 < held[0] < len(held)
    return held[: held[0] + 1] if there else b"\x00"


# How it is issued.


def fits_file(content: bytes, size: int) -> bool:
    """Tell whether a file can hold that. size: octets of a record, 0: it has none."""
    if not size:
        return 1 <= len(content) <= LONGEST
    return len(content) % size == 0 and 1 <= len(content) // size <= MOST_RECORDS


def records_of(content: bytes, size: int) -> Sequence[bytes]:
    """Split what a file of records holds."""
    return [content[at : at + size] for at in range(0, len(content), size)]


def issue(profile: Profile) -> dict[int, bytes]:
    """Return the files of a new card: what the profile says of each, else what its numbers and names come to."""
    identity, card = profile.identity, profile.card
    name = profile.radio.operator.encode("ascii", "replace")[:16]
    sizes = record_sizes(profile)
    files = {
        int(Ef.ICCID): swapped(identity.iccid),
        int(Ef.IMSI): imsi_file(identity.imsi),
        int(Ef.SPN): b"\x01" + name.ljust(16, b"\xff"),
        int(Ef.MSISDN): number_record(identity.msisdn, sizes[Ef.MSISDN]),
    }
    return files | dict(starmap(_file, card.files.items()))


@lru_cache(64)
def _file(name: str, text: str) -> tuple[int, bytes]:
    """Read a file that a profile says; the modules of a lab share it."""
    return int(name, 16), bytes.fromhex(text)


def record_sizes(profile: Profile) -> dict[int, int]:
    """Return the octets of a record, by file, of those that have records."""
    return {int(name, 16): size for name, size in profile.card.records.items()}
