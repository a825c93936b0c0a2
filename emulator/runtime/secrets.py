"""What nobody is shown, neither in a trace nor with a bug: private keys, as the firmware stores them."""

from __future__ import annotations

import re

from emulator.dialogue.secrets import KEY_COMMAND, MASK

_STARTS = re.compile(KEY_COMMAND, re.IGNORECASE)


class Masked:
    """One direction of the line, with the parameters of AT+MSSLKEYWR masked, byte by byte.

    answers: it is what the module writes, in which a command line is an echo: the mask ends with that. In what the
    DTE writes it lasts to the end of the piece, for what follows the line may be the key.
    """

    def __init__(self, *, answers: bool) -> None:
        self._answers = answers
        self._tail = b""
        self._inside = False

    def show(self, data: bytes | memoryview, terminator: int, secret: int = 0) -> bytes | memoryview:
        """data as it may be shown. secret: how many bytes of it belong to a key's entry; terminator: what ends a
        line."""
        if secret:
            count = min(secret, len(data))
            self._tail, self._inside = b"", False
            return MASK * count + bytes(self.show(data[count:], terminator))
        if not self._inside and not self._begins(data):
            return data
        shown = bytes(data)
        start = 0
        while start < len(shown):
            if not self._inside:
                match = _STARTS.search(self._tail + shown[start:])
                if match is None:
                    self._keep(self._tail + shown[start:])
                    break
                start = max(start, start + match.end() - len(self._tail))
                self._tail, self._inside = b"", True
            end = shown.find(bytes((terminator,)), start)
            stop = len(shown) if end < 0 else end
            self._inside = end < 0
            if not self._answers:
                stop = len(shown)
            shown = shown[:start] + MASK * (stop - start) + shown[stop:]
            start = stop
        return shown

    def _begins(self, data: bytes | memoryview) -> bool:
        """Whether the command's name ends in data."""
        text = self._tail + bytes(data)
        if _STARTS.search(text) is not None:
            return True
        self._keep(text)
        return False

    def _keep(self, text: bytes) -> None:
        """Remember the end of what has come: the command's name may go on in the next piece."""
        self._tail = text[1 - len(KEY_COMMAND) :]
