"""Write constraints.txt: the version of each package that the emulator, its extras and its tests need, as installed.

    python -m scripts.constraints

What scripts/setup, CI and the image install is held to it. Run it in an environment with newer packages, of the oldest
Python that is supported, and test.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "constraints.txt"
HEAD = "# Written by scripts/constraints.py: what scripts/setup, CI and the image install.\n"


def needed() -> dict[str, str]:
    """Return the version of each package, by its name. Raises PackageNotFoundError."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    own = canonicalize_name(project["name"])
    waiting = [Requirement(each) for group in (project["dependencies"], *extras) for each in group]
    done: dict[tuple[str, frozenset[str]], str] = {}
    while waiting:
        requirement = waiting.pop()
        key = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if key[0] == own or key in done:
            continue
        package = distribution(requirement.name)
        if not requirement.specifier.contains(package.version, prereleases=True):
            raise PackageNotFoundError(f"{requirement}, for {package.version} is installed: run scripts/setup test")
        done[key] = package.version
        waiting += _wanted(package.requires or (), requirement.extras)
    return {name: version for (name, _), version in sorted(done.items())}


def _wanted(requires: list[str] | tuple[str, ...], extras: set[str]) -> Iterator[Requirement]:
    """Yield those requirements of a package that hold here, with these extras of it."""
    for requirement in map(Requirement, requires):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement


def text() -> str:
    """Return the file as it has to be."""
    return HEAD + "".join(f"{name}=={version}\n" for name, version in needed().items())


if __name__ == "__main__":
    FILE.write_text(text())
