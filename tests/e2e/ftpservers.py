"""FTP servers on loopback: pyftpdlib as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = Path(__file__).with_name("ftp_server.py")


@contextmanager
def ftp_server(folder: Path, **options: object) -> Iterator[int]:
    """Serve a folder for the user uftp, and anybody; its port.

    masquerade: the address that it tells; lacks: commands that it has not; host: where it listens.
    """
    arguments = [sys.executable, str(PROGRAM), json.dumps({"folder": str(folder), **options})]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()
