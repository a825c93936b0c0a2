"""The contents of a card that belong to its subscriber: its number, its centre for short messages, its messages.

Pure. The files of the card (51.011 10.5) are other looks at the same values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LONGEST = 176
"""Bytes of a record of EF_SMS."""
_MOST = 254
"""Records that a file can have."""
_COUNTRY = "86"


def plain_number(number: str) -> str:
    """Return a telephone number as it is compared: without ``+``, ``00`` and the country's 86."""
    return number.removeprefix("+").removeprefix("00").removeprefix(_COUNTRY)


def plain_records(records: Mapping[int, bytes]) -> dict[str, str]:
    """Return records by place as plain values: hex by number."""
    return {str(place): record.hex() for place, record in sorted(records.items())}


def read_records(entry: object) -> dict[int, bytes] | None:
    """Read what plain_records gives; None: it is not that, or no records of a card."""
    if not isinstance(entry, Mapping):
        return None
    records: dict[int, bytes] = {}
    for place, text in entry.items():
        if not (isinstance(place, str) and place.isascii() and place.isdigit() and len(place) <= 3):
            return None
        record = _from_hex(text)
        if record is None or not 1 <= int(place) <= _MOST or not 2 <= len(record) <= _LONGEST:
            return None
        records[int(place)] = record
    return records


def _from_hex(text: object) -> bytes | None:
    try:
        return bytes.fromhex(text) if isinstance(text, str) else None
    except ValueError:
        return None


class SimCard:
    """The subscriber's part of a card.

    number: international, with ``+`` (EF_MSISDN). centre: the address of the centre as it stands before a TPDU, length
    first (EF_SMSP); None: as it was issued. messages: records by place, from 1: the status, the centre, the TPDU, but
    for the FF behind them (EF_SMS).
    """

    def __init__(self, number: str) -> None:
        self.number = number
        self.centre: bytes | None = None
        self.messages: dict[int, bytes] = {}

    def snapshot(self) -> dict[str, Any]:
        """Return what was changed since it was issued, as plain values; empty: nothing."""
        centre = {} if self.centre is None else {"centre": self.centre.hex()}
        return centre | ({"messages": plain_records(self.messages)} if self.messages else {})

    def fits(self, entry: object) -> bool:
        """Tell whether restore takes an entry."""
        if not isinstance(entry, Mapping) or entry.keys() - {"centre", "messages"}:
            return False
        centre = _from_hex(entry.get("centre", "00"))
        fits = centre is not None and 1 <= len(centre) <= 12 and centre[0] == len(centre) - 1
        return fits and read_records(entry.get("messages", {})) is not None

    def restore(self, entry: Mapping[str, Any]) -> None:
        """Take up a snapshot that fits."""
        self.centre = _from_hex(entry.get("centre"))
        self.messages = read_records(entry.get("messages", {})) or {}
