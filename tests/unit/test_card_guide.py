"""docs/card.md: its card is one, its dialogue is what is said, its faults are faults."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from onemo.faults.say import parse_fault
from onemo.profile.card import CardDocument, with_card_file

from tests.support import fences
from tests.support.driver import Driver, model_named

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "card.md").read_text()


def test_the_card_is_one(tmp_path: Path) -> None:
    (block,) = fences.blocks(GUIDE, "toml")
    (tmp_path / "card.toml").write_text(block)
    card = with_card_file(model_named("ML307R").profile, tmp_path / "card.toml").card
    assert card.files["6F99"] == "0102030405"
    assert set(CardDocument._fields) == {"eid", "k", "opc", "files"}


def test_the_dialogue() -> None:
    driver = Driver("ML307R").boot()
    rows = re.findall(r"^\| `(AT[^`]*)` \| `([^`]*)`", GUIDE, re.MULTILINE)
    assert len(rows) == 9
    for sent, answered in rows:
        assert driver.answer(sent) == [answered, "OK"], sent


def test_the_faults() -> None:
    lines = [line for block in fences.blocks(GUIDE, "sh") for line in block.splitlines()]
    kinds = [parse_fault(shlex.split(line)[-1]).kind.name for line in lines]
    assert kinds == ["card-answer", "card-slow", "card-file"]
