"""An LwM2M server of lwm2m-node-lib, where node and the library are installed: ``.ci/run`` installs both."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path
from queue import Empty, Queue
from typing import Self

import pytest

from tests.e2e.dte import WAIT
from tests.e2e.started import ROOT

NODE = shutil.which("node")
MODULES = ROOT / "tests" / "e2e" / "lwm2m" / "node_modules"
needs_node_library = pytest.mark.skipif(
    NODE is None or not (MODULES / "lwm2m-node-lib").is_dir(),
    reason="lwm2m-node-lib is not installed: run npm ci --ignore-scripts in tests/e2e/lwm2m",
)


class NodeServer:
    """The server of docs/lwm2m.md, on a port of its own."""

    def __init__(self, folder: Path, script: str, port: int) -> None:
        assert NODE is not None
        (folder / "server.js").write_text(script)
        self.port = port
        self._heard = Queue[str]()
        self._process = subprocess.Popen(
            [NODE, "--no-warnings", str(folder / "server.js"), str(port)],
            env={**os.environ, "NODE_PATH": str(MODULES)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def order(self, line: str) -> None:
        """Have it do something: ``read 1 3303 0 5700``."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def tells(self, line: str) -> None:
        """Wait for the next line that it tells."""
        try:
            told = self._heard.get(timeout=WAIT)
        except Empty:
            pytest.fail(f"the server did not tell {line}")
        assert told == line, f"the server told {told}, not {line}"

    def __enter__(self) -> Self:
        self.tells("ready")
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._heard.put(line.rstrip("\n"))
