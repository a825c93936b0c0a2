"""Output to stdout, which may take no more."""

from __future__ import annotations

import os
import sys

from onemo.errors import EmulatorError


def in_colours() -> bool:
    """Tell whether stdout shows colours: it is a terminal, and nobody has said NO_COLOR."""
    return on_terminal() and "NO_COLOR" not in os.environ


def on_terminal() -> bool:
    """Tell whether stdout is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


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
