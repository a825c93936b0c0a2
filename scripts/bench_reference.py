"""The best that a Python program on trio can do: a pty that answers OK to each CR, and nothing else.

With a speed in bit/s as its argument, it sleeps for as long as a line of that speed takes for what comes and for what
goes. Prints one line when it is ready, as the emulator does, and runs until a signal ends it.
"""

from __future__ import annotations

import os
import sys
import tty

import trio

OK = b"\r\nOK\r\n"


async def main(byte: float) -> None:
    """Answer until cancelled. byte: seconds that one takes on the line."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    print(f"reference ready on {os.ttyname(slave)}", flush=True)
    while True:
        await trio.lowlevel.wait_readable(master)
        data = os.read(master, 65536)
        if byte:
            await trio.sleep(len(data) * byte)
        if answer := OK * data.count(b"\r"):
            if byte:
                await trio.sleep(len(answer) * byte)
            os.write(master, answer)


if __name__ == "__main__":
    trio.run(main, 10 / float(sys.argv[1]) if len(sys.argv) > 1 else 0.0)
