"""A firmware's repository with tests of its own, where the emulator is installed from its wheel beside pytest."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest
from hatchling.build import build_wheel

from tests.e2e.started import ROOT

TEST = """
import emulator
import onemo as package
import pytest
import serial


@pytest.mark.onemo("MN316", sandbox=True)
def test_firmware(onemo):
    assert emulator.OURS
    assert "site-packages" in package.__file__
    with serial.Serial(onemo.port, timeout=5) as uart:
        uart.write(b"AT+CGMM\\r")
        assert b"MN316" in uart.read_until(b"OK\\r\\n")
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Python of an environment with the wheel in it. Its dependencies, and pytest, are those of this one."""
    monkeypatch.chdir(ROOT)
    wheel = tmp_path / build_wheel(str(tmp_path))
    environment = tmp_path / "venv"
    venv.create(environment)
    paths = sysconfig.get_paths(vars={"base": str(environment), "platbase": str(environment)})
    # What lies behind a path in a .pth file is not looked at for more of them: the editable install is not found.
    Path(paths["purelib"], "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    python = environment / "bin/python"
    pip = f"{python} -m pip --disable-pip-version-check install --no-deps --no-index --ignore-installed".split()
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True, timeout=120)
    return python


def test_a_repository_with_a_package_called_emulator(installed: Path, tmp_path: Path) -> None:
    """``python -m pytest`` puts its folder on the path before everything that is installed."""
    repository = tmp_path / "firmware"
    (repository / "emulator").mkdir(parents=True)
    (repository / "emulator/__init__.py").write_text("OURS = True\n")
    (repository / "test_firmware.py").write_text(TEST)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV"))}
    environment.pop("PYTHONPATH", None)
    command = [str(installed), "-m", "pytest", "--strict-markers", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "1 passed" in done.stdout
    told = subprocess.run(
        [installed.with_name("onemo-emulator"), "--version"], cwd=repository, env=environment, capture_output=True
    )
    assert (told.returncode, told.stderr) == (0, b"")
