"""The examples in the help of each command can be typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App
from onemo.cli.main import app


def pages(commands: App, before: str = "") -> Iterator[tuple[str, str]]:
    """Every command, with what stands below its options."""
    for name in commands:
        if not name.startswith("-"):
            each = commands[name]
            yield f"{before}{name}", each.help_epilogue or ""
            yield from pages(each, f"{before}{name} ")


@pytest.mark.parametrize(("command", "below"), [*pages(app)])
def test_its_examples(command: str, below: str, tmp_path: Path) -> None:
    lines = re.findall(r"^  onemo-emulator (.*)$", below.replace("\\\n", " "), re.MULTILINE)
    for line in lines:
        line = re.split(r"  +| [|>] ", line)[0] if "--value" not in line else line
        words = [str(tmp_path) if word == "my-profiles" else word for word in shlex.split(line)]
        app.parse_args(words, exit_on_error=False, print_error=False)


def test_an_expression_is_whole() -> None:
    assert "'cell=,\"([0-9A-F]{8})\"'" in dict(pages(app))["record"]
