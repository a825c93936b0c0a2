"""The wheel and its profiles, and the setup of ``scripts/run`` where Python comes without pip."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.build import build_editable, build_wheel
from onemo.cli.commit import commit_of

from scripts import constraints, fetch_pip

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "emulator"


def test_the_wheel_carries_the_package_and_the_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    wheel = ZipFile(tmp_path / build_wheel(str(tmp_path)))
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    package = {path.relative_to(SOURCE).as_posix() for path in SOURCE.glob("onemo/**/*.py")}
    profiles = {f"onemo/_profiles/{path.relative_to(ROOT / 'profiles')}" for path in ROOT.glob("profiles/**/*.toml")}
    assert profiles
    page = {path.relative_to(SOURCE).as_posix() for path in SOURCE.glob("onemo/control/page/*")}
    assert page
    guides = {f"onemo/_docs/{path.name}" for path in ROOT.glob("docs/*")}
    commit = commit_of(ROOT)
    assert names == package | profiles | page | guides | {"onemo/py.typed"} | ({"onemo/_commit"} if commit else set())
    assert not commit or wheel.read("onemo/_commit").decode() == commit


def test_a_wheel_without_a_repository_has_the_commit_that_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("emulator", "profiles", "docs", "scripts"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONEMO_COMMIT", "1234567")
    wheel = ZipFile(tmp_path / build_wheel(str(tmp_path)))
    assert wheel.read("onemo/_commit") == b"1234567"
    monkeypatch.delenv("ONEMO_COMMIT")
    wheel = ZipFile(tmp_path / build_wheel(str(tmp_path)))
    assert "onemo/_commit" not in wheel.namelist()


def test_no_package_lies_in_the_tree() -> None:
    """A wheel that pip left is easily committed."""
    assert [path.name for path in ROOT.glob("*.whl")] == []


def test_an_editable_install_runs_nothing_at_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    wheel = ZipFile(tmp_path / build_editable(str(tmp_path)))
    (name,) = [name for name in wheel.namelist() if ".dist-info/" not in name]
    assert name.endswith(".pth")
    assert wheel.read(name).decode().splitlines() == [str(SOURCE)]


def test_the_changelog_has_the_version_at_its_top() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    heading = next(line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## "))
    assert heading.startswith(f"## [{project['version']}] - ")


def test_what_breaks_something_stands_first_in_the_changelog() -> None:
    """As docs/upgrading.md says: of each version, and each entry once."""
    for version in re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[1:]:
        entries = re.findall(r"^- ((?:.+\n)(?:  .+\n)*)", version, re.MULTILINE)
        breaking = [entry.startswith("**Breaking:** ") for entry in entries]
        assert breaking == sorted(breaking, reverse=True)
        assert version.count("**Breaking:**") == sum(breaking)
        assert len({entry[:60] for entry in entries}) == len(entries)


def test_what_is_installed_is_written_down() -> None:
    """After a change of the requirements: python -m scripts.constraints."""
    assert constraints.FILE.read_text() == constraints.text()
    assert "--constraint constraints.txt" in (ROOT / "scripts/setup").read_text()


def test_slow_tests_are_left_out_aloud_and_run_at_last() -> None:
    everyday, ci = (ROOT / "scripts" / "test").read_text(), (ROOT / ".ci" / "run").read_text()
    assert "-m 'not slow'" in everyday
    assert "left out: the slow tests" in everyday
    assert ci.index('"$test" ||') < ci.index('"$test" -m slow ||')


def index(folder: Path, *links: str) -> None:
    """Make folder a package index of pip with these links, the one that pip's options name."""
    page = folder / "pip" / "index.html"
    page.parent.mkdir()
    page.write_text("<!DOCTYPE html><html><body>" + "<br/>".join(links) + "</body></html>")


@pytest.fixture
def no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("PIP_", "XDG_CONFIG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(
    ("requirement", "python", "fits"),
    [
        ("", (3, 11, 2), True),
        (">=3.10", (3, 11, 2), True),
        (">=3.11.2", (3, 11, 2), True),
        (">=3.12", (3, 11, 2), False),
        (">=2.7, !=3.0.*", (3, 11, 2), True),
    ],
)
def test_requires_python(requirement: str, python: tuple[int, ...], fits: bool) -> None:
    assert fetch_pip.fits(requirement, python) is fits


def test_the_newest_wheel_that_fits_is_chosen() -> None:
    page = fetch_pip.IndexPage("https://index.example/simple/pip/")
    page.feed(
        """
        <a href="/f/pip-9.0.3-py2.py3-none-any.whl#sha256=09">old</a>
        <a href="../../f/pip-26.10-py3-none-any.whl#sha256=10" data-requires-python="&gt;=3.9">newest</a>
        <a href="/f/pip-26.9-py3-none-any.whl#sha256=11">newer by text only</a>
        <a href="/f/pip-27.0-py3-none-any.whl#sha256=12" data-yanked="">withdrawn</a>
        <a href="/f/pip-27.1-py3-none-any.whl#sha256=13" data-requires-python=">=3.99">for another Python</a>
        <a href="/f/pip-27.2b1-py3-none-any.whl#sha256=14">before its release</a>
        <a href="/f/pip-27.3-py3-none-any.whl">without a digest</a>
        <a href="/f/pip-27.4.tar.gz#sha256=15">source</a>
        """
    )
    assert max(page.wheels) == fetch_pip.Wheel(
        (26, 10), "pip-26.10-py3-none-any.whl", "https://index.example/f/pip-26.10-py3-none-any.whl", "10"
    )
    assert len(page.wheels) == 3


@pytest.mark.usefixtures("no_configuration")
def test_the_wheel_is_fetched_from_the_configured_index(tmp_path: Path) -> None:
    name, content = "pip-26.0-py3-none-any.whl", b"a wheel"
    (tmp_path / name).write_bytes(content)
    index(tmp_path, f'<a href="../{name}#sha256={hashlib.sha256(content).hexdigest()}">{name}</a>')
    configuration = tmp_path / "home" / ".config" / "pip" / "pip.conf"
    configuration.parent.mkdir(parents=True)
    configuration.write_text(f"[global]\nindex-url = {tmp_path.as_uri()}\n")
    (tmp_path / "to").mkdir()
    assert fetch_pip.fetch(tmp_path / "to").read_bytes() == content


@pytest.mark.usefixtures("no_configuration")
@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ('<a href="../pip-26.0-py3-none-any.whl#sha256=00">pip</a>', "SHA-256 differs"),
        ('<a href="../pip-26.0.tar.gz#sha256=00">pip</a>', "no wheel of pip"),
    ],
)
def test_a_wheel_that_is_not_the_listed_one_is_refused(
    link: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip-26.0-py3-none-any.whl").write_bytes(b"another wheel")
    index(tmp_path, link)
    monkeypatch.setenv("PIP_INDEX_URL", tmp_path.as_uri())
    with pytest.raises(LookupError, match=problem):
        fetch_pip.fetch(tmp_path)
