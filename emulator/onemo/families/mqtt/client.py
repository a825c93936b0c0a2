"""One MQTT client: its connection from MQTTCONN to the end, and the packets that cross it."""

from __future__ import annotations

import math
from collections.abc import Callable

from onemo.at.command import print_line
from onemo.at.reply import CommandError
from onemo.errors import NetError, NetFailure
from onemo.families import MQTT_CLIENTS
from onemo.families.mqtt.broker import BrokerLogin, introduction, open_request
from onemo.families.mqtt.inbox import Inbox
from onemo.families.mqtt.outbox import Outbox
from onemo.families.mqtt.pings import Pings
from onemo.families.mqtt.profile import MQTT
from onemo.families.mqtt.settings import CLEAN, CONTEXT, RECONNECTION, Reconnection
from onemo.families.mqtt.states import REFUSALS, TRANSITIONS, ClientEvent, ClientOperation, ClientState, ConnState
from onemo.families.mqtt.words import MqttWords
from onemo.modem.channel import Close, Drop, Open
from onemo.modem.modem import Modem
from onemo.net.interface import CloseMode, ClosePlan, CloseResult
from onemo.net.mqtt.decoder import Decoder
from onemo.net.mqtt.packets import (
    Bare,
    ConnAck,
    Malformed,
    MqttAcknowledgement,
    Packet,
    PacketType,
    Publish,
    PublishPart,
    PublishStart,
    SubAck,
)
from onemo.profile.index import Label

_CONNACK = 0x20
_REFUSALS = range(1, 6)


class MqttClient:
    """One client. Implements Owner.

    broker: what MQTTCONN asked last. will_message: decoded.
    """

    watches_breaks = False
    watches_acknowledgements = False

    def __init__(self, device: Modem, number: int, arm: Callable[[], None]) -> None:
        self._device = device
        self._table = device.profile.table(MQTT)
        self.number = number
        self.state = ClientState.CLOSED
        self.broker: BrokerLogin | None = None
        self.will_message = b""
        self._arm = arm  # the deadline may be another one
        self.outbox = Outbox(self, number, device, arm)
        self.inbox = Inbox(device, number, self._acknowledge)
        self._console = device.first
        self._decoder = Decoder(self._table.whole)
        self._pings = Pings(device, number, self.outbox)
        self._cid: int | None = None
        self._open = False  # a connection stands, or is being made
        self._secured = False  # the last one was, or is, in TLS
        self._attempts = 0
        self._cause = ConnState.UNKNOWN
        self._give_up = math.inf  # an attempt, or a close
        self._retry = math.inf
        self._lost_asleep = False

    # What commands do.

    def check(self, operation: ClientOperation) -> None:
        """Refuse an operation that the state does not allow. Raises CommandError."""
        if refusal := REFUSALS.get((operation, self.state)):
            raise CommandError(refusal)

    def connect(self, broker: BrokerLogin) -> None:
        """Begin MQTTCONN. Raises CommandError: CONNECTING, CONNECTED, STATE."""
        self.check(ClientOperation.CONNECT)
        self.broker = broker
        self._console = self._device.console
        self._cid = self._device.settings.effective(CONTEXT, self.number).cid
        self._attempts = 0
        self._on(ClientEvent.CONNECT)
        self._attempt(self._device.now)

    def disconnect(self) -> None:
        """Begin MQTTDISC: whatever was to come is forgotten. Raises CommandError: NOT_CONNECTED, STATE."""
        self.check(ClientOperation.DISCONNECT)
        now = self._device.now
        self._console = self._device.console
        if self.state is ClientState.CONNECTED:
            self.outbox.hand_over(Bare(PacketType.DISCONNECT), now)
        self._on(ClientEvent.DISCONNECT)
        self._retry, self._give_up = math.inf, now + self._table.close_time
        self._open = True  # until on_closed
        self._rest(now)
        self.outbox.clear()
        self.inbox.clear()
        self.outbox.subscriptions.clear()
        self._device.intents.append(Close(self, self._plan))
        self._arm()

    # Owner.

    @property
    def label(self) -> Label:
        """The name of the connection in traces and fault scopes."""
        return Label(MQTT_CLIENTS, self.number)

    def on_opened(self, *, ipv6: bool, now: float) -> None:
        """Introduce the client to the broker."""
        assert self.broker is not None
        self.outbox.hand_over(introduction(self._device, self.number, self.broker, self.will_message), now)

    def on_failed(self, failure: NetFailure, now: float) -> None:
        """Take up that the broker cannot be reached."""
        self._open = False
        self._fail(ConnState.NETWORK, now)

    def credit(self) -> int:
        """Return the most bytes to read from the broker now; 0: none for the time being."""
        if not self._open or self.state is ClientState.CLOSING or self.outbox.full:
            return 0
        self._look(self._device.now)
        return self._table.read if self.inbox.takes_more else 0

    def on_data(self, data: bytes, now: float) -> None:
        """Take what the broker sent: its packets, in order."""
        self._pings.heard()
        try:
            if self.state is not ClientState.CONNECTED and self._decoder.is_new and data[0] != _CONNACK:
                raise Malformed("the first packet is no CONNACK")
            for packet in self._decoder.receive(data):
                self._on_packet(packet, now)
                if not self._open:
                    break
        except Malformed:
            self._break(ConnState.UNKNOWN, now)
        self._look(now)
        self._arm()

    def on_taken(self, count: int, now: float) -> None:
        """Take note that bytes have left."""
        self.outbox.taken(count, now)

    def on_untaken(self, count: int) -> None:
        """Take note that bytes will never leave; the end of the connection is told besides."""
        self.outbox.untaken(count)

    def on_acknowledged(self, count: int) -> None:
        """Raise AssertionError: nobody watches acknowledgements."""
        raise AssertionError("nobody watches acknowledgements")

    def on_lost(self, failure: NetFailure | None, now: float) -> None:
        """Take up that the broker closed the connection, or that it broke."""
        self._open = False
        if self.state is not ClientState.CONNECTED:
            self._fail(ConnState.NETWORK, now)
            return
        if failure is not None:
            self._lose(ConnState.NETWORK, now)
        else:
            self._lose(ConnState.PING_TIMED_OUT if self._pings.silent(now) else ConnState.BROKER_CLOSED, now)

    def on_closed(self, result: CloseResult, now: float) -> None:
        """Finish MQTTDISC."""
        self._open = False
        self._end(ConnState.CLOSED, now)

    # What comes from without.

    def network_down(self, now: float) -> None:
        """End what runs on the network, which is gone."""
        if self._open:
            self._break(ConnState.NETWORK, now)

    def sleep(self) -> None:
        """Let the connection go without a word, which is said after waking."""
        if self._open and self.state is ClientState.CONNECTED:
            self._device.intents.append(Drop(self))
            self._open, self._lost_asleep = False, True
            self._rest(self._device.now)

    def wake(self, now: float) -> None:
        """Tell that the connection did not outlive the sleep."""
        if self._lost_asleep:
            self._lost_asleep = False
            self._lose(ConnState.NETWORK, now)

    @property
    def on_context(self) -> int:
        """The PDP context that it is on."""
        return self._device.contexts.chosen(self._cid)

    @property
    def in_use(self) -> bool:
        """True while there is a connection, or one is being made or closed."""
        return self._open

    @property
    def secured(self) -> bool:
        """True while that connection is in TLS."""
        return self._open and self._secured

    @property
    def busy(self) -> bool:
        """True while the module has to stay awake for it."""
        return self.state not in (ClientState.CLOSED, ClientState.CONNECTED) or bool(self.outbox.unacknowledged)

    @property
    def deadline(self) -> float:
        """When on_deadline is to be called; inf: never."""
        if self.state is ClientState.CLOSED:
            return math.inf
        reading = min(self.outbox.due, self._pings.due)
        return min(self._give_up, self._retry, self._pings.next, self.outbox.clock.when(reading))

    def on_deadline(self, now: float) -> None:
        """Act on time that has passed."""
        if now >= self._give_up:
            self._break(ConnState.NETWORK, now)
        if now >= self._retry:
            self._retry = math.inf
            self._attempt(now)
        if self.state is ClientState.CONNECTED:
            # A deadline is the sum of many figures: what the clock shows is taken a microsecond early.
            reading = self.outbox.clock.read(now) + 1e-6
            self.outbox.repeat(reading, now)
            if self._pings.on_clock(reading):
                self._break(ConnState.PING_TIMED_OUT, now)
            else:
                self._pings.send(now)

    # Attempts.

    def _attempt(self, now: float) -> None:
        """Ask the network for a connection; what stands in the way is told at once."""
        assert self.broker is not None
        try:
            request = open_request(self._device, self.number, self.broker)
        except NetError:
            self._fail(ConnState.NETWORK, now)
            return
        if self._device.contexts.refusal(self._cid) is not None:
            self._fail(ConnState.NETWORK, now)
            return
        self._give_up = now + request.timeout
        self._secured = request.tls is not None
        self._decoder = Decoder(self._table.whole)
        self.outbox.begin()
        self._open = True
        self._device.intents.append(Open(self, request, self._plan, MqttWords))
        self._arm()

    def _accept(self, packet: ConnAck, now: float) -> None:
        """Take up the broker's answer to the CONNECT."""
        if packet.code:
            self._drop()
            self._end(ConnState.REFUSED if packet.code in _REFUSALS else ConnState.UNKNOWN, now)
            return
        self._give_up = math.inf
        self._on(ClientEvent.ACCEPTED)
        self._pings.start(now)
        self._look(now)
        self._tell_state(ConnState.CONNECTED)
        if packet.session_present and not self._clean:
            self.outbox.resume(now)
        else:
            self.outbox.subscriptions.clear()
            self.inbox.new_session()
            self.outbox.abandon()

    def _fail(self, cause: ConnState, now: float) -> None:
        """Take up that an attempt has failed: the first one for good, later ones until there were enough."""
        self._give_up = math.inf
        if self.state is ClientState.CONNECTING:
            self._end(cause, now)
        elif self._attempts < self._reconnection.times:
            self._schedule(now)
        else:
            self._end(self._cause, now)

    def _schedule(self, now: float) -> None:
        self._attempts += 1
        interval, mode = self._reconnection.interval, self._reconnection.mode
        self._retry = now + interval * (self._attempts if mode else 1) * self._table.second
        self._arm()

    # Ends.

    def _break(self, cause: ConnState, now: float) -> None:
        """End the connection, or the attempt at one."""
        self._drop()
        if self.state is ClientState.CLOSING:
            self._end(ConnState.CLOSED, now)
        elif self.state is ClientState.CONNECTED:
            self._lose(cause, now)
        else:
            self._fail(cause, now)

    def _drop(self) -> None:
        if self._open:
            self._open = False
            self._device.intents.append(Drop(self))

    def _lose(self, cause: ConnState, now: float) -> None:
        """Take up that the connection is gone: try again, or end."""
        if not self._reconnection.times:
            self._end(cause, now)
            return
        self._rest(now)
        self._on(ClientEvent.LOST)
        self._cause, self._attempts = cause, 0
        self._schedule(now)
        self._tell_state(ConnState.RECONNECTING)
        self.outbox.lost()

    def _end(self, state: ConnState, now: float) -> None:
        """End for good, and tell why."""
        self._rest(now)
        self._retry = self._give_up = math.inf
        self._on(ClientEvent.ENDED)
        self.outbox.subscriptions.clear()
        self.inbox.new_session()
        self._tell_state(state)
        self.outbox.abandon()
        self.outbox.lost()

    def _rest(self, now: float) -> None:
        """Stop what goes on while there is a connection."""
        self._pings.stop()
        self.outbox.clock.run(now, on=False)
        self.inbox.disconnected()

    # Packets.

    def _on_packet(self, packet: Packet | PublishStart | PublishPart, now: float) -> None:
        """Take a packet. Raises Malformed for one that a broker may not send now."""
        if self.state is not ClientState.CONNECTED:
            if not isinstance(packet, ConnAck):
                raise Malformed("the first packet is no CONNACK")
            self._accept(packet, now)
            return
        match packet:
            case Publish():
                self.inbox.receive(packet)
            case PublishStart():
                self.inbox.start(packet)
            case PublishPart():
                self.inbox.extend(packet)
            case MqttAcknowledgement(PacketType.PUBREL, mid):
                self.inbox.release(mid)
                self.outbox.hand_over(MqttAcknowledgement(PacketType.PUBCOMP, mid), now)
            case MqttAcknowledgement():
                self.outbox.acknowledged(packet, now)
            case SubAck():
                self.outbox.granted(packet)
            case Bare(PacketType.PINGRESP):
                self._pings.answered()
            case _:
                raise Malformed("no packet of a broker's")

    def _acknowledge(self, qos: int, mid: int) -> None:
        if qos:
            kind = PacketType.PUBACK if qos == 1 else PacketType.PUBREC
            self.outbox.hand_over(MqttAcknowledgement(kind, mid), self._device.now)

    # Inside.

    def _look(self, now: float) -> None:
        """Have the clock stand still while nothing is read: what is waited for may have come."""
        if self.outbox.clock.run(now, on=self.state is ClientState.CONNECTED and self.inbox.takes_more):
            self._arm()

    @property
    def _clean(self) -> bool:
        return bool(self._device.settings.effective(CLEAN, self.number).clean)

    @property
    def _reconnection(self) -> Reconnection:
        return self._device.settings.effective(RECONNECTION, self.number)

    @property
    def _plan(self) -> ClosePlan:
        return ClosePlan(CloseMode.DRAIN, self._table.close_time, 0.0)

    def _on(self, event: ClientEvent) -> None:
        """Change the state. Raises KeyError when it has no such event: a bug."""
        self.state = TRANSITIONS[self.state, event]
        self._arm()

    def _tell_state(self, state: ConnState) -> None:
        self._device.notify_on(self._console, print_line("MQTTURC", "conn", self.number, int(state)))
