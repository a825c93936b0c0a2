"""The state of the MQTT clients, for the control API."""

from __future__ import annotations

from typing import NamedTuple

from onemo.families.mqtt.client import MqttClient
from onemo.families.mqtt.clients import MqttClients
from onemo.modem.modem import Modem


class SubscriptionInfo(NamedTuple):
    """A filter that the broker granted. Its bytes as Latin-1."""

    topic: str
    qos: int


class MqttClientInfo(NamedTuple):
    """An MQTT client. stored: messages that wait for AT+MQTTREAD, stored_bytes: of their payload.

    unacknowledged: MQTTSUB, MQTTUNSUB and MQTTPUB that wait for the broker's word.
    """

    mqtt_id: int
    state: str
    broker: str | None
    client_id: str | None
    subscriptions: tuple[SubscriptionInfo, ...]
    unacknowledged: int
    stored: int
    stored_bytes: int


def mqtt_clients(modem: Modem) -> tuple[MqttClientInfo, ...]:
    """Return every MQTT client."""
    return tuple(map(_told, modem.part(MqttClients)))


def _told(client: MqttClient) -> MqttClientInfo:
    broker = client.broker if client.in_use else None
    granted = client.outbox.subscriptions.items()
    return MqttClientInfo(
        mqtt_id=client.number,
        state=client.state.value,
        broker=f"{broker.host}:{broker.port}" if broker else None,
        client_id=broker.client_id.decode("latin-1") if broker else None,
        subscriptions=tuple(SubscriptionInfo(name.decode("latin-1"), qos) for name, qos in granted),
        unacknowledged=client.outbox.unacknowledged,
        stored=len(client.inbox.cache),
        stored_bytes=client.inbox.cache.total,
    )
