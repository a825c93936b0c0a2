"""The form of a host's name."""

from __future__ import annotations

import re

from onemo.errors import NetError, NetFailure

_LONGEST_NAME = 253  # characters without the last dot: 255 bytes in a question
_NAME = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}", re.ASCII)


def require_name(name: str) -> None:
    """Raise NetError(NAME) unless this can be a host's name."""
    bare = name.removesuffix(".")
    if len(bare) > _LONGEST_NAME or _NAME.fullmatch(bare) is None:
        raise NetError(NetFailure.NAME, f"malformed name {name[:_LONGEST_NAME]!r}")
