"""Writes docs/coverage.md: which series has which command, read off the declarations and the profiles.

``.venv/bin/python -m scripts.command_table``; a test fails while the file is not what this would write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from onemo.at.command import Declaration, is_basic
from onemo.at.registry import definition
from onemo.families import FAMILIES
from onemo.modem.modem import Modem
from onemo.profile.loader import LoadedProfile, model_files, sub_models
from onemo.profile.schema import ParamSection, Profile
from onemo.runtime.models import inspect

FILE = Path(__file__).resolve().parent.parent / "docs" / "coverage.md"


class State(Enum):
    """The state of a command, a key of it, or a parameter in a model; the value is its sign in the table."""

    FULL = "●"
    INERT = "○"
    UNAVAILABLE = "·"


class Row(NamedTuple):
    """A command, or a key of one."""

    name: str
    key: str | None

    @property
    def path(self) -> str:
        """The row's name in the remarks of its family."""
        return self.name if self.key is None else f"{self.name}.{self.key}"

    @property
    def typed(self) -> str:
        """The row's command as it is typed."""
        start = f"AT{self.name}" if is_basic(self.name) else f"AT+{self.name}"
        return start if self.key is None else f'{start}="{self.key}"'

    def params(self, profile: Profile) -> Mapping[str, ParamSection]:
        """Return the row's parameters in a profile."""
        section = profile.commands[self.name]
        return section.params if self.key is None else section.keys[self.key].params

    def state(self, profile: Profile) -> State:
        """Return the state of the row in a profile."""
        section = profile.commands[self.name]
        if not section.available or (self.key is not None and self.key not in (section.offers or ())):
            return State.UNAVAILABLE
        params = [param for param in self.params(profile).values() if param.available]
        if self.path in kept_only() or (params and all(param.inert for param in params)):
            return State.INERT
        return State.FULL

    def limits(self, profile: Profile) -> dict[str, State]:
        """Return the parameters that are less than full where the row itself is full."""
        if self.state(profile) is not State.FULL:
            return {}
        found = {}
        for name, param in self.params(profile).items():
            if (param.inert or not param.available) and not name.endswith("_"):  # nobody types those
                found[name] = State.INERT if param.available else State.UNAVAILABLE
        return found


@cache
def kept_only() -> Mapping[str, str]:
    """Return the settings that every model takes, checks, keeps and tells, but that act on nothing here, and why."""
    return {path: why for family in FAMILIES for path, why in definition(family).kept_only.items()}


@cache
def remarks() -> Mapping[str, str]:
    """Commands that are not quite as on the module, and in what."""
    return {path: what for family in FAMILIES for path, what in definition(family).remarks.items()}


@cache
def series() -> Mapping[str, Mapping[str, LoadedProfile]]:
    """Every series, NB first, with its sub-models; the first stands for the series."""
    found = {
        file.stem.upper(): {name: inspect(file, name) for name in sub_models(file)} for file in model_files().values()
    }
    return dict(sorted(found.items(), key=lambda item: (_first(item[1]).family != "NB", item[0])))


def page() -> str:
    """Make the whole text of docs/coverage.md."""
    parts = [_HEAD.format(series=len(series()), subs=sum(map(len, series().values())), legend=_legend())]
    for family in FAMILIES:
        rows = [row for declaration in definition(family).declarations for row in _rows(declaration)]
        parts.append("\n".join([f"## {family.title}", "", *_table(rows), *_notes(rows)]))
    return "\n\n".join(parts) + "\n"


_HEAD = """\
# Which series has which command

To install the emulator: `pipx install './onemo-emulator[control,tls]'`, or uvx or pip ([install](install.md)).

This page is made by `python -m scripts.command_table` from the declarations in `emulator/onemo` and the profiles in
`profiles`; a test compares them. A row is a command, or a key of a command that has keys; a column is one of the
{series} series, by its first sub-model. The notes under a table say where one of the {subs} sub-models differs, and
which parameters are less than full. `onemo-emulator show MODEL COMMAND` tells the ranges, with the source of each.

{legend}"""


def _legend() -> str:
    return f"""\
| | |
|---|---|
| {State.FULL.value} | full: it acts as it does on the module |
| {State.INERT.value} | inert: taken, checked and told again, but it changes nothing |
| {State.UNAVAILABLE.value} | unavailable: a command answers `ERROR`, a key or a parameter `+CME ERROR: 50` |"""


def _rows(declaration: Declaration[Modem]) -> Iterator[Row]:
    keys = _any().commands[declaration.name].keys
    yield Row(declaration.name, None)
    for key in keys:
        yield Row(declaration.name, key)


def _table(rows: list[Row]) -> Iterator[str]:
    """Aligned, so that it can be read unrendered."""
    width = max(len(row.typed) for row in rows) + 2
    yield " | ".join([f"| {'Command':<{width}}", *series()]) + " |"
    yield "|".join([f"|{'-' * (width + 2)}", *(f":{'-' * len(name)}:" for name in series())]) + "|"
    for row in rows:
        cells = [f"{row.state(_first(subs)).value:^{len(name)}}" for name, subs in series().items()]
        yield " | ".join([f"| {f'`{row.typed}`':<{width}}", *cells]) + " |"


def _notes(rows: list[Row]) -> Iterator[str]:
    notes = [note for row in rows for note in (*_remarks(row), *_sub_models(row), *_limited(row))]
    if notes:
        yield ""
        yield from notes


def _remarks(row: Row) -> Iterator[str]:
    if row.path in kept_only():
        yield f"- `{row.typed}` is inert: {kept_only()[row.path]}."
    if row.path in remarks():
        yield f"- `{row.typed}`: {remarks()[row.path]}."


def _sub_models(row: Row) -> Iterator[str]:
    """Yield the rows in which a sub-model is not as the first of its series."""
    others: dict[State, list[str]] = {}
    for subs in series().values():
        for name, loaded in subs.items():
            if (state := row.state(loaded.profile)) is not row.state(_first(subs)):
                others.setdefault(state, []).append(name)
    for state, names in others.items():
        yield f"- `{row.typed}` is {state.name.lower()} on {', '.join(names)}."


def _limited(row: Row) -> Iterator[str]:
    """Its parameters that are less than full; those that are so on the same series in one line."""
    where: dict[str, dict[State, list[str]]] = {}
    for name, subs in series().items():
        for param, state in row.limits(_first(subs)).items():
            where.setdefault(param, {}).setdefault(state, []).append(name)
    lines: dict[str, list[str]] = {}
    for param, states in where.items():
        said = ", ".join(f"{state.name.lower()} on {_together(names)}" for state, names in states.items())
        lines.setdefault(said, []).append(f"`{param}`")
    for said, params in lines.items():
        yield f"- `{row.typed}`: {', '.join(params)} {'is' if len(params) == 1 else 'are'} {said}."


def _together(names: list[str]) -> str:
    """Series; all of them, or all of a family, by that."""
    if len(names) == len(series()):
        return "every series"
    for family in ("NB", "Cat.1", "5G"):
        whole = [name for name, subs in series().items() if _first(subs).family == family]
        if set(whole) <= set(names):
            names = [f"every {family} series", *(name for name in names if name not in whole)]
    return ", ".join(names)


def _first(subs: Mapping[str, LoadedProfile]) -> Profile:
    return next(iter(subs.values())).profile


def _any() -> Profile:
    return _first(next(iter(series().values())))


def main() -> None:
    """Write docs/coverage.md."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
