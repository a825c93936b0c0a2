"""Passwords and keys among the parameters of commands, and of answers: a trace and a transcript hold none.

Pure.
"""

from __future__ import annotations

import re

from onemo.dialogue.secrets import MASK

_TYPED = {
    b"MQTTCONN": (5,),
    b"MFTPCONN": (3,),
    b"MFWCFG": (2,),
    b"MSSLPSK": (1,),
    b"MIPLCREATEEX": (2, 3),
    b"MIPLCREATE": (1,),
}
_TOLD = {b"MIPLDEVINFO": (2, 3), b"MFWCFG": (2,)}
COMMANDS = {**_TYPED, **_TOLD}
"""Those with passwords, typed or told, and the places of these among their parameters, from 0. In upper case."""
_BEGINS = re.compile(rb"(?i:\+(?:(%s)[ ]*=|(%s):))" % (b"|".join(_TYPED), b"|".join(_TOLD)))
_LONGEST = max(map(len, COMMANDS)) + 8  # bytes before a password's parameters that have to be remembered
_QUOTE, _COMMA = b'",'


class Passwords:
    """One direction of a line, without passwords: they are asterisks, one a byte, in pieces of any size."""

    def __init__(self) -> None:
        self._tail = b""
        self._places: tuple[int, ...] = ()  # of the parameters that are passwords; (): no command of theirs is read
        self._commas = 0
        self._quoted = False

    @property
    def inside(self) -> bool:
        """True while the parameters of a command with a password are read."""
        return bool(self._places)

    def follows(self, before: bytes) -> None:
        """Take what came before, in which nothing ends."""
        self._tail = before[-_LONGEST:]

    def show(self, data: bytes | memoryview, shown: bytes | memoryview, terminator: int) -> bytes | memoryview:
        """Mask in shown, which has the length of data, what of data is a password. terminator: what ends a line."""
        position, masked = 0, bytearray()
        while position < len(data):
            if not self._places:
                text = self._tail + bytes(data[position:])
                match = _BEGINS.search(text)
                if match is None:
                    self._tail = text[-_LONGEST:]
                    break
                end = position + match.end() - len(self._tail)
                masked += shown[len(masked) : max(end, len(masked))]
                position, self._tail = max(end, position), b""
                self._places, self._commas, self._quoted = COMMANDS[(match[1] or match[2]).upper()], 0, False
            else:
                masked += shown[len(masked) : position]
                position = self._mask(data, shown, position, masked, terminator)
        return shown if not masked else bytes(masked) + bytes(shown[len(masked) :])

    def _mask(
        self, data: bytes | memoryview, shown: bytes | memoryview, position: int, masked: bytearray, terminator: int
    ) -> int:
        """Copy parameters, with asterisks for the password; return where the line ends, or what there is."""
        while position < len(data):
            byte = data[position]
            separates = byte == _COMMA and not self._quoted
            hidden = self._commas in self._places and not separates and byte not in (_QUOTE, terminator)
            masked += MASK if hidden else bytes(shown[position : position + 1])
            position += 1
            self._quoted ^= byte == _QUOTE
            self._commas += separates
            if byte == terminator:
                self._places = ()
                break
        return position


def without_password(line: bytes, terminator: int = 0x0D) -> bytes:
    """Mask a password in a line."""
    return bytes(Passwords().show(line, line, terminator))
