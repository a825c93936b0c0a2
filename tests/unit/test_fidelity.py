"""docs/fidelity.md says what the transcripts, the captures and the profiles say."""

from __future__ import annotations

import re

import pytest

from scripts.command_table import series
from scripts.fidelity import FILE, commands_in, kinds_of, page, places_of, series_seen, transcripts
from tests.support.models import SERIES
from tests.support.sources import Evidence, captures

PAGE = FILE.read_text()


def rows(title: str) -> dict[str, list[str]]:
    """The rows of a section's table, by their first cell."""
    (section,) = re.findall(rf"^## {title}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    lines = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in section.splitlines() if line[:1] == "|"
    ]
    return {cells[0]: cells[1:] for cells in lines[2:]}


def test_the_page_is_what_the_script_writes() -> None:
    assert page() == PAGE, "it is out of date; write it anew: .venv/bin/python -m scripts.fidelity"


@pytest.mark.parametrize("title", ["Transcripts by series", "Values of the profiles by series"])
def test_every_series_has_a_row(title: str) -> None:
    assert set(rows(title)) == set(SERIES)


def test_every_value_of_every_profile_has_a_source_of_a_known_kind() -> None:
    origins = {origin for subs in series().values() for loaded in subs.values() for origin in loaded.origins.values()}
    assert [origin for origin in origins if not kinds_of(origin.source)] == []


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("manual 3.5, fn 20: no > entry", {Evidence.MANUAL}),
        ("V.250 6.2.10; the rates are decided, the manual is silent", {Evidence.STANDARD, Evidence.DECIDED}),
        ("V.250 does not have it; decided: as modems do", {Evidence.DECIDED}),
        ("hardware (ML307R-DC, ML307C); the base guide refuses the last one", {Evidence.CAPTURE}),
        ("seen on hardware", set()),
        ("decided: the base guide leaves it open", {Evidence.DECIDED}),
        ("vendor's SSL guide, 3.8; decided: it is 0 alone", {Evidence.GUIDE, Evidence.DECIDED}),
        ("11.11 of TS 51.011", {Evidence.STANDARD}),
        ("hearsay", set()),
    ],
)
def test_the_kinds_of_a_source(source: str, kinds: set[Evidence]) -> None:
    assert kinds_of(source) == kinds


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("AT", set()),
        ("AT+CSQ", {"CSQ"}),
        ("ATE0V1+CMEE=1;+CSQ", {"E", "CMEE", "CSQ"}),
        ("AT&W", {"&W"}),
        ("ATS3?", {"S3"}),
        ('AT+MIPSEND=0,,"+CSQ"', {"MIPSEND"}),
        ("hello", set()),
    ],
)
def test_the_commands_in_a_line(typed: str, names: set[str]) -> None:
    assert commands_in(typed) == names


def test_only_a_capture_of_the_series_itself_counts_as_captured_on_it() -> None:
    by_series = rows("Transcripts by series")
    seen = {name for row in captures().values() if not row.left_out for name in row.series}
    assert {name for name, cells in by_series.items() if cells[1] != "0"} == seen & set(SERIES)
    assert int(by_series["MN316"][2]) > 0
    own = [case for case in transcripts() if case.name.startswith("captures/")]
    assert int(by_series["ML307R"][1]) >= sum(any("ML307R" in model for model in case.models) for case in own)


def test_every_capture_has_a_row_with_its_transcripts() -> None:
    table = rows("Captures")
    assert list(table) == [str(number) for number in captures()]
    assert {number for number, cells in table.items() if cells[-1] == "0"} == {
        str(row.number) for row in captures().values() if row.left_out
    }


@pytest.mark.parametrize("title", ["Values of the profiles by series", "Values of the commands by family"])
def test_a_value_that_was_taken_over_is_not_captured_on_the_series(title: str) -> None:
    cells = rows(title)
    assert sum(int(each[2]) for each in cells.values()) > 0
    if title == "Values of the profiles by series":
        seen = {name for row in captures().values() for name in row.series}
        assert {name for name, each in cells.items() if each[1] != "0"} == seen & set(SERIES)


def test_the_source_of_a_value_says_where_it_was_seen() -> None:
    source = "vendor's base guide: 0; hardware (ML307R-DC, ML307C): the rates"
    assert places_of(source) == {"ML307R-DC", "ML307C"}
    assert series_seen(source) == {"ML307R", "ML307C"}
    assert series_seen("hardware (MN316-S-DLVS)") == {"MN316-S"}
    assert places_of("decided") == series_seen("decided") == set()


def test_each_place_is_a_model_or_a_series_of_a_capture() -> None:
    subs = {sub for each in series().values() for sub in each}
    origins = {origin for each in series().values() for loaded in each.values() for origin in loaded.origins.values()}
    places = {place for origin in origins for place in places_of(origin.source)}
    assert places <= subs | {name for row in captures().values() for name in row.series} | {"unnamed"}


def test_a_command_that_a_profile_knows_from_hardware_is_not_among_the_unseen() -> None:
    seen, unseen = rows("Commands that were seen on hardware")["Identity"]
    assert "`AT+GSN` (unnamed)" in seen
    assert "`AT+GSN`" not in unseen
