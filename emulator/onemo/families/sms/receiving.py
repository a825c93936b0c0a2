"""The way of messages from the centre to the DTE: told, stored, or waiting at the centre (27.005 3.4.1, 3.4.4)."""

from __future__ import annotations

import math
from collections import deque
from enum import Enum, auto

from onemo.at.reply import CommandError
from onemo.families.sms.alphabet import coding
from onemo.families.sms.centre import emulated_centre
from onemo.families.sms.compose import text_of
from onemo.families.sms.errors import Cms
from onemo.families.sms.mailbox import WaitingMessage
from onemo.families.sms.printing import told_pdu, told_text
from onemo.families.sms.profile import SMS
from onemo.families.sms.slots import INDICATIONS, SERVICE, STORES, Indications, in_text
from onemo.families.sms.stores import SM, Message, MessageStore, Status, memory_of
from onemo.families.sms.tpdu import Deliver, Received, StatusReport, decode_received
from onemo.modem.intents import Tell
from onemo.modem.modem import Modem
from onemo.modem.part import Part

_ON_CARD, _SPECIFIC = 2, 3
"""Classes of messages: for the card, and for what is attached to the module."""


class Way(Enum):
    """The ways of a message that has come."""

    TELL = auto()
    STORE = auto()  # and tell where
    STORE_SILENTLY = auto()
    DROP = auto()
    WAIT = auto()


class _Line:
    """The messages that are told whole. Implements UrcSource: one is made when the line has room for it."""

    def __init__(self, receiver: Receiver) -> None:
        self.deadline = math.inf
        self._receiver = receiver

    def tell(self, now: float) -> None:
        """Tell the next message."""
        self.deadline = math.inf
        self._receiver.tell_next(now)


class Receiver(Part):
    """The receiving side of one boot cycle.

    Messages come in the order of the centre; one that can neither be told nor stored keeps back those behind it.
    """

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self._modem = device
        self._table = device.profile.table(SMS)
        self._mailbox = memory_of(device).mailbox
        self._line = _Line(self)
        self._kept: deque[bytes | WaitingMessage] = deque()
        self._forgotten: set[WaitingMessage] = set()
        self._storing = False
        self._awaited: WaitingMessage | None = None
        self._awaited_until = math.inf
        self.arrived()

    # What happens.

    def arrived(self) -> None:
        """Take up that something was put into the mailbox."""
        self.deadline = min(self.deadline, self._mailbox.due)

    def on_registered(self, now: float) -> None:
        """Receive what waited for the network."""
        self.receive(now)

    def on_deadline(self, now: float) -> None:
        """Receive what has come; without AT+CNMA in time it is not told any more, and comes again to be stored."""
        if now >= self._awaited_until and self._awaited is not None:
            settings = self._modem.settings
            settings.set(INDICATIONS, settings.get(INDICATIONS)._replace(mt=0, ds=0))
            self._mailbox.return_held([self._awaited])
            self._acknowledged()
        self.receive(now)

    def take_up(self, now: float) -> None:
        """Act on settings that were changed."""
        if self._awaited is not None and not self._acknowledges:
            self._mailbox.let_go(self._awaited)
            self._has(self._awaited, now)
            self._acknowledged()
        self._release_kept()
        self.receive(now)

    def require_awaited(self) -> WaitingMessage:
        """Return the message that is to be acknowledged. Raises CommandError(NOTHING_TO_ACKNOWLEDGE): there is none."""
        if self._awaited is None:
            raise CommandError(Cms.NOTHING_TO_ACKNOWLEDGE)
        return self._awaited

    def acknowledge(self, now: float, *, accepted: bool) -> None:
        """Take the answer to the last message that was told. Raises CommandError(NOTHING_TO_ACKNOWLEDGE)."""
        waiting = self.require_awaited()
        self._mailbox.let_go(waiting)
        self._acknowledged()
        if accepted:
            self._has(waiting, now)
        self.receive(now)

    def receive(self, now: float) -> None:
        """Take all that has come and can be taken."""
        while self._receives and (waiting := self._mailbox.next(now)) is not None and self._take(waiting, now):
            pass
        due = self._mailbox.due
        self.deadline = min(self._awaited_until, due if due > now else math.inf)

    def tell_next(self, now: float) -> None:
        """Tell the message that waits to be told, if it still is to be, and go on behind it."""
        waiting = self._mailbox.next(now) if self._receives else None
        if waiting is not None and self._may_tell(message := decode_received(waiting.tpdu)):
            pdu = self._pdu(waiting)
            report = isinstance(message, StatusReport)
            text = in_text(self._modem)
            line = told_text(self._modem, pdu, message) if text else told_pdu(self._modem, pdu, report=report)
            self._modem.notify(line)
            if self._acknowledges:
                self._awaited = self._mailbox.hold()
                self._awaited_until = now + self._table.ack_time
            else:
                self._has(self._mailbox.take(), now)
        self.receive(now)

    # Inside.

    @property
    def _receives(self) -> bool:
        """False while one before it is written down, too: messages keep their order."""
        power = self._modem.power
        return not self._storing and (power.ready or power.asleep) and self._modem.registered

    @property
    def _indications(self) -> Indications:
        return self._modem.settings.get(INDICATIONS)

    @property
    def _acknowledges(self) -> bool:
        return self._modem.settings.get(SERVICE).service == 1

    @property
    def _online(self) -> bool:
        return self._modem.first.online is not None

    def _acknowledged(self) -> None:
        self._awaited, self._awaited_until = None, math.inf

    def _pdu(self, waiting: WaitingMessage) -> bytes:
        return emulated_centre(self._modem) + waiting.tpdu

    def _way(self, message: Received) -> Way:
        """Return the way that AT+CNMI has for a message."""
        indications = self._indications
        told_anyway = self._table.sm_is_told and self._memory(message) == SM
        unread = not self._modem.has("CMGR")
        if isinstance(message, StatusReport):
            if not indications.ds:
                return Way.DROP
            return Way.TELL if indications.ds == 1 or told_anyway or unread else Way.STORE
        mt, of_class = indications.mt, coding(message.dcs).message_class
        if unread:
            return Way.TELL if mt else Way.WAIT
        if mt == 0:
            return Way.STORE_SILENTLY
        if of_class == _ON_CARD:
            return Way.STORE
        told = (mt == 2) or (mt == 3 and of_class == _SPECIFIC) or (mt == 1 and told_anyway)
        return Way.TELL if told else Way.STORE

    def _memory(self, message: Received) -> str:
        on_card = isinstance(message, Deliver) and coding(message.dcs).message_class == _ON_CARD
        return SM if on_card else self._modem.settings.get(STORES).mem3

    def _take(self, waiting: WaitingMessage, now: float) -> bool:
        """Take the next message; False: it has to wait."""
        message = decode_received(waiting.tpdu)
        if waiting in self._forgotten:
            self._forgotten.remove(waiting)
            if self._store(waiting, message, silently=True):
                return False
        way = self._way(message)
        if way is Way.WAIT:
            return False
        if way is Way.DROP:
            self._has(self._mailbox.take(), now)
            return True
        if way is Way.TELL and self._indications.mode == 0:
            return self._keep_message()
        if way is not Way.TELL or (self._indications.mode == 1 and self._online):
            self._store(waiting, message, silently=way is not Way.STORE)
        elif self._may_tell(message):
            self._line.deadline = -math.inf
            self._modem.first.transmitter.serve(self._line)
        return False

    def _may_tell(self, message: Received) -> bool:
        mode = self._indications.mode
        blocked = mode == 0 or (mode == 1 and self._online) or self._awaited is not None
        return not blocked and self._way(message) is Way.TELL

    def _store(self, waiting: WaitingMessage, message: Received, *, silently: bool) -> bool:
        """Store a message, the next or one that was kept; False: there is no place.

        Until it is written down nothing is told and those behind it wait; where it cannot be, it waits itself.
        """
        name = self._memory(message)
        store = MessageStore(self._modem, name)
        place = store.free if self._modem.has("CMGR") else None
        if place is None:
            return False
        stored = Message(Status.UNREAD, self._pdu(waiting))
        take_back = self._modem.memory.change(lambda: store.put(place, stored))
        self._storing = True

        def written(done: bool) -> None:
            self._storing = False
            if not done:
                take_back()
                return
            if waiting in self._kept:
                self._kept.remove(waiting)
            self._mailbox.let_go(waiting)
            self._has(waiting, self._modem.now)
            if not silently:
                line = b"CDSI" if isinstance(message, StatusReport) else b"CMTI"
                self._indicate(b'+%s: "%s",%d' % (line, name.encode(), place))
            self.receive(self._modem.now)

        self._modem.intents.append(self._modem.keeping.store(written))
        return True

    def _indicate(self, line: bytes) -> None:
        """Tell where a message was stored, as <mode> has it."""
        mode = self._indications.mode
        if mode == 0:
            if self._make_room() or self._storing:
                self._kept.append(line)
        elif not (mode == 1 and self._online):
            self._modem.notify(line)

    def _keep_message(self) -> bool:
        """Keep the next message, to be told later; False: it has to wait."""
        if not self._make_room():
            return False
        self._kept.append(self._mailbox.hold())
        return True

    def _make_room(self) -> bool:
        """Give the oldest indication up where so many are kept. False: a message, which is stored if it can be."""
        if len(self._kept) >= self._table.indications:
            oldest = self._kept[0]
            if isinstance(oldest, WaitingMessage):
                self._store(oldest, decode_received(oldest.tpdu), silently=True)
                return False
            self._kept.popleft()
        return True

    def _release_kept(self) -> None:
        """Tell what was kept, or forget it, as <mode> and <bfr> have it; a message that is told no more comes again."""
        indications = self._indications
        messages = [each for each in self._kept if isinstance(each, WaitingMessage)]
        if indications.mode:
            lines = [each for each in self._kept if isinstance(each, bytes)]
            self._kept.clear()
            if indications.bfr:
                self._forgotten.update(messages)
            else:
                for line in lines:
                    self._modem.notify(line)
        else:
            messages = [each for each in messages if self._way(decode_received(each.tpdu)) is not Way.TELL]
            for each in messages:
                self._kept.remove(each)
        self._mailbox.return_held(messages)

    def _has(self, waiting: WaitingMessage, now: float) -> None:
        """Note that the module has a message for good."""
        message = decode_received(waiting.tpdu)
        if isinstance(message, StatusReport):
            self._mailbox.reported(message.reference, message.status)
        else:
            self._modem.intents.append(Tell("sms received", f"from {message.originator.text}: {text_of(message)}"))
        if waiting.delivered is not None:
            waiting.delivered(now)
