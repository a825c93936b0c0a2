"""Fields of short messages: addresses, time stamps, validity periods (23.040 9.1.2.5, 9.2.3.11, 9.2.3.12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from math import floor
from typing import NamedTuple, TypeAlias

from onemo.errors import EmulatorError
from onemo.families.sms.alphabet import from_septets, lacking, pack, to_septets, unpack
from onemo.modem.clock import read

_DIGITS = "0123456789*#abc"
_NIBBLES = {digit: nibble for nibble, digit in enumerate(_DIGITS)}
_MOST_DIGITS = 20  # 10 octets, which are 11 septets
_MOST_SEPTETS = 11
_FILL = 0xF
_TYPED = frozenset("0123456789*#")
_INTERNATIONAL = 0x10  # the type of number, in the type of address
_ALPHANUMERIC = 0x50
_TYPE_OF_NUMBER = 0x70
_MOST_QUARTERS = 79
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Flaw(Enum):
    """Kinds of what is wrong with a TPDU."""

    CUT_SHORT = auto()  # it ends before it should
    TOO_LONG = auto()  # more than a message holds, or something behind its end
    TYPE = auto()  # the TP-MTI of another message
    VALUE = auto()  # a field that can have no such value


class TpduError(EmulatorError):
    """A TPDU, or a part of one, that cannot be. flaw: its kind; the text says it in a sentence."""

    def __init__(self, flaw: Flaw, text: str) -> None:
        super().__init__(text)
        self.flaw = flaw


class Reader:
    """Takes octets off the front of a TPDU."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    @property
    def left(self) -> int:
        """How many octets are left."""
        return len(self._octets) - self._at

    def take(self, count: int) -> bytes:
        """Take so many octets. Raises TpduError(CUT_SHORT): there are not so many."""
        if count > self.left:
            raise TpduError(Flaw.CUT_SHORT, f"it is cut short: {count - self.left} octets more are needed")
        self._at += count
        return self._octets[self._at - count : self._at]

    def octet(self) -> int:
        """Take one octet. Raises TpduError(CUT_SHORT)."""
        return self.take(1)[0]

    def end(self) -> None:
        """Require that nothing is left. Raises TpduError(TOO_LONG)."""
        if self.left:
            raise TpduError(Flaw.TOO_LONG, f"{self.left} octets are left behind its end")


def octets_of(**fields: int) -> bytes:
    """Write fields of an octet each, in this order. Raises TpduError(VALUE): one is not in 0-255."""
    for name, value in fields.items():
        if not 0 <= value <= 0xFF:
            raise TpduError(Flaw.VALUE, f"{name} is {value}: 0-255 is allowed")
    return bytes(fields.values())


class Address(NamedTuple):
    """Who sends or receives. number: digits without ``+``, or letters; toa: the type of address, 0-255."""

    number: str
    toa: int

    @classmethod
    def of(cls, text: str, toa: int | None = None) -> Address:
        """Read an address as it is typed: ``+`` and digits with toa 145, digits and ``*#`` 129, else letters 208.

        toa: taken instead; the ``+`` is dropped then too. Raises TpduError(VALUE): too long, or letters that the GSM
        alphabet lacks.
        """
        digits = text.removeprefix("+")
        is_number = _TYPED.issuperset(digits) and text != "+"
        if toa is None:
            toa = 0xD0 if not is_number else 0x81 if digits == text else 0x91
        address = cls(digits if is_number and toa & _TYPE_OF_NUMBER != _ALPHANUMERIC else text, toa)
        address.encode()
        return address

    @property
    def international(self) -> bool:
        """True where the number begins with that of a country."""
        return self.toa & _TYPE_OF_NUMBER == _INTERNATIONAL

    @property
    def text(self) -> str:
        """The address as it is printed: an international number begins with ``+``."""
        return "+" + self.number if self.international else self.number

    def _value(self) -> tuple[int, bytes]:
        """Return the length in semi-octets, and the octets. Raises TpduError(VALUE)."""
        if self.toa & _TYPE_OF_NUMBER == _ALPHANUMERIC:
            if lost := lacking(self.number):
                raise TpduError(Flaw.VALUE, f"an address of letters cannot have {lost!r}: the GSM alphabet lacks it")
            septets = to_septets(self.number)
            if len(septets) > _MOST_SEPTETS:
                raise TpduError(Flaw.VALUE, f"an address of {len(septets)} septets: {_MOST_SEPTETS} are allowed")
            return (7 * len(septets) + 3) // 4, pack(septets)
        if len(self.number) > _MOST_DIGITS:
            raise TpduError(Flaw.VALUE, f"an address of {len(self.number)} digits: {_MOST_DIGITS} are allowed")
        try:
            nibbles = [_NIBBLES[digit] for digit in self.number]
        except KeyError as error:
            raise TpduError(Flaw.VALUE, f"a number cannot have {error}: digits and *#abc are allowed") from None
        length = len(nibbles)
        nibbles += [_FILL] * (length % 2)
        return length, bytes([high << 4 | low for low, high in zip(nibbles[::2], nibbles[1::2], strict=True)])

    def encode(self) -> bytes:
        """Write length, type and value. Raises TpduError(VALUE): too long, or a digit that is none."""
        length, value = self._value()
        return octets_of(length=length, toa=self.toa) + value

    @classmethod
    def decode(cls, reader: Reader) -> Address:
        """Read length, type and value. A number ends at its first fill digit. Raises TpduError(CUT_SHORT, VALUE)."""
        length = reader.octet()
        if length > _MOST_DIGITS:
            raise TpduError(Flaw.VALUE, f"an address of {length} digits: {_MOST_DIGITS} are allowed")
        toa = reader.octet()
        return cls._read(toa, reader.take((length + 1) // 2), length)

    @classmethod
    def _read(cls, toa: int, value: bytes, length: int) -> Address:
        if toa & _TYPE_OF_NUMBER == _ALPHANUMERIC:
            return cls(from_septets(unpack(value, length * 4 // 7)), toa)
        nibbles = [nibble for octet in value for nibble in (octet & 0xF, octet >> 4)][:length]
        if _FILL in nibbles:
            nibbles = nibbles[: nibbles.index(_FILL)]
        return cls("".join([_DIGITS[nibble] for nibble in nibbles]), toa)


def encode_centre(address: Address | None) -> bytes:
    """Write a centre's address as it stands before a TPDU: length in octets, type, value; None is ``00``.

    Raises TpduError(VALUE).
    """
    if address is None:
        return b"\x00"
    value = address.encode()[1:]
    return octets_of(length=len(value)) + value


def decode_centre(pdu: bytes) -> tuple[Address | None, bytes]:
    """Split a PDU into the centre's address, None where it has none, and the TPDU.

    Raises TpduError(CUT_SHORT, VALUE).
    """
    reader = Reader(pdu)
    length = reader.octet()
    address = None
    if length:
        if length - 1 > _MOST_DIGITS // 2:
            raise TpduError(Flaw.VALUE, f"a centre of {length} octets: {_MOST_DIGITS // 2 + 1} are allowed")
        toa, *value = reader.take(length)
        address = Address._read(toa, bytes(value), 2 * len(value))
    return address, reader.take(reader.left)


class TimeStamp(NamedTuple):
    """A local time. Each field is two digits, 0-99; quarters: of an hour, the zone east of UTC, -79 to 79."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    quarters: int

    @classmethod
    def at(cls, utc: float, zone: int) -> TimeStamp:
        """Return the local time of a moment. utc: seconds since 1970-01-01 UTC; zone: quarters of an hour east."""
        moment = _EPOCH + timedelta(seconds=floor(utc), minutes=15 * zone)
        return cls(moment.year % 100, moment.month, moment.day, moment.hour, moment.minute, moment.second, zone)

    @classmethod
    def of(cls, text: str) -> TimeStamp:
        """Read ``yy/MM/dd,hh:mm:ss±zz``, a date of the calendar. Raises TpduError(VALUE)."""
        try:
            local, zone = read(text)
        except ValueError:
            zone = None
        if zone is None or abs(zone) > _MOST_QUARTERS:
            raise TpduError(Flaw.VALUE, f"{text!r} is no time: yy/MM/dd,hh:mm:ss±zz is allowed")
        return cls.at(local, 0)._replace(quarters=zone)

    @property
    def text(self) -> str:
        """The time as it is printed: ``yy/MM/dd,hh:mm:ss±zz`` (27.005 3.1)."""
        year, month, day, hour, minute, second, quarters = self
        return f"{year:02}/{month:02}/{day:02},{hour:02}:{minute:02}:{second:02}{quarters:+03}"

    def encode(self) -> bytes:
        """Write 7 octets of swapped digits, the zone's sign in its first. Raises TpduError(VALUE)."""
        zone = abs(self.quarters)
        if zone > _MOST_QUARTERS or not all(0 <= field <= 99 for field in self[:6]):
            raise TpduError(Flaw.VALUE, f"{self.text} is no time of a short message")
        octets = [field % 10 << 4 | field // 10 for field in (*self[:6], zone)]
        octets[6] |= 8 if self.quarters < 0 else 0
        return bytes(octets)

    @classmethod
    def decode(cls, octets: bytes) -> TimeStamp:
        """Read 7 octets, of whatever date. Raises TpduError(VALUE): a digit that is none."""
        signed = octets[6] & 8
        fields = [(octet & 0xF) * 10 + (octet >> 4) for octet in (*octets[:6], octets[6] & 0xF7)]
        if any(octet & 0xF > 9 for octet in octets[:6]) or any(octet >> 4 > 9 for octet in octets):
            raise TpduError(Flaw.VALUE, f"{octets.hex().upper()} is no time: a digit is none")
        fields[6] *= -1 if signed else 1
        return cls(*fields)


Validity: TypeAlias = int | TimeStamp | bytes | None
"""How long a message is worth trying: relative 0-255, absolute, enhanced (7 octets), or not said."""


def lifetime(validity: Validity) -> int | None:
    """Return the seconds that a relative or enhanced validity period lasts (23.040 9.2.3.12).

    None: it is not said, reserved, or an absolute time.
    """
    if isinstance(validity, int):
        return _relative(validity)
    if not isinstance(validity, bytes):
        return None
    at = 2 if validity[0] & 0x80 else 1  # behind an octet that extends the first
    kind = validity[0] & 7
    if kind == 1:
        return _relative(validity[at])
    if kind == 2:
        return validity[at] or None  # 0 is reserved
    if kind == 3:
        digits = [(octet & 0xF) * 10 + (octet >> 4) for octet in validity[at : at + 3]]
        return digits[0] * _HOUR + digits[1] * _MINUTE + digits[2]
    return None


def _relative(validity: int) -> int:
    if validity <= 143:
        return (validity + 1) * 5 * _MINUTE
    if validity <= 167:
        return 12 * _HOUR + (validity - 143) * 30 * _MINUTE
    return (validity - 166) * _DAY if validity <= 196 else (validity - 192) * 7 * _DAY
