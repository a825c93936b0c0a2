"""CONTRIBUTING.md, SECURITY.md and docs/architecture.md: the paths and commands in them are there."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path
from typing import get_args

import pytest
from onemo.cli.main import app
from onemo.modem.intents import Intent

from tests.support import fences

ROOT = Path(__file__).resolve().parents[2]
GUIDES = {name: (ROOT / name).read_text() for name in ("CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md")}
COMING: set[str] = set()
"""Paths of the design that are not there yet; it only shrinks."""
guides = pytest.mark.parametrize("guide", GUIDES)


def spans(guide: str) -> set[str]:
    """Return the texts in back ticks."""
    text = re.sub(r"^```.*?^```$", "", GUIDES[guide], flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"`([^`]+)`", text))


def paths(guide: str) -> set[str]:
    """Return the paths that are named, up to the first part that stands for any."""
    named = {text for text in spans(guide) if re.fullmatch(r"[\w.<>-]+/[\w./<>-]*|[\w-]+\.(py|md|toml)", text)}
    named.discard("application/json")
    return {re.split(r"/?<", text)[0].rstrip("/") for text in named}


def is_there(path: str) -> bool:
    """Tell whether a path is one of the repository, or of the package."""
    return any((ROOT / base / path).exists() for base in ("", "emulator/onemo"))


def test_the_paths_are_there() -> None:
    assert {path for guide in GUIDES for path in paths(guide) if not is_there(path)} == COMING


def commands(guide: str) -> list[str]:
    """Return the lines of the blocks of the shell, and all that looks like a command of ours in back ticks."""
    blocks = fences.blocks(GUIDES[guide], "sh")
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    typed = [text for text in spans(guide) if text.startswith(("./scripts/", "onemo-emulator "))]
    return [*filter(None, lines), *typed]


@guides
def test_the_commands_can_be_typed(guide: str) -> None:
    for command in commands(guide):
        program, *arguments = command.split()
        if program == "onemo-emulator":
            app.parse_args(arguments, exit_on_error=False, print_error=False)
        elif program == ".venv/bin/python":
            assert arguments[0] == "-m"
            assert importlib.util.find_spec(arguments[1])
        else:
            assert program.startswith("./scripts/"), command
            assert os.access(ROOT / program, os.X_OK), command


def test_three_commands() -> None:
    (block, *_) = fences.blocks(GUIDES["CONTRIBUTING.md"], "sh")
    assert [line.split()[0] for line in block.splitlines()] == ["./scripts/run", "./scripts/check", "./scripts/test"]


@guides
def test_the_options_are_those_of_the_guides(guide: str) -> None:
    """They are tested there against the help of each command."""
    told = "".join(page.read_text() for page in (ROOT / "docs").glob("*.md") if page.name != "architecture.md")
    options = {option for text in spans(guide) for option in re.findall(r"^--[a-z-]+", text)}
    assert {option for option in options if option not in told} == set()


def test_every_intent_has_its_row() -> None:
    table = GUIDES["docs/architecture.md"].partition("\n## Intents")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == {intent.__name__ for intent in get_args(Intent)}
