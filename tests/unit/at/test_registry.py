"""Binding declarations to a profile: what does not fit is told, with file and key path, all of it at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from onemo.at.command import Action, Declaration, NoParameters
from onemo.at.registry import bind, definition
from onemo.at.reply import DONE
from onemo.errors import ProfileError
from onemo.families import FAMILIES
from onemo.modem.modem import Modem
from onemo.profile.loader import find
from onemo.runtime.models import inspect, load_model, load_model_file

from tests.support.driver import Driver

NEW: Declaration[Modem] = Action("NEW", NoParameters, lambda modem, record: DONE, bare=True)
HEAD = 'extends = "models/ml307r.toml"\nsource = "a test"\n'


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """A profile of a user, an ML307R with this more."""

    def put(more: str) -> Path:
        file = tmp_path / "mine.toml"
        file.write_text(HEAD + more)
        return file

    return put


def mistakes(file: Path) -> set[tuple[str, str]]:
    """(file, key path) of everything that is wrong."""
    with pytest.raises(ProfileError) as caught:
        bind(FAMILIES, inspect(file))
    assert all(mistake.problem for mistake in caught.value.mistakes)
    return {(mistake.file, mistake.key) for mistake in caught.value.mistakes}


def test_a_section_without_a_declaration(write: Callable[[str], Path]) -> None:
    file = write("[commands.NOBODY]\navailable = true\n")
    assert mistakes(file) == {("mine.toml", "commands.NOBODY")}
    with pytest.raises(ProfileError):
        load_model_file(file)


def test_a_declaration_without_its_section() -> None:
    with pytest.raises(ProfileError) as caught:
        bind(FAMILIES, inspect(*find("ML307R")), (NEW,))
    assert [(mistake.key, mistake.problem) for mistake in caught.value.mistakes] == [("commands.NEW", "is missing")]


@pytest.mark.parametrize("left_out", ["MIPOPEN", "E", "MIPCFG"])
def test_a_section_whose_declaration_is_gone(left_out: str) -> None:
    family = next(family for family in FAMILIES if left_out in family.commands)
    rest = tuple(each for each in FAMILIES if each is not family)
    kept = tuple(declared for declared in definition(family).declarations if declared.name != left_out)
    with pytest.raises(ProfileError) as caught:
        bind(rest, inspect(*find("MN316")), kept)
    keys = [mistake.key for mistake in caught.value.mistakes]
    assert [key for key in keys if key.startswith("commands.")] == [f"commands.{left_out}"]


def test_with_both_it_works(write: Callable[[str], Path]) -> None:
    model = bind(FAMILIES, inspect(write("[commands.NEW]\navailable = true\n")), (NEW,))
    assert Driver(model).boot().answer("AT+NEW") == ["OK"]


def test_one_that_is_there_but_not_available(write: Callable[[str], Path]) -> None:
    model = bind(FAMILIES, inspect(write("[commands.NEW]\navailable = false\n")), (NEW,))
    for form in ("", "?", "=?", "=1"):
        assert Driver(model).boot().answer(f"AT+NEW{form}") == ["ERROR"]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ("[commands.MIPOPEN]\nparams.nothing = { range = '0-1' }\n", "commands.MIPOPEN.params.nothing"),
        ("[commands.MIPOPEN]\nparams.timeout = { default = 500 }\n", "commands.MIPOPEN.params.timeout.default"),
        ("[commands.MIPOPEN]\nparams.address = { range = '0-1' }\n", "commands.MIPOPEN.params.address.range"),
        ("[commands.MIPCFG]\noffers = ['encoding', 'nothing']\n", "commands.MIPCFG.offers"),
        ("[commands.MIPCFG]\nkeys.nothing = {}\n", "commands.MIPCFG.keys.nothing"),
        ("[commands.MIPCFG]\nkeys.ssl.params.none = { default = 1 }\n", "commands.MIPCFG.keys.ssl.params.none"),
        ("[commands.MIPCLOSE]\nparams.mode = { range = '0-9' }\n", "close_modes.5"),
        ("[cme]\nnothing = { number = 1, text = 'x' }\n", "cme.nothing"),
        ("[open_results]\nname = 'nothing'\n", "open_results.name"),
    ],
)
def test_what_does_not_fit_a_declaration(write: Callable[[str], Path], more: str, path: str) -> None:
    assert path in {key for _, key in mistakes(write(more))}


def test_every_mistake_is_told_at_once(write: Callable[[str], Path]) -> None:
    file = write(
        "[commands.NOBODY]\navailable = true\n"
        "[commands.MIPOPEN]\nparams.timeout = { default = 500 }\nparams.nothing = { default = 1 }\n"
        "[cme]\nnothing = { number = 1, text = 'x' }\n"
    )
    keys = {
        "commands.NOBODY",
        "commands.MIPOPEN.params.timeout.default",
        "commands.MIPOPEN.params.nothing",
        "cme.nothing",
    }
    assert mistakes(file) == {("mine.toml", key) for key in keys}


def test_a_model_is_bound_once() -> None:
    assert load_model("ML307R") is load_model("ML307R")
