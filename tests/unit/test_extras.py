"""What is said where an extra is missing."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from onemo.cli.sandbox_ca import export
from onemo.errors import MissingExtra, needs_extra

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def without(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)


def test_the_base_needs_no_package_of_an_extra() -> None:
    base = " ".join(PROJECT["dependencies"])
    assert [name for name in ("httpx", "starlette", "cryptography") if name in base] == []


def test_the_ca_of_the_sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without(monkeypatch, "cryptography")
    with pytest.raises(MissingExtra, match=r"the sandbox needs the extra \[tls\]: pip install 'onemo-emulator\[tls\]'"):
        export(tmp_path / "ca.pem")


@pytest.mark.parametrize("package", ["starlette", "httpx"])
def test_a_package_of_the_control(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, package)
    with (
        pytest.raises(MissingExtra, match=r"^--control needs the extra \[control\]"),
        needs_extra("--control", "control"),
    ):
        __import__(package)


def test_any_other_import_that_fails_is_a_bug() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), needs_extra("--control", "control"):
        __import__("no_such_module")


def test_ctl_loads_no_package_of_an_extra() -> None:
    code = (
        "import sys, onemo.cli.ctl, onemo.cli.ctl_app, onemo.cli.ctl_bulk;"
        "import onemo.cli.ctl_capture, onemo.cli.ctl_operate;"
        "print([name for name in ('httpx', 'starlette', 'cryptography') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")
