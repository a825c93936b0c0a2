"""The states of an MQTT client, what leads from one to another, what each refuses, and the errors."""

from __future__ import annotations

from enum import Enum, IntEnum, auto

from onemo.at.reply import ErrorCode


class MqttError:
    """The errors of the MQTT client (MQTT manual 5)."""

    UNKNOWN = ErrorCode("mqtt_unknown")
    PARAMETER = ErrorCode("mqtt_parameter")
    NOT_CONNECTED = ErrorCode("mqtt_not_connected")
    CONNECTING = ErrorCode("mqtt_connecting")
    CONNECTED = ErrorCode("mqtt_connected")
    NETWORK = ErrorCode("mqtt_network")
    MEMORY = ErrorCode("mqtt_memory")
    STATE = ErrorCode("mqtt_state")
    DNS = ErrorCode("mqtt_dns")


class ClientState(Enum):
    """The state of a client, from MQTTCONN to the CONNACK, to its end. The value is its name in the control API."""

    CLOSED = "closed"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    CLOSING = "closing"


class ClientEvent(Enum):
    """The events that move a client from state to state."""

    CONNECT = auto()
    ACCEPTED = auto()
    LOST = auto()  # and it is to be tried again
    ENDED = auto()  # for good
    DISCONNECT = auto()


TRANSITIONS: dict[tuple[ClientState, ClientEvent], ClientState] = {
    (ClientState.CLOSED, ClientEvent.CONNECT): ClientState.CONNECTING,
    (ClientState.CONNECTING, ClientEvent.ACCEPTED): ClientState.CONNECTED,
    (ClientState.CONNECTING, ClientEvent.ENDED): ClientState.CLOSED,
    (ClientState.CONNECTING, ClientEvent.DISCONNECT): ClientState.CLOSING,
    (ClientState.CONNECTED, ClientEvent.LOST): ClientState.RECONNECTING,
    (ClientState.CONNECTED, ClientEvent.ENDED): ClientState.CLOSED,
    (ClientState.CONNECTED, ClientEvent.DISCONNECT): ClientState.CLOSING,
    (ClientState.RECONNECTING, ClientEvent.ACCEPTED): ClientState.CONNECTED,
    (ClientState.RECONNECTING, ClientEvent.ENDED): ClientState.CLOSED,
    (ClientState.RECONNECTING, ClientEvent.DISCONNECT): ClientState.CLOSING,
    (ClientState.CLOSING, ClientEvent.ENDED): ClientState.CLOSED,
}


class ClientOperation(Enum):
    """The operations that commands want of a client."""

    CONFIGURE = auto()  # settings that cannot change under a connection
    CONNECT = auto()
    EXCHANGE = auto()  # MQTTSUB, MQTTUNSUB, MQTTPUB
    DISCONNECT = auto()


REFUSALS: dict[tuple[ClientOperation, ClientState], ErrorCode] = {
    (ClientOperation.CONFIGURE, ClientState.CONNECTING): MqttError.STATE,
    (ClientOperation.CONFIGURE, ClientState.CONNECTED): MqttError.STATE,
    (ClientOperation.CONFIGURE, ClientState.RECONNECTING): MqttError.STATE,
    (ClientOperation.CONFIGURE, ClientState.CLOSING): MqttError.STATE,
    (ClientOperation.CONNECT, ClientState.CONNECTING): MqttError.CONNECTING,
    (ClientOperation.CONNECT, ClientState.CONNECTED): MqttError.CONNECTED,
    (ClientOperation.CONNECT, ClientState.RECONNECTING): MqttError.CONNECTING,
    (ClientOperation.CONNECT, ClientState.CLOSING): MqttError.STATE,
    (ClientOperation.EXCHANGE, ClientState.CLOSED): MqttError.NOT_CONNECTED,
    (ClientOperation.EXCHANGE, ClientState.CONNECTING): MqttError.CONNECTING,
    (ClientOperation.EXCHANGE, ClientState.RECONNECTING): MqttError.CONNECTING,
    (ClientOperation.EXCHANGE, ClientState.CLOSING): MqttError.STATE,
    (ClientOperation.DISCONNECT, ClientState.CLOSED): MqttError.NOT_CONNECTED,
    (ClientOperation.DISCONNECT, ClientState.CLOSING): MqttError.STATE,
}

SHOWN: dict[ClientState, int] = {
    ClientState.CLOSED: 3,
    ClientState.CONNECTING: 1,
    ClientState.CONNECTED: 2,
    ClientState.RECONNECTING: 1,
    ClientState.CLOSING: 2,
}
"""The number that MQTTSTATE prints (MQTT manual 3.7)."""


class ConnState(IntEnum):
    """<conn_state> of the "conn" URC (MQTT manual 3.9)."""

    CONNECTED = 0
    RECONNECTING = 1
    CLOSED = 2
    REFUSED = 3
    BROKER_CLOSED = 4
    PING_TIMED_OUT = 5
    NETWORK = 6
    UNKNOWN = 255
