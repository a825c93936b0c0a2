"""Parts of the tests of the NV file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from onemo.errors import UsageError
from onemo.runtime.nvstore import Json, NvStore, open_store

SETTINGS: dict[str, Json] = {"MDNSCFG": {"priority": 1, "servers": ["1.1.1.1", None]}, "IPR": 115200}
OTHERS: dict[str, Json] = {"IPR": 9600}


def store_at(file: Path | str, name: str = "dut", model: str = "MN316") -> NvStore:
    return open_store(file, name, model)


def stored(file: Path, model: str = "MN316") -> dict[str, Json]:
    with store_at(file, model=model) as store:
        return store.load()


def content(settings: dict[str, Json], model: str = "MN316", number: int = 1) -> bytes:
    return json.dumps({"format": number, "model": model, "settings": settings}).encode()


def names(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir())


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def refusal(path: Path | str, name: str = "dut") -> str:
    before = descriptors()
    with pytest.raises(UsageError) as caught:
        open_store(path, name, "MN316")
    assert descriptors() == before
    return str(caught.value)
