"""AT+MQTTCONN, MQTTSTATE, MQTTDISC and MQTTREAD (MQTT manual 3.2, 3.6-3.8)."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from onemo.at.command import Action, Declaration, print_line
from onemo.at.params import Defaulted, Maybe, MaybeText, Param, ParamKind, Required
from onemo.at.reply import DONE, CommandError, Reply
from onemo.families.mqtt.broker import BrokerLogin
from onemo.families.mqtt.clients import MqttClients
from onemo.families.mqtt.profile import MQTT
from onemo.families.mqtt.settings import WILL_OPTION, WILL_PAYLOAD
from onemo.families.mqtt.states import SHOWN, ClientOperation, MqttError
from onemo.modem.modem import Modem
from onemo.net.mqtt.packets import is_text

GivenText = Annotated[str, Param(ParamKind.STRING, required=True, allow_empty=True)]
"""Text that has to be given, and that the client itself judges."""


class ConnectBroker(NamedTuple):
    """AT+MQTTCONN. client_id None: not given."""

    mqtt_id: Required
    host: GivenText
    port: Defaulted
    client_id: MaybeText
    user: MaybeText
    password: MaybeText


class OneClient(NamedTuple):
    """A command about one client."""

    mqtt_id: Required


class ReadMessages(NamedTuple):
    """AT+MQTTREAD. messages None: tell how many are stored."""

    mqtt_id: Required
    messages: Maybe


def _connect(modem: Modem, record: ConnectBroker) -> Reply:
    """Connect to a broker (AT+MQTTCONN): OK now, the result in a URC.

    Without a clientID it is the IMEI, for that is unique. [decided] Raises CommandError: CONNECTING, CONNECTED, STATE;
    PARAMETER, what is too long or no string of MQTT's, no host, or a will without a topic.
    """
    client = modem.part(MqttClients)[record.mqtt_id]
    client.check(ClientOperation.CONNECT)
    table = modem.profile.table(MQTT)
    named = modem.profile.identity.imei if record.client_id is None else record.client_id
    client_id, host, user, password = (
        (text or "").encode("latin-1") for text in (named, record.host, record.user, record.password)
    )
    fits = (
        0 < len(host) <= table.most_host
        and len(client_id) <= table.most_client_id
        and len(user) <= table.most_user
        and len(password) <= table.most_password
        and is_text(client_id)
        and is_text(user)
    )
    wills = modem.settings.effective(WILL_OPTION, record.mqtt_id).will_flag
    if not fits or (wills and not modem.settings.effective(WILL_PAYLOAD, record.mqtt_id).will_topic):
        raise CommandError(MqttError.PARAMETER)
    client.connect(
        BrokerLogin(
            host=record.host,
            port=record.port,
            client_id=client_id,
            user=user if user or password else None,  # no password without a user (MQTT 3.1.1, 3.1.2.9)
            password=password or None,
        )
    )
    return DONE


def _state(modem: Modem, record: OneClient) -> Reply:
    """Tell the state of a client, without its id (AT+MQTTSTATE)."""
    return Reply((print_line("MQTTSTATE", SHOWN[modem.part(MqttClients)[record.mqtt_id].state]),))


def _disconnect(modem: Modem, record: OneClient) -> Reply:
    """Disconnect (AT+MQTTDISC): OK now, a URC once it is done. Raises CommandError: NOT_CONNECTED, STATE."""
    modem.part(MqttClients)[record.mqtt_id].disconnect()
    return DONE


def _read(modem: Modem, record: ReadMessages) -> Reply:
    """Read stored messages, or tell how many there are (AT+MQTTREAD). Raises CommandError(PARAMETER): fewer are."""
    inbox = modem.part(MqttClients)[record.mqtt_id].inbox
    if record.messages is None:
        return Reply((print_line("MQTTREAD", record.mqtt_id, len(inbox.cache), inbox.cache.total),))
    if record.messages > len(inbox.cache):
        raise CommandError(MqttError.PARAMETER)
    return Reply(inbox.read(record.messages))


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    Action("MQTTREAD", ReadMessages, _read, tested=False),
    Action("MQTTSTATE", OneClient, _state, tested=False),
    Action("MQTTDISC", OneClient, _disconnect, tested=False),
)
CONNECT: Declaration[Modem] = Action("MQTTCONN", ConnectBroker, _connect)
