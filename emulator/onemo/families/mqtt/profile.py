"""The table of the MQTT client in a profile."""

from __future__ import annotations

from typing import NamedTuple

from onemo.profile.schema import Count, Delay, PromptText, Seconds, Table


class MqttSection(NamedTuple):
    """The behaviour of MQTT clients where no command says so. Sizes in bytes, times in seconds."""

    second: Delay
    """The length of a second of retrans, reconn and pingreq."""
    connect_time: Delay
    """From the start of an attempt to the CONNACK, beside the time of a TLS negotiation."""
    ping_time: Delay
    """How long a PINGREQ waits for its PINGRESP."""
    room_time: Delay
    """How long a command waits for room in the queue to the broker."""
    close_time: Delay
    """From MQTTDISC to the end of the connection, at most."""
    entry_time: Seconds
    """Silence that ends the entry of a message."""
    prompt: PromptText
    entered: bool
    """MQTTPUB takes its message after ``>`` where it is left out."""
    most_inline: Count
    """Most bytes of a message in the line."""
    most_entered: Count
    """Most bytes of a message after ``>``."""
    clamps: bool
    """A longer <msg_len> of an entry counts as most_entered."""
    ends_by_key: bool
    """Ctrl-Z ends an entry without a length."""
    most_topic: Count
    """Most bytes of a topic that is published to, subscribed to, unsubscribed from."""
    most_filter: Count
    most_unsubscribed: Count
    most_host: Count
    most_client_id: Count
    most_user: Count
    most_password: Count
    most_will_topic: Count
    most_will: Count
    unacknowledged: Count
    """Most of MQTTSUB, MQTTUNSUB and MQTTPUB that wait for the broker's word."""
    send_queue: Count
    """Bytes on their way to the broker above which commands wait, and nothing is read."""
    together: bool
    """The topics of one MQTTSUB or MQTTUNSUB go in one packet."""
    split: Count
    """Bytes of topic and message above which a message comes in several URCs; 0: at no such sum."""
    split_least: Count
    """Bytes of a piece where the topic leaves less than that."""
    whole: Count
    """Most bytes of a message that is told once it is complete, and of a URC."""
    cache: Count
    """Bytes of payload that the cache of a client holds."""
    cached_messages: Count
    """Messages that it holds at most."""
    window: Count
    """Bytes that the broker may send unread."""
    read: Count
    """Bytes that are read at once."""


MQTT = Table("mqtt", MqttSection, "MQTT clients (bytes, seconds)")
