"""``run`` neither imports the module nor reads the file of a family before it needs it."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import cache_from_source, find_spec
from pathlib import Path

import pytest
from onemo.at.family import Family
from onemo.families import FAMILIES
from onemo.profile.loader import builtin_directory

from tests.e2e.conftest import Start
from tests.support.lazy import CORE, needed_by

HOOK = """
import os, sys
log = os.open(os.environ["WATCH_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def watch(event, arguments):
    if event == "open":
        os.write(log, f"{arguments[0]}\\n".encode(errors="replace"))
sys.addaudithook(watch)
"""


@pytest.fixture
def used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], set[str]]:
    """The families, by name, that what is started here has imported so far; each has its file read too, or neither."""
    log = tmp_path / "log"
    (tmp_path / "sitecustomize.py").write_text(HOOK)
    monkeypatch.setenv("WATCH_LOG", str(log))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]))

    def look() -> set[str]:
        seen = set(log.read_text().splitlines())
        imported = {family.name for family in FAMILIES if seen & module_files(family)}
        read = {family.name for family in FAMILIES if str(builtin_directory() / "base" / f"{family.name}.toml") in seen}
        assert imported == read
        return imported

    return look


def module_files(family: Family) -> set[str]:
    """The files of which one is opened when the family's module is imported."""
    spec = find_spec(family.module)
    assert spec is not None
    assert spec.origin is not None
    return {spec.origin, cache_from_source(spec.origin)}


def owner(command: str) -> Family:
    return next(family for family in FAMILIES if command in family.commands)


@pytest.mark.parametrize("series", ["ML307R", "MN316"])
def test_a_family_comes_with_its_first_command(start: Start, used: Callable[[], set[str]], series: str) -> None:
    module = start(series)
    with module.awake() as dte:
        dte.ask("AT+CSQ", "+CSQ: 20,99", "OK")
        assert used() == set(CORE)
        dte.ask("AT+NONSENSE", "ERROR")
        assert used() == set(CORE)
        expected = set(CORE)
        for command in ("MNTP", "MPING", "MIPOPEN"):
            dte.write(f"AT+{command}=?\r".encode())
            dte.until(rb"OK\r\n")
            expected |= needed_by(owner(command))
            assert used() == expected


def test_it_comes_at_the_start_where_the_nv_holds_something_of_it(
    start: Start, used: Callable[[], set[str]], tmp_path: Path
) -> None:
    nv = ("--nv", str(tmp_path / "nv.json"))
    first = start("ML307R", *nv)
    with first.awake() as dte:
        dte.ask('AT+MSSLCERTWR="a.pem",0,3,"abc"', "OK")
    first.signal(15)
    (tmp_path / "log").unlink()
    second = start("ML307R", *nv)
    assert used() == {*CORE, *needed_by(owner("MSSLCERTWR"))}
    with second.awake() as dte:
        dte.ask("AT+MSSLLIST=1", '+MSSLLIST: "a.pem",3', "OK")
