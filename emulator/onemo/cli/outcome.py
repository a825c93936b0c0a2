"""How a command line ends: its exit status, and the line on stderr that says what was wrong."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn, TextIO

from onemo.errors import EmulatorError, ProfileError, UnknownModel

NAME = "onemo-emulator"
USAGE = 2
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a stream says that takes no more, in what a library prints; our own files are told of by their names."""


def finish(act: Callable[[], object]) -> NoReturn:
    """Act, and end the process with the status that it returns.

    An EmulatorError ends it with a line and status 2, and so does a stdout that takes no more, unless its reader left,
    and a host that has no descriptor for more.
    """
    status: object = 0  # also of one whose output nobody reads any more
    try:
        try:
            status = act()
        except* BrokenPipeError:
            pass
    except EmulatorError as error:
        fail(explain(error))
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            fail(f"{error.strerror}: let this process have more (ulimit -n)")
        if error.errno not in _FULL or error.filename is not None:
            raise
        fail(f"stdout takes no more: {error.strerror}")
    except SystemExit as ending:
        if not isinstance(ending.__context__, BrokenPipeError):  # rich makes a failure of it
            raise
    why = _lost(sys.stdout)
    if why is not None and not isinstance(why, BrokenPipeError):
        fail(f"stdout takes no more: {why.strerror}")
    _lost(sys.stderr)
    raise SystemExit(status if isinstance(status, int) else 0)


def fail(message: str) -> NoReturn:
    """Print one line on stderr, and exit with status 2."""
    _lost(sys.stdout)
    with suppress(OSError):  # there is nobody left to be told
        print(f"{NAME}: {message}", file=sys.stderr)
    _lost(sys.stderr)
    raise SystemExit(USAGE)


def explain(error: EmulatorError) -> str:
    """Say what was wrong, what is allowed, what to do next."""
    if isinstance(error, UnknownModel):
        *others, last = error.nearest or [""]
        meant = f"did you mean {', '.join(others)} or {last}?" if others else f"did you mean {last}?" if last else ""
        return f"there is no model {error.name!r}; {meant or 'no name comes close'} ({NAME} models lists all)"
    if isinstance(error, ProfileError):
        count = len(error.mistakes)
        head = f"the profile has {count} mistake{'s' if count > 1 else ''}:"
        return "\n  ".join([head, *map(str, error.mistakes)])
    return str(error).replace("\n", "\n  ")


def _lost(stream: TextIO | None) -> OSError | None:
    """Print what a stream still holds; return why it takes no more. Python shall not complain of that at the end."""
    try:
        if stream is not None:
            stream.flush()
    except OSError as error:
        assert stream is not None
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return error
    return None
