"""``doctor``: each look with a host that has what it looks for, and with one that lacks it."""

from __future__ import annotations

import importlib.util
import os
import resource
import socket
from pathlib import Path

import pytest
from onemo.cli import doctor

from tests.unit.cli.conftest import Typed


def refused(*args: object) -> object:
    raise OSError(1, "Operation not permitted")


def line(out: str, what: str) -> str:
    (found,) = [each for each in out.splitlines() if each.startswith(what)]
    return found


def test_a_host_on_which_modules_run(typed: Typed) -> None:
    status, out, err = typed("doctor")
    assert (status, err) == (0, "")
    for what in ("Python", "pseudo-terminals", "OpenSSL", "ports of IPv4", "open files", "the sandbox's CA"):
        assert line(out, what)
    assert "  bad  " not in out


def test_no_pseudo_terminal(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "openpty", refused)
    status, out, _ = typed("doctor")
    assert status == 1
    assert "bad" in line(out, "pseudo-terminals")
    assert "kernel.pty.max" in line(out, "pseudo-terminals")


def test_few_pseudo_terminals(typed: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "max").write_text("20\n")
    (tmp_path / "nr").write_text("15\n")
    monkeypatch.setattr(doctor, "_PTYS", tmp_path)
    status, out, _ = typed("doctor")
    assert status == 0
    assert line(out, "pseudo-terminals").split("  ")[-1] == "sysctl -w kernel.pty.max=40, as root"
    monkeypatch.setattr(doctor, "_PTYS", tmp_path / "none")
    assert "is not told here" in line(typed("doctor").out, "pseudo-terminals")


def test_pings(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", refused)
    status, out, _ = typed("doctor")
    assert status == 1  # for the ports
    assert "net.ipv4.ping_group_range" in line(out, "pings over IPv4")
    assert "ip link set lo up" in line(out, "ports of IPv4")
    assert "disable_ipv6" in line(out, "ports of IPv6")


def test_few_descriptors(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (256, resource.RLIM_INFINITY))
    told = line(typed("doctor").out, "open files")
    assert "  256 for a process, no limit for lab  " in told
    assert told.endswith("  ulimit -n 4096")


def test_what_is_not_installed(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert line(typed("doctor").out, "starlette").endswith("  pip install 'onemo-emulator[control]'")
    assert line(typed("doctor").out, "cryptography").endswith("  pip install 'onemo-emulator[tls]'")


def test_permissions(typed: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ttyUSB0").touch()
    monkeypatch.setattr(doctor, "_DEVICES", tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert "may be opened" in line(typed("doctor").out, str(tmp_path / "ttyUSB0"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    out = typed("doctor").out
    assert "usermod -aG" in line(out, str(tmp_path / "ttyUSB0"))
    assert "set XDG_DATA_HOME" in line(out, "the sandbox's CA")
