"""Check sums of files: AT+MFCHECK and AT+MSSLCHECK."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from onemo.modem.memory import Content


def checksum(algorithm: int, data: Content) -> str:
    """Return a sum in lower-case hexadecimal digits. algorithm 0: MD5, 1: SHA-1, 2: SHA-256, 3: CRC-32."""
    return _SUMS[algorithm](data)


def _crc32(data: Content) -> str:
    from zlib import crc32

    return f"{crc32(data):08x}"


def _digest(name: str) -> Callable[[Content], str]:
    def digest(data: Content) -> str:
        import hashlib

        return hashlib.new(name, data, usedforsecurity=False).hexdigest()

    return digest


_SUMS: Mapping[int, Callable[[Content], str]] = {
    0: _digest("md5"), 1: _digest("sha1"), 2: _digest("sha256"), 3: _crc32,
}  # fmt: skip
