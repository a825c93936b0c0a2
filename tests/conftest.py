"""Settings of all tests, which are collected as this project's own alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def _ours(config: pytest.Config) -> bool:
    """Tell whether these tests are meant, and not those of a repository that has this one as a submodule."""
    return config.rootpath == Path(__file__).resolve().parents[1]


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave these tests out of another project's: what they need is not installed there."""
    return None if _ours(config) else True


def pytest_configure(config: pytest.Config) -> None:
    """Let the property tests try the same examples in every run, unless --hypothesis-profile=search asks for others.

    How fast an example runs says more about the machine than about the code.
    """
    if _ours(config):
        from hypothesis import HealthCheck, settings

        settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
        settings.register_profile("emulator", settings.get_profile("search"), derandomize=True, database=None)
        settings.load_profile(config.getoption("--hypothesis-profile", None) or "emulator")


# The workers of pytest-xdist are measured; the emulators that tests start are not, for they would take twice as long.
if "PYTEST_XDIST_WORKER" in os.environ:
    for name in [name for name in os.environ if name.startswith("COVERAGE_PROCESS")]:
        del os.environ[name]
