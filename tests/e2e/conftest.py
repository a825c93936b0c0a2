"""Emulators as processes of their own, and peers for them on loopback."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.dte import Dte
from tests.e2e.peers import Peers
from tests.e2e.pool import Pool
from tests.e2e.started import AT_ONCE, Started

Start = Callable[..., Started]
Lend = Callable[[str], AbstractContextManager[Dte]]
MODELS = ("MN316", "MN319", "MN318", "ML307R", "ML305U", "ML307G")
"""One of each family: those whose footnotes differ."""


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Start]:
    """Starts emulators without waiting for them: ``launch("ML307R", "--json")``."""
    with ExitStack() as stack:
        count = 0

        def go(*arguments: str, measured: bool = False) -> Started:
            nonlocal count
            count += 1
            return stack.enter_context(Started(list(arguments), tmp_path / f"stderr-{count}", measured=measured))

        yield go


@pytest.fixture
def start(launch: Start) -> Start:
    """Starts emulators that boot and register at once, and waits for the ready line."""

    def go(*arguments: str, measured: bool = False) -> Started:
        return launch(*arguments, *AT_ONCE, measured=measured).wait_ready()

    return go


@pytest.fixture(scope="session")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """The modules that tests share; how they end is checked when all tests are over."""
    with Pool(tmp_path_factory.mktemp("pool")) as pool:
        yield pool


@pytest.fixture
def module(pool: Pool) -> Iterator[Started]:
    """A shared ML307R as it is after its boot; megabytes go through it, so coverage does not watch."""
    with pool.lent("ML307R") as module:
        yield module


@pytest.fixture
def dte(module: Started) -> Iterator[Dte]:
    """The DTE of the fixture's module, past the banner and with echo off."""
    with module.awake() as dte:
        yield dte


@pytest.fixture
def lend(pool: Pool) -> Lend:
    """The same of any model, which the test has for itself until it is over with it: ``lend("MN316")``."""

    @contextmanager
    def go(model: str) -> Iterator[Dte]:
        with pool.lent(model, measured=True) as module, module.awake() as dte:
            yield dte

    return go


@pytest.fixture
def peers() -> Iterator[Peers]:
    with ExitStack() as stack:
        yield Peers(stack)


@pytest.fixture
def wire() -> Iterator[tuple[int, str]]:
    """The DTE's end of a cable, and the path of the module's: terminals, which have no modem lines."""
    master, slave = os.openpty()
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)
