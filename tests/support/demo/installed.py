"""DEMO in the list of families, and its file among the profiles, for as long as a test wants it there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import onemo.families
from onemo.at.family import Family
from onemo.profile import loader

from tests.support.demo.index import CLIENTS

FOLDER = Path(__file__).parent
DEMO = Family(
    name="demo",
    title="Demonstration (of no module)",
    module="tests.support.demo.family",
    commands=("MDEMOCREATE", "MDEMODEL", "MDEMOCFG", "MDEMOOPEN", "MDEMOCLOSE", "MDEMOSEND", "MDEMOLIST"),
    instances=CLIENTS,
    keeps=("demo",),
    urcs=("MDEMOOPEN", "MDEMOCLOSE", "MDEMOURC", "MDEMOREADY", "untaken", "lost", "data", "silent", "down"),
    wakes=lambda stored: "demo" in stored,
)


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """Put DEMO at the end of the list. folder: an empty one, for profiles that are the package's and one file more.

    A new family is its files and its line in the list; this is that line, and that file in its place.
    """
    profiles, original = loader.builtin_directory(), onemo.families.FAMILIES
    (folder / "_profiles" / "base").mkdir(parents=True)
    for file in (*(profiles / "base").iterdir(), FOLDER / "demo.toml"):
        (folder / "_profiles" / "base" / file.name).symlink_to(file)
    for name in ("families", "models"):
        (folder / "_profiles" / name).symlink_to(profiles / name)
    more = (*original, DEMO)
    with patch.object(loader, "_PACKAGE", folder):
        _put(original, more)
        try:
            yield
        finally:
            _put(more, original)


def _put(old: tuple[Family, ...], new: tuple[Family, ...]) -> None:
    """Put one list in the place of the other wherever it was imported, and forget what was found with it."""
    for module in list(sys.modules.values()):
        names = vars(module)
        if names.get("FAMILIES") is old:
            names["FAMILIES"] = new
            for each in names.values():
                if hasattr(each, "cache_clear"):
                    each.cache_clear()
