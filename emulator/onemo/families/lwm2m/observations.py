"""Observations of the server (RFC 7641), and the notifications that AT+MIPLNOTIFY sends (LwM2M manual 3.9)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from onemo.at.reply import CommandError
from onemo.families.lwm2m.device import Lwm2mDevice
from onemo.families.lwm2m.link import Lwm2mChannel, Lwm2mTaking
from onemo.families.lwm2m.readings import Lwm2mReading, Path, pack, usual_format
from onemo.families.lwm2m.states import Lwm2mError, Lwm2mTold
from onemo.net.coap.exchange import OBSERVE_COUNTS
from onemo.net.coap.message import CoapCode, CoapMessage, CoapOption, CoapType, uint_option
from onemo.net.lwm2m.values import Lwm2mFormat

_REMEMBERED = 8
"""Message ids of an observation's last notifications, for a reset of one."""
_OLD = {Lwm2mFormat.TLV: Lwm2mFormat.OLD_TLV, Lwm2mFormat.JSON: Lwm2mFormat.OLD_JSON}
"""The old numbers of formats, for a server that uses them."""
Sent = Callable[[bool], None]


class Lwm2mIdle(Enum):
    """The moment from which the module wants no connection to the network: that of its own, or of an answer."""

    LATER = auto()
    SENT = auto()
    ACKNOWLEDGED = auto()


@dataclass(slots=True, eq=False)
class Lwm2mObserved:
    """One observation. form: the format that the server asked for; count: of its notifications."""

    path: Path
    token: bytes
    form: Lwm2mFormat | None
    count: int
    mids: deque[int] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def next(self) -> int:
        """Count one more of its messages, and return its number."""
        self.count = (self.count + 1) % OBSERVE_COUNTS
        return self.count


@dataclass(slots=True, eq=False)
class _Waiting:
    observation: Lwm2mObserved
    message: CoapMessage
    ackid: int
    sent: Sent | None
    idle: Lwm2mIdle


class Lwm2mObservations:
    """The observations of one login."""

    def __init__(self, device: Lwm2mDevice, link: Lwm2mChannel) -> None:
        self._device = device
        self._link = link
        self._observed: dict[Path, Lwm2mObserved] = {}
        self._held: dict[Path, list[Lwm2mReading]] = {}
        self._waiting: deque[_Waiting] = deque()

    def __len__(self) -> int:
        return len(self._observed)

    def has_room(self, path: Path) -> bool:
        """Tell whether a path can be observed: it is, or there are not too many yet."""
        return path in self._observed or len(self._observed) < self._device.table.most_paths

    @property
    def paths(self) -> list[Path]:
        """What is observed."""
        return list(self._observed)

    def clear(self) -> None:
        """Forget all."""
        self._observed.clear()
        self._held.clear()
        self._waiting.clear()

    def forget(self, number: int) -> None:
        """Forget what is observed and held of an object that is no more."""
        for table in (self._observed, self._held):
            for path in [path for path in table if path[0] == number]:
                del table[path]

    def forget_waiting(self) -> None:
        """Forget the notifications that wait, and values that are held."""
        self._waiting.clear()
        self._held.clear()

    def begin(self, path: Path, token: bytes, form: Lwm2mFormat | None) -> int:
        """Take an observation, and return the number of its answer.

        One of the same path ends with it; where that has the same token, it goes on (RFC 7641 4.1).
        """
        known = self._observed.get(path)
        if known is None or known.token != token:
            known = self._observed[path] = Lwm2mObserved(path, token, form, count=-1)
        known.form = form
        return known.next()

    def end(self, path: Path) -> None:
        """End the observation of a path, if there is one."""
        self._observed.pop(path, None)

    def of(self, path: Path, *, together: bool = False) -> Lwm2mObserved:
        """Return the observation by which a resource is notified: its own, else its instance's, else its object's.

        together: with others of its instance, by which its own comes last. Raises CommandError(RESOURCE): nobody
        observes it.
        """
        paths = [path, path[:2], path[:1]]
        for each in paths[1:] + paths[:1] if together else paths:
            if each in self._observed:
                return self._observed[each]
        raise CommandError(Lwm2mError.RESOURCE)

    # Notifications.

    def hold(self, number: int, reading: Lwm2mReading) -> None:
        """Hold a value for the next notification of its instance. Raises CommandError: RESOURCE, SYNTAX (too much)."""
        self.of((number, reading.instance, reading.resource))
        path = number, reading.instance
        held = self._held.get(path, [])
        self._require_room([*held, reading])
        self._held[path] = joined([*held, reading])

    def notify(
        self,
        number: int,
        reading: Lwm2mReading,
        form: Lwm2mFormat | None,
        typed: bytes | None,
        ackid: int,
        sent: Sent | None,
        idle: Lwm2mIdle,
    ) -> None:
        """Send a value, with all that is held of its instance. typed: goes as it is, in place of a value alone.

        Raises CommandError: RESOURCE, nobody observes it; SYNTAX, too much; BUSY, too many wait.
        """
        path = number, reading.instance
        readings = joined([*self._held.get(path, []), reading])
        observation = self.of((*path, reading.resource), together=len(readings) > 1)
        self._require_room(readings)
        if (len(self._waiting) if ackid else self._link.untaken) >= self._device.table.queue:
            raise CommandError(Lwm2mError.BUSY)
        self._held.pop(path, None)
        self._device.objects.remember(number, readings)
        chosen = form if form is not None else observation.form
        if chosen is None:
            chosen = usual_format(observation.path, readings)
        if len(readings) > 1 and not (chosen.is_tlv or chosen.is_json):
            chosen = Lwm2mFormat.TLV
        payload = pack(observation.path, readings, chosen) if typed is None or len(readings) > 1 else typed
        if observation.form in _OLD.values():
            chosen = _OLD.get(chosen, chosen)
        message = CoapMessage(
            type=CoapType.CON if ackid else CoapType.NON,
            code=CoapCode.CONTENT,
            mid=self._link.give_mid(),
            token=observation.token,
            options=(
                uint_option(CoapOption.OBSERVE, observation.next()),
                uint_option(CoapOption.CONTENT_FORMAT, chosen),
            ),
            payload=payload,
        )
        observation.mids.append(message.mid)
        if idle is Lwm2mIdle.SENT:
            sent = self._then_released(sent)
        if not ackid:
            self._link.send(message, sent)
            return
        self._waiting.append(_Waiting(observation, message, ackid, sent, idle))
        self._send_next()

    def on_reset(self, mid: int) -> None:
        """Take up that the server does not know a notification: its observation ends."""
        for observation in list(self._observed.values()):
            if mid in observation.mids:
                self._lose(observation, mid)

    # Inside.

    def _require_room(self, readings: Sequence[Lwm2mReading]) -> None:
        require_room(readings, self._device.table.together)

    def _then_released(self, sent: Sent | None) -> Sent:
        def then(taken: bool) -> None:
            if sent is not None:
                sent(taken)
            self._device.modem.cell.traffic.release()

        return then

    def _send_next(self) -> None:
        """Send the next confirmable one, unless another one flies (RFC 7252 4.7)."""
        while self._waiting and not self._link.flying:
            waiting = self._waiting.popleft()
            if self._observed.get(waiting.observation.path) is not waiting.observation:
                if waiting.sent is not None:
                    waiting.sent(False)
                continue

            def settled(taking: Lwm2mTaking, now: float, waiting: _Waiting = waiting) -> None:
                if taking.acknowledged:
                    self._device.tell_event(Lwm2mTold.ACKNOWLEDGED, waiting.ackid)
                    if waiting.idle is Lwm2mIdle.ACKNOWLEDGED:
                        self._device.modem.cell.traffic.release()
                elif self._observed.get(waiting.observation.path) is waiting.observation:
                    self._lose(waiting.observation, waiting.message.mid)
                self._send_next()

            self._link.confirm(waiting.message, settled, waiting.sent)

    def _lose(self, observation: Lwm2mObserved, mid: int) -> None:
        self.end(observation.path)
        self._device.tell("MIPLOBSERVE", mid, 0, *shown_path(observation.path))


def shown_path(path: Path) -> tuple[int, int, int]:
    """Return object, instance and resource as URCs tell them: -1 for what a path has not."""
    return path[0], path[1] if len(path) > 1 else -1, path[2] if len(path) > 2 else -1


def joined(readings: Sequence[Lwm2mReading]) -> list[Lwm2mReading]:
    """Return readings of which each resource has one, the later."""
    return list({(reading.instance, reading.resource): reading for reading in readings}.values())


def require_room(readings: Sequence[Lwm2mReading], most: int) -> None:
    """Raise CommandError(SYNTAX) where the values are more than one message may hold; one without bytes counts, too."""
    if sum(len(reading.value.data) or 1 for reading in readings) > most:
        raise CommandError(Lwm2mError.SYNTAX)
