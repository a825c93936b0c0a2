"""Emulators as processes of their own, and peers for them on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.dte import Dte
from tests.e2e.peers import Peers
from tests.e2e.started import Started

Start = Callable[..., Started]
MODELS = ("MN316", "MN319", "MN318", "ML307R", "ML305U", "ML307G")
"""One of each family: those whose footnotes differ."""


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Start]:
    """Starts emulators without waiting for them: ``launch("ML307R", "--json")``."""
    with ExitStack() as stack:
        count = 0

        def go(*arguments: str, measured: bool = True) -> Started:
            nonlocal count
            count += 1
            return stack.enter_context(Started(list(arguments), tmp_path / f"stderr-{count}", measured=measured))

        yield go


@pytest.fixture
def start(launch: Start) -> Start:
    """Starts emulators that boot at once and waits for the ready line."""

    def go(*arguments: str, measured: bool = True) -> Started:
        return launch(*arguments, "--boot-time", "0", measured=measured).wait_ready()

    return go


@pytest.fixture
def module(start: Start) -> Started:
    """An ML307R."""
    return start("ML307R")


@pytest.fixture
def dte(module: Started) -> Iterator[Dte]:
    """That module's DTE, past the banner and with echo off."""
    with module.awake() as dte:
        yield dte


@pytest.fixture
def peers() -> Iterator[Peers]:
    with ExitStack() as stack:
        yield Peers(stack)
