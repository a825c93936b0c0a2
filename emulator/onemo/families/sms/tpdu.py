"""The TPDUs of short messages, both ways (23.040 9.2.2): DELIVER, SUBMIT, STATUS-REPORT, COMMAND.

Each is a tuple with encode and decode. fo is the whole first octet; what the tuple says otherwise (the type, the format
of the validity period) is written over it.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from onemo.families.sms.alphabet import Alphabet, coding, pack
from onemo.families.sms.fields import Address, Flaw, Reader, TimeStamp, TpduError, Validity, octets_of

MOST_OCTETS = 140
"""Octets of a TP-UD, its header among them."""
MOST_SEPTETS = 160
HAS_HEADER = 0x40
"""TP-UDHI in fo: the user data begins with a header."""
WANTS_REPORT = 0x20
"""TP-SRR in fo of SUBMIT and COMMAND: a status report is asked for."""
_TYPE = 0x03
_DELIVER, _SUBMIT, _REPORT_OR_COMMAND = 0, 1, 2
_FORMAT = 0x18
_ENHANCED, _RELATIVE, _ABSOLUTE = 0x08, 0x10, 0x18
_MOST_COMMAND = 157


class UserData(NamedTuple):
    """A TP-UD with its TP-UDL (23.040 9.2.3.16). octets: header and text as sent; length: in septets, or in octets."""

    octets: bytes
    length: int

    @classmethod
    def of(cls, alphabet: Alphabet, content: bytes, header: bytes = b"") -> UserData:
        """Put a text behind a header. content: septets a byte each, or octets; header: with its length before it.

        Raises TpduError(TOO_LONG): more than 160 septets or 140 octets.
        """
        if alphabet is not Alphabet.GSM7:
            data = cls(header + content, len(header) + len(content))
        else:
            fill = -8 * len(header) % 7
            data = cls(header + pack(content, fill), (8 * len(header) + fill) // 7 + len(content))
        return data._within(alphabet)

    @classmethod
    def whole(cls, octets: bytes, dcs: int, fo: int) -> UserData:
        """Take a whole TP-UD as it is sent, with the header that fo announces.

        Raises TpduError: TOO_LONG, more than 140 octets; CUT_SHORT, a header past the end.
        """
        alphabet = coding(dcs).alphabet
        length = 8 * len(octets) // 7 if alphabet is Alphabet.GSM7 else len(octets)
        return cls(octets, length)._within(alphabet)._with_header(fo)

    def _within(self, alphabet: Alphabet) -> UserData:
        most = MOST_SEPTETS if alphabet is Alphabet.GSM7 else MOST_OCTETS
        if self.length > most:
            unit = "septets" if alphabet is Alphabet.GSM7 else "octets"
            raise TpduError(Flaw.TOO_LONG, f"{self.length} {unit} of user data: {most} are allowed")
        return self

    def _with_header(self, fo: int) -> UserData:
        if fo & HAS_HEADER:
            inside = Reader(self.octets)
            inside.take(inside.octet())
        return self

    def encode(self) -> bytes:
        """Write TP-UDL and TP-UD."""
        return octets_of(length=self.length) + self.octets

    @classmethod
    def decode(cls, reader: Reader, dcs: int, fo: int) -> UserData:
        """Read TP-UDL and TP-UD, with which a TPDU ends. Raises TpduError(CUT_SHORT, TOO_LONG)."""
        alphabet = coding(dcs).alphabet
        length = cls(b"", reader.octet())._within(alphabet).length
        octets = reader.take((7 * length + 7) // 8 if alphabet is Alphabet.GSM7 else length)
        reader.end()
        return cls(octets, length)._with_header(fo)


class Deliver(NamedTuple):
    """SMS-DELIVER: a message on its way to the module. time: when the centre got it."""

    originator: Address
    time: TimeStamp
    user_data: UserData
    fo: int = 0x04
    pid: int = 0
    dcs: int = 0

    def encode(self) -> bytes:
        """Write the TPDU. Raises TpduError(VALUE)."""
        return b"".join(
            (
                octets_of(fo=self.fo & ~_TYPE | _DELIVER),
                self.originator.encode(),
                octets_of(pid=self.pid, dcs=self.dcs),
                self.time.encode(),
                self.user_data.encode(),
            )
        )

    @classmethod
    def decode(cls, tpdu: bytes) -> Deliver:
        """Read a TPDU. Raises TpduError."""
        reader, fo = _begin(tpdu, _DELIVER)
        originator = Address.decode(reader)
        pid, dcs = reader.take(2)
        time = TimeStamp.decode(reader.take(7))
        return cls(originator, time, UserData.decode(reader, dcs, fo), fo, pid, dcs)


class Submit(NamedTuple):
    """SMS-SUBMIT: a message from the module. reference: TP-MR."""

    destination: Address
    user_data: UserData
    validity: Validity = None
    fo: int = 0x01
    reference: int = 0
    pid: int = 0
    dcs: int = 0

    def encode(self) -> bytes:
        """Write the TPDU. Raises TpduError(VALUE)."""
        form, validity = _encode_validity(self.validity)
        return b"".join(
            (
                octets_of(fo=self.fo & ~(_TYPE | _FORMAT) | form | _SUBMIT, reference=self.reference),
                self.destination.encode(),
                octets_of(pid=self.pid, dcs=self.dcs),
                validity,
                self.user_data.encode(),
            )
        )

    @classmethod
    def decode(cls, tpdu: bytes) -> Submit:
        """Read a TPDU. Raises TpduError."""
        reader, fo = _begin(tpdu, _SUBMIT)
        reference = reader.octet()
        destination = Address.decode(reader)
        pid, dcs = reader.take(2)
        validity = _decode_validity(reader, fo & _FORMAT)
        return cls(destination, UserData.decode(reader, dcs, fo), validity, fo, reference, pid, dcs)


class StatusReport(NamedTuple):
    """SMS-STATUS-REPORT: what became of a message with this reference. sent, discharged: when it came and went.

    status: TP-ST, 0 delivered; parameters: TP-PI and what it says is there, as it is sent.
    """

    reference: int
    recipient: Address
    sent: TimeStamp
    discharged: TimeStamp
    status: int
    fo: int = 0x06
    parameters: bytes = b""

    def encode(self) -> bytes:
        """Write the TPDU. Raises TpduError(VALUE)."""
        return b"".join(
            (
                octets_of(fo=self.fo & ~_TYPE | _REPORT_OR_COMMAND, reference=self.reference),
                self.recipient.encode(),
                self.sent.encode(),
                self.discharged.encode(),
                octets_of(status=self.status),
                self.parameters,
            )
        )

    @classmethod
    def decode(cls, tpdu: bytes) -> StatusReport:
        """Read a TPDU. Raises TpduError."""
        reader, fo = _begin(tpdu, _REPORT_OR_COMMAND)
        reference = reader.octet()
        recipient = Address.decode(reader)
        sent, discharged = TimeStamp.decode(reader.take(7)), TimeStamp.decode(reader.take(7))
        return cls(reference, recipient, sent, discharged, reader.octet(), fo, reader.take(reader.left))


class SmsCommand(NamedTuple):
    """SMS-COMMAND: an order to the centre. command: TP-CT; number: TP-MN, the TP-MR of the message it is about."""

    reference: int
    command: int
    number: int
    destination: Address
    data: bytes = b""
    fo: int = 0x02
    pid: int = 0

    def encode(self) -> bytes:
        """Write the TPDU. Raises TpduError(VALUE, TOO_LONG): more than 157 octets of data."""
        if len(self.data) > _MOST_COMMAND:
            raise TpduError(Flaw.TOO_LONG, f"{len(self.data)} octets of command data: {_MOST_COMMAND} are allowed")
        return b"".join(
            (
                octets_of(fo=self.fo & ~_TYPE | _REPORT_OR_COMMAND, reference=self.reference),
                octets_of(pid=self.pid, command=self.command, number=self.number),
                self.destination.encode(),
                octets_of(length=len(self.data)) + self.data,
            )
        )

    @classmethod
    def decode(cls, tpdu: bytes) -> SmsCommand:
        """Read a TPDU. Raises TpduError."""
        reader, fo = _begin(tpdu, _REPORT_OR_COMMAND)
        reference, pid, command, number = reader.take(4)
        destination = Address.decode(reader)
        length = reader.octet()
        if length > _MOST_COMMAND:
            raise TpduError(Flaw.TOO_LONG, f"{length} octets of command data: {_MOST_COMMAND} are allowed")
        data = reader.take(length)
        reader.end()
        return cls(reference, command, number, destination, data, fo, pid)


Received: TypeAlias = Deliver | StatusReport
"""Messages from the centre to the module."""
TextMessage: TypeAlias = Deliver | Submit
"""Messages that carry a text."""


def decode_received(tpdu: bytes) -> Received:
    """Read what the centre sends, by its type. Raises TpduError."""
    return StatusReport.decode(tpdu) if tpdu[:1] and tpdu[0] & _TYPE == _REPORT_OR_COMMAND else Deliver.decode(tpdu)


def _begin(tpdu: bytes, kind: int) -> tuple[Reader, int]:
    """Take the first octet. Raises TpduError: CUT_SHORT, or TYPE where it is of another kind."""
    reader = Reader(tpdu)
    fo = reader.octet()
    if fo & _TYPE != kind:
        raise TpduError(Flaw.TYPE, f"its TP-MTI is {fo & _TYPE}: {kind} is expected")
    return reader, fo


def _encode_validity(validity: Validity) -> tuple[int, bytes]:
    """Return the format in fo, and the field. Raises TpduError(VALUE)."""
    if validity is None:
        return 0, b""
    if isinstance(validity, int):
        return _RELATIVE, octets_of(validity=validity)
    if isinstance(validity, TimeStamp):
        return _ABSOLUTE, validity.encode()
    if len(validity) != 7:
        raise TpduError(Flaw.VALUE, f"an enhanced validity period of {len(validity)} octets: 7 are needed")
    return _ENHANCED, validity


def _decode_validity(reader: Reader, form: int) -> Validity:
    if not form:
        return None
    if form == _RELATIVE:
        return reader.octet()
    octets = reader.take(7)
    return TimeStamp.decode(octets) if form == _ABSOLUTE else octets
