"""CoAP messages in words, for a trace: ``CON 7001 POST /rd?ep=meter&lt=300, 40 bytes: </3/0>``, ``ACK 7001 2.01``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onemo.dialogue.secrets import MASK
from onemo.dialogue.words import TracedBytes, bytes_in_words, readable
from onemo.net.coap.blocks import decode_block
from onemo.net.coap.message import CoapMalformed, CoapMessage, CoapOption, decode, label
from onemo.net.lwm2m.tlv import Lwm2mTlv, decode_tlv
from onemo.net.lwm2m.values import Lwm2mFormat, Lwm2mMalformed

_FORMATS = {0: "text", 40: "links", 42: "opaque", 1542: "TLV", 1543: "JSON", 11542: "TLV", 11543: "JSON"}
_SECURITY, _KEY = "0", 5
_SHORTEST_SECRET = 4
"""Bytes of a secret that is looked for in a message: a shorter one would be found where it is not."""


class Lwm2mWords:
    """The words of one device's messages, both ways; keys and the authcode are masked. Implements ChannelWords.

    authcode: the number of its option.
    """

    def __init__(self, authcode: int) -> None:
        self._authcode = authcode

    def sent(self, data: bytes) -> TracedBytes:
        """Take what the device sent."""
        return _told(data, self._authcode)

    def received(self, data: bytes) -> TracedBytes:
        """Take what the server sent."""
        return _told(data, self._authcode)

    def ended(self) -> Sequence[str]:
        """Return nothing: no message ends with its connection."""
        return ()


def _told(data: bytes, authcode: int) -> TracedBytes:
    try:
        message = decode(data)
    except CoapMalformed as error:
        return TracedBytes(data, (f"no CoAP: {error}",))
    shown = message
    for secret in _secrets(message, authcode):
        data = data.replace(secret, MASK * len(secret))
        shown = shown._replace(payload=shown.payload.replace(secret, MASK * len(secret)))
    return TracedBytes(data, (", ".join(_in_words(shown, authcode)),))


def _secrets(message: CoapMessage, authcode: int) -> Iterator[bytes]:
    """Yield what nobody may read in a message."""
    yield from (value for value in message.all(authcode) if len(value) >= _SHORTEST_SECRET)
    if message.is_request and message.path[:1] == (_SECURITY,):
        try:
            yield from _keys(decode_tlv(message.payload))
        except Lwm2mMalformed:
            yield message.payload  # a block, another format or damaged: nobody knows where the key is


def _keys(entries: Sequence[Lwm2mTlv]) -> Iterator[bytes]:
    for entry in entries:
        if isinstance(entry.value, tuple):
            yield from _keys(entry.value)
        elif entry.id == _KEY and len(entry.value) >= _SHORTEST_SECRET:
            yield entry.value


def _in_words(message: CoapMessage, authcode: int) -> Iterator[str]:
    head = f"{message.type.name} {message.mid} {label(message.code)}"
    if message.is_request:
        query = "?" + "&".join(message.query) if message.query else ""
        head += f" {readable(_path(message.path) + query.encode())}"
    yield head
    if location := message.texts(CoapOption.LOCATION_PATH):
        yield f"location {readable(_path(location))}"
    if message.all(authcode):
        yield "authcode ***"
    if (observe := message.uint(CoapOption.OBSERVE)) is not None:
        yield f"observe {observe}"
    if (accept := message.uint(CoapOption.ACCEPT)) is not None:
        yield f"accept {_FORMATS.get(accept, accept)}"
    yield from _blocks(message)
    if message.payload:
        yield _payload(message)


def _path(segments: Sequence[str]) -> bytes:
    return f"/{'/'.join(segments)}".encode()


def _blocks(message: CoapMessage) -> Iterator[str]:
    for name, number in (("block1", CoapOption.BLOCK1), ("block2", CoapOption.BLOCK2)):
        for value in message.all(number)[:1]:
            try:
                block = decode_block(value)
            except CoapMalformed:
                yield f"{name} malformed"
            else:
                yield f"{name} {block.number}{' and more' if block.more else ''} of {block.size}"


def _payload(message: CoapMessage) -> str:
    form = message.uint(CoapOption.CONTENT_FORMAT)
    size = bytes_in_words(len(message.payload))
    told = size if form is None else f"{_FORMATS.get(form, f'format {form}')}, {size}"
    in_hex = form in (Lwm2mFormat.TLV, Lwm2mFormat.OLD_TLV, Lwm2mFormat.OPAQUE)
    return f"{told}: {f'hex {message.payload[:100].hex()}' if in_hex else readable(message.payload)}"
