"""Messages as they are shown on the line: in PDU mode, and as text (27.005 3.1, 3.4, 4.1, 4.2)."""

from __future__ import annotations

from onemo.families.sms.alphabet import Alphabet, coding, from_septets, to_septets, to_ucs2
from onemo.families.sms.centre import centre_of, shown_centre
from onemo.families.sms.compose import content_of
from onemo.families.sms.entering import from_hex
from onemo.families.sms.fields import Address, TimeStamp, Validity, decode_centre
from onemo.families.sms.slots import SHOW_HEADER
from onemo.families.sms.stores import Message
from onemo.families.sms.tpdu import HAS_HEADER, Deliver, StatusReport, TextMessage
from onemo.modem.modem import Modem
from onemo.modem.slots import CHARACTER_SET

_CODECS = {"IRA": "ascii", "PCCP": "cp437"}
Fields = list[bytes]


def character_set(modem: Modem) -> str:
    """Return the character set of the DTE (AT+CSCS)."""
    return modem.settings.get(CHARACTER_SET).chset


def end_of_line(modem: Modem) -> bytes:
    """Return what stands between the lines of a unit."""
    form = modem.console.format
    return form.cr + form.lf


def typed_text(modem: Modem, typed: bytes) -> bytes:
    """Return the septets, a byte each, that the DTE typed in its character set. Raises ValueError: it is none of it."""
    chset = character_set(modem)
    if chset == "UCS2":
        return to_septets(_from_quadruples(typed))
    if chset == "HEX":
        return _septets(from_hex(typed)) if typed else b""
    if chset == "GSM":
        return _septets(typed)
    return to_septets(typed.decode(_CODECS[chset], "replace"))


def typed_address(modem: Modem, typed: str) -> str:
    """Return a number that the DTE typed in its character set. Raises ValueError: it is none of it."""
    chset = character_set(modem)
    if chset == "UCS2":
        return _from_quadruples(typed.encode("latin-1"))
    return from_hex(typed.encode("latin-1")).decode("latin-1") if chset == "HEX" else typed


def _septets(typed: bytes) -> bytes:
    return bytes(byte if byte < 0x80 else 0x3F for byte in typed)


def _from_quadruples(typed: bytes) -> str:
    octets = from_hex(typed) if typed else b""
    if len(octets) % 2:
        raise ValueError("no quadruples")
    return octets.decode("utf-16-be", "replace")


def in_character_set(modem: Modem, text: str) -> bytes:
    """Write a text in the character set of the DTE; what that lacks is ``?``."""
    chset = character_set(modem)
    if chset == "UCS2":
        return _hex(to_ucs2(text))
    if chset == "HEX":
        return _hex(to_septets(text))
    return to_septets(text) if chset == "GSM" else text.encode(_CODECS[chset], "replace")


def _hex(octets: bytes) -> bytes:
    return octets.hex().upper().encode()


def _data(modem: Modem, message: TextMessage) -> bytes:
    """Write the text of a message: 7-bit in the character set of the DTE, all else in hex, with its header."""
    if message.fo & HAS_HEADER or coding(message.dcs).alphabet is not Alphabet.GSM7:
        return _hex(message.user_data.octets)
    septets = content_of(message)
    if character_set(modem) in ("GSM", "HEX"):
        return septets if character_set(modem) == "GSM" else _hex(septets)
    return in_character_set(modem, from_septets(septets))


def _quoted(text: bytes) -> bytes:
    return b'"' + text + b'"'


def _address(modem: Modem, address: Address) -> bytes:
    return _quoted(in_character_set(modem, address.text))


def _time(stamp: TimeStamp) -> bytes:
    return _quoted(stamp.text.encode())


def _number(value: int) -> bytes:
    return b"%d" % value


def _validity(validity: Validity) -> bytes:
    if isinstance(validity, TimeStamp):
        return _time(validity)
    if isinstance(validity, bytes):
        return _quoted(_hex(validity))
    return b"" if validity is None else _number(validity)


def _centre(modem: Modem, pdu: bytes) -> Fields:
    number, toa = shown_centre(modem, decode_centre(pdu)[0] or centre_of(modem))
    return [_quoted(number.encode()), _number(toa)]


def _report(modem: Modem, report: StatusReport) -> Fields:
    return [
        _number(report.fo),
        _number(report.reference),
        _address(modem, report.recipient),
        _number(report.recipient.toa),
        _time(report.sent),
        _time(report.discharged),
        _number(report.status),
    ]


def _unit(modem: Modem, name: bytes, fields: Fields, data: bytes) -> bytes:
    return b"+" + name + b": " + b",".join(fields) + end_of_line(modem) + data


def told_pdu(modem: Modem, pdu: bytes, *, report: bool) -> bytes:
    """Write +CMT or +CDS with a PDU."""
    fields = [_number(len(pdu) - pdu[0] - 1)]
    return _unit(modem, b"CDS" if report else b"CMT", fields if report else [b"", *fields], _hex(pdu))


def told_text(modem: Modem, pdu: bytes, message: Deliver | StatusReport) -> bytes:
    """Write +CMT or +CDS as text."""
    if isinstance(message, StatusReport):
        return b"+CDS: " + b",".join(_report(modem, message))
    fields = [_address(modem, message.originator), b"", _time(message.time)]
    if modem.settings.effective(SHOW_HEADER).show:
        fields += _details(modem, pdu, message)
    return _unit(modem, b"CMT", fields, _data(modem, message))


def _details(modem: Modem, pdu: bytes, message: TextMessage) -> Fields:
    """Return what AT+CSDH=1 shows of a message that is read or told."""
    address = message.originator if isinstance(message, Deliver) else message.destination
    validity = [] if isinstance(message, Deliver) else [_validity(message.validity)]
    octets = (_number(value) for value in (address.toa, message.fo, message.pid, message.dcs))
    return [*octets, *validity, *_centre(modem, pdu), _number(message.user_data.length)]


def read_pdu(name: bytes, index: int | None, message: Message, modem: Modem) -> bytes:
    """Write a message of a store in PDU mode. index: in a list, its place."""
    fields = [] if index is None else [_number(index)]
    fields += [_number(message.status), b"", _number(len(message.tpdu))]
    return _unit(modem, name, fields, _hex(message.pdu))


def read_text(name: bytes, index: int | None, message: Message, modem: Modem) -> bytes:
    """Write a message of a store as text. index: in a list, its place."""
    fields = [] if index is None else [_number(index)]
    fields.append(_quoted(message.status.word.encode()))
    decoded = message.decode()
    if isinstance(decoded, StatusReport):
        return b"+" + name + b": " + b",".join(fields + _report(modem, decoded))
    address = decoded.originator if isinstance(decoded, Deliver) else decoded.destination
    fields += [_address(modem, address), b""]
    if isinstance(decoded, Deliver):
        fields.append(_time(decoded.time))
    elif index is not None:
        fields.append(b"")
    if modem.settings.effective(SHOW_HEADER).show:
        short = [_number(address.toa), _number(decoded.user_data.length)]
        fields += _details(modem, message.pdu, decoded) if index is None else short
    return _unit(modem, name, fields, _data(modem, decoded))


def read(name: bytes, index: int | None, message: Message, modem: Modem, *, text: bool) -> bytes:
    """Write a message of a store. index: in a list, its place."""
    return (read_text if text else read_pdu)(name, index, message, modem)
