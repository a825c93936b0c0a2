"""The short way into ``run``: it reads what the CLI library reads, or leaves it to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onemo.cli.run
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onemo.cli.main import app
from onemo.cli.plain import plain
from onemo.cli.values import joined
from onemo.runtime.options import OPTIONS, ModuleOptions, Option, OptionType

FLAGS = {option.flag: option for option in OPTIONS.values() if option.run}
SAMPLES = {"profiles": "/", "pty_mode": "640"}
"""The others have a choice or 7."""
ODD = (
    *("", " ", "-", "--", "-5", "-x", "=", "a=b", "--=", "run", "help", "--help", "-h", "--version", "-vv", "-v=1"),
    *("--json=true", "--no-json", "--no-pace", "--no-strict-baud", "--strict-baud=no", "--boot_time", "--model", "7"),
    *("--LINK", "--lin", "--name=", "--name=-x", "--zone=-5", "--zone=", "--pty-mode=9", "[1,2]", "{}", '["a"]', "nan"),
    *("--link.x", "--ready-file=", "MODEL", "MODEL=x", "ML307R", "\u0663", "a\nb", "--route=a=b", "1e3", "inf", "+7"),
)


@pytest.fixture(scope="module")
def asked() -> Iterator[list[ModuleOptions]]:
    """What the library had ``run`` do."""
    served: list[ModuleOptions] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onemo.cli.run, "serve", served.append)
        yield served


def by_library(asked: list[ModuleOptions], words: list[str]) -> ModuleOptions | None:
    """The options that the library reads; None: it complains, or shows a page."""
    asked.clear()
    try:
        app(joined(["run", *words]), exit_on_error=False, print_error=False, result_action="return_value")
    except Exception:
        return None
    return asked[0] if asked else None


def written(option: Option) -> str:
    return option.choices[0] if option.choices else SAMPLES.get(option.name, "7")


def ways(option: Option) -> Iterator[list[str]]:
    """How one writes an option."""
    text = written(option)
    if option.name == "model":
        yield [text]
    elif option.type is OptionType.FLAG:
        yield from ([word] for word in (option.flag, option.short) if word)
        if option.negative:
            yield [f"--no-{option.flag[2:]}"]
    else:
        yield [option.flag, text]
        yield [f"{option.flag}={text}"]
        if option.several:
            yield [option.flag, text, "--json", option.flag, text]


@pytest.mark.parametrize("option", FLAGS.values(), ids=FLAGS)
def test_each_option_is_read_both_ways(option: Option, asked: list[ModuleOptions]) -> None:
    for words in ways(option):
        read = plain(words)
        assert read is not None, words
        assert read == by_library(asked, words)
        assert read != ModuleOptions() or written(option) == option.default


def check(asked: list[ModuleOptions], words: list[str]) -> None:
    """Fail unless the words are read alike, or left to the library."""
    read = plain(words)
    assert read is None or read == by_library(asked, words), words


@pytest.mark.parametrize("option", FLAGS.values(), ids=FLAGS)
def test_odd_words_at_an_option_are_read_alike_or_left_to_the_library(
    option: Option, asked: list[ModuleOptions]
) -> None:
    words = next(ways(option))
    for odd in ODD:
        for line in ([*words, odd], [option.flag, odd], [f"{option.flag}={odd}"]):
            check(asked, line)


@given(st.lists(st.sampled_from((*FLAGS, *ODD)) | st.text(max_size=4), max_size=5))
@example(["\0"])
@settings(max_examples=200, deadline=None)
def test_any_words_are_read_alike_or_left_to_the_library(asked: list[ModuleOptions], words: list[str]) -> None:
    check(asked, words)


def test_a_value_in_brackets_is_a_value(asked: list[ModuleOptions]) -> None:
    """The library would read it as JSON."""
    expected = ModuleOptions(ports=(Path("[1,2]"),))
    assert plain(["--port", "[1,2]"]) == by_library(asked, ["--port", "[1,2]"]) == expected


@pytest.mark.parametrize("value", ["", " ", "-x", "/tmp/x"])
def test_variables_count_alike(value: str, asked: list[ModuleOptions], monkeypatch: pytest.MonkeyPatch) -> None:
    for option in FLAGS.values():
        monkeypatch.setenv(option.variable or f"ONEMO_{option.name.upper()}", value)
    for words in ([], ["--ready-file", "y"], ["--control-token=t"]):
        assert plain(words) == by_library(asked, words) != ModuleOptions()
