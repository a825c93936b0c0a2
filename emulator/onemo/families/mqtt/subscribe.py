"""AT+MQTTSUB and AT+MQTTUNSUB (MQTT manual 3.3, 3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from onemo.at.command import Action, Declaration, print_line
from onemo.at.outcome import Outcome
from onemo.at.params import Param, ParamKind, Required
from onemo.at.reply import CommandError, Reply
from onemo.families.mqtt.client import MqttClient
from onemo.families.mqtt.clients import MqttClients
from onemo.families.mqtt.connect import GivenText
from onemo.families.mqtt.outbox import Order
from onemo.families.mqtt.profile import MQTT
from onemo.families.mqtt.states import ClientOperation, MqttError
from onemo.modem.modem import Modem
from onemo.net.mqtt.packets import Subscribe, Unsubscribe, is_text


class SubscribeTopics(NamedTuple):
    """AT+MQTTSUB: up to three topics, each with its QoS; none asks for the list."""

    mqtt_id: Required
    topic: Annotated[str | None, Param(ParamKind.STRING, nullable=True, allow_empty=True, together="1")]
    qos: Annotated[int | None, Param(ParamKind.INTEGER, nullable=True, together="1")]
    topic2: Annotated[str | None, Param(ParamKind.STRING, nullable=True, allow_empty=True, together="2", needs="topic")]
    qos2: Annotated[int | None, Param(ParamKind.INTEGER, nullable=True, together="2")]
    topic3: Annotated[
        str | None, Param(ParamKind.STRING, nullable=True, allow_empty=True, together="3", needs="topic2")
    ]
    qos3: Annotated[int | None, Param(ParamKind.INTEGER, nullable=True, together="3")]


class UnsubscribeTopics(NamedTuple):
    """AT+MQTTUNSUB: up to three topics."""

    mqtt_id: Required
    topic: GivenText
    topic2: Annotated[str | None, Param(ParamKind.STRING, nullable=True, allow_empty=True)]
    topic3: Annotated[str | None, Param(ParamKind.STRING, nullable=True, allow_empty=True, needs="topic2")]


def _filter(topic: str, most: int) -> bytes:
    """Return the bytes of a filter, at most so many; its wildcards are the broker's. Raises CommandError(PARAMETER)."""
    name = topic.encode("latin-1")
    if not (0 < len(name) <= most and is_text(name)):
        raise CommandError(MqttError.PARAMETER)
    return name


def _submit(client: MqttClient, orders: Sequence[Order], command: str) -> Outcome:
    """Send orders, and tell the packet identifier of each."""

    def told(mid: int, length: int) -> bytes:
        return print_line(command, client.number, mid)

    return client.outbox.submit(orders, told, lambda: client.check(ClientOperation.EXCHANGE))


def _subscribe(modem: Modem, record: SubscribeTopics) -> Outcome:
    """Subscribe, or list what was granted (AT+MQTTSUB).

    Raises CommandError: NOT_CONNECTED, CONNECTING, STATE; PARAMETER, a topic that is empty or too long; as
    Outbox.submit.
    """
    client = modem.part(MqttClients)[record.mqtt_id]
    given = ((record.topic, record.qos), (record.topic2, record.qos2), (record.topic3, record.qos3))
    asked = [(topic, qos) for topic, qos in given if topic is not None and qos is not None]
    if not asked:
        granted = client.outbox.subscriptions.items()
        fields = [field for name, qos in granted for field in (name.decode("latin-1"), qos)]
        return Reply((print_line("MQTTSUB", *fields),) if fields else ())
    client.check(ClientOperation.EXCHANGE)
    table = modem.profile.table(MQTT)
    filters = tuple((_filter(topic, table.most_filter), qos) for topic, qos in asked)
    orders = [Subscribe(filters)] if table.together else [Subscribe((each,)) for each in filters]
    return _submit(client, orders, "MQTTSUB")


def _unsubscribe(modem: Modem, record: UnsubscribeTopics) -> Outcome:
    """Unsubscribe (AT+MQTTUNSUB). Raises CommandError: as _subscribe."""
    client = modem.part(MqttClients)[record.mqtt_id]
    client.check(ClientOperation.EXCHANGE)
    given = (record.topic, record.topic2, record.topic3)
    table = modem.profile.table(MQTT)
    filters = tuple(_filter(topic, table.most_unsubscribed) for topic in given if topic is not None)
    orders = [Unsubscribe(filters)] if table.together else [Unsubscribe((each,)) for each in filters]
    return _submit(client, orders, "MQTTUNSUB")


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    Action("MQTTSUB", SubscribeTopics, _subscribe, tested=False),
    Action("MQTTUNSUB", UnsubscribeTopics, _unsubscribe, tested=False),
)
