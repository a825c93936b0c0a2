"""Passwords and keys among the parameters of commands, and of answers: a trace and a transcript hold none.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

from onemo.dialogue.corrected import BACKSPACE, CONTROLS, LINE_END, CorrectedLine
from onemo.dialogue.secrets import MASK

Places = Mapping[bytes, Container[int]]
"""The places of passwords among parameters, from 0, by the key that the first is, in upper case; b"": of any."""
_TYPED: Mapping[bytes, Places] = {
    b"MQTTCONN": {b"": (5,)},
    b"MFTPCONN": {b"": (3,)},
    b"MFWCFG": {b"": (2,)},
    b"MSSLPSK": {b"": (1,)},
    b"MIPLCREATEEX": {b"": (2, 3)},
    b"MIPLCREATE": {b"": (1,)},
    b"MLBSCFG": {b"APIKEY": (1,), b"SIGNKEY": (1,), b"PID": (1,)},
}
_TOLD: Mapping[bytes, Places] = {b"MIPLDEVINFO": {b"": (2, 3)}, b"MFWCFG": {b"": (2,)}}
COMMANDS: Mapping[bytes, Places] = {**_TYPED, **_TOLD}
"""Those with passwords, typed or told, in upper case."""
_BEGINS = rb"(?i:\+(?:(%s)[ ]*=|(%s):)\Z)" % (b"|".join(_TYPED), b"|".join(_TOLD))
_QUOTE, _COMMA, _EQUALS, _COLON = b'",=:'
_ENDS = (_EQUALS, _COLON)
_MOST = 2048
"""Bytes of parameters that are remembered. Whoever takes one back of more is shown nothing more of the line."""
_EVERY: Places = {b"": range(1 << 30)}


def places_of(command: str, key: str) -> Container[int]:
    """Return the places of passwords among the parameters of a command, of which the first is this key."""
    by_key = COMMANDS.get(command.upper().encode(), {})
    return by_key.get(key.upper().encode(), by_key.get(b"", ()))


class Passwords:
    """One direction of a line, without passwords: they are asterisks, one a byte, in pieces of any size."""

    def __init__(self) -> None:
        self._line = CorrectedLine()
        self._by_key: Places = {}  # of the command whose parameters are read; {}: of none
        self._places: Container[int] = ()
        self._parameters = bytearray()  # as they stand
        self._commas = 0
        self._quoted = False  # in a string, as they stand: a comma separates nothing
        self._keeps = False  # in a string, as they are typed: nothing is taken back

    @property
    def inside(self) -> bool:
        """True while the parameters of a command with a password are read."""
        return bool(self._by_key)

    def follows(self, before: bytes, editing: int = BACKSPACE) -> None:
        """Take what came before in the line, in which no such command begins."""
        self.__init__()  # type: ignore[misc]
        for byte in before:
            self._line.add(byte, -1, editing)

    def show(
        self, data: bytes | memoryview, shown: bytes | memoryview, terminator: int = LINE_END, editing: int = BACKSPACE
    ) -> bytes | memoryview:
        """Mask in shown, which has the length of data, what of data is a password.

        terminator: ends a line; editing: takes a character back.
        """
        masked: bytearray | None = None
        for position, byte in enumerate(data):
            if self._hides(byte, terminator, editing):
                if masked is None:
                    masked = bytearray(shown)
                masked[position : position + 1] = MASK
        return shown if masked is None else bytes(masked)

    def _hides(self, byte: int, terminator: int, editing: int) -> bool:
        """Take one more byte; tell whether it is of a password."""
        line = self._line
        if not self._by_key:
            if line.add(byte, terminator, editing) and byte in _ENDS and (match := re.search(_BEGINS, line.text)):
                self._by_key, self._keeps = COMMANDS[(match[1] or match[2]).upper()], False
                self._parameters.clear()
                self._look()
            return False
        if byte == terminator:
            self._by_key = {}
            line.text.clear()
        elif byte == editing and not self._keeps:
            self._take_back()
        else:
            hidden = self._commas in self._places and byte != _QUOTE and (byte != _COMMA or self._quoted)
            if self._keeps or byte not in CONTROLS:
                self._take(byte)
            return hidden
        return False

    def _take(self, byte: int) -> None:
        if len(self._parameters) < _MOST:
            self._parameters.append(byte)
        if byte == _QUOTE:
            self._keeps, self._quoted = not self._keeps, not self._quoted
        elif byte == _COMMA and not self._quoted:
            self._commas += 1
            self._place()

    def _take_back(self) -> None:
        """Take the last character back, which may be a comma, a quote, or what stands before the parameters."""
        if not self._parameters:
            self._by_key = {}
            del self._line.text[-1:]
            return
        if len(self._parameters) == _MOST:
            self._by_key = _EVERY
        else:
            del self._parameters[-1:]
        self._look()

    def _look(self) -> None:
        """Find out where the parameters have come to."""
        parts = self._parameters.split(b'"')
        self._commas, self._quoted = sum(part.count(b",") for part in parts[::2]), len(parts) % 2 == 0
        self._place()

    def _place(self) -> None:
        """Find out which parameters are passwords, which the first may say."""
        key, comma, _ = bytes(self._parameters).partition(b",")
        keyed = self._by_key.get(key.strip(b'" ').upper(), ()) if comma else ()
        self._places = self._by_key.get(b"", keyed)


def without_password(line: bytes) -> bytes:
    """Mask a password in a line."""
    return bytes(Passwords().show(line, line))
