"""The settings of MQTT clients: AT+MQTTCFG (MQTT manual 3.1)."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from onemo.at.params import Defaulted, Maybe, Param, ParamKind, Required
from onemo.at.payload import SendFormat, decode
from onemo.at.store import Settings, Slot

MQTT_ID = "mqtt_id"


class ProtocolVersion(NamedTuple):
    """MQTTCFG "version": 4, MQTT 3.1.1."""

    mqtt_id: Required
    version: Defaulted


class ClientContext(NamedTuple):
    """MQTTCFG "cid": the PDP context; None while none was chosen."""

    mqtt_id: Required
    cid: Maybe


class ClientTls(NamedTuple):
    """MQTTCFG "ssl": TLS, and the SSL context that has its settings; None: 0."""

    mqtt_id: Required
    ssl_enable: Defaulted
    ssl_id: Maybe


class KeepAliveTime(NamedTuple):
    """MQTTCFG "keepalive": seconds, as the CONNECT says."""

    mqtt_id: Required
    keep_alive: Defaulted


class CleanSession(NamedTuple):
    """MQTTCFG "clean": 1 begins a new session."""

    mqtt_id: Required
    clean: Defaulted


class Retransmission(NamedTuple):
    """MQTTCFG "retrans": seconds before the first repetition, and how many there are."""

    mqtt_id: Required
    interval: Defaulted
    times: Defaulted


class WillOption(NamedTuple):
    """MQTTCFG "willoption"."""

    mqtt_id: Required
    will_flag: Defaulted
    will_qos: Defaulted
    will_retain: Defaulted


class WillPayload(NamedTuple):
    """MQTTCFG "willpayload", as it was typed; the two go together."""

    mqtt_id: Required
    will_topic: Annotated[str, Param(ParamKind.STRING, allow_empty=True, together="will")]
    will_message: Annotated[str, Param(ParamKind.STRING, allow_empty=True, together="will")]


class PingPeriod(NamedTuple):
    """MQTTCFG "pingreq": seconds between two PINGREQs."""

    mqtt_id: Required
    period: Defaulted


class PingReport(NamedTuple):
    """MQTTCFG "pingresp": 1 tells what became of each."""

    mqtt_id: Required
    report: Defaulted


class MessageEncoding(NamedTuple):
    """MQTTCFG "encoding": of messages that are typed, and of those that are told."""

    mqtt_id: Required
    input_format: Defaulted
    output_format: Defaulted


class MqttCachedMode(NamedTuple):
    """MQTTCFG "cached": 1 stores messages for MQTTREAD."""

    mqtt_id: Required
    cached: Defaulted


class Reconnection(NamedTuple):
    """MQTTCFG "reconn": how often, seconds before the first attempt, and whether the n-th waits n times as long."""

    mqtt_id: Required
    times: Defaulted
    interval: Defaulted
    mode: Defaulted


def decoded_will(settings: Settings, record: WillPayload) -> bytes:
    """Return the will message as it is typed in the format of now. Raises BadPayload."""
    form = SendFormat(settings.effective(ENCODING, record.mqtt_id).input_format)
    return decode(record.will_message.encode("latin-1"), form)


VERSION = Slot("version", ProtocolVersion, of="MQTTCFG", indexed_by=MQTT_ID)
CONTEXT = Slot("cid", ClientContext, of="MQTTCFG", indexed_by=MQTT_ID)
SSL = Slot("ssl", ClientTls, of="MQTTCFG", indexed_by=MQTT_ID)
KEEP_ALIVE = Slot("keepalive", KeepAliveTime, of="MQTTCFG", indexed_by=MQTT_ID)
CLEAN = Slot("clean", CleanSession, of="MQTTCFG", indexed_by=MQTT_ID)
RETRANSMISSION = Slot("retrans", Retransmission, of="MQTTCFG", indexed_by=MQTT_ID)
WILL_OPTION = Slot("willoption", WillOption, of="MQTTCFG", indexed_by=MQTT_ID)
WILL_PAYLOAD = Slot("willpayload", WillPayload, of="MQTTCFG", indexed_by=MQTT_ID)
PING_PERIOD = Slot("pingreq", PingPeriod, of="MQTTCFG", indexed_by=MQTT_ID)
PING_REPORT = Slot("pingresp", PingReport, of="MQTTCFG", indexed_by=MQTT_ID)
ENCODING = Slot("encoding", MessageEncoding, of="MQTTCFG", indexed_by=MQTT_ID)
CACHED = Slot("cached", MqttCachedMode, of="MQTTCFG", indexed_by=MQTT_ID)
RECONNECTION = Slot("reconn", Reconnection, of="MQTTCFG", indexed_by=MQTT_ID)
