"""Files that are written: their owner's alone, and nobody's who planted a link in their place."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_PRIVATE = 0o600


def open_own(file: Path, flags: int, mode: int = _PRIVATE) -> int:
    """Open a file for writing, made if need be, and return its descriptor. Raises OSError.

    It gets the mode also where it was there. A symbolic link is refused, but for those of /dev and /proc, which name
    what is open already and is neither cut nor changed. A file of another user is refused to all but root.
    """
    flags |= os.O_WRONLY | os.O_CLOEXEC | os.O_NOCTTY
    if _is_open_already(file):
        return os.open(file, (flags | os.O_APPEND) & ~os.O_TRUNC)
    try:
        descriptor = os.open(file, (flags | os.O_CREAT | os.O_NOFOLLOW) & ~os.O_TRUNC, mode)
    except OSError as error:
        raise OSError(error.errno, "it is a symbolic link") if error.errno == errno.ELOOP else error from None
    try:
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode):
            if os.geteuid() not in (found.st_uid, 0):
                raise PermissionError(errno.EPERM, "it belongs to another user")
            with suppress(PermissionError):  # a file system without modes
                os.fchmod(descriptor, mode)
            if flags & os.O_TRUNC:
                os.ftruncate(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _is_open_already(file: Path) -> bool:
    """Tell whether a name of /dev or /proc stands for what is open already."""
    folder = os.path.realpath(file.parent)
    return folder == "/dev" or folder.startswith("/proc/")


def flush_directory(directory: Path) -> None:
    """Have the names in a directory outlive a crash of the host. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flush_names(descriptor)
    finally:
        os.close(descriptor)


def flush_names(directory: int) -> None:
    """Have the names in an open directory outlive a crash of the host. Raises OSError."""
    try:
        os.fsync(directory)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that knows no such thing
            raise


def create_own(draft: Path) -> int:
    """Make a file that replaces whatever bears its name, even a planted link; return its descriptor. Raises OSError."""
    with suppress(FileNotFoundError):
        os.unlink(draft)
    return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE)


def write_own(file: Path, pieces: Iterable[bytes]) -> None:
    """Make pieces the content of a file, whole or not at all; what is no regular file is written to. Raises OSError.

    Links are refused as by open_own. What the pieces raise is passed on.
    """
    if _is_open_already(file) or (file.exists() and not file.is_file()):
        with open(open_own(file, 0), "wb") as stream:
            stream.writelines(pieces)
        return
    if os.path.lexists(file):
        os.close(open_own(file, os.O_APPEND))
    replace_own(file, pieces)


def replace_own(file: Path, pieces: Iterable[bytes]) -> None:
    """Make pieces the content of the file, at once and for good. Raises OSError, and leaves no other file behind."""
    directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        draft = draft_of(file)
        try:
            with open(create_own(draft), "wb") as stream:
                for piece in pieces:
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(draft, file)
        except BaseException:
            with suppress(OSError):
                os.unlink(draft)
            raise
        flush_names(directory)
    finally:
        os.close(directory)


def draft_of(file: Path) -> Path:
    """Return the place where the next content of a file is written; what is there already, a dead emulator left."""
    return file.with_name(f".{file.name}.onemo-emulator")
