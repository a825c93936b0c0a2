"""State that a family keeps in the device for one boot cycle."""

from __future__ import annotations

from typing import Protocol, TypeVar


class Part(Protocol):
    """State of one family, made at its first use and forgotten with the boot cycle."""

    @property
    def busy(self) -> bool:
        """Keep the module awake."""
        ...

    def context_down(self, cid: int) -> None:
        """A PDP context ended."""
        ...


P = TypeVar("P", bound=Part)
