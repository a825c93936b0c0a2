"""The contract of every link to a DTE with the shell."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, Self


class Link(Protocol):
    """A byte line to the DTE. ``*_now`` never wait; ``wait_*`` wait and do nothing else.

    At most one task waits for reading and one for writing.
    """

    @property
    def port(self) -> str:
        """The name that the DTE opens: ``/dev/pts/5``."""
        ...

    def read_now(self, limit: int) -> bytes | None:
        """Return what the DTE sent, at most limit bytes; None when there is nothing now. Never ``b""``."""
        ...

    def write_now(self, data: bytes | memoryview) -> int:
        """Hand bytes to the line; return how many were taken, 0 when it is full."""
        ...

    def wait_readable(self) -> Awaitable[None]:
        """Wait until the DTE has sent something."""
        ...

    async def wait_writable(self) -> None:
        """Wait until the line takes something, or is lost."""
        ...


class ClosingLink:
    """A link that whoever made it closes, at the end of a ``with`` block. Once closed, nothing else may be called."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the line and whatever it holds. Does nothing the second time.

        A task that still waits for the line gets ``trio.ClosedResourceError``; ``watch`` returns.
        """
        raise NotImplementedError
