"""The tree of a card: the MF, the USIM under it, their files as they are now (31.102 4, 102.221 8, 11.1.1)."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from onemo.families.card.apdu import CardRefusal, Sw, tlv
from onemo.families.sms.centre import centre_of
from onemo.families.sms.fields import encode_centre
from onemo.families.sms.profile import SMS
from onemo.families.sms.stores import Message
from onemo.modem.cardfiles import MOST_RECORDS, NO_PLMN, Ef, fits_file, plmn_file, record_sizes, records_of
from onemo.modem.modem import Modem

_NO_TAC = b"\xff\xfe"
_UNUSED, _SEPARATOR = b"\x00", b"\xff"
_LOCATION = {Ef.LOCI: (4, b"\xff"), Ef.PSLOCI: (7, b"\xff"), Ef.EPSLOCI: (12, b"")}
"""Of each file of the location: the octets of identities before it, and what stands before its last octet."""


class Df(IntEnum):
    """The directories."""

    MF = 0x3F00
    USIM = 0x7FFF


class CardFile(NamedTuple):
    """An elementary file: its identifier, what it holds, the octets of a record; 0: it is transparent."""

    identifier: int
    content: bytes
    record: int

    @property
    def records(self) -> list[bytes]:
        """Its records, in order."""
        return list(records_of(self.content, self.record))


class Tree:
    """The files of the card in a module."""

    def __init__(self, modem: Modem) -> None:
        modem.has("CSCA")  # its family's part of the profile is read, for the centre and the places
        self._modem = modem
        self._profile = modem.profile.card
        self._sizes = record_sizes(modem.profile)
        self._open = {int(name, 16) for name in self._profile.open}
        self._updated = {int(name, 16) for name in self._profile.updated}

    @property
    def identifiers(self) -> list[int]:
        """Every elementary file, in order."""
        return sorted({*self._modem.sim.card.identifiers, Ef.SMS, Ef.SMSP, *_LOCATION})

    def find(self, identifier: int) -> CardFile:
        """Return an elementary file as it is now. Raises CardRefusal(NO_FILE)."""
        content = self._content(identifier)
        if content is None:
            raise CardRefusal(Sw.NO_FILE)
        return CardFile(identifier, content, self._sizes.get(identifier, 0))

    def is_open(self, identifier: int) -> bool:
        """Tell whether a file is read without the PIN."""
        return identifier in self._open

    def is_updated(self, identifier: int) -> bool:
        """Tell whether a file is written with the PIN."""
        return identifier in self._updated

    def write(self, identifier: int, content: bytes) -> None:
        """Change a file: what the module has of it elsewhere is changed with it."""
        if identifier == Ef.SMS:
            self._put_messages(content)
        else:
            self._modem.sim.write(identifier, content)

    def holds(self, identifier: int, content: bytes) -> bool:
        """Tell whether a file can hold that: as much as it does, in whole records; a new one anything."""
        there = self._content(identifier)
        fits = fits_file(content, self._sizes.get(identifier, 0))
        return fits and (there is None or len(there) == len(content))

    # What files hold that are not the card's alone.

    def _content(self, identifier: int) -> bytes | None:
        if identifier == Ef.SMS:
            return self._messages()
        content = self._modem.sim.card.file(identifier)
        if content is None and identifier == Ef.SMSP:
            return self._modem.sim.card.smsp(encode_centre(centre_of(self._modem)))
        if content is None and identifier in _LOCATION:
            return self._location(Ef(identifier))
        return content

    def _location(self, identifier: Ef) -> bytes:
        """Return where the module is registered: identities, PLMN and TAC, and whether that is up to date."""
        there, radio = self._modem.registered, self._modem.profile.radio
        before, behind = _LOCATION[identifier]
        place = plmn_file(radio.plmn) + int(radio.tac, 16).to_bytes(2) if there else NO_PLMN + _NO_TAC
        return b"\xff" * before + place + behind + bytes((not there,))

    def _messages(self) -> bytes:
        size, messages = self._sizes[Ef.SMS], self._modem.sim.card.messages
        empty = _UNUSED + _SEPARATOR * (size - 1)
        places = range(1, min(self._modem.profile.table(SMS).sm_places, MOST_RECORDS) + 1)
        return b"".join(messages.get(place, empty)[:size].ljust(size, _SEPARATOR) for place in places)

    def _put_messages(self, content: bytes) -> None:
        """Take up the places of messages as they are in the file."""
        messages, size = self._modem.sim.card.messages, self._sizes[Ef.SMS]
        there = records_of(self._messages(), size)
        for place, (record, was) in enumerate(zip(records_of(content, size), there, strict=True), 1):
            if record == was:
                continue
            if record[0] & 1:
                messages[place] = _unpadded(record)
            else:
                messages.pop(place, None)
        self._modem.sim.changes += 1

    # How a card describes them.

    def file_parameters(self, file: CardFile) -> bytes:
        """Return the file control parameters of an elementary file (102.221 11.1.1.3)."""
        shape = bytes((0x42, 0x21, 0, file.record, len(file.records))) if file.record else b"\x41\x21"
        size = len(file.content).to_bytes(2)
        fields = tlv(0x82, shape) + tlv(0x83, file.identifier.to_bytes(2)) + tlv(0x8A, b"\x05") + tlv(0x80, size)
        return tlv(0x62, fields)

    def directory_parameters(self, directory: Df) -> bytes:
        """Return those of a directory: also its AID, and whether its PIN is asked for."""
        aid = tlv(0x84, bytes.fromhex(self._profile.usim)) if directory is Df.USIM else b""
        pin = tlv(0xC6, tlv(0x90, bytes((0x80 * self._modem.sim.locked,))) + tlv(0x83, b"\x01"))
        fields = tlv(0x82, b"\x78\x21") + tlv(0x83, directory.to_bytes(2)) + aid + tlv(0x8A, b"\x05") + pin
        return tlv(0x62, fields)


def _unpadded(record: bytes) -> bytes:
    """Return a record of EF_SMS without the FF behind its message, which may itself end in some."""
    bare = record.rstrip(_SEPARATOR)
    ends = range(max(len(bare), 2), len(record) + 1)
    return next((record[:end] for end in ends if Message.of(record[:end]) is not None), bare.ljust(2, _SEPARATOR))
