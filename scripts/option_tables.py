"""Writes the tables of options in README.md: those of ``run``, and the keys of a lab.

``.venv/bin/python -m scripts.option_tables``; a test fails while the file is not what this would write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from math import inf
from pathlib import Path

from onemo.runtime.labtable import KEYS
from onemo.runtime.options import GROUPS, OPTIONS, Option, OptionType

FILE = Path(__file__).resolve().parent.parent / "README.md"
_BEGIN = "<!-- the options of {}: written by scripts/option_tables.py -->\n"
_END = "<!-- -->\n"
_TYPED = re.compile(
    r"(?<!\w)'([^']+)'(?!\w)"
    r'|"([^"]+)"'
    r"|(--[a-z][a-z-]+(?: '[^']+')?|AT\+\w+(?:=\?)?|\w+://[\w:]+|/dev/\w+|\{\w+\}|ONEMO_\w+|[\w/]+\.md)"
)


def written(readme: str) -> str:
    """Return a README with its tables as they should be."""
    for name, head, rows in (("run", ("", ""), _run()), ("lab", ("key", "value", ""), _lab())):
        before, begin, rest = readme.partition(_BEGIN.format(name))
        _, end, after = rest.partition(_END)
        readme = "".join([before, begin, *_table(head, rows), end, after])
    return readme


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    first, *others = (f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in cells)}|\n" for cells in (head, *rows))
    yield from (first, f"|{'---|' * len(head)}\n", *others)


def _run() -> Iterator[tuple[str, ...]]:
    groups = ("", *GROUPS)
    for option in sorted(OPTIONS.values(), key=lambda option: groups.index(option.group)):
        if option.run:
            metavar = f" {option.metavar}" if option.metavar not in ("", option.flag) else ""
            short = f"`{option.short}`, " if option.short else ""
            negative = f", `--no-{option.flag[2:]}`" if option.negative else ""
            yield f"{short}`{option.flag}{metavar}`{negative}", _coded(option.about.partition("\n")[0])


def _lab() -> Iterator[tuple[str, ...]]:
    for key, option in KEYS.items():
        about = f"As `{option.flag}`" if option.run and option.name else _coded(option.about)
        yield f"`{key}`", _value(option), f"{about}; {option.in_lab}." if option.in_lab else f"{about.rstrip('.')}."


def _value(option: Option) -> str:
    """Say how a value is written in a file."""
    words = " or ".join(f"`{each}`" for each in option.choices) or option.type.value
    if option.type in (OptionType.INTEGER, OptionType.NUMBER):
        words = f"{option.low:g} up" if option.high == inf else f"{option.low:g} to {int(option.high)}"
    return f"array of {words}s" if option.several else words


def _coded(about: str) -> str:
    """Mark what is typed in a help as code."""
    return _TYPED.sub(lambda found: f"`{next(filter(None, found.groups()))}`", about)


if __name__ == "__main__":
    FILE.write_text(written(FILE.read_text(encoding="utf-8")), encoding="utf-8")
