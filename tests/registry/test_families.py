"""The list of families against their modules and their files: what it says of one before that is bound is so."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onemo
import pytest
from onemo.at.family import Family
from onemo.at.registry import bind, definition
from onemo.at.reply import ErrorCode
from onemo.errors import ProfileError
from onemo.families import FAMILIES
from onemo.profile.loader import builtin_directory, find, load_part
from onemo.profile.schema import BY_NAME, Profile
from onemo.runtime.models import Model

from tests.support.driver import model_named
from tests.support.lazy import CORE, LATER, SUB_MODELS, described, lazy, needed_by

ERRORS = ("cme", "cms", "cis")


@pytest.fixture(params=FAMILIES, ids=lambda family: family.name)
def family(request: pytest.FixtureRequest) -> Family:
    found: Family = request.param
    return found


def base_file(family: Family) -> dict[str, Any]:
    """The family's own file of the profile."""
    return tomllib.loads((builtin_directory() / "base" / f"{family.name}.toml").read_text("utf-8"))


def named_errors(family: Family) -> set[tuple[str, str]]:
    """The errors that a family's file gives numbers to: table and key."""
    document = base_file(family)
    return {(table, key) for table in ERRORS for key in document.get(table, {}) if key not in ("source", "sources")}


def of_definition(family: Family) -> set[tuple[str, str]]:
    """The errors that a family's module names, in the same way."""
    return {(code.result.lower(), code.key) for code in definition(family).errors}


def test_every_base_file_is_a_family_s() -> None:
    files = {file.stem for file in (builtin_directory() / "base").glob("*.toml")}
    assert files == {family.name for family in FAMILIES}
    assert len(files) == len(FAMILIES)


def test_a_command_is_in_the_list_the_module_and_the_file(family: Family) -> None:
    assert tuple(declared.name for declared in definition(family).declarations) == family.commands
    assert set(base_file(family)["commands"]) - {"source", "sources"} == set(family.commands)


def test_no_command_and_no_entry_of_the_nv_is_of_two_families() -> None:
    names = [name for family in FAMILIES for name in (*family.commands, *family.keeps)]
    assert len(set(names)) == len(names)


def test_what_it_keeps_is_what_its_module_makes(family: Family) -> None:
    assert tuple(definition(family).keepers) == family.keeps


def test_the_tables_in_its_file_are_its_own(family: Family) -> None:
    """Or, in a file of the core, the device's."""
    tables = base_file(family).keys() - {*BY_NAME, "source", "sources"}
    own = {table.name for table in definition(family).tables}
    assert tables - own <= (set(Profile._fields) if family.core else set())


@pytest.mark.parametrize("later", LATER, ids=lambda family: family.name)
def test_what_it_needs_is_enough(later: Family) -> None:
    """No other family is bound for it, and nothing is missing."""
    for name in SUB_MODELS:
        model = lazy(name)
        model.has(later.commands[0])
        assert model.binder.bound.keys() == {*CORE, *needed_by(later)}


@pytest.mark.parametrize(
    ("later", "need"),
    [(later, need) for later in LATER for need in later.needs],
    ids=lambda each: getattr(each, "name", each),
)
def test_it_needs_nothing_that_it_could_do_without(later: Family, need: str) -> None:
    less = later._replace(needs=tuple(other for other in later.needs if other != need))
    families = [less if each is later else each for each in FAMILIES]

    def bound(name: str) -> object:
        model: Model = bind(families, load_part(*find(name), CORE))
        try:
            model.has(later.commands[0])
        except ProfileError as error:
            return error.mistakes
        return described(model, later)

    assert any(bound(name) != described(model_named(name), later) for name in SUB_MODELS)


# Errors.


def test_every_error_of_the_core_has_its_number_there() -> None:
    core = [family for family in FAMILIES if family.core]
    assert set[tuple[str, str]]().union(*map(of_definition, core)) == set[tuple[str, str]]().union(
        *map(named_errors, core)
    )


@pytest.mark.parametrize("later", LATER, ids=lambda family: family.name)
def test_every_error_of_another_family_has_its_number_in_its_own_file(later: Family) -> None:
    assert of_definition(later) == named_errors(later)


def errors_in_code() -> Iterator[tuple[str, str]]:
    """Every ErrorCode that the source makes, by class and key."""
    for file in Path(onemo.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == ErrorCode.__name__:
                given = [ast.literal_eval(each) for each in (*node.args, *(word.value for word in node.keywords))]
                code = ErrorCode(*given)
                yield code.result.lower(), code.key


def test_every_error_in_the_code_is_a_family_s() -> None:
    assert set(errors_in_code()) == set[tuple[str, str]]().union(*map(of_definition, FAMILIES))


@pytest.mark.parametrize("name", SUB_MODELS)
def test_every_error_has_a_number_on_every_model(name: str) -> None:
    model = model_named(name)
    told = {(code.result.lower(), code.key): number for code, number in model.errors.items()}
    tables = {table: getattr(model.profile, table) for table in ERRORS}
    assert told == {(table, key): tuple(entry) for table, known in tables.items() for key, entry in known.items()}
    assert all(text and text.isascii() for _, text in told.values())
