"""A module between a line and a world in memory."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.unit.runtime.doubles import Bench


@pytest.fixture
async def bench(nursery: trio.Nursery) -> Bench:
    """An ML305U that has booted. A test in which time passes asks for the autojump_clock besides."""
    return await Bench(nursery).start()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The path of an NV file."""
    return tmp_path / "nv.json"
