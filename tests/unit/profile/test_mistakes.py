"""Mistakes in a profile: they are told all at once, each with its file and key path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from onemo.errors import Mistake, ProfileError
from onemo.profile.loader import builtin_directory

from tests.support.profiles import load, load_file

Write = Callable[[str, str], Path]


def mistakes_of(name: str, directory: Path) -> list[Mistake]:
    with pytest.raises(ProfileError) as caught:
        load(name, [directory])
    assert str(caught.value) == "\n".join(map(str, caught.value.mistakes))
    return caught.value.mistakes


def test_every_mistake_is_listed_with_its_file_and_key(write: Write, tmp_path: Path) -> None:
    write(
        "parent.toml",
        'extends = "families/nb.toml"\n[line]\nsource = "x"\nguard = "soon"\n[power]\nbanner = "+READY"\n',
    )
    write(
        "mine.toml",
        """
        extends = "parent.toml"
        source = "x"
        series = 7
        [connection]
        mtu = -1
        colour = "red"
        [commands.S3]
        params.value.range = "127-0"
        [identity]
        model = "MINE"
        imei = "12"
        """,
    )
    found = {(mistake.file, mistake.key): mistake.problem for mistake in mistakes_of("mine", tmp_path)}
    assert set(found) == {
        ("parent.toml", "line.guard"),
        ("parent.toml", "power.banner"),
        ("mine.toml", "series"),
        ("mine.toml", "connection.mtu"),
        ("mine.toml", "connection.colour"),
        ("mine.toml", "commands.S3.params.value.range"),
        ("mine.toml", "identity.imei"),
        ("mine.toml", "identity.imeisv"),
        ("mine.toml", "connection.tcp_window"),
    }
    assert "has no source" in found["parent.toml", "power.banner"]
    assert "ascending" in found["mine.toml", "commands.S3.params.value.range"]


@pytest.mark.parametrize(
    ("content", "key", "problem"),
    [
        ("[power]\nboot_time = inf", "power.boot_time", "is inf"),
        ("[power]\nboot_time = nan", "power.boot_time", "is nan"),
        ("[identity]\nimei = '١٢٣٤٥٦٧٨٩٠١٢٣٤٥'", "identity.imei", "is not 15 digits"),
        ("[power]\nsource = 3", "power.source", "no text"),
        ("[power]\nsources = 3", "power.sources", "not a table"),
        ("[power]\nsources.banner = 'x'", "power.sources.banner", "no source of a value here"),
        ("[sub_models]\nA = 3", "sub_models", "not a table of tables"),
        ("[sub_models]\nA = 3\n[sub_models.B]", "sub_models", "not a table of tables"),
    ],
)
def test_odd_values_are_mistakes(content: str, key: str, problem: str, write: Write, tmp_path: Path) -> None:
    write("mine.toml", f'extends = "models/ml307r.toml"\nsource = "x"\n{content}\n')
    (mistake,) = mistakes_of("mine", tmp_path)
    assert (mistake.file, mistake.key) == ("mine.toml", key)
    assert problem in mistake.problem


def test_values_are_not_converted(write: Write, tmp_path: Path) -> None:
    write(
        "mine.toml",
        'extends = "models/ml307r.toml"\nsource = "x"\n[line]\nmax_line = "8192"\n[power]\nautobaud = 1\nbanner = 2\n',
    )
    keys = {mistake.key for mistake in mistakes_of("mine", tmp_path)}
    assert keys == {"line.max_line", "power.autobaud", "power.banner"}


def test_a_value_and_a_table_do_not_mix(write: Write, tmp_path: Path) -> None:
    write(
        "mine.toml",
        'extends = "models/ml307r.toml"\nsource = "x"\npower = 3\n[commands.E]\navailable = { yes = true }\n',
    )
    keys = {(mistake.file, mistake.key) for mistake in mistakes_of("mine", tmp_path)}
    assert keys == {("mine.toml", "power"), ("mine.toml", "commands.E.available")}


@pytest.mark.parametrize("content", [b"a =", b"a = 1\na = 2", b"[a", b"a = '\xff'"])
def test_a_file_that_is_no_toml_is_one_mistake(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(content)
    (mistake,) = mistakes_of("mine", tmp_path)
    assert "mine.toml" in mistake.file
    assert "is not valid TOML" in mistake.problem or "cannot be read" in mistake.problem


def test_a_file_that_is_not_there_is_one_mistake(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read: No such file"):
        load_file(tmp_path / "mine.toml")


def test_an_empty_file_lacks_every_section(write: Write, tmp_path: Path) -> None:
    write("mine.toml", "")
    keys = {mistake.key for mistake in mistakes_of("mine", tmp_path)}
    assert {"series", "identity", "line", "power", "connection", "commands", "cme"} <= keys


def test_a_parent_that_is_not_there_is_told_with_the_places(write: Write, tmp_path: Path) -> None:
    write("mine.toml", 'extends = "families/cat2.toml"\n')
    (mistake,) = mistakes_of("mine", tmp_path)
    assert (mistake.file, mistake.key) == ("mine.toml", "extends")
    assert str(tmp_path) in mistake.problem
    assert str(builtin_directory()) in mistake.problem


def test_a_circle_of_files_is_a_mistake(write: Write, tmp_path: Path) -> None:
    write("one.toml", 'extends = "two.toml"\n')
    write("two.toml", 'extends = "one.toml"\n')
    (mistake,) = mistakes_of("one", tmp_path)
    assert mistake.key == "extends"
    assert "chain" in mistake.problem


def test_a_section_that_is_unknown_is_told_with_those_of_families(write: Write, tmp_path: Path) -> None:
    write(
        "mine.toml",
        """
        extends = "models/ml307r.toml"
        source = "x"
        [open_result]
        ok = 1
        [tables.connection]
        packets = 5
        """,
    )
    found = {mistake.key: mistake.problem for mistake in mistakes_of("mine", tmp_path)}
    assert found["open_result"] == "is unknown here; did you mean open_results?"
    assert set(found) == {"open_result", "tables"}
    assert found["tables"].startswith("is unknown here; ")
