"""What the pages say of which models: each list of names in them is that of the models, whose answers tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts.command_table import series
from tests.support.driver import Driver
from tests.support.pages import PAGES, ROOT, blocks_of, name_of

SUBS = {name: of for of, subs in series().items() for name in subs}
"""The series of each sub-model."""
CREATE = 'AT+MHTTPCREATE="http://h"\r'
LISTS = [
    ("ftp.md", r"on the sub-models that have one: (.*?)\. It is", "M", "AT+MFTPCFG=?", "OK"),
    ("updates.md", r"^\| ([^|]*?) \| a differential package", "M", "AT+MFWERASE", "OK"),
    ("updates.md", r"the only way of (.*?) \|", "ML307R", "AT+MFWERASE", "ERROR"),
    ("servers.md", r"^(MR880A) can be a server", "M", "AT+MIPLISTEN?", "OK"),
    ("http.md", r"^(MN.*?) take certificates in the line alone", "MN", "AT+MSSLCFG=?", "OK"),
    ("http.md", r"\(4096 at most on (.*?)\)", "M", f'{CREATE}AT+MHTTPCFG="cached",0,1,8192', "+CME ERROR: 50"),
    ("http.md", r"Cat\.1 \((.*?) have no file for it\)", "M[LR]", "AT+MHTTPDLFILE=?", "ERROR"),
    ("files.md", r"Cat\.1 modules \(but (.*?)\)", "M[LR]", 'AT+MFPUT="a",1,"x"', "ERROR"),
    ("card.md", r"`AT\+CCHC` \((.*?) have\s+`AT\+CRSM` alone\)", "M", "AT+CCHC=?", "ERROR"),
    ("limits.md", r"no `AT\+MDIALUP` on (.*?)\)", "M[LR]", "AT+MDIALUP=?", "ERROR"),
]
"""A page, where it lists models, out of which, what they are asked, and how the answer of those in the list ends."""


def named(text: str) -> set[str]:
    """The sub-models of a list in words: "ML302A-DSLM and -GSLM, MN316"; a series is all of its own."""
    found: set[str] = set()
    of = ""
    for name in re.findall(r"[\w.-]*\w", text.replace(" and ", " ")):
        full = f"{of}{name}" if name.startswith("-") else name
        of = SUBS.get(full, full)
        found |= {sub for sub, each in SUBS.items() if each == full} or {full}
    return found


def test_a_list_in_words() -> None:
    of_mn316 = {"MN316-DBRS", "MN316-DLVS"}
    assert named("ML302A-DSLM and -GSLM, MN316,\nML307R-DC") == {*of_mn316, "ML302A-DSLM", "ML302A-GSLM", "ML307R-DC"}


@pytest.mark.parametrize(("page", "where", "among", "asked", "end"), LISTS)
def test_a_list_of_models(page: str, where: str, among: str, asked: str, end: str) -> None:
    (text,) = re.findall(where, (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)
    answers = {name: Driver(name).boot().ask(asked) for name in SUBS if re.match(among, name)}
    assert named(text) == {name for name, answer in answers.items() if answer.endswith(f"\r\n{end}\r\n".encode())}


def test_how_many_there_are() -> None:
    assert (len(series()), len(SUBS)) == (22, 50)
    assert "**Twenty-two OneMO series**" in (ROOT / "README.md").read_text()
    assert "All 22 OneMO series and their 50 sub-models" in (ROOT / "CHANGELOG.md").read_text()


def keys_of(document: Mapping[str, Any]) -> Iterator[str]:
    """The keys of a document's tables, as pages name them: ``[fota] diff_time``."""
    for table, value in document.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                yield from (f"[{table}] {key}" for key in each)


@pytest.fixture(scope="module")
def keys() -> set[str]:
    """Those of all profiles, and of the sandbox file in docs/network.md."""
    texts = [file.read_text() for file in (ROOT / "profiles").rglob("*.toml")]
    texts += [block.text for block in blocks_of(ROOT / "docs/network.md") if block.named == "sandbox.toml"]
    return {key for text in texts for key in keys_of(tomllib.loads(text))}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=name_of)
def test_the_keys_that_it_names_are_there(page: Path, keys: set[str]) -> None:
    """All but those of which it tells that they are gone."""
    text = re.sub(r"\s+", " ", page.read_text())
    named = {f"[{table}] {key}" for table, key in re.findall(r"`\[([a-z_\d]+)\] ([a-z_\d]+)", text)}
    assert named - keys - {"[contexts] last_stays"} == set()
