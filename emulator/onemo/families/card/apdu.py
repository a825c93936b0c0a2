"""Commands to a card and its answers: APDUs as T=0 carries them, status words, TLV (102.221 7.3, 10.1, 10.2)."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from onemo.errors import EmulatorError

_LONG_LENGTH = 0x81
_MOST = 256


class Sw(IntEnum):
    """Status words. The low octet of MORE and of EXACT is a length, that of TRIES a count."""

    DONE = 0x9000
    MORE = 0x6100
    TRIES = 0x63C0
    LENGTH = 0x6700
    NO_CHANNEL = 0x6881
    NOT_FOR_FILE = 0x6981
    SECURITY = 0x6982
    BLOCKED = 0x6983
    NO_PIN = 0x6984
    CONDITIONS = 0x6985
    NO_FILE_SELECTED = 0x6986
    DATA = 0x6A80
    NOT_SUPPORTED = 0x6A81
    NO_FILE = 0x6A82
    NO_RECORD = 0x6A83
    P1_P2 = 0x6A86
    NO_REFERENCE = 0x6A88
    OFFSET = 0x6B00
    EXACT = 0x6C00
    INSTRUCTION = 0x6D00
    CLASS = 0x6E00
    FAILURE = 0x6F00
    MAC = 0x9862


class CardRefusal(EmulatorError):
    """A command that the card does not carry out: its status word."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status


class CardAnswer(NamedTuple):
    """What a card answers: data, and its status word."""

    data: bytes = b""
    status: int = Sw.DONE

    @property
    def octets(self) -> bytes:
        """The answer as it crosses: the data, the status word."""
        return self.data + self.status.to_bytes(2)


class Apdu(NamedTuple):
    """A command to the card. le: how much is wanted, None: nothing is said of it; 0 is 256."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None

    @classmethod
    def of(cls, octets: bytes) -> Apdu:
        """Read a command. Raises CardRefusal(LENGTH): its length is not what it says."""
        if len(octets) < 4:
            raise CardRefusal(Sw.LENGTH)
        cla, ins, p1, p2, *rest = octets
        if len(rest) <= 1:
            return cls(cla, ins, p1, p2, le=rest[0] if rest else None)
        count, body = rest[0], bytes(rest[1:])
        if not count or len(body) not in (count, count + 1):
            raise CardRefusal(Sw.LENGTH)
        return cls(cla, ins, p1, p2, body[:count], body[count] if len(body) > count else None)

    @property
    def channel(self) -> int:
        """The logical channel that its class names."""
        return (self.cla & 0x0F) + 4 if self.cla & 0x40 else self.cla & 0x03

    @property
    def is_known(self) -> bool:
        """True for a class of a UICC without secure messaging: 0X, 8X, 4X, CX."""
        return self.cla & (0x30 if self.cla & 0x40 else 0x7C) == 0

    def exactly(self, available: bytes) -> CardAnswer:
        """Answer with all that there is. Raises CardRefusal: LENGTH, nothing is asked for; EXACT, another length."""
        if self.le is None:
            raise CardRefusal(Sw.LENGTH)
        if (self.le or _MOST) != len(available):
            raise CardRefusal(Sw.EXACT | len(available) & 0xFF)
        return CardAnswer(available)

    def up_to(self, available: bytes) -> CardAnswer:
        """Answer with as much as is wanted.

        Raises CardRefusal: LENGTH, nothing is asked for; EXACT, more than there is.
        """
        if self.le is None:
            raise CardRefusal(Sw.LENGTH)
        wanted = self.le or _MOST
        if wanted > len(available):
            raise CardRefusal(Sw.EXACT | len(available) & 0xFF)
        return CardAnswer(available[:wanted])


Instruction = Callable[[Apdu], CardAnswer]


def tlv(tag: int, value: bytes) -> bytes:
    """Write an object: its tag, of one octet or two, its length, its value of up to 255 octets."""
    length = bytes((_LONG_LENGTH, len(value))) if len(value) > 0x7F else bytes((len(value),))
    return tag.to_bytes(2 if tag > 0xFF else 1) + length + value
