"""The best that a Python program on trio can do: a pty that answers OK to each CR, and nothing else.

Prints one line when it is ready, as the emulator does, and runs until a signal ends it.
"""

from __future__ import annotations

import os
import tty

import trio

OK = b"\r\nOK\r\n"


async def main() -> None:
    """Answer until cancelled."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    print(f"reference ready on {os.ttyname(slave)}", flush=True)
    while True:
        await trio.lowlevel.wait_readable(master)
        if count := os.read(master, 65536).count(b"\r"):
            os.write(master, OK * count)


if __name__ == "__main__":
    trio.run(main)
