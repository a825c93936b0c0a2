"""The fenced blocks of a page in Markdown."""

from __future__ import annotations

import re


def blocks(page: str, language: str) -> list[str]:
    """Return the contents of the blocks in this language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
