"""``onemo-emulator doctor``: what this host lacks for modules to run on it, and how to give it that."""

from __future__ import annotations

import importlib.util
import os
import platform
import resource
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from cyclopts import App

from onemo.cli.page import Page
from onemo.errors import EXTRAS, install_of

_PTYS = Path("/proc/sys/kernel/pty")
_FEW_PTYS = 16
_FEW_FILES = 1024
_DEVICES = Path("/dev")
_USES = {"cryptography": "the sandbox's TLS servers", "starlette": "--control", "httpx": "lab --processes"}


class Finding(NamedTuple):
    """What one look found. word: "ok", "note" (something is not to be had) or "bad" (no module will run)."""

    what: str
    word: str
    found: str
    remedy: str = ""


def doctor() -> int:
    """Look at this host for what keeps modules from running here.

    Each line is one look: at pseudo-terminals, pings, TLS, ports, descriptors,
    permissions. What is not well has the remedy beside it.

    The exit status is 0 where modules run, 1 where they do not.
    """
    findings = [finding for look in _LOOKS for finding in look()]
    page = Page()
    page.table(("", "", "Found", "Remedy"), [(each.what, each.word, each.found, each.remedy) for each in findings], 0)
    page.show()
    return int(any(finding.word == "bad" for finding in findings))


def _python() -> Iterator[Finding]:
    yield Finding("Python", "ok", f"{platform.python_version()} on {platform.system()}")
    for extra, names in EXTRAS.items():
        for name in names:
            if importlib.util.find_spec(name) is None:
                yield Finding(name, "note", f"is not installed: there is no {_USES[name]}", install_of(extra))


def _ptys() -> Iterator[Finding]:
    try:
        master, slave = os.openpty()
    except OSError as error:
        remedy = "sysctl -w kernel.pty.max=4096, as root; or --tcp"
        yield Finding("pseudo-terminals", "bad", f"none can be opened: {error.strerror}", remedy)
        return
    os.close(master)
    os.close(slave)
    try:
        most, used = (int((_PTYS / name).read_text()) for name in ("max", "nr"))
    except (OSError, ValueError):
        yield Finding("pseudo-terminals", "ok", "one was opened; how many there are is not told here")
        return
    left = most - used
    remedy = f"sysctl -w kernel.pty.max={2 * most}, as root" if left < _FEW_PTYS else ""
    yield Finding("pseudo-terminals", "note" if remedy else "ok", f"{left} of {most} left", remedy)


def _pings() -> Iterator[Finding]:
    group = os.getegid()
    remedy = f'sysctl -w net.ipv4.ping_group_range="{group} {group}", as root; or --sandbox'
    for name, family, protocol in (
        ("pings over IPv4", socket.AF_INET, socket.IPPROTO_ICMP),
        ("pings over IPv6", socket.AF_INET6, socket.IPPROTO_ICMPV6),
    ):
        try:
            socket.socket(family, socket.SOCK_DGRAM, protocol).close()
        except OSError as error:
            yield Finding(name, "note", f"the host refuses them: {error.strerror}", remedy)
        else:
            yield Finding(name, "ok", "allowed")


def _tls() -> Iterator[Finding]:
    context = ssl.create_default_context()
    yield Finding("OpenSSL", "ok", f"{ssl.OPENSSL_VERSION}, {len(context.get_ciphers())} cipher suites")
    if not ssl.HAS_TLSv1_3:
        yield Finding("TLS 1.3", "note", "this OpenSSL has none", "use a Python with a newer one")


def _ports() -> Iterator[Finding]:
    for name, family, address in (("IPv4", socket.AF_INET, "127.0.0.1"), ("IPv6", socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as listener:
                listener.bind((address, 0))
                listener.listen()
        except OSError as error:
            word = "bad" if family is socket.AF_INET else "note"
            remedy = "ip link set lo up, as root" if word == "bad" else "sysctl -w net.ipv6.conf.lo.disable_ipv6=0"
            yield Finding(f"ports of {name}", word, f"none on {address}: {error.strerror}", remedy)
        else:
            yield Finding(f"ports of {name}", "ok", f"a free one on {address}")


def _descriptors() -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    remedy = "ulimit -n 4096" if soft < _FEW_FILES else ""
    told = "no limit" if hard == resource.RLIM_INFINITY else f"at most {hard}"
    yield Finding("open files", "note" if remedy else "ok", f"{soft} for a process, {told} for lab", remedy)


def _permissions() -> Iterator[Finding]:
    for device in sorted((*_DEVICES.glob("ttyUSB*"), *_DEVICES.glob("ttyACM*"))):
        if os.access(device, os.R_OK | os.W_OK):
            yield Finding(str(device), "ok", "may be opened")
        else:
            remedy = f"usermod -aG {_group_of(device)} $USER, as root, and log in again"
            yield Finding(str(device), "note", "may not be opened", remedy)
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    if os.access(place, os.W_OK):
        yield Finding("the sandbox's CA", "ok", f"is kept in {home}/onemo-emulator")
    else:
        yield Finding("the sandbox's CA", "note", f"cannot be kept: {place} is not ours", "set XDG_DATA_HOME")


def _group_of(device: Path) -> str:
    try:
        return device.group()
    except KeyError:
        return "dialout"


_LOOKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    *(_python, _ptys, _pings, _tls, _ports, _descriptors, _permissions),
)
_EPILOGUE = """\
Examples:

  onemo-emulator doctor               all that it looks at
  onemo-emulator doctor | grep -v ok  what is not well"""
DOCTOR = App(name="doctor", usage="Usage: onemo-emulator doctor [OPTIONS]", help_epilogue=_EPILOGUE)
DOCTOR.default(doctor)
