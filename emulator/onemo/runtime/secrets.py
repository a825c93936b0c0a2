"""Secrets that are shown to nobody, neither in a trace nor with a bug: private keys, and passwords of commands."""

from __future__ import annotations

import re

from onemo.dialogue.corrected import BACKSPACE, CorrectedLine, ends_of
from onemo.dialogue.passwords import COMMANDS, Passwords
from onemo.dialogue.secrets import KEY_COMMAND, MASK

_ends_in_key_command = ends_of(KEY_COMMAND)
_BEGIN = rb"-----BEGIN [A-Z0-9 ]{0,20}PRIVATE KEY-----"
_END = rb"-----END [A-Z0-9 ]{0,20}PRIVATE KEY-----"
_LONGEST_MARK = 64  # bytes
_hint = re.compile(rb"KEY|" + b"|".join(COMMANDS)).search  # one is in each of them, in upper case
_LONGEST_HINT = max(map(len, COMMANDS))
_UPPER = bytes(range(256)).upper()
_CONTROLS = bytes(range(0x20))
_LONGEST_LINE = 2048  # bytes of a line in which a command's name may be corrected
_LARGEST_KEY = 16384  # bytes, as they are typed: with escapes it is longer than the file


class Masked:
    """One direction of the line, without private keys: they are asterisks, one a byte.

    Masked are the parameters and the entry of AT+MSSLKEYWR, and all that looks like a private key in PEM, whatever
    brought it: firmware that does not wait for ``>`` types a key also where nobody has asked for it. Of
    a command with a password that alone is masked.

    answers: it is what the module writes, in which a command line is an echo: the command's mask ends with that. In
    what the DTE writes it lasts to the end of the piece, for what follows the line may be the key.
    """

    def __init__(self, *, answers: bool) -> None:
        self._parameters = _Parameters(answers)
        self._keys = _Keys()
        self._passwords = Passwords()
        self._tail = b""
        self._looks = False

    def show(
        self, data: bytes | memoryview, terminator: int, secret: int = 0, editing: int = BACKSPACE
    ) -> bytes | memoryview:
        """Return data as it may be shown.

        terminator: what ends a line; secret: how many bytes of data belong to a key's entry; editing: what takes a
        character back.
        """
        text = self._tail + data
        rest = text[text.rfind(terminator) + 1 :]
        self._tail = rest if len(rest) <= _LONGEST_LINE else rest[-_LONGEST_LINE:]
        if not self._looks:
            plain = _hint(text.translate(_UPPER, _CONTROLS)) is None and editing not in text
            if not secret and (plain or not _hinted(text, editing)):
                return data  # as nearly always: every command and every answer comes by here, without another call
            self._looks = True
            before = text[: len(text) - len(data)]
            self._parameters.follows(before, editing)
            self._keys.follows(before[-_LONGEST_MARK:])
            self._passwords.follows(before, editing)
        shown = self._keys.show(data, self._parameters.show(data, terminator, secret, editing))
        shown = self._passwords.show(data, shown, terminator, editing)
        inside = self._parameters.inside or bool(self._keys.left) or self._passwords.inside
        self._looks = inside or _hinted(self._tail, editing)
        return shown


def _hinted(text: bytes, editing: int) -> bool:
    """Tell whether a secret may be near, or was before it was taken back."""
    if _hint(text.translate(_UPPER, _CONTROLS)) is not None:
        return True
    first, *others = text.split(bytes((editing,)))
    line = bytearray(first.translate(_UPPER, _CONTROLS))
    for part in others:
        del line[-1:]
        start = max(0, len(line) - _LONGEST_HINT)
        line += part.translate(_UPPER, _CONTROLS)
        if _hint(line, start) is not None:
            return True
    return False


class _Keys:
    """Keys in PEM, in pieces of any size. One that never ends is one up to the size of the largest."""

    def __init__(self) -> None:
        self._tail = b""
        self.left = 0  # bytes that may still be of the key that has begun

    def follows(self, before: bytes) -> None:
        """Take what came before, in which nothing begins that ends there."""
        self._tail = before

    def show(self, data: bytes | memoryview, shown: bytes | memoryview) -> bytes | memoryview:
        """Mask in shown, which has the length of data, what of data is a key."""
        new, position = len(self._tail), 0
        text = self._tail + bytes(data)
        while True:
            match = re.compile(_END if self.left else _BEGIN).search(text, position)
            if self.left:
                start = max(position, new)
                end = min(match.end() if match else len(text), start + self.left)
                shown = b"".join((shown[: start - new], MASK * (end - start), shown[end - new :]))
                self.left = 0 if match and end == match.end() else self.left - (end - start)
                if self.left:
                    break
                position = end
            elif match:
                position, self.left = match.end(), _LARGEST_KEY
            else:
                break
        self._tail = text[max(position, len(text) - _LONGEST_MARK) :]
        return shown


class _Parameters:
    """The parameters and the entry of AT+MSSLKEYWR. answers: as in Masked."""

    def __init__(self, answers: bool) -> None:
        self._answers = answers
        self._line = CorrectedLine()
        self.inside = False

    def follows(self, before: bytes, editing: int) -> None:
        """Take what came before in the line, in which nothing begins that ends there."""
        self._line.text.clear()
        for byte in before:
            self._line.add(byte, -1, editing)

    def show(self, data: bytes | memoryview, terminator: int, secret: int, editing: int) -> bytes | memoryview:
        """Return data as it may be shown.

        terminator: what ends a line; secret: how many bytes of data belong to a key's entry; editing: what takes a
        character back.
        """
        if secret:
            count = min(secret, len(data))
            self._line.text.clear()
            self.inside = False
            return MASK * count + bytes(self.show(data[count:], terminator, 0, editing))
        shown, masking = bytearray(data), self.inside
        for position, byte in enumerate(data):
            if masking and byte == terminator:
                self.inside, masking = False, not self._answers
            if masking:
                shown[position : position + 1] = MASK
            elif self._line.add(byte, terminator, editing) and _ends_in_key_command(self._line):
                self.inside = masking = True
                self._line.text.clear()
        return bytes(shown)
