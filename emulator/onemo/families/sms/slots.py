"""The records of the settings of short messages, and their slots: each is for one boot cycle."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from onemo.at.params import Defaulted, DefaultedText, Param, ParamKind
from onemo.at.store import Slot
from onemo.modem.modem import Modem


class ServiceLevel(NamedTuple):
    """AT+CSMS: 1 has what is told acknowledged by AT+CNMA."""

    service: Defaulted


class Format(NamedTuple):
    """AT+CMGF: 0 PDU, 1 text; left out it is 0."""

    mode: Annotated[int, Param(ParamKind.INTEGER, momentary=True)]


class TextParameters(NamedTuple):
    """AT+CSMP: the first octet, validity period, protocol and coding of what is sent in text mode.

    vp: a number, or in quotes a time or 7 octets in hex.
    """

    fo: Defaulted
    vp: DefaultedText
    pid: Defaulted
    dcs: Defaulted


class ShowHeader(NamedTuple):
    """AT+CSDH: 1 shows more of a message in text mode."""

    show: Defaulted


class Stores(NamedTuple):
    """AT+CPMS: the store to read and delete, to write and send, to receive."""

    mem1: DefaultedText
    mem2: DefaultedText
    mem3: DefaultedText


class Indications(NamedTuple):
    """AT+CNMI: when what came is told, how messages, broadcasts and reports are, and what becomes of those kept."""

    mode: Defaulted
    mt: Defaulted
    bm: Defaulted
    ds: Defaulted
    bfr: Defaulted


class MoreMessages(NamedTuple):
    """AT+CMMS: whether the link is kept for more messages."""

    n: Defaulted


SERVICE = Slot("CSMS", ServiceLevel)
FORMAT = Slot("CMGF", Format)
TEXT_PARAMETERS = Slot("CSMP", TextParameters)
SHOW_HEADER = Slot("CSDH", ShowHeader)
STORES = Slot("CPMS", Stores)
INDICATIONS = Slot("CNMI", Indications)
MORE_MESSAGES = Slot("CMMS", MoreMessages)


def in_text(modem: Modem) -> bool:
    """Tell whether messages are shown and typed as text."""
    return bool(modem.settings.get(FORMAT).mode)
