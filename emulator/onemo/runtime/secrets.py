"""Secrets that are shown to nobody, neither in a trace nor with a bug: private keys, as the firmware stores them."""

from __future__ import annotations

import re

from onemo.dialogue.secrets import KEY_COMMAND, MASK

_STARTS = re.compile(KEY_COMMAND, re.IGNORECASE)
_BEGIN = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,20}PRIVATE KEY-----")
_END = re.compile(rb"-----END [A-Z0-9 ]{0,20}PRIVATE KEY-----")
_LONGEST_MARK = 64  # bytes
_HINT = b"KEY"  # is in all of them, in upper case
_LARGEST_KEY = 16384  # bytes, as they are typed: with escapes it is longer than the file


class Masked:
    """One direction of the line, without private keys: they are asterisks, one a byte.

    Masked are the parameters and the entry of AT+MSSLKEYWR, and all that looks like a private key in PEM, whatever
    brought it: firmware that does not wait for ``>`` types a key also where nobody has asked for it.

    answers: it is what the module writes, in which a command line is an echo: the command's mask ends with that. In
    what the DTE writes it lasts to the end of the piece, for what follows the line may be the key.
    """

    def __init__(self, *, answers: bool) -> None:
        self._parameters = _Parameters(answers)
        self._keys = _Keys()
        self._tail = b""
        self._looks = False

    def show(self, data: bytes | memoryview, terminator: int, secret: int = 0) -> bytes | memoryview:
        """Return data as it may be shown.

        terminator: what ends a line; secret: how many bytes of data belong to a key's entry.
        """
        text = self._tail + data
        self._tail = text[-_LONGEST_MARK:]
        if not self._looks:
            if not secret and text.upper().find(_HINT) < 0:  # find is twice as fast as in
                return data  # as nearly always: every command comes by here
            self._looks = True
            before = text[: len(text) - len(data)]
            self._parameters.follows(before)
            self._keys.follows(before)
        shown = self._keys.show(data, self._parameters.show(data, terminator, secret))
        self._looks = self._parameters.inside or bool(self._keys.left) or _HINT in self._tail.upper()
        return shown


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
            match = (_END if self.left else _BEGIN).search(text, position)
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
        self._tail = b""
        self.inside = False

    def follows(self, before: bytes) -> None:
        """Take what came before, in which nothing begins that ends there."""
        self._keep(before)

    def show(self, data: bytes | memoryview, terminator: int, secret: int = 0) -> bytes | memoryview:
        """Return data as it may be shown.

        terminator: what ends a line; secret: how many bytes of data belong to a key's entry.
        """
        if secret:
            count = min(secret, len(data))
            self._tail, self.inside = b"", False
            return MASK * count + bytes(self.show(data[count:], terminator))
        if not self.inside and not self._begins(data):
            return data
        shown = bytes(data)
        start = 0
        while start < len(shown):
            if not self.inside:
                match = _STARTS.search(self._tail + shown[start:])
                if match is None:
                    self._keep(self._tail + shown[start:])
                    break
                start = max(start, start + match.end() - len(self._tail))
                self._tail, self.inside = b"", True
            end = shown.find(bytes((terminator,)), start)
            stop = len(shown) if end < 0 else end
            self.inside = end < 0
            if not self._answers:
                stop = len(shown)
            shown = shown[:start] + MASK * (stop - start) + shown[stop:]
            start = stop
        return shown

    def _begins(self, data: bytes | memoryview) -> bool:
        """Tell whether the command's name ends in data."""
        text = self._tail + bytes(data)
        if _STARTS.search(text) is not None:
            return True
        self._keep(text)
        return False

    def _keep(self, text: bytes) -> None:
        """Remember the end of what has come: the command's name may go on in the next piece."""
        self._tail = text[1 - len(KEY_COMMAND) :]
