"""``python -m emulator``, and the console script ``onemo-emulator``."""

from __future__ import annotations

import gc
from typing import NoReturn


def main() -> NoReturn:
    """Start the command line."""
    # Starting makes many objects and no garbage: collecting meanwhile would cost a tenth of the start.
    gc.disable()
    from emulator.cli.main import main as start

    start()


if __name__ == "__main__":
    main()
