"""The Dockerfile, read as far as the tests need it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "Dockerfile").read_text()


class Instruction(NamedTuple):
    """One instruction. stage: the number of the FROM that it is under, from 0."""

    stage: int
    name: str
    value: str


def instructions() -> list[Instruction]:
    """All of them, in order, each in one line."""
    text = re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE)
    found: list[Instruction] = []
    stage = -1
    for line in re.sub(r"\\\n", "", text).splitlines():
        name, _, value = line.partition(" ")
        stage += name == "FROM"
        if name:
            found.append(Instruction(stage, name, re.sub(r"--mount=\S+", "", value).strip()))
    return found


def values(name: str, stage: int | None = None) -> list[str]:
    """Return the values of the instructions of this name; of all stages if none is given."""
    return [found.value for found in instructions() if found.name == name and stage in (None, found.stage)]


def words(name: str) -> list[str]:
    """The one instruction of this name, which is in the exec form: no shell comes between."""
    (value,) = values(name)
    parsed: list[str] = json.loads(value[value.index("[") :])
    return parsed


def environment() -> dict[str, str]:
    """Return the variables that ENV sets."""
    (value,) = values("ENV")
    return dict(re.findall(r"(\w+)=(\S+)", value))
