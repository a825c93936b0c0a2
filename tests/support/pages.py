"""The pages in Markdown, their fenced blocks, and who plays each.

A comment in the line above a block says so; one that begins ``blocks:``, below the title, says it of all blocks of a
page that have none of their own::

    <!-- played by tests/e2e/test_mqtt_guide.py -->    a test of its own
    <!-- not run: it needs a container engine -->      nobody, and why
    <!-- module ML307R -->                             a dialogue, on such a module
    <!-- on /tmp/modem-1 -->                           a dialogue, on this port
    <!-- slow -->                                      its section takes more than ten seconds

All other blocks are played by tests/e2e/test_pages.py, as ``tests/e2e/guides.py`` tells.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted((ROOT / "docs").glob("*.md"))
INSTALL = (
    "To install the emulator: `pipx install './onemo-emulator[control,tls]'`, or uvx or pip ([install](install.md))."
)
"""The line that a guide has before its first ``onemo-emulator``."""
PLAYED = ("sh", "console", "python", "toml", "at", "text", "json")
"""Languages that tests/e2e/guides.py knows how to play."""
_BLOCK = re.compile(
    r"^(?:<!-- (?P<marker>[^\n]*) -->\n)?(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"# ([\w./-]+\.(?:py|toml|at))\n")


class Block(NamedTuple):
    """A fenced block.

    page: the path of its page; section: its heading, empty above the first; line: where it begins.
    """

    page: str
    section: str
    line: int
    language: str
    text: str
    marker: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def named(self) -> str:
        """The file that it is, as its first line says; empty: none."""
        found = _NAMED.match(self.text)
        return found[1] if found else ""

    @property
    def player(self) -> str:
        """The test that plays it; empty: tests/e2e/test_pages.py, or nobody."""
        return self.marker.removeprefix("played by ") if self.marker.startswith("played by ") else ""

    @property
    def excuse(self) -> str:
        """Why nobody plays it; empty: somebody does."""
        return self.marker.removeprefix("not run: ") if self.marker.startswith("not run: ") else ""

    @property
    def played_here(self) -> bool:
        """True where tests/e2e/test_pages.py plays it."""
        return not self.player and not self.excuse and self.language in PLAYED


def name_of(page: Path) -> str:
    """Return the path of a page in the repository."""
    return str(page.relative_to(ROOT))


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    general = re.search(r"^<!-- blocks: (.*) -->$", text, re.MULTILINE)
    found = []
    for match in _BLOCK.finditer(text):
        before = text[: match.start("language")]
        headings = re.findall(
            r"^## (.*)$", re.sub(r"^```.*?^```$", "", before, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
        )
        section = headings[-1] if headings else ""
        marker = match["marker"] or (general[1] if general else "")
        content = re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
        found.append(Block(name_of(page), section, before.count("\n") + 1, match["language"], content, marker))
    return found


def section_of(page: str, title: str) -> str:
    """Return what stands under a heading of a page."""
    return (ROOT / page).read_text(encoding="utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def prose_of(page: Path) -> str:
    """Return a page without its blocks."""
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def typed_in(block: Block) -> list[str]:
    """Return the commands of a block of a shell, without prompts and what is shown; a continued line is one."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language == "console":
        return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [line for line in lines if line.strip() and not line.startswith("#")]
