"""Every page: each block is played or says why not, each command can be typed, each link leads somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from onemo.cli.main import app
from onemo.faults.kinds import KINDS
from onemo.faults.presets import PRESETS, parse_faults

from tests.support.pages import INSTALL, PAGES, PLAYED, ROOT, Block, anchors_of, blocks_of, name_of, prose_of, typed_in

pages = pytest.mark.parametrize("page", PAGES, ids=name_of)
GUIDES = [page for page in PAGES if page.parent.name == "docs"]


def problem(block: Block) -> str:
    """What is wrong with who plays a block; empty: nothing."""
    if block.player:
        test = ROOT / block.player
        if not test.is_file():
            return f"there is no {block.player}"
        return "" if block.page.rpartition("/")[2] in test.read_text() else f"{block.player} does not read the page"
    if block.excuse:
        return "" if len(block.excuse.split()) > 2 else "say why it is not run"
    if block.marker and not re.fullmatch(r"slow|(module|on) \S.*", block.marker):
        return f"what is {block.marker!r}?"
    return "" if block.language in PLAYED else f"nobody plays a block of {block.language or 'no language'}"


@pages
def test_every_block_is_played_or_says_why_not(page: Path) -> None:
    assert [f"{block.place}: {problem(block)}" for block in blocks_of(page) if problem(block)] == []


@pages
def test_its_commands_can_be_typed(page: Path, tmp_path: Path) -> None:
    for block in blocks_of(page):
        if block.language not in ("sh", "console"):
            continue
        for line in typed_in(block):
            for command in re.split(r" (?:\||&&|>>?|<>) ?|; ", line):
                words = shlex.split(command.replace("$(", "(").removesuffix(" &"), comments=True)
                words = words[1:] if words[:1] == ["until"] else words
                if words[:1] == ["onemo-emulator"]:
                    there = [str(tmp_path) if word == "my-profiles" else word for word in words[1:]]
                    app.parse_args(there, exit_on_error=False, print_error=False)


@pages
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", re.sub(r"`[^`\n]*`", "", prose_of(page))):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


@pages
def test_its_faults_can_be_said(page: Path) -> None:
    """Each text in back ticks that begins with a fault's name and has keys."""
    for text in re.findall(r"`([^`\n]+)`", prose_of(page)):
        if text.partition(" ")[0] in {*KINDS, *PRESETS} and "=" in text and "…" not in text and "|" not in text:
            assert parse_faults(text), text


@pytest.mark.parametrize("page", [*GUIDES, ROOT / "README.md"], ids=name_of)
def test_how_to_install_it_stands_before_the_first_bare_command(page: Path) -> None:
    """A bare one has no folder before it; install.md is the page that the line leads to."""
    text = "" if page.name == "install.md" else page.read_text()
    bare = re.search(r"`onemo-emulator |^ *(?:\$ )?(?:until )?onemo-emulator ", text, re.MULTILINE)
    assert not bare or f"\n{INSTALL}\n" in text[: bare.start()]


def test_every_guide_is_in_the_index_and_in_the_readme() -> None:
    for index in (ROOT / "docs" / "README.md", ROOT / "README.md"):
        text = index.read_text()
        named = {(index.parent / link).resolve() for link in re.findall(r"\]\(([\w./-]+\.md)\)", text)}
        assert [page.name for page in GUIDES if page not in named and page != index] == []


def test_the_pages_that_the_program_names_are_there() -> None:
    for file in (ROOT / "emulator").rglob("*.py"):
        for named in re.findall(r"\b(?:docs/)?[\w-]+\.md\b", file.read_text()):
            assert (ROOT / named).exists(), f"{file}: {named}"


def test_the_readme_is_a_first_page() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 200
    first = blocks_of(ROOT / "README.md")[0]
    assert [line.split()[0] for line in typed_in(first)] == ["./scripts/run", "./scripts/test"]
    titles = re.findall(r"^## (.*)", text, re.MULTILINE)
    assert titles[:4] == ["Why", "Two commands", "A first session", "A first test"]
    assert titles[-1] == "Contributing"
