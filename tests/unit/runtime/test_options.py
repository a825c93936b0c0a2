"""The options, said once: what holds for each of them, wherever it exists."""

from __future__ import annotations

import inspect
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

import onemo.cli.run
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo import pytest_plugin
from onemo.cli.main import app, run
from onemo.link.child import OWN_VARIABLES
from onemo.runtime.hosted import Hosted
from onemo.runtime.keywords import options_of
from onemo.runtime.labfile import read_lab
from onemo.runtime.line import Cable
from onemo.runtime.options import MODEL, OPTIONS, ModuleOptions, Option, OptionType

NUMBERS = (OptionType.INTEGER, OptionType.NUMBER, OptionType.OCTAL)
OF_RUN = {option.flag: option for option in OPTIONS.values() if option.run and option.flag.startswith("--")}


def sample(option: Option) -> str:
    """A value of it, as it is typed."""
    if option.name == "scenario":
        return "/proc/self/environ"  # a file; it is not read
    if option.choices:
        return option.choices[0]
    return {"seed": "18446744073709551615", "pty_mode": "640", "zone": "-48"}.get(option.name, "7")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[ModuleOptions]:
    """What ``run`` was asked for."""
    asked: list[ModuleOptions] = []
    monkeypatch.setattr(onemo.cli.run, "serve", asked.append)
    return asked


@pytest.mark.parametrize("flag", OF_RUN)
def test_each_is_read_from_a_command_line(flag: str, typed: list[ModuleOptions], tmp_path: Path) -> None:
    option = OF_RUN[flag]
    text = str(tmp_path) if option.type is OptionType.DIRECTORY else sample(option)
    words = [flag] if option.type is OptionType.FLAG else [f"{flag}={text}"]
    app(["run", "MN316", *words], result_action="return_value")
    value: object = True if option.type is OptionType.FLAG else option.read(text)
    expected: dict[str, Any] = {"model": "MN316", option.name: (value,) if option.several else value}
    assert typed == [ModuleOptions(**expected)]


def test_the_environment_counts_where_a_flag_is_left_out(
    typed: list[ModuleOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only for those that say so."""
    for option in OF_RUN.values():
        monkeypatch.setenv(option.variable or f"ONEMO_{option.name.upper()}", f"/{option.name}")
    app(["run"], result_action="return_value")
    app(["run", "--ready-file", "x"], result_action="return_value")
    told = [(options.ready_file, options.control_token, options.control) for options in typed]
    assert told == [
        (Path("/ready_file"), "/control_token", None),
        (Path("x"), "/control_token", None),
    ]


def test_names_are_unlike() -> None:
    for place in ("flag", "lab", "python", "short"):
        names = [name for option in OPTIONS.values() if (name := getattr(option, place))]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_each_is_said_whole(option: Option) -> None:
    assert option.about.endswith(".")
    if option.run:
        assert (option.metavar == "") is (option.type is OptionType.FLAG)
    assert option.words
    assert option.low < option.high
    assert option.default == getattr(ModuleOptions(), option.name)
    assert option.several is (option.default == ())
    if option.variable:
        assert f"{option.variable} if left out" in option.about


def test_the_usual_model_is_the_same_everywhere() -> None:
    usual = ModuleOptions().model
    assert usual == MODEL
    assert inspect.signature(run).parameters["model"].default == usual
    assert inspect.signature(Hosted.start).parameters["model"].default == usual
    assert usual == pytest_plugin._MODEL


@given(st.sampled_from([option for option in OPTIONS.values() if option.type in NUMBERS]), st.integers() | st.floats())
def test_a_number_is_in_range_wherever_it_is_given(option: Option, number: float) -> None:
    """As text and in Python: one takes what the other does."""
    whole = isinstance(number, int)
    text = f"{number:o}" if option.type is OptionType.OCTAL and whole else repr(number)
    for read in (partial(option.read, text), partial(option.take, number)):
        if option.low <= number <= option.high and number != inf and (whole or option.type is OptionType.NUMBER):
            found: Any = read()
            assert found == number or (option.type is OptionType.NUMBER and float(found) == float(number))
        else:
            with pytest.raises(ValueError, match=r"^(write|give) "):
                read()


def test_one_text_names_any_line(tmp_path: Path) -> None:
    """In a lab and in Python alike."""
    for link, expected in (
        ("tcp://:7", {"tcp": ":7"}),
        ("rfc2217://", {"rfc2217": "127.0.0.1:0"}),
        ("uart:///dev/x", {"uart": "/dev/x"}),
        ("/tmp/a://b", {"link": Path("/tmp/a://b")}),
    ):
        fields: dict[str, Any] = expected
        assert options_of("MN316", {"link": link}) == ModuleOptions(model="MN316", **fields)
        file = tmp_path / "lab.toml"
        file.write_text(f'[[module]]\nlink = "{link}"')
        cable = read_lab(file)[0].spec.cable
        assert cable == Cable(**expected)


def test_a_child_gets_none_of_the_variables_of_options() -> None:
    assert {option.variable for option in OPTIONS.values() if option.variable} == OWN_VARIABLES
