"""Output to stdout, which may take no more."""

from __future__ import annotations

import sys

from onemo.errors import EmulatorError


def write(text: str) -> None:
    """Print to stdout; what its encoding lacks is printed as an escape.

    Raises BrokenPipeError when its reader has gone, EmulatorError when it takes no more.
    """
    if sys.stdout is None:
        return
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EmulatorError(f"stdout takes no more: {error.strerror}") from error
