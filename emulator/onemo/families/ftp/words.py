"""The commands and replies of an FTP session in words, for a trace: ``STOR 2.txt``, ``226 Transfer complete``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onemo.dialogue.secrets import MASK
from onemo.dialogue.words import TracedBytes, readable
from onemo.families.ftp.replies import ReplyReader

_PASS = b"PASS "
_LONGEST = 1024
"""Bytes of a command that are waited for."""


class FtpWords:
    """The words of one control connection; the password is masked. Implements ChannelWords."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._reader = ReplyReader()

    def sent(self, data: bytes) -> TracedBytes:
        """Take commands; each has its words with its end."""
        shown, words = bytearray(), []
        for piece in data.splitlines(keepends=True):
            secret = max(0, len(_PASS) - len(self._line))
            self._line += piece[: _LONGEST - len(self._line)]
            text = piece.rstrip(b"\r\n")
            if bytes(self._line[: len(_PASS)]).upper() == _PASS:
                piece = text[:secret] + MASK * len(text[secret:]) + piece[len(text) :]
            shown += piece
            if piece.endswith(b"\n"):
                words += list(self._command())
        return TracedBytes(bytes(shown), words)

    def received(self, data: bytes) -> TracedBytes:
        """Take replies; each has its words with its end."""
        replies = self._reader.feed(data)
        return TracedBytes(data, [f"{each.code} {readable(each.text)}" if each.code else "no FTP" for each in replies])

    def ended(self) -> Sequence[str]:
        """Return nothing: no reply ends with its connection."""
        return ()

    def _command(self) -> Iterator[str]:
        line = bytes(self._line).rstrip(b"\r\n")
        self._line.clear()
        yield "PASS ***" if line[: len(_PASS)].upper() == _PASS else readable(line)
