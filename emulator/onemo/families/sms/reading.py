"""Reading and deleting what is stored: AT+CMGR, CMGL, CMGD; and AT+CNMA (27.005 3.4, 3.5.4, 4.1, 4.2)."""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.command import Action, Declaration, print_line
from onemo.at.outcome import Outcome
from onemo.at.params import BoundRecord, Defaulted, Maybe, MaybeText, Required
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.families.sms.entering import entry_of
from onemo.families.sms.errors import Cms
from onemo.families.sms.printing import read
from onemo.families.sms.receiving import Receiver
from onemo.families.sms.slots import STORES, in_text
from onemo.families.sms.stores import Message, MessageStore, Status, status_of, store_of
from onemo.modem.modem import Modem

_ALL = 4
_DELETED = (
    (),
    (Status.READ,),
    (Status.READ, Status.SENT),
    (Status.READ, Status.SENT, Status.UNSENT),
    tuple(Status),
)
"""The messages that <delflag> deletes, of 1 and above."""
_REFUSED = 2
"""<n> of AT+CNMA: the message was not taken."""


class StoredPlace(NamedTuple):
    """AT+CMGR."""

    place: Required


class Listing(NamedTuple):
    """AT+CMGL; stat: a number in PDU mode, a word in text mode."""

    stat: MaybeText


class Deletion(NamedTuple):
    """AT+CMGD."""

    place: Required
    delflag: Defaulted


class Acknowledgement(NamedTuple):
    """AT+CNMA; with a length the answer to the centre is entered, which makes no difference here."""

    n: Defaulted
    length: Maybe


def _reading_store(modem: Modem) -> MessageStore:
    return store_of(modem, modem.settings.get(STORES).mem1)


def _answer(modem: Modem, store: MessageStore, shown: dict[int, Message], lines: list[bytes]) -> Outcome:
    """Answer with lines; those of the messages that were unread are read from then on, which is written down first."""
    unread = {place: message for place, message in shown.items() if message.status is Status.UNREAD}
    if not unread:
        return Reply(lines)

    def change() -> None:
        for place, message in unread.items():
            store.put(place, message._replace(status=Status.READ))

    return modem.keeping.write_down(change, failure=Cms.MEMORY_FAILURE, answer=Reply(lines))


def _read(modem: Modem, record: StoredPlace) -> Outcome:
    """Read a message (AT+CMGR). Raises CommandError: INVALID_INDEX; the card is not READY, of its store."""
    store = _reading_store(modem)
    message = store.get(record.place)
    line = read(b"CMGR", None, message, modem, text=in_text(modem))
    return _answer(modem, store, {record.place: message}, [line])


def _wanted(modem: Modem, stat: str | None) -> tuple[Status, ...]:
    """Return the messages that AT+CMGL lists. Raises CommandError: it is no <stat> of this mode."""
    if stat is None:
        return (Status.UNREAD,)
    if in_text(modem):
        status = status_of(stat)
        if stat == "ALL":
            return tuple(Status)
    else:
        status = Status(int(stat)) if stat in ("0", "1", "2", "3") else None
        if stat == str(_ALL):
            return tuple(Status)
    if status is None:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    return (status,)


def _list(modem: Modem, record: Listing) -> Outcome:
    """List messages (AT+CMGL). Raises CommandError: no such <stat>; the card is not READY, of its store."""
    wanted, store, text = _wanted(modem, record.stat), _reading_store(modem), in_text(modem)
    messages = {place: store.get(place) for place in store.places}
    shown = {place: message for place, message in messages.items() if message.status in wanted}
    lines = [read(b"CMGL", place, message, modem, text=text) for place, message in shown.items()]
    return _answer(modem, store, shown, lines)


def _delete(modem: Modem, record: Deletion) -> Outcome:
    """Delete messages (AT+CMGD); of an empty place too. Raises CommandError: INVALID_INDEX; the card is not READY."""
    store = _reading_store(modem)
    if record.delflag:
        gone = [place for place in store.places if store.get(place).status in _DELETED[record.delflag]]
    else:
        gone = [] if store.find(record.place) is None else [record.place]
    if not gone:
        return DONE

    def change() -> None:
        for place in gone:
            store.delete(place)

    pending = modem.keeping.write_down(change, failure=Cms.MEMORY_FAILURE)

    def finish(done: object) -> Outcome:
        outcome = pending.finish(done)
        modem.part(Receiver).receive(modem.now)
        return outcome

    return pending._replace(finish=finish)


def _places(modem: Modem, bound: BoundRecord[Deletion]) -> Outcome:
    """Tell the places that hold a message (AT+CMGD=?)."""
    places = ",".join(map(str, _reading_store(modem).places))
    return Reply((print_line("CMGD", f"({places}),{bound.params[1].shown}".encode()),))


def _acknowledge(modem: Modem, record: Acknowledgement) -> Outcome:
    """Take the answer to what was told last (AT+CNMA). Raises CommandError(NOTHING_TO_ACKNOWLEDGE)."""
    receiver = modem.part(Receiver)

    def take(data: bytes) -> Outcome:
        receiver.acknowledge(modem.now, accepted=record.n != _REFUSED)
        return DONE

    if record.length is not None and record.n and not in_text(modem):
        receiver.require_awaited()
        return entry_of(modem, take).begin(None)
    return take(b"")


def _acknowledgements(modem: Modem, bound: BoundRecord[Acknowledgement]) -> Outcome:
    """Tell the answers that there are (AT+CNMA=?): in text mode there is nothing to choose."""
    return DONE if in_text(modem) else Reply((print_line("CNMA", bound.params[0].shown.encode()),))


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    Action("CMGR", StoredPlace, _read),
    Action("CMGL", Listing, _list, bare=True),
    Action("CMGD", Deletion, _delete, test=_places, test_reads_device=True),
    Action("CNMA", Acknowledgement, _acknowledge, bare=True, test=_acknowledgements, test_reads_device=True),
)
