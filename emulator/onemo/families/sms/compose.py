"""What the centre makes of texts: messages in parts, their texts, what is passed on, and reports."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from onemo.families.sms.alphabet import (
    ESCAPE,
    Alphabet,
    Coding,
    coding,
    dcs_of,
    from_septets,
    from_ucs2,
    lacking,
    to_septets,
    unpack,
)
from onemo.families.sms.fields import Address, Flaw, Reader, TimeStamp, TpduError
from onemo.families.sms.tpdu import (
    HAS_HEADER,
    MOST_OCTETS,
    MOST_SEPTETS,
    Deliver,
    StatusReport,
    Submit,
    TextMessage,
    UserData,
)

MOST_PARTS = 255
_MOST_CHARACTERS = MOST_PARTS * 2 * MOST_OCTETS  # of whatever encoding: hex has most. Longer ones are not looked at.
_CONCATENATED = 0x00
_CONCATENATED_WIDE = 0x08
_REPLY_PATH = 0x80
_NO_MORE = 0x04
_SUBMIT_FO_KEPT = HAS_HEADER | _REPLY_PATH


class Concatenation(NamedTuple):
    """The place of a part in a long message. number: 1 to total, which is 255 at most; wide: the reference has 16 bits.

    What the 8 or 16 bits of a reference do not hold is not sent: whoever counts references may go on.
    """

    reference: int
    total: int
    number: int
    wide: bool = False

    def encode(self) -> bytes:
        """Write the whole user data header, its length first."""
        high, low = self.reference >> 8 & 0xFF, self.reference & 0xFF
        if self.wide:
            return bytes((6, _CONCATENATED_WIDE, 4, high, low, self.total, self.number))
        return bytes((5, _CONCATENATED, 3, low, self.total, self.number))


def compose(
    sender: str,
    text: str,
    *,
    reference: int,
    time: TimeStamp,
    encoding: Alphabet | None = None,
    message_class: int | None = None,
    wide: bool = False,
) -> list[Deliver]:
    """Make the messages that bring a text, as many parts as it takes.

    encoding: None is the GSM alphabet where it has every character, else UCS2; the text of OCTETS is hex. reference,
    wide: of the parts, as Concatenation has them. No pair, of escape or surrogates, is cut. Raises TpduError, with a
    sentence for the user: a sender that is empty or none, a text that the encoding lacks or that is too long.
    """
    if not sender:
        raise TpduError(Flaw.VALUE, "the sender is empty: digits, or letters of the GSM alphabet, are needed")
    originator = Address.of(sender)
    if len(text) > _MOST_CHARACTERS:
        raise _too_long()
    if encoding is None:
        encoding = Alphabet.UCS2 if lacking(text) else Alphabet.GSM7
    content = _content(text, encoding)
    dcs = dcs_of(encoding, message_class)
    if len(content) <= (MOST_SEPTETS if encoding is Alphabet.GSM7 else MOST_OCTETS):
        return [Deliver(originator, time, UserData.of(encoding, content), _NO_MORE, 0, dcs)]
    pieces = _cut(content, encoding, len(Concatenation(0, 0, 0, wide).encode()))
    return [
        Deliver(
            originator,
            time,
            UserData.of(encoding, piece, Concatenation(reference, len(pieces), number, wide).encode()),
            _NO_MORE | HAS_HEADER,
            0,
            dcs,
        )
        for number, piece in enumerate(pieces, 1)
    ]


def _content(text: str, alphabet: Alphabet) -> bytes:
    """Return septets a byte each, or octets. Raises TpduError(VALUE): the alphabet lacks something."""
    if alphabet is Alphabet.GSM7:
        if lost := lacking(text):
            raise TpduError(Flaw.VALUE, f"the GSM alphabet lacks {lost!r}: encoding ucs2 has every character")
        return to_septets(text)
    try:
        return text.encode("utf-16-be") if alphabet is Alphabet.UCS2 else bytes.fromhex(text)
    except UnicodeEncodeError as error:
        lost = text[error.start]
        raise TpduError(Flaw.VALUE, f"{lost!r} is half a surrogate pair: any whole character is allowed") from None
    except ValueError:
        raise TpduError(Flaw.VALUE, "a text of encoding 8bit is hex, two digits an octet") from None


def _cut(content: bytes, alphabet: Alphabet, header: int) -> list[bytes]:
    """Cut a content into parts that leave room for a header of so many octets. Raises TpduError(TOO_LONG)."""
    if alphabet is Alphabet.GSM7:
        most = MOST_SEPTETS - (8 * header + 6) // 7
    else:
        most = MOST_OCTETS - header
        most -= most % 2 if alphabet is Alphabet.UCS2 else 0
    pieces: list[bytes] = []
    at = 0
    while at < len(content):
        if len(pieces) == MOST_PARTS:
            raise _too_long()
        end = at + most
        if end < len(content):
            end -= _cut_pair(content, end, alphabet)
        pieces.append(content[at:end])
        at = end
    return pieces


def _too_long() -> TpduError:
    return TpduError(Flaw.TOO_LONG, f"the text takes more than {MOST_PARTS} parts: shorten it, or send several")


def _cut_pair(content: bytes, end: int, alphabet: Alphabet) -> int:
    """Return how much before the end of a part belongs to the next one."""
    if alphabet is Alphabet.GSM7:
        return int(content[end - 1] == ESCAPE)
    return 2 if alphabet is Alphabet.UCS2 and 0xD8 <= content[end - 2] <= 0xDB else 0


def relayed(submit: Submit, originator: Address, time: TimeStamp) -> Deliver:
    """Make the message that brings a SUBMIT to its destination: header, coding, class and reply path as sent."""
    fo = _NO_MORE | submit.fo & _SUBMIT_FO_KEPT
    return Deliver(originator, time, submit.user_data, fo, submit.pid, submit.dcs)


def reported(submit: Submit, sent: TimeStamp, discharged: TimeStamp, status: int = 0) -> StatusReport:
    """Make the report on a SUBMIT. status: TP-ST, 0 delivered (23.040 9.2.3.15)."""
    return StatusReport(submit.reference, submit.destination, sent, discharged, status)


def coding_of(message: TextMessage) -> Coding:
    """Return the alphabet and class of a message."""
    return coding(message.dcs)


def content_of(message: TextMessage) -> bytes:
    """Return what stands behind the header: septets a byte each, or octets."""
    octets, length = message.user_data
    header = octets[0] + 1 if message.fo & HAS_HEADER else 0
    if coding(message.dcs).alphabet is not Alphabet.GSM7:
        return octets[header:]
    return unpack(octets, length)[(8 * header + 6) // 7 :]


def concatenation_of(message: TextMessage) -> Concatenation | None:
    """Return the place of a part, None for a message that is none, or says what cannot be (23.040 9.2.3.24.1)."""
    found = None
    for element, value in _elements(message):
        if element == _CONCATENATED and len(value) == 3:
            found = Concatenation(*value)
        elif element == _CONCATENATED_WIDE and len(value) == 4:
            found = Concatenation(value[0] << 8 | value[1], value[2], value[3], wide=True)
    return found if found and 1 <= found.number <= found.total else None


def _elements(message: TextMessage) -> Iterator[tuple[int, bytes]]:
    """Yield the elements of the header, up to the first that is cut short."""
    if not message.fo & HAS_HEADER:
        return
    octets = message.user_data.octets
    reader = Reader(octets[1 : octets[0] + 1])
    while reader.left >= 2:
        element, length = reader.take(2)
        if length > reader.left:
            return
        yield element, reader.take(length)


def text_of(*parts: TextMessage) -> str:
    """Return the text of a message, or of parts in their order. Octets are upper-case hex.

    Parts of one alphabet are read as one: a pair that somebody cut is whole again.
    """
    return "".join(
        _shown(alphabet, b"".join(map(content_of, run)))
        for alphabet, run in groupby(parts, lambda part: coding(part.dcs).alphabet)
    )


def _shown(alphabet: Alphabet, content: bytes) -> str:
    if alphabet is Alphabet.GSM7:
        return from_septets(content)
    return from_ucs2(content) if alphabet is Alphabet.UCS2 else content.hex().upper()
