"""What MQTTCONN says of a broker, and how a client gets to it and introduces itself, as its settings say."""

from __future__ import annotations

from typing import NamedTuple

from onemo.families.mqtt.profile import MQTT
from onemo.families.mqtt.settings import CLEAN, CONTEXT, KEEP_ALIVE, SSL, WILL_OPTION, WILL_PAYLOAD
from onemo.modem.modem import Modem
from onemo.modem.names import name_policy
from onemo.modem.tls import require_tls_room, tls_request
from onemo.net.interface import OpenRequest, TlsRequest, Transport
from onemo.net.mqtt.packets import Connect, Will


class BrokerLogin(NamedTuple):
    """The parameters of MQTTCONN: where the broker is, and who the client is. None: not given."""

    host: str
    port: int
    client_id: bytes
    user: bytes | None
    password: bytes | None


def open_request(device: Modem, number: int, broker: BrokerLogin) -> OpenRequest:
    """Make the request for a client's connection. Raises NetError: TLS lacks a file, or room."""
    table = device.profile.table(MQTT)
    tls = _tls(device, number)
    return OpenRequest(
        transport=Transport.TCP,
        host=broker.host,
        port=broker.port,
        timeout=table.connect_time + (tls.negotiation_time if tls else 0),
        names=name_policy(device, device.settings.effective(CONTEXT, number).cid),
        receive_window=table.window,
        send_buffer=table.send_queue,
        tls=tls,
    )


def introduction(device: Modem, number: int, broker: BrokerLogin, will_message: bytes) -> Connect:
    """Make a client's CONNECT. will_message: decoded."""
    get = device.settings.effective
    option = get(WILL_OPTION, number)
    topic = get(WILL_PAYLOAD, number).will_topic.encode("latin-1")
    return Connect(
        client_id=broker.client_id,
        clean=bool(get(CLEAN, number).clean),
        keep_alive=get(KEEP_ALIVE, number).keep_alive,
        will=Will(topic, will_message, option.will_qos, bool(option.will_retain)) if option.will_flag else None,
        user=broker.user,
        password=broker.password,
    )


def _tls(device: Modem, number: int) -> TlsRequest | None:
    ssl = device.settings.effective(SSL, number)
    if not ssl.ssl_enable:
        return None
    require_tls_room(device)
    return tls_request(device.settings, device.credentials, ssl.ssl_id or 0)
