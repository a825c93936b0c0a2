"""What every link to a DTE offers to the shell."""

from __future__ import annotations

from typing import Protocol


class Link(Protocol):
    """A byte line to the DTE. ``*_now`` never wait; ``wait_*`` wait and do nothing else.

    At most one task waits for reading and one for writing.
    """

    @property
    def port(self) -> str:
        """What the DTE opens: ``/dev/pts/5``."""
        ...

    def read_now(self, limit: int) -> bytes | None:
        """What the DTE sent, at most limit bytes; None when there is nothing now. Never ``b""``."""
        ...

    def write_now(self, data: bytes | memoryview) -> int:
        """Hand bytes to the line; returns how many were taken, 0 when it is full."""
        ...

    async def wait_readable(self) -> None: ...

    async def wait_writable(self) -> None: ...
