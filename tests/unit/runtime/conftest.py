"""A module between a line and a world in memory; labs of a test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from onemo.errors import UsageError
from onemo.runtime.labfile import read_lab
from onemo.runtime.labtable import Planned

from tests.unit.runtime.doubles import Bench

Read = Callable[..., tuple[Planned, ...]]


@pytest.fixture
async def bench(nursery: trio.Nursery) -> Bench:
    """An ML305U that has booted. A test in which time passes asks for the autojump_clock besides."""
    return await Bench(nursery).start()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The path of an NV file."""
    return tmp_path / "nv.json"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a lab's file with this content."""

    def go(content: str, number: int = 0) -> tuple[Planned, ...]:
        file = tmp_path / "lab.toml"
        file.write_text(content)
        return read_lab(file, number)

    return go


@pytest.fixture
def mistakes(read: Read, tmp_path: Path) -> Callable[[str], list[str]]:
    """The mistakes in a lab's file with this content, without its name."""

    def go(content: str) -> list[str]:
        with pytest.raises(UsageError) as refusal:
            read(content)
        file = f"{tmp_path}/lab.toml: "
        told = str(refusal.value).split("\n")
        assert all(line.startswith(file) for line in told)
        return [line.removeprefix(file) for line in told]

    return go
