"""The ready file, ``--ready-file``: it is there while the modules are ready, for healthchecks, probes and scripts."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import trio

from onemo.errors import UsageError
from onemo.link.claim import claim_path
from onemo.runtime.files import create_own

PERIOD = 5.0
"""Seconds after which the file is touched again; one that is three times as old is that of a process that hangs."""


class ReadyFile:
    """A ready file, made by ``ready_file``."""

    def __init__(self, path: Path, place: Path) -> None:
        self._path = path
        self._place = place

    def tell(self, line: str, nursery: trio.Nursery) -> None:
        """Make the file appear as a whole, with line in it, and keep it fresh while the nursery's tasks run.

        Raises UsageError when it cannot be written.
        """
        draft = self._place.with_name(f".{self._place.name}.{os.getpid()}")
        try:
            try:
                with open(create_own(draft), "w", encoding="utf-8") as file:
                    file.write(f"{line}\n")
                draft.replace(self._place)
            except OSError:
                draft.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise _cannot(self._path, error) from error
        nursery.start_soon(self._stay_fresh)

    async def _stay_fresh(self) -> None:
        while True:
            await trio.sleep(PERIOD)
            with suppress(OSError):  # somebody took it away, who has his reasons
                os.utime(self._place, follow_symlinks=False)


@contextmanager
def ready_file(path: Path) -> Iterator[ReadyFile]:
    """Keep path free until the file is told the line, and free it afterwards. A dead process's file there is removed.

    Raises UsageError, which says what to do: when anything but a file is there, when there is no such directory, when a
    running emulator has that path.
    """
    try:
        place, held = claim_path(path)
    except OSError as error:
        raise _cannot(path, error) from error
    if held is None:
        raise UsageError(f"--ready-file {path} belongs to a running emulator: stop that one or choose another path")
    with held:
        _remove(path, place)
        try:
            yield ReadyFile(path, place)
        finally:
            with suppress(OSError):
                place.unlink()


def _remove(path: Path, place: Path) -> None:
    try:
        if not stat.S_ISREG(place.lstat().st_mode):
            raise UsageError(f"--ready-file {path}: something else than a file is there; choose another path")
        place.unlink()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _cannot(path, error) from error


def _cannot(path: Path, error: OSError) -> UsageError:
    return UsageError(f"--ready-file {path}: {error.strerror}; name a file in a directory that can be written")
