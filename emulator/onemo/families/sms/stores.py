"""The stores of messages: "ME", the module's own, and "SM", the card's; and all of it that outlives a boot cycle."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple

from onemo.at.reply import CommandError
from onemo.families.sms.errors import CARD_REFUSALS, Cms
from onemo.families.sms.fields import TpduError, decode_centre
from onemo.families.sms.mailbox import Mailbox
from onemo.families.sms.profile import SMS
from onemo.families.sms.tpdu import Received, Submit, decode_received
from onemo.modem.memory import put_back
from onemo.modem.modem import Modem
from onemo.modem.sim import SimState
from onemo.modem.subscriber import plain_records, read_records

ME, SM = "ME", "SM"
_REFERENCE = "reference"


class Status(IntEnum):
    """<stat> of a stored message in PDU mode (27.005 3.1)."""

    UNREAD = 0
    READ = 1
    UNSENT = 2
    SENT = 3

    @property
    def word(self) -> str:
        """<stat> in text mode."""
        return _WORDS[self]

    @property
    def received(self) -> bool:
        """True for a message that came from the centre."""
        return self <= Status.READ


_WORDS = ("REC UNREAD", "REC READ", "STO UNSENT", "STO SENT")
_ON_CARD = {Status.UNREAD: 3, Status.READ: 1, Status.UNSENT: 7, Status.SENT: 5}
"""The status byte of a record (51.011 10.5.3)."""
_FROM_CARD = {byte: status for status, byte in _ON_CARD.items()}


def status_of(word: str) -> Status | None:
    """Return the status of a word of text mode; None: there is none."""
    return Status(_WORDS.index(word)) if word in _WORDS else None


class Message(NamedTuple):
    """A stored message. pdu: the centre's address, length first, and the TPDU, which begins at split."""

    status: Status
    pdu: bytes

    @property
    def split(self) -> int:
        """The bytes of the centre's address."""
        return self.pdu[0] + 1

    @property
    def tpdu(self) -> bytes:
        """The message itself."""
        return self.pdu[self.split :]

    def decode(self) -> Received | Submit:
        """Read the TPDU. Raises TpduError."""
        return decode_received(self.tpdu) if self.status.received else Submit.decode(self.tpdu)

    @property
    def record(self) -> bytes:
        """The record that a card holds."""
        return bytes((_ON_CARD[self.status],)) + self.pdu

    @classmethod
    def of(cls, record: bytes) -> Message | None:
        """Read a record; None: it is no message."""
        status = _FROM_CARD.get(record[0])
        try:
            if status is not None:
                decode_centre(record[1:])
                message = cls(status, record[1:])
                message.decode()
                return message
        except TpduError:
            pass
        return None


class SmsMemory:
    """What outlives a boot cycle: the last TP-MR, the messages of "ME" by place; and what waits at the centre.

    The latter is in no NV. A keeper.
    """

    def __init__(self, device: Modem) -> None:
        table = device.profile.table(SMS)
        self._total = table.me_places
        self.reference = 0
        self.places: dict[int, bytes] = {}
        self.mailbox = Mailbox(table.most_waiting, table.most_sent, table.join_time)

    def begin_cycle(self) -> None:
        """Let what the module had not told or acknowledged come again."""
        self.mailbox.return_held()

    def snapshot(self) -> dict[str, object] | None:
        """Return what is kept, as plain values; None: nothing is, and nothing waits for the next boot."""
        if not (self.reference or self.places or len(self.mailbox)):
            return None
        return {_REFERENCE: self.reference, "messages": plain_records(self.places)}

    def restore(self, entry: object) -> list[str]:
        """Take up a snapshot; return what does not fit."""
        if not isinstance(entry, Mapping):
            return [""]
        refused = [str(name) for name in entry if name not in (_REFERENCE, "messages")]
        reference = entry.get(_REFERENCE)
        if type(reference) is int and 0 <= reference <= 0xFF:
            self.reference = reference
        else:
            refused.append(_REFERENCE)
        found, unread = read_records(entry.get("messages"))
        for place, record in found.items():
            if place <= self._total and Message.of(record) is not None:
                self.places[place] = record
            else:
                unread.append(f"messages.{place}")
        return refused + unread

    def save(self) -> Mapping[str | int, object]:
        """Return all that is kept, for put_back."""
        places: Mapping[Any, object] = self.places
        return {_REFERENCE: self.reference, **places}

    def put_back(self, records: Mapping[Any, Any]) -> None:
        """Make it what it was."""
        now: dict[Any, Any] = dict(self.save())
        put_back(now, records)
        self.reference = now.pop(_REFERENCE)
        self.places.clear()
        self.places.update(sorted(now.items()))


def memory_of(modem: Modem) -> SmsMemory:
    """Return what a module keeps of short messages."""
    found: SmsMemory = modem.keeping.keeper("sms")
    return found


class MessageStore:
    """One store of a module. name: ME or SM; total: its places.

    A record of the card that is no message is as an empty place: a message may be put there.
    """

    def __init__(self, modem: Modem, name: str) -> None:
        table = modem.profile.table(SMS)
        self.name = name
        self._modem = modem
        self._records = modem.sim.card.messages if name == SM else memory_of(modem).places
        self.total = table.sm_places if name == SM else table.me_places

    @property
    def used(self) -> int:
        """The places that hold a message."""
        return len(self.places)

    @property
    def places(self) -> list[int]:
        """The places that hold a message, in order."""
        return sorted(place for place in self._records if place <= self.total and self._message(place) is not None)

    @property
    def free(self) -> int | None:
        """The lowest free place; None: it is full."""
        return next((place for place in range(1, self.total + 1) if self._message(place) is None), None)

    def find(self, place: int) -> Message | None:
        """Return the message of a place; None: it is empty. Raises CommandError(INVALID_INDEX): there is no place."""
        if not 1 <= place <= self.total:
            raise CommandError(Cms.INVALID_INDEX)
        return self._message(place)

    def _message(self, place: int) -> Message | None:
        record = self._records.get(place)
        return None if record is None else Message.of(record)

    def get(self, place: int) -> Message:
        """Return the message of a place. Raises CommandError(INVALID_INDEX): there is none."""
        message = self.find(place)
        if message is None:
            raise CommandError(Cms.INVALID_INDEX)
        return message

    def put(self, place: int, message: Message) -> None:
        """Put a message in its place."""
        self._records[place] = message.record
        self._changed()

    def delete(self, place: int) -> None:
        """Make a place empty."""
        if self._records.pop(place, None) is not None:
            self._changed()

    def _changed(self) -> None:
        if self.name == SM:
            self._modem.sim.changes += 1


def require_card(modem: Modem) -> None:
    """Require a card that is READY. Raises CommandError: as CARD_REFUSALS has it."""
    if modem.sim.state is not SimState.READY:
        raise CommandError(CARD_REFUSALS[modem.sim.state])


def store_of(modem: Modem, name: str) -> MessageStore:
    """Return a store that can be used. Raises CommandError as require_card, for the card's."""
    if name == SM:
        require_card(modem)
    return MessageStore(modem, name)
