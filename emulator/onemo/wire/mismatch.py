"""The bytes that a UART hears which samples a line at another speed than that of the sender. Pure.

A byte is a start bit (low), eight data bits, the lowest first, and a stop bit (high); an idle line is high. The
receiver takes a falling edge for the beginning of a start bit, and samples each bit in its middle.
"""

from __future__ import annotations

from functools import lru_cache

_HIGH, _LOW = b"\1", b"\0"
_FRAMES = [bytes([0, *(byte >> bit & 1 for bit in range(8)), 1]) for byte in range(256)]
_BITS = 8
_EVERY = bytes(range(256))


@lru_cache
def alike(one: int, other: int) -> bool:
    """Tell whether each end hears every byte as the other sent it: at the same speed, or a few per cent off.

    one, other: speeds in bit/s, above 0. Speeds that are so in both directions make no framing error in either.
    """
    return sampled(_EVERY, one, other) == _EVERY == sampled(_EVERY, other, one)


def sampled(data: bytes, sent: int, heard: int) -> bytes:
    """Return what is heard of data that came in one go on an idle line. sent, heard: speeds in bit/s, above 0.

    A low pulse that is over before the middle of the start bit is none (a false start). Where the stop bit is low, a
    framing error, the byte is delivered as it was sampled, as Linux does unless INPCK is set, and 0x00 for a break; the
    next start bit is looked for once the line has been high again. There are five falling edges in a byte at most, and
    that many bytes are heard of one.
    """
    line = b"".join([_FRAMES[byte] for byte in data]) + _HIGH
    width, half = 2 * heard, sent  # of a bit on the line, and half of one of the receiver, in 1 / (2 * sent * heard) s
    last = len(line) - 1  # from there on it is idle
    received = bytearray()
    edge = line.find(_LOW)
    while edge >= 0:
        start = edge * width
        at = min((start + half) // width, last)
        if not line[at]:
            bits = [line[min((start + (2 * bit + 3) * half) // width, last)] for bit in range(_BITS)]
            received.append(sum(level << bit for bit, level in enumerate(bits)))
            at = min((start + (2 * _BITS + 3) * half) // width, last)
        edge = line.find(_LOW, line.find(_HIGH, at))
    return bytes(received)
