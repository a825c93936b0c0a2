"""docs/own-commands.md: what its dialogue does not tell of its profile."""

from __future__ import annotations

from pathlib import Path

import pytest
from onemo.profile.document import parse_toml
from onemo.profile.schema import AnswerSection
from onemo.runtime.models import load_model

from tests.support import fences
from tests.support.driver import Driver

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "own-commands.md").read_text()
PROFILE, TABLE = fences.blocks(GUIDE, "toml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.toml").write_text(PROFILE)
    return tmp_path


def test_a_table_says_the_same(folder: Path) -> None:
    (table,) = parse_toml(TABLE.encode())["answers"].values()
    assert AnswerSection(lines=tuple(table["lines"])) == load_model("mine", (folder,)).profile.answers["AT+MSWVER"]


def test_an_answer_that_is_late(folder: Path) -> None:
    driver = Driver(load_model("mine", (folder,))).boot()
    driver.ask("ATE0")
    assert driver.ask("AT^BAND?") == b""
    driver.wait(0.3)
    assert driver.take().startswith(b"\r\n^BAND: 3\r\n")


def test_every_key_is_told() -> None:
    assert all(f"| `{name}` |" in GUIDE for name in AnswerSection._fields)
