"""``check-profile``: every mistake at once, each with its file and key."""

from __future__ import annotations

from pathlib import Path

import pytest
from onemo.at.command import KeyedSetting
from onemo.at.family import Family
from onemo.at.registry import definition
from onemo.cli.show import check_file
from onemo.families import FAMILIES
from onemo.profile.loader import builtin_directory, model_files, sub_models

from tests.unit.cli.conftest import ACME, Typed, Write

HEAD = 'extends = "models/ml307r.toml"\nsource = "x"\nseries = "OWN"\n'


def checked(file: Path, capsys: pytest.CaptureFixture[str], *profiles: Path) -> tuple[int, list[str]]:
    status = check_file(file, profiles)
    printed = capsys.readouterr()
    assert not printed.err
    return status, printed.out.splitlines()


def test_a_profile_without_a_mistake(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    file = write("acme.toml", ACME)
    assert checked(file, capsys) == (0, [f"{file}: no mistakes in ACME-1, ACME-2"])


@pytest.mark.parametrize("file", model_files().values(), ids=lambda file: file.stem)
def test_the_profiles_that_come_with_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(file, capsys) == (0, [f"{file}: no mistakes in {', '.join(sub_models(file))}"])


def test_all_mistakes_at_once(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """Mistakes of the shape, of the commands' needs, of a file below, of one sub-model: each with file and key."""
    write(
        "below.toml",
        'extends = "models/ml307r.toml"\nsource = "x"\n[power]\nsource = ""\nbanner = "+B"\n',
    )
    file = write(
        "own.toml",
        """
        extends = "below.toml"
        source = "x"
        series = "OWN"
        [identity]
        imei = "12"
        svn = 3
        colour = "red"
        [commands.MIPOPEN]
        params.timeout = { range = "9-1" }
        params.foo = { range = "0" }
        [commands.NOPE]
        available = true
        [open_results]
        name = "no_such"
        [sub_models.OWN-1]
        [sub_models.OWN-2.commands]
        S3 = { availabel = true }
        """,
    )
    status, (head, *lines) = checked(file, capsys)
    assert (status, head) == (1, f"{file}: {len(lines)} mistakes")
    assert {line.strip().rpartition(": ")[0] for line in lines} == {
        "below.toml: power.banner: has no source",
        "own.toml: identity.imei",
        "own.toml: identity.svn",
        "own.toml: identity.colour",
        "own.toml: commands.MIPOPEN.params.timeout.range",
        "own.toml: commands.MIPOPEN.params.foo",
        "own.toml: commands.NOPE",
        "own.toml: open_results.name",
        "own.toml: commands.S3.availabel",
    }
    assert [line for line in lines if line.endswith(" (in OWN-2)")] == [line for line in lines if "availabel" in line]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a = [", "own.toml: is not valid TOML"),
        ('extends = "none.toml"', "own.toml: extends: there is no file 'none.toml' in "),
        ('extends = "own.toml"', "own.toml: extends: the chain is longer than"),
        ('extends = "models/mn316.toml"\nsource = "x"\nsub_models = 3', "own.toml: sub_models: "),
        ("", "own.toml: series: is missing"),
    ],
)
def test_a_file_that_is_no_profile(content: str, told: str, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = checked(write("own.toml", content), capsys)
    assert status == 1
    assert lines[1].startswith(f"  {told}")


def test_a_file_below_may_lie_in_another_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "parents").mkdir()
    (tmp_path / "parents" / "parent.toml").write_text(ACME)
    file = tmp_path / "child.toml"
    file.write_text('extends = "parent.toml"\nsource = "x"\nseries = "CHILD"\n')
    assert checked(file, capsys)[0] == 1
    assert checked(file, capsys, tmp_path / "parents") == (0, [f"{file}: no mistakes in CHILD"])


def test_the_exit_status_of_the_command(typed: Typed, write: Write) -> None:
    assert typed("check-profile", str(write("own.toml", "a = ["))).status == 1
    assert typed("check-profile", str(builtin_directory() / "models" / "mn316.toml")).status == 0


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_mistake_of_any_family_is_told_at_once(write: Write, typed: Typed, tmp_path: Path, family: Family) -> None:
    """Also by ``run``, which binds most families of a built-in profile when they are needed."""
    command, *_ = definition(family).declarations
    where, wrong = ("keys", "params.x.default") if isinstance(command, KeyedSetting) else ("params", "default")
    file = write("own.toml", f'{HEAD}[commands."{command.name}".{where}]\nnothing.{wrong} = 1\n')
    checked, run = typed("check-profile", str(file)), typed("run", "own", "--profiles", str(tmp_path))
    assert (checked.status, run.status) == (1, 2)
    for said in (checked.out, run.err):
        assert f"own.toml: commands.{command.name}.{where}.nothing: no such " in said
