"""Payloads in blocks (RFC 7959). Pure."""

from __future__ import annotations

from typing import NamedTuple

from onemo.net.coap.message import CoapCode, CoapMalformed

_LONGEST = 3
"""Bytes of an option Block1 or Block2."""
_RESERVED = 7
_SMALLEST = 16


class CoapBlock(NamedTuple):
    """The value of an option Block1 or Block2. size: bytes of a block, 16 to 1024."""

    number: int
    more: bool
    size: int

    def encode(self) -> bytes:
        """Return the option's value."""
        exponent = (self.size // _SMALLEST).bit_length() - 1
        value = self.number << 4 | self.more << 3 | exponent
        return value.to_bytes((value.bit_length() + 7) // 8, "big")

    @property
    def start(self) -> int:
        """Where its first byte is in the whole payload."""
        return self.number * self.size


def decode_block(value: bytes) -> CoapBlock:
    """Read an option's value. Raises CoapMalformed."""
    number = int.from_bytes(value, "big")
    if len(value) > _LONGEST or number & 7 == _RESERVED:
        raise CoapMalformed("no block")
    return CoapBlock(number >> 4, bool(number & 8), _SMALLEST << (number & 7))


def cut_block(payload: bytes, wanted: CoapBlock) -> tuple[bytes, CoapBlock] | None:
    """Return the block of a payload that is wanted, and what it is; None: the payload ends before it."""
    if wanted.start >= max(len(payload), 1):
        return None
    data = payload[wanted.start : wanted.start + wanted.size]
    return data, wanted._replace(more=wanted.start + wanted.size < len(payload))


class CoapUpload:
    """A payload that comes in blocks, at most limit bytes of it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.payload = bytearray()

    def take(self, block: CoapBlock, data: bytes) -> CoapCode | None:
        """Take a block. None: it was the last one; else the code that answers it.

        CONTINUE; INCOMPLETE: one before it is missing; TOO_LARGE: the whole is. The first block begins anew.
        """
        if block.number == 0:
            self.payload.clear()
        if block.start != len(self.payload) or (block.more and len(data) != block.size) or len(data) > block.size:
            return CoapCode.INCOMPLETE
        if len(self.payload) + len(data) > self._limit:
            return CoapCode.TOO_LARGE
        self.payload += data
        return CoapCode.CONTINUE if block.more else None
