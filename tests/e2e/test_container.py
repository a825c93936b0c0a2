"""The steps of the Dockerfile, one after the other in a directory of its own instead of an engine.

The copied files are enough to build the wheel, the wheel is enough to run, and the container's program serves.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial

from tests.e2e.dte import WAIT
from tests.support import dockerfile
from tests.support.dockerfile import ROOT

# pyserial calls Thread.setDaemon and setName.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
# Without a package index: the build back end and the dependencies are those of the tests.
_HERE = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
_TOOLS = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])


class Container:
    """root: the directory that stands for ``/``."""

    def __init__(self, root: Path, pip: Mapping[str, str] = _HERE) -> None:
        self.root = root
        self._pip = pip
        self._place = root
        self.environment: dict[str, str] = {}

    def build(self) -> None:
        """Everything but the RUN of the last stage, which needs root."""
        for stage, name, value in dockerfile.instructions():
            if name == "WORKDIR":
                self._place = self.inside(value)
                self._place.mkdir(parents=True)
            elif name == "COPY" and not value.startswith("--from"):
                self._copy(*value.split())
            elif name == "RUN" and stage == 0:
                self._run(value)
        search = [str(self.inside(folder)) for folder in ("/opt/onemo/bin", "/usr/local/bin")]
        self.environment = {name: str(self.inside(value)) for name, value in dockerfile.environment().items()}
        self.environment["PATH"] = os.pathsep.join([*search, "/usr/bin", "/bin"])
        for folder in ("/tmp", "/data"):
            self.inside(folder).mkdir()

    def inside(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def _copy(self, *paths: str) -> None:
        *sources, target = paths
        to = self.inside(target) if target.startswith("/") else self._place / target
        if target.endswith("/"):
            to.mkdir(parents=True, exist_ok=True)
        for source in (ROOT / source for source in sources):
            if source.is_dir():
                shutil.copytree(source, to, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, to)

    def _run(self, command: str) -> None:
        moved = re.sub(r"(?<=\s)/(?=\w)", f"{self.root}/", command)
        environment = {"PATH": _TOOLS, **self._pip, "HOME": str(self.root)}
        done = subprocess.run(
            ["sh", "-euc", moved], cwd=self._place, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the entrypoint, as ``docker run onemo-emulator ARGUMENTS`` does."""
        command = [*dockerfile.words("ENTRYPOINT"), *(arguments or dockerfile.words("CMD"))]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.root, env=self.environment, stdout=pipe, stderr=pipe, text=True)

    def healthy(self) -> bool:
        return (
            subprocess.run(dockerfile.words("HEALTHCHECK"), env=self.environment, capture_output=True).returncode == 0
        )


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Container:
    container = Container(tmp_path_factory.mktemp("container"))
    container.build()
    (packages,) = container.root.glob("opt/onemo/lib/python*/site-packages")
    assert (packages / "onemo/_profiles/base/sockets.toml").is_file()
    assert not (packages / "trio").exists()
    (packages / "dependencies.pth").write_text(
        sysconfig.get_path("purelib")
    )  # an editable emulator there has no effect
    entrypoint = container.inside("/usr/local/bin/entrypoint")
    script = entrypoint.read_text()
    assert script.count("--rfc2217 0.0.0.0:2217 ") == 1
    entrypoint.write_text(script.replace("0.0.0.0:2217", "127.0.0.1:0"))  # tests have no fixed ports
    return container


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_it_serves_rfc_2217_until_it_is_stopped(container: Container) -> None:
    ready = Path(container.environment["ONEMO_READY_FILE"])
    ready.write_text("of a container that was killed")
    with ended(container.start()) as process:
        assert process.stdout is not None
        found = re.fullmatch(r"ML307R ready on (rfc2217://127\.0\.0\.1:\d+)\n", process.stdout.readline())
        assert found is not None
        assert json.loads(ready.read_text()) == {"model": "ML307R", "port": found[1], "link": None}
        assert container.healthy()
        with serial.serial_for_url(found[1], 115200, timeout=WAIT) as port:
            port.write(b"AT\r")
            assert port.read_until(b"OK\r\n").endswith(b"\r\nOK\r\n")
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=WAIT) == ("", "")
        assert process.returncode == 0
    assert list(ready.parent.iterdir()) == []
    assert not container.healthy()


def test_it_takes_any_command_and_needs_nothing_but_the_wheel(container: Container) -> None:
    with (
        ended(container.start("demo")) as demo,
        ended(container.start("models")) as models,
        ended(container.start("show", "MN316", "MIPTKA")) as show,
        ended(container.start("run", "--no-such-option")) as wrong,
    ):
        assert "ML307R" in models.communicate(timeout=3 * WAIT)[0]
        assert "manual 3.1, fn 2" in show.communicate(timeout=WAIT)[0]
        assert "there is no option '--no-such-option'" in wrong.communicate(timeout=WAIT)[1]
        shown, problems = demo.communicate(timeout=2 * WAIT)
        assert (problems, demo.returncode) == ("", 0), shown
        assert [models.returncode, show.returncode, wrong.returncode] == [0, 0, 2]
