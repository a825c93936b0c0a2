"""docs/board.md: its events happen on the board of its profile, its test runs; ``ctl do`` takes what guides give it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from onemo.faults.say import parse_fault
from onemo.faults.seams.events import happen
from onemo.runtime.models import load_model

from tests.support import fences
from tests.support.driver import Driver
from tests.support.pages import PAGES, blocks_of, typed_in

pytest_plugins = ["pytester"]
ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "board.md").read_text()


def done(page: Path) -> list[list[str]]:
    """Return what stands behind each ``ctl do`` of a page."""
    blocks = [block for block in blocks_of(page) if block.language in ("sh", "console")]
    lines = [line for block in blocks for line in typed_in(block) if " ctl do " in line]
    typed = [shlex.split(line, comments=True) for line in lines]
    return [[word for word in words[words.index("do") + 1 :] if not word.startswith("-")] for words in typed]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_an_event_of_a_guide_is_one_word_behind_the_module(page: Path) -> None:
    for words in done(page):
        assert 1 <= len(words) <= 2, words
        parse_fault(words[-1])


def test_the_events_happen(tmp_path: Path) -> None:
    (block,) = fences.blocks(GUIDE, "toml")
    (tmp_path / "mine.toml").write_text(block.replace('"ML307R"', '"MINE"'))
    driver = Driver(load_model("mine", (tmp_path,))).boot()
    assert driver.answer('AT+MUESTATS="cell"')[0] == '+MUESTATS: "scell",4,460,00,3684,,186,-910,-100,-730,120'
    driver = Driver("ML307R").boot()
    events = [words[-1] for words in done(ROOT / "docs/board.md")]
    assert len(events) > 10
    for text in events:
        driver.report(lambda text=text: happen(driver.modem, parse_fault(text), driver.now))  # type: ignore[misc]


def test_the_test_of_a_user_runs(pytester: pytest.Pytester) -> None:
    (block,) = fences.blocks(GUIDE, "python")
    firmware = "import os, threading\n\n\ndef start_firmware(port):\n    fd = os.open(port, os.O_RDWR | os.O_NOCTTY)\n"
    firmware += '    os.write(fd, b"AT+MGPIO=0,2\\r")\n\n\n'
    pytester.makepyfile(firmware + block)
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_what_lasts_is_said_of_each_command() -> None:
    table = GUIDE.split("## What lasts")[1]
    for name in ("MLOCKFREQ", "MBAND", "MLED", "MLBSCFG", "MEMMTIMER", "MWIFISCANCFG"):
        assert re.search(rf"`AT\+{name}`", table), name
