"""Emulators that tests use one after the other, for starting one takes longer than most tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.dte import WAIT, Dte
from tests.e2e.started import AT_ONCE, Started

_PATIENCE = 0.3
"""Seconds after which a module is asked again: a boot or a lost transparent connection may have swallowed the first."""


class Pool:
    """One module for each list of arguments, started when it is first lent. Leaving it ends and checks them all.

    folder: where their stderr goes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._idle: dict[tuple[bool, tuple[str, ...]], Started] = {}
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with ExitStack() as stack:
            for module in self._idle.values():
                stack.push(module)

    @contextmanager
    def lent(self, *arguments: str, measured: bool = False) -> Iterator[Started]:
        """A module just booted and registered; measured: see Started.

        When it comes back it restarts, and one that does not is not lent again.
        Raises AssertionError when it did meanwhile what no test allows, or does not restart.
        """
        kind = (measured, arguments)
        module = self._idle.pop(kind, None) or self._started(*arguments, measured=measured)
        try:
            module.transcript.forget()
            yield module
            restart(module)
            module.check_stderr()
        except BaseException:
            with module:
                module.process.kill()
                module.wait()
                raise
        self._idle[kind] = module

    def _started(self, *arguments: str, measured: bool) -> Started:
        self._count += 1
        module = Started([*arguments, *AT_ONCE], self._folder / f"stderr-{self._count}", measured=measured)
        try:
            return module.wait_ready()
        except BaseException:
            with module:
                module.process.kill()
                module.wait()
                raise


def restart(module: Started) -> None:
    """Bring a module back to where it was after its boot, whatever a test has left it at; its banner is said."""
    with module.dte() as dte:
        _insist(dte, b"\x1b\rAT+MREBOOT\r", rb"\r\nREBOOTING\r\n")  # out of a prompt, out of a half line
        _insist(dte, b"AT\r", rb"\r\nOK\r\n")  # what comes before the boot is over is lost


def _insist(dte: Dte, typed: bytes, answer: bytes) -> None:
    """Type it until it is answered. Raises AssertionError when it is not."""
    end = time.monotonic() + WAIT
    while True:
        dte.write(typed)
        try:
            dte.until(answer, within=_PATIENCE)
            return
        except AssertionError:
            if time.monotonic() > end:
                raise
