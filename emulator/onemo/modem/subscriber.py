"""What a card holds of its subscriber: the files as they are now, the messages, the counter of AUTHENTICATE. Pure.

One truth: AT+CIMI, AT+MCCID, AT+CNUM, AT+CSCA, AT+CPOL and AT+CRSM read and write the same octets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from onemo.modem.cardfiles import (
    DIRECTORIES,
    FILL,
    MOST_RECORDS,
    NO_PLMN,
    Ef,
    centre_in,
    fits_file,
    imsi_of,
    number_of,
    plmn_file,
    records_of,
    unswapped,
    with_centre,
)

_LONGEST = 177
"""Bytes of a record: its status, the longest address of a centre, 12, and the longest TPDU, 164 (23.040)."""
_SQN_END = 1 << 48
_FILE = r"[0-9A-F]{4}"
_SMSP_BLANK = 40


def plain_records(records: Mapping[int, bytes]) -> dict[str, str]:
    """Return records by place as plain values: hex by number."""
    return {str(place): record.hex() for place, record in sorted(records.items())}


def read_records(entry: object) -> tuple[dict[int, bytes], list[str]]:
    """Read what plain_records gives, as "messages" of a snapshot; return also the names of what is no record."""
    if not isinstance(entry, Mapping):
        return {}, ["messages"]
    records: dict[int, bytes] = {}
    refused = []
    for place, text in entry.items():
        record = _from_hex(text)
        if record is not None and _is_place(place) and 2 <= len(record) <= _LONGEST:
            records[int(place)] = record
        else:
            refused.append(f"messages.{place}")
    return records, refused


def _is_place(text: object) -> bool:
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 3):
        return False
    return 1 <= int(text) <= MOST_RECORDS


def _from_hex(text: object) -> bytes | None:
    try:
        return bytes.fromhex(text) if isinstance(text, str) else None
    except ValueError:
        return None


class SimCard:
    """The subscriber's part of a card.

    issued: the files as the card was handed out, by identifier; sizes: octets of a record, of files that have some.
    changed: those that differ since. messages: records by place, from 1: the status, the centre, the TPDU, but for
    the FF behind them (EF_SMS). sqn: the highest sequence number that AUTHENTICATE took (33.102 6.3).
    """

    def __init__(self, issued: Mapping[int, bytes] | None = None, sizes: Mapping[int, int] | None = None) -> None:
        self._issued = issued or {}
        self.sizes = sizes or {}
        self.changed: dict[int, bytes] = {}
        self.messages: dict[int, bytes] = {}
        self.sqn = 0

    # The files.

    @property
    def identifiers(self) -> list[int]:
        """The files that it was issued with, or was given since, in order."""
        return sorted({*self._issued, *self.changed})

    def file(self, identifier: int) -> bytes | None:
        """Return what a file holds; None: there is none."""
        content = self.changed.get(identifier)
        return self._issued.get(identifier) if content is None else content

    def write(self, identifier: int, content: bytes) -> None:
        """Change a file, or add one."""
        if self._issued.get(identifier) == content:
            self.changed.pop(identifier, None)
        else:
            self.changed[identifier] = content

    def records(self, identifier: int) -> list[bytes]:
        """Return the records of a file; none where there is no such file."""
        content = self.file(identifier) or b""
        return list(records_of(content, self.sizes[identifier])) if content else []

    # What the module reads of them.

    @property
    def iccid(self) -> str:
        """The number of the card."""
        return unswapped(self.file(Ef.ICCID) or b"")

    @property
    def imsi(self) -> str:
        """The number of the subscription; "": the file holds none."""
        return imsi_of(self.file(Ef.IMSI) or b"")

    @property
    def entries(self) -> list[tuple[bytes, str]]:
        """The telephone numbers, with ``+`` where they are international, each behind its name as the card holds it."""
        found = ((record[:-14], number_of(record)) for record in self.records(Ef.MSISDN) if len(record) >= 14)
        return [(name, number) for name, number in found if number]

    @property
    def number(self) -> str:
        """The first telephone number; "": there is none."""
        return next((number for _, number in self.entries), "")

    @property
    def centre(self) -> bytes | None:
        """The address of the centre as it stands before a TPDU, length first (EF_SMSP); None: as it was issued."""
        records = self.records(Ef.SMSP)
        return centre_in(records[0]) if records else None

    @centre.setter
    def centre(self, centre: bytes) -> None:
        self.write(Ef.SMSP, self.smsp(centre))

    def smsp(self, centre: bytes) -> bytes:
        """Return what EF_SMSP holds with another centre."""
        size = self.sizes.get(Ef.SMSP, _SMSP_BLANK)
        first, *rest = self.records(Ef.SMSP) or [bytes((FILL,)) * size]
        return b"".join((with_centre(first, centre), *rest))

    # Networks that refused the subscriber (31.102 4.2.16, 24.301 5.5.1.2.5).

    def forbid(self, plmn: str) -> bool:
        """Add a network to those that are not tried; the oldest goes. Return whether it was not there."""
        listed, new = self._forbidden(), plmn_file(plmn)
        if not listed or new in listed:
            return False
        there = [each for each in listed if each != NO_PLMN]
        self._list_forbidden([*there, new][-len(listed) :])
        return True

    def permit(self, plmn: str) -> bool:
        """Take a network out of those that are not tried; return whether it was there."""
        listed, old = self._forbidden(), plmn_file(plmn)
        if old not in listed:
            return False
        self._list_forbidden([each for each in listed if each != old])
        return True

    def _list_forbidden(self, plmns: list[bytes]) -> None:
        """Put networks into the file, which is as long as before."""
        content = self.file(Ef.FPLMN) or b""
        places = len(content) // 3
        self.write(Ef.FPLMN, b"".join((*plmns, *[NO_PLMN] * (places - len(plmns)), content[3 * places :])))

    def _forbidden(self) -> list[bytes]:
        content = self.file(Ef.FPLMN) or b""
        return list(records_of(content[: len(content) // 3 * 3], 3))

    # The memory.

    def snapshot(self) -> dict[str, Any]:
        """Return what was changed since it was issued, as plain values; empty: nothing."""
        files = {f"{name:04X}": content.hex() for name, content in sorted(self.changed.items())}
        return {
            **({"files": files} if files else {}),
            **({"messages": plain_records(self.messages)} if self.messages else {}),
            **({"sqn": self.sqn} if self.sqn else {}),
        }

    def restore(self, entry: object) -> list[str]:
        """Take up a snapshot; return the names of what does not fit, "" for all of it: that is as it was issued."""
        if not isinstance(entry, Mapping):
            return [""]
        self.changed = {}
        refused = self._restore_files(entry.get("files", {}))
        if "centre" in entry and not self._restore_centre(entry["centre"]):
            refused.append("centre")
        self.messages, unread = read_records(entry.get("messages", {}))
        sqn = entry.get("sqn", 0)
        self.sqn = sqn if type(sqn) is int and 0 <= sqn < _SQN_END else 0
        if self.sqn != sqn:
            unread.append("sqn")
        known = ("files", "centre", "messages", "sqn")
        return refused + unread + [str(name) for name in entry if name not in known]

    def _restore_files(self, entry: object) -> list[str]:
        if not isinstance(entry, Mapping):
            return ["files"]
        refused = []
        for name, text in entry.items():
            content = _from_hex(text)
            fits = isinstance(name, str) and re.fullmatch(_FILE, name) and content is not None
            if fits and content is not None and self.holds(int(name, 16), content):
                self.write(int(name, 16), content)
            else:
                refused.append(f"files.{name}")
        return refused

    def _restore_centre(self, entry: object) -> bool:
        """Take up a centre as it was kept before there were files."""
        centre = _from_hex(entry)
        if centre is None or not 1 <= len(centre) <= 12 or centre[0] != len(centre) - 1:
            return False
        self.centre = centre
        return True

    def holds(self, identifier: int, content: bytes) -> bool:
        """Tell whether a file can hold that: as much as it was issued with, in whole records.

        Messages are no such file, but records of their own.
        """
        issued = self._issued.get(identifier)
        if (issued is not None and len(issued) != len(content)) or identifier in (Ef.SMS, *DIRECTORIES):
            return False
        return fits_file(content, self.sizes.get(identifier, 0))
