"""Passwords and keys among the parameters of commands, and of answers: a trace and a transcript hold none.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from onemo.dialogue.corrected import BACKSPACE, LINE_END, CorrectedLine
from onemo.dialogue.secrets import MASK

Places = Mapping[bytes, tuple[int, ...]]
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


def places_of(command: str, key: str) -> tuple[int, ...]:
    """Return the places of passwords among the parameters of a command, of which the first is this key."""
    by_key = COMMANDS.get(command.upper().encode(), {})
    return by_key.get(key.upper().encode(), by_key.get(b"", ()))


class Passwords:
    """One direction of a line, without passwords: they are asterisks, one a byte, in pieces of any size."""

    def __init__(self) -> None:
        self._line = CorrectedLine()
        self._by_key: Places = {}  # of the command whose parameters are read; {}: of none
        self._places: tuple[int, ...] = ()
        self._start = 0  # of the parameters in the line
        self._commas = 0
        self._quoted = False

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
                self._by_key, self._start = COMMANDS[(match[1] or match[2]).upper()], len(line.text)
                self._commas, self._quoted = 0, False
                self._look()
            return False
        if byte == terminator:
            self._by_key = {}
            line.text.clear()
        elif byte == editing and not self._quoted:
            self._take_back()
        else:
            separates = byte == _COMMA and not self._quoted
            hidden = self._commas in self._places and not separates and byte != _QUOTE
            if self._quoted or line.add(byte, terminator, editing):
                if self._quoted:
                    line.text.append(byte)
                self._quoted ^= byte == _QUOTE
                self._commas += separates
                if separates:
                    self._look()
            return hidden
        return False

    def _take_back(self) -> None:
        """Take the last character back, which may be a comma, a quote, or what stands before the parameters."""
        text = self._line.text
        if len(text) <= self._start:
            self._by_key = {}
            del text[-1:]
            return
        last = text.pop()
        self._quoted = last == _QUOTE
        self._commas -= last == _COMMA
        self._look()

    def _look(self) -> None:
        """Find out which parameters are passwords, which the first may say."""
        key, comma, _ = bytes(self._line.text[self._start :]).partition(b",")
        keyed = self._by_key.get(key.strip(b'" ').upper(), ()) if comma else ()
        self._places = self._by_key.get(b"", keyed)


def without_password(line: bytes) -> bytes:
    """Mask a password in a line."""
    return bytes(Passwords().show(line, line))
