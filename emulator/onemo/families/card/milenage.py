"""MILENAGE: what a USIM answers to the network's challenge (35.206 4, 33.102 6.3). Pure, but for AES."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from onemo.errors import needs_extra

Cipher = Callable[[bytes], bytes]
"""AES-128 of one block under the key K."""
_ROTATIONS = (8, 0, 4, 8, 12)
"""r1 to r5, in octets."""
_CONSTANTS = (0, 1, 2, 4, 8)
"""c1 to c5."""
_RESYNCHRONISE = b"\x00\x00"
"""AMF of MAC-S (33.102 6.3.3)."""


class Challenged(NamedTuple):
    """What a right challenge is answered with."""

    res: bytes
    ck: bytes
    ik: bytes

    @property
    def kc(self) -> bytes:
        """The key of GSM (33.102 6.8.1.2, c3)."""
        return _xor(_xor(self.ck[:8], self.ck[8:]), _xor(self.ik[:8], self.ik[8:]))


class Stale(NamedTuple):
    """The answer to a challenge whose sequence number was there before: AUTS."""

    auts: bytes


class WrongMac(Exception):
    """The challenge does not come from who has K."""


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


class Milenage:
    """The functions f1 to f5* of one card and one RAND of 16 octets. cipher: AES under K."""

    def __init__(self, cipher: Cipher, opc: bytes, rand: bytes) -> None:
        self._cipher = cipher
        self._opc = opc
        self._mixed = cipher(_xor(rand, opc))

    def macs(self, sqn: bytes, amf: bytes) -> tuple[bytes, bytes]:
        """Return MAC-A and MAC-S (f1, f1*)."""
        block = _xor((sqn + amf) * 2, self._opc)
        turned = block[_ROTATIONS[0] :] + block[: _ROTATIONS[0]]
        out = _xor(self._cipher(_xor(self._mixed, turned)), self._opc)
        return out[:8], out[8:]

    def _out(self, number: int) -> bytes:
        """Return OUT2 to OUT5."""
        turn = _ROTATIONS[number - 1]
        block = _xor(self._mixed, self._opc)
        turned = block[turn:] + block[:turn]
        constant = bytes(15) + bytes((_CONSTANTS[number - 1],))
        return _xor(self._cipher(_xor(turned, constant)), self._opc)

    @property
    def res(self) -> bytes:
        """RES (f2)."""
        return self._out(2)[8:]

    @property
    def ck(self) -> bytes:
        """CK (f3)."""
        return self._out(3)

    @property
    def ik(self) -> bytes:
        """IK (f4)."""
        return self._out(4)

    @property
    def ak(self) -> bytes:
        """AK (f5)."""
        return self._out(2)[:6]

    @property
    def ak_star(self) -> bytes:
        """AK of AUTS (f5*)."""
        return self._out(5)[:6]


def authenticate(functions: Milenage, autn: bytes, highest: int) -> tuple[Challenged | Stale, int]:
    """Answer a challenge; return also its sequence number. autn: 16 octets; highest: the last number that was taken.

    Raises WrongMac.
    """
    concealed, amf, mac = autn[:6], autn[6:8], autn[8:]
    sqn = _xor(concealed, functions.ak)
    if functions.macs(sqn, amf)[0] != mac:
        raise WrongMac
    number = int.from_bytes(sqn)
    if number <= highest:
        own = highest.to_bytes(6)
        return Stale(_xor(own, functions.ak_star) + functions.macs(own, _RESYNCHRONISE)[1]), number
    return Challenged(res=functions.res, ck=functions.ck, ik=functions.ik), number


def aes(key: bytes) -> Cipher:
    """Return AES-128 under a key. Raises MissingExtra: the package cryptography is missing."""
    with needs_extra("AUTHENTICATE of the card", "tls"):
        from cryptography.hazmat.primitives.ciphers import Cipher as Ciphers
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
        from cryptography.hazmat.primitives.ciphers.modes import ECB

    def encrypt(block: bytes) -> bytes:
        encryptor = Ciphers(AES(key), ECB()).encryptor()
        return encryptor.update(block) + encryptor.finalize()

    return encrypt
