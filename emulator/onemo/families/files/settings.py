"""The settings of the file commands, AT+MFCFG, and how they show data."""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.grammar import Arguments, arguments
from onemo.at.params import Defaulted
from onemo.at.payload import ReceiveFormat, SendFormat, encode
from onemo.at.store import Slot
from onemo.modem.modem import Modem


class EntryTimeout(NamedTuple):
    """MFCFG "timeout": seconds after the last byte that end a > entry."""

    timeout: Defaulted


class DataEncoding(NamedTuple):
    """MFCFG "encoding": of data in the line, and of data that is read."""

    input: Defaulted
    output: Defaulted


class Fragment(NamedTuple):
    """MFCFG "fragment": bytes of one piece (0: unbroken), and milliseconds between two."""

    size: Defaulted
    interval: Defaulted


TIMEOUT = Slot("timeout", EntryTimeout, of="MFCFG")
ENCODING = Slot("encoding", DataEncoding, of="MFCFG")
FRAGMENT = Slot("fragment", Fragment, of="MFCFG")


def input_form(modem: Modem) -> SendFormat:
    """Return the form of data in the line."""
    return SendFormat(modem.settings.effective(ENCODING).input)


def split(modem: Modem, line: bytes, position: int) -> tuple[Arguments, int]:
    """Read the parameters of a command with data in the line, which keeps its backslashes in the escaped form."""
    return arguments(line, position, escapes=input_form(modem) is SendFormat.ESCAPED)


def shown(modem: Modem, data: bytes) -> bytes:
    """Return data as it is printed."""
    return encode(data, ReceiveFormat(modem.settings.effective(ENCODING).output))
