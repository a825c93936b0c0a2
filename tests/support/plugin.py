"""Runs of pytest with the plugin, inside of a test."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import threading
from pathlib import Path

import onemo
import pytest
import serial  # noqa: F401

# A run inside this one forgets at its end whatever it was the first to import, of which the rest holds parts.
for _module in pkgutil.walk_packages(onemo.__path__, "onemo."):
    importlib.import_module(_module.name)

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ("-p", "onemo.pytest_plugin")
STRICT = ("--strict-markers", "-W", "error", "-W", "error::pytest.PytestUnraisableExceptionWarning")
ASK = """
import pytest
import serial

def ask(module, line, end=b"OK\\r\\n"):
    with serial.serial_for_url(module.url, timeout=5) as port:
        port.write(line.encode() + b"\\r")
        return port.read_until(end)
"""


def run(pytester: pytest.Pytester, tests: str, *arguments: str) -> pytest.RunResult:
    """A pytest run in this process, with nothing left behind: no thread, no descriptor."""
    pytester.makepyfile(ASK + tests)
    gc.collect()  # what tests before this one left
    threads, descriptors = set(threading.enumerate()), set(os.listdir("/proc/self/fd"))
    result = pytester.runpytest_inprocess(*PLUGIN, *STRICT, "-p", "no:cacheprovider", *arguments)
    assert set(threading.enumerate()) <= threads
    assert set(os.listdir("/proc/self/fd")) <= descriptors
    return result
