"""Installing for real, from the package index, into empty environments: pip, pipx, uvx, the image's commands, CI."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from onemo.cli.commit import commit_of

from scripts import constraints
from tests.e2e.dte import WAIT
from tests.e2e.started import ROOT
from tests.e2e.test_container import Container
from tests.support.fences import blocks
from tests.support.pages import blocks_of

pytestmark = pytest.mark.slow

Ran = subprocess.CompletedProcess[str]
EXTRAS = ("starlette", "httpx", "cryptography")


def ran(*command: str | Path, cwd: Path = ROOT, status: int = 0, **variables: str) -> Ran:
    """Run a command without what the run of these tests put into the environment."""
    own = ("PYTEST_", "COV", "PYTHONPATH", "HYPOTHESIS", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env={**kept, **variables}, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == status, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def environment(folder: Path, *packages: str) -> Path:
    """Make an environment with nothing but these, and pip; return its programs."""
    ran(sys.executable, "-m", "venv", folder)
    pip = (folder / "bin/python", "-m", "pip", "--disable-pip-version-check", "install", "-q")
    if packages:
        ran(*pip, "--constraint", "constraints.txt", *packages)
    return folder / "bin"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with `pip install .`."""
    return environment(tmp_path_factory.mktemp("base"), str(ROOT))


def test_the_base_install_runs_and_lacks_what_extras_bring(base: Path) -> None:
    (packages,) = base.parent.glob("lib/python*/site-packages")
    installed = {each.name.lower() for each in distributions(path=[str(packages)])}
    assert "onemo-emulator" in installed
    assert installed.isdisjoint(EXTRAS)
    emulator = base / "onemo-emulator"
    commit = commit_of(ROOT)
    assert ran(emulator, "--version").stdout.endswith(f", commit {commit})\n" if commit else ")\n")
    ran(emulator, "demo")


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (("run", "--control", "127.0.0.1:0"), "--control needs the extra [control]: pip install"),
        (("sandbox-ca",), "TLS of the sandbox needs the extra [tls]: pip install"),
        (("ctl", "modules", "--control", "127.0.0.1:9"), "no control answers at http://127.0.0.1:9: "),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    base: Path, command: tuple[str, ...], problem: str, tmp_path: Path
) -> None:
    told = ran(base / "onemo-emulator", *command, status=2, XDG_DATA_HOME=str(tmp_path))
    assert told.stdout == ""
    assert told.stderr.startswith(f"onemo-emulator: {problem}")
    assert told.stderr.count("\n") == 1


def test_ctl_needs_no_extra(base: Path) -> None:
    command = [sys.executable, "-m", "onemo", "run", "--json", "--control", "127.0.0.1:0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as emulator:
        try:
            assert emulator.stdout is not None
            control = json.loads(emulator.stdout.readline())["control"]
            told = ran(base / "onemo-emulator", "ctl", "send", "AT+CGMM", "--control", control)
            assert "ML307R" in told.stdout
        finally:
            emulator.terminate()
            emulator.communicate(timeout=WAIT)


def test_the_ways_of_the_guide(tmp_path: Path) -> None:
    """Every line of the blocks of docs/install.md that ask the index, in an environment with pip, pipx and uv."""
    bin_ = environment(tmp_path / "tools")
    ran(bin_ / "python", "-m", "pip", "install", "-q", "pipx", "uv")
    (tmp_path / "onemo-emulator").symlink_to(ROOT)
    played = [block.text for block in blocks_of(ROOT / "docs/install.md") if block.player]
    assert [len(text.splitlines()) for text in played] == [3, 3, 1]
    ran("bash", "-e", "-c", "".join(played), cwd=tmp_path, PATH=f"{bin_}:/usr/bin:/bin", HOME=str(tmp_path))
    for installed in (tmp_path / ".local/bin", bin_, tmp_path / "venv/bin"):
        assert "0.1.0 (Python " in ran(installed / "onemo-emulator", "--version").stdout
    told = ran(bin_ / "pipx", "run", "--spec", ROOT, "onemo-emulator", "models", HOME=str(tmp_path))
    assert "ML307R" in told.stdout


def test_the_commands_of_the_image(tmp_path: Path) -> None:
    """They leave what the constraints say, with the extras, and nothing that builds."""
    bin_ = environment(tmp_path / "base-image")
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    container = Container(tmp_path / "root", {**kept, "PATH": f"{bin_}:/usr/bin:/bin"})
    container.root.mkdir()
    container.build()
    (packages,) = container.root.glob("opt/onemo/lib/python*/site-packages")
    pins = dict(line.split("==") for line in constraints.FILE.read_text().splitlines() if "==" in line)
    installed = {each.name.lower().replace("_", "-"): each.version for each in distributions(path=[str(packages)])}
    assert installed.pop("onemo-emulator") == "0.1.0"
    assert installed.keys() >= set(EXTRAS)
    assert "hatchling" not in installed
    assert installed == {name: pins[name] for name in installed}


TYPED = """
from typing import Any

import pytest
from onemo import Hosted, HostedModule


@pytest.fixture(scope="session")
def onemo_session_options() -> dict[str, Any]:
    return {"model": "MN316"}


@pytest.mark.onemo("ML307R", sandbox=True)
def test_it(onemo: HostedModule, onemo_module: HostedModule, onemo_lab: Hosted) -> None:
    command: str = onemo.expect("AT+MIPOPEN=*", timeout=5)
    commands: list[str] = onemo.sent
    received: bytes = onemo.connections[0].received
    other: HostedModule = onemo_lab.start("MN316", name="meter")
    assert command in commands
    assert received + other.trace.sent
    reveal_type(onemo.connections[0].closed)
    onemo.expect(7)
"""


def test_the_types_of_a_strict_user(base: Path, tmp_path: Path) -> None:
    ran(base / "python", "-m", "pip", "install", "-q", "--constraint", "constraints.txt", "pytest")
    (tmp_path / "test_user.py").write_text(TYPED)
    mypy = (sys.executable, "-m", "mypy", "--strict", "--python-executable", base / "python", "--cache-dir", "cache")
    told = ran(*mypy, "test_user.py", cwd=tmp_path, status=1)
    assert 'Revealed type is "bool"' in told.stdout.replace("builtins.", "")
    assert [line for line in told.stdout.splitlines() if " error: " in line] == [
        'test_user.py:22: error: Argument 1 to "expect" of "DialogueAssertions" has incompatible type "int"; '
        'expected "str"  [arg-type]'
    ]


def fenced(language: str, start: str) -> str:
    """The block that begins so, of the pages that have it."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return next(block for page in pages for block in blocks(page.read_text(), language) if block.startswith(start))


def git(*arguments: str | Path, cwd: Path) -> None:
    of_nobody = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "protocol.file.allow=always")
    ran("git", *of_nobody, "-c", "init.defaultBranch=main", *arguments, cwd=cwd)


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A firmware's repository with the emulator as its submodule."""
    folder = tmp_path_factory.mktemp("origin")
    left_out = shutil.ignore_patterns(".*", "__pycache__", "node_modules")
    emulator = shutil.copytree(ROOT, folder / "onemo-emulator", ignore=left_out, symlinks=True)
    for repository in (emulator, folder / "firmware"):
        repository.mkdir(exist_ok=True)
        git("init", "-q", cwd=repository)
        if repository != emulator:
            git("submodule", "add", "-q", emulator, "onemo-emulator", cwd=repository)
            (repository / "test_firmware.py").write_text(fenced("python", "# test_firmware.py"))
        git("add", "-A", cwd=repository)
        git("commit", "-qm", "x", cwd=repository)
    return folder / "firmware"


def workflow(start: str) -> Any:
    return yaml.safe_load(fenced("yaml", start))


GITHUB = workflow("# .github/workflows/firmware.yml")["jobs"]["test"]["steps"]
NOT_RUN = [step["uses"].partition("@")[0] for step in GITHUB if "uses" in step]
STEPS = {
    "GitHub": [step["run"] for step in GITHUB if "run" in step],
    "GitLab": workflow("# .gitlab-ci.yml")["firmware"]["script"],
}


@pytest.mark.parametrize("host", STEPS)
def test_a_workflow_in_a_fresh_clone(host: str, firmware: Path, tmp_path: Path) -> None:
    """In place of the steps that only GitHub can run there is this clone, and an environment's Python."""
    assert NOT_RUN == ["actions/checkout", "actions/setup-python"]
    clone = tmp_path / "firmware"
    git("clone", "-q", "--recurse-submodules", firmware, clone, cwd=tmp_path)
    bin_ = environment(tmp_path / "python")
    for step in STEPS[host]:
        told = ran("bash", "-e", "-c", step, cwd=clone, PATH=f"{bin_}:/usr/bin:/bin")
    assert "5 passed" in told.stdout
    assert host != "GitLab" or (clone / "report.xml").is_file()
