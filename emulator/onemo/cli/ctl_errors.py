"""Errors of a module, for ``ctl`` to print: their numbers in words, as its profile has them."""

from __future__ import annotations

from onemo.control.client import Client, ControlError, module
from onemo.dialogue.lines import printable_text
from onemo.dialogue.results import FAILED

_RED = "31"


class ErrorWords:
    """The words of a module's errors, which are asked for with the first number."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._path = f"{module(name)}/errors"
        self._texts: dict[tuple[str, str], str] | None = None

    def of(self, line: str) -> str | None:
        """Return the words of a line's error, "" where there are none; None: it is no error."""
        found = FAILED.fullmatch(line.encode("latin-1", "replace"))
        if found is None:
            return None
        result, number = ((group or b"").decode() for group in found.groups())
        if not number:
            return ""
        if self._texts is None:
            try:
                told = self._client.ask("GET", self._path)
                self._texts = {(each["result"], str(each["number"])): str(each["text"]) for each in told}
            except ControlError:  # an older emulator has none
                self._texts = {}
        return self._texts.get((result, number), "")


def with_words(line: str, words: str, coloured: bool) -> str:
    """Return the line of an error as it is printed: in red, if coloured, with its words."""
    shown = f"\x1b[{_RED}m{line}\x1b[0m" if coloured else line
    return f"{shown}  ({printable_text(words)})" if words else shown
