"""The file that describes a lab: which modules there are, in TOML. Every mistake is told at once, each with its key.

::

    profiles = ["my-profiles"]          # directories, as of --profiles

    [defaults]                          # of every module
    sandbox = true

    [[module]]
    name = "meter-{n:03}"               # meter-001, meter-002 ... meter-050
    model = "MN316"
    count = 50
    link = "ports/meter-{n:03}"

    [[module]]
    name = "gateway"
    link = "tcp://127.0.0.1:7000"

Relative paths begin in the file's directory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from emulator.errors import Mistake, UsageError
from emulator.profile.document import read_toml
from emulator.profile.shape import Problem, shaped
from emulator.runtime.labtable import MOST, Planned, Table

_NUMBER = re.compile(r"\{n([^{}]*)\}")
_FORM = re.compile(r"([+-][0-9]{1,9})?(?::0([0-9]))?", re.ASCII)


class _Document(NamedTuple):
    """The whole file."""

    module: tuple[Mapping[str, Any], ...]
    defaults: Mapping[str, Any] = {}
    profiles: tuple[str, ...] = ()


def read_lab(file: Path, first: int | None = None) -> tuple[Planned, ...]:
    """The modules that the file asks for. first: where every table's n begins, whatever the file says.

    Raises UsageError: every mistake, each with its key; ``module[1]`` is the first table.
    """
    document, problems = shaped(_Document, read_toml(file))
    planned: list[Planned] = []
    if document is not None:
        reader = _Reader(document, os.path.dirname(file), first)
        planned, problems = reader.planned, reader.problems
    if problems:
        texts = (str(Mistake(str(file), ".".join(path), what)) for path, what in problems)
        raise UsageError("\n".join(dict.fromkeys(texts)))
    return tuple(planned)


class _Reader:
    """Takes the tables one after the other. planned: their modules; problems: what is wrong with them."""

    def __init__(self, document: _Document, folder: str, first: int | None) -> None:
        self.planned: list[Planned] = []
        self.problems: list[Problem] = []
        self._defaults = document.defaults
        self._folder = folder
        self._first = first
        self._profiles = tuple(Path(folder, each) for each in document.profiles)
        self._holders: dict[tuple[str, str], str] = {}
        self._last: dict[str, int] = {}
        for each in self._profiles:
            if not each.is_dir():
                self.problems.append((("profiles",), f"{each}: there is no such directory"))
        if not document.module:
            self.problems.append((("module",), "is empty; a lab has at least one table [[module]]"))
        if not self.problems:
            for number, table in enumerate(document.module, 1):
                self._take(f"module[{number}]", table)

    def _take(self, where: str, table: Mapping[str, Any]) -> None:
        """One table, and the modules that it stands for."""
        values = {**self._defaults, **table}
        if self._first is not None:
            values["first"] = self._first
        count, first = (value if type(value := values.get(key)) is int else 1 for key in ("count", "first"))
        for n in range(first, first + min(max(count, 1), MOST)):
            if problems := self._module(where, values, n):
                for path, what in problems:
                    inherited = path[0] in self._defaults and path[0] not in table
                    self.problems.append((("defaults" if inherited else where, *path), what))
                return  # the others have the same

    def _module(self, where: str, values: Mapping[str, Any], n: int) -> list[Problem]:
        """Plan one module; or what is wrong with it."""
        problems: list[Problem] = []
        filled = {key: _filled(value, n, (key,), problems) for key, value in values.items()}
        table, wrong = shaped(Table, filled)
        problems += wrong
        if table is None or problems:
            return problems
        problems += table.problems(self._profiles, self._folder)
        if problems:
            return problems
        planned = table.planned(self._name(table, n), self._profiles, self._folder)
        self.planned.append(planned)
        return self._shared(where, planned)

    def _name(self, table: Table, n: int) -> str:
        """Its own, or that of its model with a number behind it."""
        if table.name is not None:
            return table.name
        self._last[table.model] = number = max(n, self._last.get(table.model, -1) + 1)
        return f"{table.model}-{number}"

    def _shared(self, where: str, planned: Planned) -> list[Problem]:
        """What only one module can have, and another has already."""
        problems: list[Problem] = []
        for key, kind, place in planned.places():
            whose = f"{where}.{key}"
            holder = self._holders.get((kind, place))
            if holder is not None:
                again = "the same for every n" if holder == whose else f"{holder} as well"
                problems.append(((key,), f"{place} is {again}; give each module its own, as with {{n}}"))
            self._holders[kind, place] = whose
        return problems


def _filled(value: object, n: int, path: tuple[str, ...], problems: list[Problem]) -> object:
    """value with n for each {n}, in all texts of it."""
    if isinstance(value, list):
        return [_filled(each, n, path, problems) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, n, (*path, key), problems) for key, each in value.items()}
    if not isinstance(value, str) or "{n" not in value:
        return value

    def number(found: re.Match[str]) -> str:
        form = _FORM.fullmatch(found[1])
        if form is None:
            problems.append((path, f"{found[0]} is none of {{n}}, {{n:04}}, {{n+40000}} and {{n+40000:06}}"))
            return ""
        return str(n + int(form[1] or 0)).zfill(int(form[2] or 0))

    return _NUMBER.sub(number, value)
