"""What may be in the arguments of ``ctl``, which go to the control as JSON: texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onemo.errors import UsageError
from onemo.runtime.desk.operation import DeskOperation

_MOST = 80
"""Characters of an argument in a message."""


def require_texts(given: object) -> None:
    """Raise UsageError for an argument that has bytes in it which are no character."""
    if isinstance(given, str):
        if not given.isascii() and any("\ud800" <= character <= "\udfff" for character in given):
            raise UsageError(f"{given[:_MOST]!r} is no valid text: give it in UTF-8")
    elif isinstance(given, Mapping):
        require_texts(tuple(given.values()))
    elif isinstance(given, Sequence) and not isinstance(given, DeskOperation):
        for each in given:
            require_texts(each)
