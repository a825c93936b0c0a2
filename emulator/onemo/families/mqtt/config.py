"""AT+MQTTCFG: the settings of MQTT clients (MQTT manual 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from onemo.at.command import Declaration, Key, KeyedSetting, field_values
from onemo.at.grammar import Arguments, arguments, integer, leading
from onemo.at.payload import BadPayload, SendFormat
from onemo.at.reply import Cme, CommandError
from onemo.families.mqtt.clients import MqttClients
from onemo.families.mqtt.profile import MQTT
from onemo.families.mqtt.settings import (
    CACHED,
    CLEAN,
    CONTEXT,
    ENCODING,
    KEEP_ALIVE,
    PING_PERIOD,
    PING_REPORT,
    RECONNECTION,
    RETRANSMISSION,
    SSL,
    VERSION,
    WILL_OPTION,
    WILL_PAYLOAD,
    WillPayload,
    decoded_will,
)
from onemo.families.mqtt.states import ClientOperation, MqttError
from onemo.modem.modem import Modem
from onemo.net.mqtt.packets import is_text, is_topic


class _OfClient(Protocol):
    @property
    def mqtt_id(self) -> int: ...


def _require_closed(modem: Modem, record: _OfClient) -> None:
    """Refuse a setting while there is a connection. Raises CommandError(STATE)."""
    modem.part(MqttClients)[record.mqtt_id].check(ClientOperation.CONFIGURE)


def _decoded_will(modem: Modem, record: WillPayload) -> bytes:
    """Return the will message as it is typed in the format of now. Raises CommandError(PARAMETER)."""
    try:
        return decoded_will(modem.settings, record)
    except BadPayload as error:
        raise CommandError(MqttError.PARAMETER) from error


def _check_will(modem: Modem, record: WillPayload) -> None:
    """Require a topic that a message can have, and lengths that fit. Raises CommandError: STATE, PARAMETER."""
    _require_closed(modem, record)
    table, topic = modem.profile.table(MQTT), record.will_topic.encode("latin-1")
    fits = is_topic(topic) if topic else is_text(topic)
    if not fits or len(topic) > table.most_will_topic or len(_decoded_will(modem, record)) > table.most_will:
        raise CommandError(MqttError.PARAMETER)


def _take_will(modem: Modem, record: WillPayload) -> None:
    """Keep the message as it means now: its format may be another one at MQTTCONN."""
    modem.part(MqttClients)[record.mqtt_id].will_message = _decoded_will(modem, record)


def _shown(modem: Modem, record: NamedTuple) -> tuple[Any, ...]:
    """Return the values of a read-back, which does not repeat the id."""
    return field_values(modem, record)[1:]


def _shown_will(modem: Modem, record: WillPayload) -> tuple[str | bytes, ...]:
    """Return the values of a read-back: nothing in the place of a will that is not set."""
    return (record.will_topic, record.will_message) if any(record[1:]) else (b"",)


def _ids(modem: Modem, mqtt_id: int | None) -> Sequence[int]:
    """Return the id, which has to be given. Raises CommandError(INCORRECT_PARAMETERS)."""
    if mqtt_id is None:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    return (mqtt_id,)


def _split(modem: Modem, line: bytes, position: int) -> tuple[Arguments, int]:
    """Read the parameters: with the escaped format a backslash keeps a quote inside the will message."""
    (key, *rest), _, _ = leading(line, position, 2)
    number = integer(rest[0]) if rest and rest[0] is not None else None
    escapes = (
        key is not None
        and key.string.decode("latin-1") == WILL_PAYLOAD.name
        and number in modem.part(MqttClients)
        and modem.settings.effective(ENCODING, number or 0).input_format == SendFormat.ESCAPED
    )
    return arguments(line, position, escapes=escapes)


def _closed_key(slot: Any) -> Key[Modem, Any]:  # noqa: ANN401  (of any record)
    return Key(slot, check=_require_closed, shown=_shown)


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    KeyedSetting(
        "MQTTCFG",
        (
            *map(_closed_key, (VERSION, CONTEXT, SSL, KEEP_ALIVE, CLEAN, RETRANSMISSION, WILL_OPTION)),
            Key(WILL_PAYLOAD, check=_check_will, shown=_shown_will, changed=_take_will),
            _closed_key(PING_PERIOD),
            Key(PING_REPORT, shown=_shown),
            Key(ENCODING, shown=_shown),
            Key(CACHED, shown=_shown),
            _closed_key(RECONNECTION),
        ),
        ids=_ids,
        everything="query",
        split=_split,
    ),
)
