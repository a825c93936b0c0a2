"""A descriptor in reserve, for what is imported and read at its first use when all others are taken."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_kept: list[int] = []


def keep_spare() -> None:
    """Keep one from now on, for the rest of the process. Without any left, nothing is kept."""
    with suppress(OSError):
        _kept.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))


@contextmanager
def spare_lent() -> Iterator[None]:
    """Have the reserve free meanwhile: one file after the other can be read, without any await between them."""
    lent = len(_kept)
    while _kept:
        os.close(_kept.pop())
    try:
        yield
    finally:
        for _ in range(lent):
            keep_spare()
