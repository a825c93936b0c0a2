"""A firmware's repository with tests of its own, where the emulator is installed from its wheel beside pytest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest
import yaml
from hatchling.build import build_wheel

from tests.e2e.started import ROOT
from tests.support.pages import blocks_of

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

FIRMWARE = """#!/bin/sh
printf 'AT+MIPOPEN=0,"TCP","telemetry.example.com",7\\r' >"$1"
exec sleep 60
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


def clean() -> dict[str, str]:
    """The environment without what the run of these tests put there."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "COV", "PYTHONPATH", "HYPOTHESIS"))
    }


def test_a_repository_with_a_package_called_emulator(installed: Path, tmp_path: Path) -> None:
    """``python -m pytest`` puts its folder on the path before everything that is installed."""
    repository = tmp_path / "firmware"
    (repository / "emulator").mkdir(parents=True)
    (repository / "emulator/__init__.py").write_text("OURS = True\n")
    (repository / "test_firmware.py").write_text(TEST)
    environment = clean()
    command = [str(installed), "-m", "pytest", "--strict-markers", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "1 passed" in done.stdout
    told = subprocess.run(
        [installed.with_name("onemo-emulator"), "--version"], cwd=repository, env=environment, capture_output=True
    )
    assert (told.returncode, told.stderr) == (0, b"")


def fenced(page: str, start: str) -> str:
    """The block of a guide that begins so."""
    (block,) = [block.text for block in blocks_of(ROOT / page) if block.text.startswith(start)]
    return block


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A firmware's repository as docs/ci.md has it, with the emulator as a submodule."""
    repository = tmp_path / "firmware"
    left_out = shutil.ignore_patterns(".*", "__pycache__", "docs", "deploy", "browser")
    shutil.copytree(ROOT, repository / "onemo-emulator", ignore=left_out, symlinks=True)
    (repository / "test_firmware.py").write_text(fenced("docs/pytest.md", "# test_firmware.py"))
    return repository


def steps_of(page: str, start: str) -> list[str]:
    """The lines of bash that a workflow in YAML runs."""
    workflow = yaml.safe_load(fenced(page, start))
    if "jobs" in workflow:
        return [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step]
    return list(workflow["firmware"]["script"])


@pytest.mark.slow
@pytest.mark.parametrize("start", ["# .github/workflows/firmware.yml", "# .gitlab-ci.yml"])
def test_the_workflows_of_the_guide(installed: Path, repository: Path, start: str) -> None:
    """Their steps literally, but that nothing comes from the index: what is asked for is in the environment.

    Beside the tests of the guide about pytest it has that of a firmware which is no Python, here a script.
    """
    (repository / "test_binary.py").write_text(fenced("docs/ci.md", "# test_binary.py"))
    (repository / "firmware").write_text(FIRMWARE)
    (repository / "firmware").chmod(0o755)
    bin_ = installed.parent
    for name, code in {"pip": "pip._internal.cli.main:main", "pytest": "pytest:console_main"}.items():
        module, _, function = code.partition(":")
        (bin_ / name).write_text(
            f"#!{installed}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"
        )
        (bin_ / name).chmod(0o755)
    environment = {
        **clean(),
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
    }
    steps = steps_of("docs/ci.md", start)
    assert len(steps) == 2
    for step in steps:
        done = subprocess.run(
            ["bash", "-e", "-c", step], cwd=repository, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{step}\n{done.stdout}\n{done.stderr}"
    assert "6 passed" in done.stdout


def test_the_tests_of_a_submodule_are_not_collected(installed: Path, repository: Path) -> None:
    done = subprocess.run(
        [str(installed), "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=repository,
        env=clean(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "5 tests collected" in done.stdout
