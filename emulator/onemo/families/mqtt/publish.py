"""AT+MQTTPUB, with its message in the line or after ``>`` (MQTT manual 3.5)."""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

from onemo.at.command import Action, Declaration, print_line
from onemo.at.entry import DataEntry
from onemo.at.grammar import Argument, Arguments, leading
from onemo.at.outcome import Outcome
from onemo.at.params import Param, ParamKind, Required
from onemo.at.payload import BadPayload, SendFormat, decode
from onemo.at.reply import Cme, CommandError
from onemo.families.mqtt.clients import MqttClients
from onemo.families.mqtt.connect import GivenText
from onemo.families.mqtt.profile import MQTT
from onemo.families.mqtt.settings import ENCODING
from onemo.families.mqtt.states import ClientOperation, MqttError
from onemo.modem.modem import Modem
from onemo.net.mqtt.packets import Publish, is_topic

_BEFORE = 6  # parameters before the message
_ESCAPED = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_QUOTED = re.compile(rb'"(.*)"', re.DOTALL)


class PublishMessage(NamedTuple):
    """AT+MQTTPUB. message: the rest of the line as it was typed, with its quotes; None: it comes after ``>``."""

    mqtt_id: Required
    topic: GivenText
    qos: Required
    retain: Required
    dup: Required
    msg_len: Required
    message: Annotated[bytes | None, Param(ParamKind.DATA, nullable=True)]


def _split(modem: Modem, line: bytes, position: int) -> tuple[Arguments, int]:
    """Read the parameters; what follows the sixth is the message, whatever is in it."""
    given, rest, end = leading(line, position, _BEFORE)
    message = line[rest:].strip(b" ") if rest is not None else b""
    return (*given, Argument(message, quoted=True)) if message else given, end


def _publish(modem: Modem, record: PublishMessage) -> Outcome:
    """Publish a message (AT+MQTTPUB): the packet identifier and the packet's length, once it is on its way.

    Raises CommandError: INCORRECT_PARAMETERS (CME 50), a message that is missing where there is no ``>``, or bare text
    with a comma; NOT_CONNECTED, CONNECTING, STATE; PARAMETER, a topic that no message can have, a length over the
    limit, or a message of another length or form; as Outbox.submit.
    """
    client, table = modem.part(MqttClients)[record.mqtt_id], modem.profile.table(MQTT)
    typed = record.message
    if not table.entered if typed is None else typed[:1] != b'"' and (b"," in typed or b'"' in typed):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    client.check(ClientOperation.EXCHANGE)
    topic = record.topic.encode("latin-1")
    most = table.most_entered if typed is None else table.most_inline
    length = min(record.msg_len, most) if table.clamps and typed is None else record.msg_len
    if len(topic) > table.most_topic or not is_topic(topic) or length > most:
        raise CommandError(MqttError.PARAMETER)

    def told(mid: int, length: int) -> bytes:
        return print_line("MQTTPUB", client.number, mid, length)

    def take(payload: bytes) -> Outcome:
        client.check(ClientOperation.EXCHANGE)
        packet = Publish(topic, payload, record.qos, retain=bool(record.retain), dup=bool(record.dup))
        return client.outbox.submit([packet], told, lambda: client.check(ClientOperation.EXCHANGE))

    if typed is not None:
        return take(_message(modem, record, typed, most))
    client.outbox.require_room(int(record.qos > 0))
    # Of msg_len 0 the time-out is the end, or the most that there may be; on some models Ctrl-Z too.
    return DataEntry(
        take=take,
        timeout=table.entry_time,
        length=length or (None if table.ends_by_key else most),
        most=most,
        prompt=table.prompt,
        silence_ends=True,
    ).begin(None)


def _message(modem: Modem, record: PublishMessage, typed: bytes, most: int) -> bytes:
    """Return the bytes of a message in the line. Raises CommandError(PARAMETER).

    As text it may hold bare quotes: the last one of the line ends it.
    """
    form = SendFormat(modem.settings.effective(ENCODING, record.mqtt_id).input_format)
    if typed[:1] == b'"':
        match = (_ESCAPED if form is SendFormat.ESCAPED else _QUOTED).fullmatch(typed)
        if match is None:
            raise CommandError(MqttError.PARAMETER)
        typed = match[1]
    try:
        payload = decode(typed, form)
    except BadPayload as error:
        raise CommandError(MqttError.PARAMETER) from error
    length = len(payload if form is SendFormat.HEX else typed)
    if (record.msg_len and length != record.msg_len) or len(payload) > most:
        raise CommandError(MqttError.PARAMETER)
    return payload


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    Action("MQTTPUB", PublishMessage, _publish, tested=False, split=_split),
)
