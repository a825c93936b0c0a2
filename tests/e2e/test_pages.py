"""The pages: each section is played as one session, as tests/e2e/guides.py tells."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from tests.e2e import guides
from tests.support.pages import PAGES, ROOT, Block, blocks_of

_PROGRAM = "#!/bin/sh\nexit 0\n"
_ACME = 'extends = "models/ml307r.toml"\nsource = "the guide"\nseries = "ACME"\n'
GIVEN = {
    "docs/firmware.md": {"firmware": _PROGRAM, "firmware-on-stdin-and-stdout": _PROGRAM},
    "docs/upgrading.md": {"my-profiles/acme.toml": _ACME},
}
"""What the reader of a page has, which the page does not show."""
PLAYED = {page: [block for block in blocks_of(page) if block.played_here] for page in PAGES}
SECTIONS = [list(section) for blocks in PLAYED.values() for _, section in groupby(blocks, lambda block: block.section)]


PARAMETERS = [
    pytest.param(
        section,
        marks=[pytest.mark.slow] if any(block.marker == "slow" for block in section) else [],
        id=f"{section[0].page}#{section[0].section}",
    )
    for section in SECTIONS
]


def begun(section: list[Block], blocks: list[Block]) -> list[Block]:
    """A section, behind the consoles with which the page begins: a module, say, that all sections act on."""
    acts = section[0].section and any(block.language not in ("json", "text") for block in section)
    return [block for block in blocks if acts and not block.section and block.language == "console"] + section


@pytest.mark.parametrize("section", PARAMETERS)
def test_a_section(section: list[Block], tmp_path: Path) -> None:
    page = section[0].page
    blocks = PLAYED[ROOT / page]
    guides.play(tmp_path, begun(section, blocks), [block for block in blocks if block.named], GIVEN.get(page, {}))
