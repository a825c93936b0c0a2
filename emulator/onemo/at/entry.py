"""Data of a command, in its line or after ``>`` (manual 3.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from onemo.at.outcome import Outcome, Prompt
from onemo.at.payload import BadPayload, SendFormat, decode, typed_length
from onemo.at.reply import DONE, Cme, CommandError, ErrorCode, Reply

EntryEnd = Reply | ErrorCode | None
"""Answer of an entry that was not to be taken; None: the bare ERROR."""


class DataEntry(NamedTuple):
    """Data that a command takes. Lengths in bytes, times in seconds.

    take makes the outcome of the data, b"" after Ctrl-Z alone; it checks the state again, which may have changed since
    ``>``. length: that was given; None or 0: not checked in the line, and up to Ctrl-Z, ESC or most bytes after ``>``.
    most 0: there a length is needed. inline: most that may stand in the line; None: whatever the line holds. form: of
    the line alone, what is entered is raw.

    timeout: after the last byte; with partial it ends an entry of a given length that has begun,
    with silence_ends also one of no length. cancelled: answer to
    ESC; unfinished: to any other time-out. secret: what is entered is shown to nobody. offered: the model has ``>``.
    prompt: its bytes as the profile writes them; None: those of the line. echoes, again: as of Prompt.
    """

    take: Callable[[bytes], Outcome]
    timeout: float
    length: int | None = None
    most: int = 0
    inline: int | None = None
    form: SendFormat = SendFormat.ASCII
    partial: bool = True
    cancelled: EntryEnd = DONE
    unfinished: EntryEnd = None
    secret: bool = False
    offered: bool = True
    prompt: str | None = None
    echoes: bool = False
    again: bool = False
    silence_ends: bool = False

    def check(self, typed: bytes | None) -> None:
        """Check the lengths of what stands in the line, None where nothing does. Raises CommandError: CME 50."""
        if typed is None:
            fits = self.offered and bool(self.length or self.most)
        elif self.length:
            fits = len(typed) == typed_length(self.length, self.form) and not self._too_long(self.length)
        else:
            fits = bool(typed)
        if not fits:
            raise CommandError(Cme.INCORRECT_PARAMETERS)

    def begin(self, typed: bytes | None) -> Outcome:
        """Take what stands in the line, or prompt for it where nothing does.

        Raises CommandError: as check and take; CME 50, it is not what form asks for.
        """
        self.check(typed)
        if typed is None:
            return Prompt(
                length=self.length or None,
                limit=self.length or self.most,
                timeout=self.timeout,
                finish=self._finish,
                secret=self.secret,
                text=self.prompt,
                echoes=self.echoes,
                again=self.again,
            )
        try:
            data = decode(typed, self.form)
        except BadPayload as error:
            raise CommandError(Cme.INCORRECT_PARAMETERS) from error
        if self._too_long(len(data)):
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        return self.take(data)

    def _too_long(self, length: int) -> bool:
        return self.inline is not None and length > self.inline

    def _finish(self, data: bytes | None, timed_out: bool) -> Outcome:
        if data is None:
            return _ended(self.cancelled)
        if timed_out and not (self.partial and (self.length or self.silence_ends) and data):
            return _ended(self.unfinished)
        return self.take(data)


def _ended(end: EntryEnd) -> Reply:
    """Return the reply that ends an entry. Raises CommandError where that is no reply."""
    if isinstance(end, Reply):
        return end
    raise CommandError(end)
