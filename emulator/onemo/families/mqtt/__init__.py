"""The MQTT client: AT+MQTTCFG, MQTTCONN, MQTTSUB, MQTTUNSUB, MQTTPUB, MQTTREAD, MQTTSTATE, MQTTDISC."""

from __future__ import annotations

from collections.abc import Iterator

from onemo.at.family import FamilyDefinition, StateField, Trait
from onemo.at.reply import errors_in
from onemo.families.mqtt import config, connect, publish, subscribe
from onemo.families.mqtt.clients import MqttClients
from onemo.families.mqtt.info import MqttClientInfo, mqtt_clients
from onemo.families.mqtt.profile import MQTT
from onemo.families.mqtt.settings import MQTT_ID
from onemo.families.mqtt.states import MqttError
from onemo.modem.modem import Modem
from onemo.profile.schema import Profile


def check(profile: Profile) -> Iterator[tuple[str, str]]:
    """Find sizes with which nothing would ever be read or told."""
    table = profile.table(MQTT)
    for name in ("read", "whole", "unacknowledged"):
        if not getattr(table, name):
            yield f"mqtt.{name}", "is 0: nothing would ever come through"
    if table.split and not table.split_least:
        yield "mqtt.split_least", "is 0: a URC tells at least one byte"


def traits(profile: Profile) -> dict[str, Trait]:
    """Return the traits of a model's MQTT clients, by the question that each answers."""
    table, ids = profile.table(MQTT), profile.params[MQTT_ID].range
    return {
        "mqtt": Trait(f"MQTT clients {ids.text}" if ids else "no MQTT clients"),
        "mqtt_entry": Trait("MQTTPUB also without its message in the line" if table.entered else "MQTTPUB in one line"),
        "mqtt_split": Trait("long messages in several URCs" if table.split else "messages in one URC"),
    }


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        *config.DECLARATIONS,
        connect.CONNECT,
        *subscribe.DECLARATIONS,
        *publish.DECLARATIONS,
        *connect.DECLARATIONS,
    ),
    errors=errors_in(MqttError),
    tables=(MQTT,),
    part=MqttClients,
    check=check,
    shows={"MQTTCONN": ("mqtt",), "MQTTPUB": ("mqtt",)},
    traits=traits,
    state=(StateField("mqtt_clients", tuple[MqttClientInfo, ...], mqtt_clients),),
)
