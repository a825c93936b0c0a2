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
    name = "gateway-{n}"
    link = "tcp://127.0.0.1:{n+6999}"

    [[faults]]                          # of every module, unless module names one, or a model
    kind = "net-reset"
    operation = "send"
    module = "gateway-1"

Relative paths begin in the file's directory. ``{i}`` is a module's place among those of its table in this process, from
0; ``{n}`` its number in the whole lab, of which a process may run one slice.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

from onemo.errors import FaultError, Mistake, UsageError
from onemo.profile.document import read_toml
from onemo.profile.shape import Problem, fitting
from onemo.runtime.labtable import HINTS, MOST, ModuleTable, Planned, scenario, ussd_in
from onemo.runtime.models import load_model
from onemo.runtime.options import ModuleOptions

if TYPE_CHECKING:
    from onemo.faults.plan import Fault

_NUMBER = re.compile(r"\{([ni])([^{}]*)\}")
_EXAMPLES = {"msisdn": 'as with "+86144000000{n:04}"'}
"""How modules of one table get their own of what only one can have, by key, where {n} alone does not say it."""
_FORM = re.compile(r"([+-][0-9]{1,9})?(?::0([0-9]))?", re.ASCII)


class _Document(NamedTuple):
    """The whole file."""

    module: tuple[Mapping[str, Any], ...] = ()
    defaults: Mapping[str, Any] = {}
    profiles: tuple[str, ...] = ()
    faults: tuple[Mapping[str, Any], ...] = ()


def read_lab(file: Path, number: int = 0, usual: Mapping[str, object] = {}) -> tuple[Planned, ...]:
    """Read the modules that the file asks for.

    number: of the slice, from 0; each takes {n} up where the one before ended. usual: the values of a table that says
    nothing else. Raises UsageError: every mistake, each with its key; ``module[1]`` is the first table.
    """
    for read in (scenario, ussd_in):  # the files may be others than those of a lab before
        read.cache_clear()
    sections, problems = fitting(get_type_hints(_Document), read_toml(file))
    document = _Document(**sections)
    document = document._replace(defaults={**usual, **document.defaults})
    planned = _Reader(document, os.path.dirname(file), number, problems).planned
    if document.faults:
        planned = _troubled(planned, document.faults, problems)
    if problems:
        texts = (str(Mistake(str(file), ".".join(path), what)) for path, what in problems)
        raise UsageError("\n".join(dict.fromkeys(texts)))
    return tuple(planned)


class _Place(NamedTuple):
    """The numbers of one module: n, in the whole lab; i, in this process among those of its table, from 0."""

    n: int
    i: int


class _Reader:
    """Takes the tables one after the other. planned: their modules; problems: where what is wrong with them goes."""

    def __init__(self, document: _Document, folder: str, number: int, problems: list[Problem]) -> None:
        self.planned: list[Planned] = []
        self.problems = problems
        self._defaults = document.defaults
        self._folder = folder
        self._number = number
        self._profiles = tuple(Path(folder, each) for each in document.profiles)
        self._holders: dict[tuple[str, str], str] = {}
        self._last: dict[str, int] = {}
        missing = [each for each in self._profiles if not each.is_dir()]
        problems += ((("profiles",), f"{each}: there is no such directory") for each in missing)
        if not document.module and not any(path[0] == "module" for path, _ in problems):
            problems.append((("module",), "is empty; a lab has at least one table [[module]]"))
        if not missing:  # whose models nobody would know
            tables = [{**document.defaults, **table} for table in document.module]
            self._before = self._number * sum(map(_count, tables))
            for place, table in enumerate(document.module, 1):
                self._take(f"module[{place}]", table)

    def _take(self, where: str, table: Mapping[str, Any]) -> None:
        """One table, and the modules that it stands for."""
        values = {**self._defaults, **table}
        count = _count(values)
        first = start if type(start := values.get("first", 1)) is int else 1
        for i in range(count):
            if problems := self._module(where, values, _Place(first + self._number * count + i, i)):
                of_slice = self._number and not self._read(values, _Place(first + i, i))[1]
                note = f" (in slice {self._number}; slice 0 has no such mistake)" if of_slice else ""
                for path, what in problems:
                    inherited = path[0] in self._defaults and path[0] not in table
                    self.problems.append((("defaults" if inherited else where, *path), what + note))
                return  # the others have the same

    def _module(self, where: str, values: Mapping[str, Any], place: _Place) -> list[Problem]:
        """Plan one module; or what is wrong with it."""
        table, problems = self._read(values, place)
        if problems:
            return problems
        planned = table.planned(self._name(table.options))
        self.planned.append(planned)
        return self._shared(where, planned)

    def _read(self, values: Mapping[str, Any], place: _Place) -> tuple[ModuleTable, list[Problem]]:
        """Put a module's numbers into the values of its table; return that, and what is wrong with it."""
        problems: list[Problem] = []
        filled = {key: _filled(value, place, (key,), problems) for key, value in values.items()}
        name = values.get("name")
        if self._number and isinstance(name, str) and not any(each[1] == "n" for each in _NUMBER.finditer(name)):
            shown = f"{filled['name']} is in every slice"
            problems.append((("name",), f"{shown}; give each its own, as with {{n}}, or leave the name out"))
        wrong = {path[0] for path, _ in problems}
        right = {key: value for key, value in filled.items() if key not in wrong}
        fits, wrong_form = fitting(HINTS, right)
        table = ModuleTable(fits, self._profiles, self._folder)
        return table, [*problems, *wrong_form, *table.problems()]

    def _name(self, options: ModuleOptions) -> str:
        """Its own, or that of its model with a number behind it, which no module of another slice has."""
        if options.name is not None:
            return options.name
        self._last[options.model] = number = self._last.get(options.model, self._before) + 1
        return f"{options.model}-{number}"

    def _shared(self, where: str, planned: Planned) -> list[Problem]:
        """Return the problems of a module that has what only one can have, and another has already."""
        problems: list[Problem] = []
        for key, kind, place in planned.places():
            whose = f"{where}.{key}"
            holder = self._holders.get((kind, place))
            if holder is not None:
                own = _EXAMPLES.get(key, "as with {n}")
                again = "the same for every n" if holder == whose else f"{holder} as well"
                problems.append(((key,), f"{place} is {again}; give each module its own, {own}"))
            self._holders[kind, place] = whose
        return problems


def _count(values: Mapping[str, Any]) -> int:
    """Count the modules of a table, as far as its count is one."""
    count = values.get("count", 1)
    return min(max(count, 1), MOST) if type(count) is int else 1


def _troubled(
    planned: Sequence[Planned], tables: Sequence[Mapping[str, Any]], problems: list[Problem]
) -> list[Planned]:
    """Give each module the faults that concern it: those that name no module, or this one, or its model."""
    from onemo.faults.presets import faults_of

    incomplete = bool(problems)
    of_each: list[list[tuple[Fault, ...]]] = [[] for _ in planned]
    for number, table in enumerate(tables, 1):
        try:
            faults = tuple(faults_of(table))
        except FaultError as error:
            problems.append(((f"faults[{number}]",), str(error)))
            continue
        wanted = str(table.get("module", "")).lower()
        concerned = [own for each, own in zip(planned, of_each, strict=True) if not wanted or wanted in _names(each)]
        if not concerned and not incomplete:
            problems.append(((f"faults[{number}]", "module"), f"no module is called {table['module']!r}"))
        for own in concerned:
            own.append(faults)
    return [
        each._replace(spec=each.spec._replace(faults=each.spec.faults._replace(faults=tuple(own))))
        for each, own in zip(planned, of_each, strict=True)
    ]


def _names(planned: Planned) -> tuple[str, ...]:
    return tuple(map(str.lower, planned.spec.names(load_model(planned.spec.model, planned.spec.profiles))))


def _filled(value: object, place: _Place, path: tuple[str, ...], problems: list[Problem]) -> object:
    """Put numbers for each {n} and {i}, in all texts of a value."""
    if isinstance(value, list):
        return [_filled(each, place, path, problems) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, place, (*path, key), problems) for key, each in value.items()}
    if not isinstance(value, str):
        return value
    if "\0" in value:
        problems.append((path, f"is {value!r}: it has a NUL character, which nothing here can have"))
    if "{" not in value:
        return value

    def number(found: re.Match[str]) -> str:
        form, base = _FORM.fullmatch(found[2]), place.n if found[1] == "n" else place.i
        if form is None:
            problems.append((path, f"{found[0]} is none of {{n}}, {{n:04}}, {{n+40000}} and {{n+40000:06}}"))
            return ""
        return str(base + int(form[1] or 0)).zfill(int(form[2] or 0))

    return _NUMBER.sub(number, value)
