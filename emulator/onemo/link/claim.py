"""A place in the file system that one running emulator has to itself."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
from pathlib import Path


def claim_path(path: Path) -> tuple[Path, socket.socket | None]:
    """Return the absolute path that ``path`` is in truth, but for its last component, and its claim, as of ``claim``.

    Raises OSError where there is no such directory.
    """
    place = Path(os.path.realpath(path.parent, strict=True), path.name)
    return place, claim(place)


def claim(place: Path) -> socket.socket | None:
    """Hold ``place`` against every other emulator, until closed or until this process dies, however it dies.

    Returns None when a running emulator holds it, be it this one. ``place`` is an absolute path whose directory exists;
    the last component is not followed. Raises OSError where there is no such directory.

    That is what a socket in the abstract namespace does, and it leaves no file behind. It is named after the
    directory's inode, for one directory can have several paths, and one path several directories (containers). It does
    not reach from one network namespace into another.
    """
    directory = os.stat(place.parent)
    key = f"{directory.st_dev}:{directory.st_ino}/".encode() + os.fsencode(place.name)
    held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        held.bind(b"\0onemo-emulator/" + hashlib.sha256(key).hexdigest().encode())
    except OSError as error:
        held.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise
    return held
