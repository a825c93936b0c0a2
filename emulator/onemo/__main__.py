"""``python -m onemo``, and the console script ``onemo-emulator``."""

from __future__ import annotations

import gc
import os
import signal
import sys
from functools import partial
from types import FrameType
from typing import NoReturn

_LASTING = ("run", "lab", "demo", "record")
"""The commands that a signal ends in order; what others were to do is not done."""


def _leave(signum: int, frame: FrameType | None) -> NoReturn:
    """Leave on a signal: nothing is set up that would have to be taken down. A second one does not count."""
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    raise SystemExit(0 if sys.argv[1:2] and sys.argv[1] in _LASTING else 128 + signum)


def _open_standard_streams() -> None:
    """Have /dev/null for what is closed of stdin, stdout and stderr: else a port or a file would get its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115


def main() -> NoReturn:
    """Start the command line."""
    _open_standard_streams()
    signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGTERM, _leave)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        signal.signal(signal.SIGHUP, _leave)
    # Starting makes many objects and no garbage: collecting meanwhile would cost a tenth of the start.
    gc.disable()
    from onemo.cli.plain import plain

    if sys.argv[1:2] == ["run"] and (options := plain(sys.argv[2:])) is not None:
        from onemo.cli.outcome import finish
        from onemo.cli.run import serve

        finish(partial(serve, options))
    from onemo.cli.main import main as start

    start()


if __name__ == "__main__":
    main()
