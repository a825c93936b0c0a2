"""docs/coverage.md says what the declarations and the profiles say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from onemo.at.registry import declarations
from onemo.at.store import Slot
from onemo.families import FAMILIES
from onemo.modem import slots

from scripts.command_table import FILE, kept_only, page, remarks
from tests.support.models import SERIES

SOURCES = "\n".join(path.read_text() for path in Path(slots.__file__).parents[1].rglob("*.py") if path.stem != "slots")
PAGE = FILE.read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `")]
HEADS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if "| MN316 |" in line]


def test_the_page_is_what_the_script_writes() -> None:
    assert page() == PAGE, "it is out of date; write it anew: .venv/bin/python -m scripts.command_table"


def test_every_command_has_a_row_and_every_series_a_column() -> None:
    assert HEADS
    for head in HEADS:
        assert (head[0], sorted(head[1:])) == ("Command", sorted(SERIES))
    typed = [row[0].strip("`").removeprefix("AT").removeprefix("+") for row in ROWS]
    assert len(typed) == len(set(typed))
    assert {name for name in typed if "=" not in name} == set(declarations(FAMILIES))
    assert {len(row) for row in ROWS} == {1 + len(SERIES)}


@pytest.mark.parametrize(
    ("command", "series", "shown"),
    [
        ("AT+MIPOPEN", "MN316", "●"),
        ("AT+MIPSACK", "MN316", "·"),
        ("AT+MIPSACK", "MN318", "●"),
        ("AT+MIPCLOSE", "ML307R", "●"),
        ("AT+ICCID", "MN316", "·"),
        ("AT+CPSMS", "ML307R", "·"),
        ('AT+MIPCFG="ackmode"', "MN316A", "○"),
        ('AT+MIPCFG="ackmode"', "MN316", "·"),
        ("AT&C", "ML307R", "○"),
        ("ATX", "ML305M", "·"),
    ],
)
def test_some_cells(command: str, series: str, shown: str) -> None:
    (row,) = [row for row in ROWS if row[0] == f"`{command}`"]
    assert row[HEADS[0].index(series)] == shown


@pytest.mark.parametrize(
    "note",
    [
        "- `AT+MIPOPEN`: `timeout` is inert on MN316, MN316-S, MN326.",
        "- `AT+CREG` is full on ML302A-DSLM,",
        "- `AT+MIPMODE`: `packet_size`, `waittm` are inert on every NB series, unavailable on ML302A, ML302S, ML305A, "
        "ML305M, ML305U, ML307A, ML307C, ML307G, ML307M, ML307N, ML307R, ML307S, ML307X.",
    ],
)
def test_some_notes(note: str) -> None:
    assert f"\n{note}" in PAGE


def test_what_makes_no_difference_is_told() -> None:
    """A setting whose slot is named by nothing but its declaration acts on nothing; one that is, does."""
    code = re.sub(r"^from .*|\bSetting\([A-Z_]+\)", "", SOURCES, flags=re.MULTILINE)
    words = set(re.findall(r"\w+", code))
    named = {name: slot for name, slot in vars(slots).items() if isinstance(slot, Slot)}
    acts_on_nothing = {slot.name for name, slot in named.items() if name not in words}
    elsewhere = {"CGAUTH", "CGTFT", "CGCLASS", "CEMODE"}  # no setting, or one that its family alone knows
    assert acts_on_nothing == kept_only().keys() - elsewhere
    assert not kept_only().keys() & remarks().keys()
