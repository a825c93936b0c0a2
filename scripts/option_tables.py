"""Writes the tables of options in the guides: those of ``run``, the commands, the keys of a lab, the plugin's keywords.

``.venv/bin/python -m scripts.option_tables``; a test fails while a page is not what this would write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from math import inf
from pathlib import Path

from cyclopts import App
from onemo.cli.main import app
from onemo.runtime.labtable import KEYS
from onemo.runtime.options import GROUPS, OPTIONS, Option, OptionType

_ROOT = Path(__file__).resolve().parent.parent
_BEGIN = "<!-- {}: written by scripts/option_tables.py -->\n"
_END = "<!-- -->\n"
_TYPED = re.compile(
    r"(?<!\w)'([^']+)'(?!\w)"
    r'|"([^"]+)"'
    r"|(--[a-z][a-z-]+(?: '[^']+')?|AT\+\w+(?:=\?)?|\w+://[\w:]+|/dev/\w+|\{\w+\}|ONEMO_\w+|[\w/]+\.md)"
)
_OTHERS = ("trace", "record", "replay", "lab", "firmware", "sandbox-ca")
"""The commands with options of their own, besides run."""
_Rows = Callable[[], Iterator[tuple[str, ...]]]


def written(name: str, page: str) -> str:
    """Return a page with its tables as they should be. name: of its file, one of FILES."""
    for table, head, rows in FILES[name]:
        before, begin, rest = page.partition(_BEGIN.format(table))
        _, end, after = rest.partition(_END)
        page = "".join([before, begin, *_table(head, rows()), end, after])
    return page


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


def _keywords() -> Iterator[tuple[str, ...]]:
    for option in OPTIONS.values():
        if option.python:
            about = f"As `{option.flag}`." if option.run else _coded(option.about)
            words = f"{option.words}{', or a list of them' if option.several else ''}"
            if option.python == "sim":
                about = f"False as `{option.flag}`."
            elif option.type is OptionType.OCTAL:
                words = "a whole number, like 0o660"
            yield f"`{option.python}`", words, about


def _commands() -> Iterator[tuple[str, ...]]:
    return _of_app(app, "")


def _of_app(commands: App, before: str) -> Iterator[tuple[str, ...]]:
    """Yield the commands of an app, and those below them, in the order of its help. before: what is typed first."""
    named = {name: commands[name] for name in commands if not name.startswith("-")}
    for name, each in sorted(named.items(), key=lambda item: item[1].sort_key or 0):
        below = [other for other in each if not other.startswith("-")]
        if below and before:
            yield from _of_app(each, f"{before}{name} ")
        else:
            yield f"`{before}{name}`", _coded(each.help.partition("\n")[0])
            yield from _of_app(each, f"{before}{name} ")


def _options(command: str) -> _Rows:
    """Make the rows of a command's options and arguments, as its help has them."""

    def rows() -> Iterator[tuple[str, ...]]:
        for argument in app[command].assemble_argument_collection(parse_docstring=True):
            name, *others = argument.names
            metavar = argument.parameter.metavar
            typed = f"{name} {metavar}" if metavar and name.startswith("-") else name
            about = " ".join((argument.parameter.help or "").split())
            shorter = [other for other in others if not other.startswith("--")]
            yield ", ".join(f"`{each}`" for each in (*shorter, typed)), _coded(about)

    return rows


def _value(option: Option) -> str:
    """Say how a value is written in a file."""
    words = " or ".join(f"`{each}`" for each in option.choices) or option.type.value
    if option.type in (OptionType.INTEGER, OptionType.NUMBER):
        words = f"{option.low:g} up" if option.high == inf else f"{option.low:g} to {int(option.high)}"
    return f"array of {words}s" if option.several else words


def _coded(about: str) -> str:
    """Mark what is typed in a help as code."""
    return _TYPED.sub(lambda found: f"`{next(filter(None, found.groups()))}`", about)


FILES: dict[str, tuple[tuple[str, tuple[str, ...], _Rows], ...]] = {
    "docs/command-line.md": (
        ("the commands", ("", ""), _commands),
        ("the options of run", ("", ""), _run),
        *((f"the options of {name}", ("", ""), _options(name)) for name in _OTHERS),
    ),
    "docs/lab.md": (("the options of lab", ("key", "value", ""), _lab),),
    "docs/pytest.md": (("the options of python", ("keyword", "value", ""), _keywords),),
}
"""The pages, and of each the tables: what they are of, their heads and their rows."""

if __name__ == "__main__":
    for _name in FILES:
        _file = _ROOT / _name
        _file.write_text(written(_name, _file.read_text(encoding="utf-8")), encoding="utf-8")
