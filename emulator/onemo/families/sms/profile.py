"""The table of short messages in a profile."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from onemo.profile.ranges import Range
from onemo.profile.schema import Count, Delay, PromptText, Seconds, Table
from onemo.profile.shape import is_number


class SmsSection(NamedTuple):
    """How a module and its centre deal with short messages. Sizes in bytes, times in seconds."""

    centre: Annotated[str, is_number]
    """The centre's number, which AT+CSCA tells until it is set, and every message carries."""
    centre_plus: bool
    """AT+CSCA takes a ``+``; else 00 stands in its place."""
    me_places: Count
    """The places of the module's own store; 0: there is none."""
    sm_places: Count
    """The places of the card."""
    sm_is_told: bool
    """While "SM" receives, <mt> 1 and <ds> 2 of AT+CNMI are as 2 and 1: told, and not stored."""
    prompt: PromptText
    """The > of an entry."""
    entry_limit: Count
    """Most bytes of an entry."""
    lengths: Range
    """The lengths of a TPDU that AT+CMGS and others take."""
    send_time: Delay
    """From the end of the entry to the answer."""
    delivery_time: Delay
    """From the answer until the message is at its destination, and its report back."""
    silence_time: Delay
    """From the end of the entry until a network that says nothing is given up."""
    ack_time: Seconds
    """How long AT+CNMA is waited for."""
    indications: Count
    """Most indications that mode 0 of AT+CNMI keeps."""
    most_waiting: Count
    """Most messages that wait for the module; then a sender is refused."""
    most_sent: Count
    """Most messages of the module that are remembered for whoever asks, the newest."""
    join_time: Delay
    """How long the first part of a long message waits for the others, to be remembered as one."""
    service: str
    """The operator's number that answers a text."""
    service_answer: str
    """Its answer."""


SMS = Table("sms", SmsSection, "Short messages: the centre, the stores, the entry (bytes, seconds)")
