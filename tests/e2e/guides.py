"""The lines of a guide, run by bash as its reader would."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.e2e.dte import WAIT

_PROGRAMS = {"onemo-emulator": f'"{sys.executable}" -m onemo "$@"', "python": f'"{sys.executable}" "$@"'}


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> str:
    """The number of a port that is free now."""
    with socket.socket(type=kind) as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def run(folder: Path, script: str, programs: Mapping[str, str] = {}, patience: float = 3 * WAIT) -> str:
    """Run lines in a folder, as they are but for the control's port and the place of the link; return what they say.

    programs: what some names stand for, besides the emulator and Python, as a command of sh.
    """
    place = folder / "programs"
    place.mkdir()
    for name, command in {**_PROGRAMS, **programs}.items():
        (place / name).write_text(f"#!/bin/sh\nexec {command}\n")
        (place / name).chmod(0o700)
    script = script.replace("127.0.0.1:8080", f"127.0.0.1:{free_port()}").replace("/tmp/modem", str(folder / "modem"))
    output = folder / "output"
    with (
        output.open("w") as file,
        subprocess.Popen(
            ["bash", "-e", "-c", script],
            cwd=folder,
            env={**os.environ, "PATH": f"{place}:{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            assert process.wait(patience) == 0, output.read_text()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
    said = output.read_text()
    assert "Traceback" not in said
    return said


def lines_of(block: str) -> str:
    """The lines of a console's block, without the prompts."""
    return block.replace("$ ", "", 1).replace("\n$ ", "\n")
