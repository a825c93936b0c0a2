"""Every transcript in this folder, on every model that it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from onemo.errors import UsageError
from onemo.faults.say import parse_fault
from onemo.wire.transmitter import Transmitter

from tests.support.driver import model_named
from tests.support.models import CAT1, SERIES
from tests.support.sources import Capture, Evidence, captures
from tests.support.transcript import Case, case, read, run

FOLDER = Path(__file__).parent
TRANSCRIPTS = [read(path, FOLDER) for path in sorted(FOLDER.rglob("*.at"))]
RUNS = [
    pytest.param(
        each, model, id=f"{each.name}-{model}", marks=[pytest.mark.xfail(reason=each.fails)] if each.fails else ()
    )
    for each in TRANSCRIPTS
    for model in each.models
]


@pytest.fixture
def urcs(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of what the module says unasked."""
    names: set[str] = set()

    def watch(name: str) -> None:
        say = getattr(Transmitter, name)

        def watched(self: Transmitter, data: bytes, *args: object, **options: object) -> object:
            if told := re.match(r"\s*\S*?\+([A-Z]+)|\s*([A-Z]+( [A-Z]+)?)", data.decode("latin-1")):
                names.add(told[1] or told[2])
            return say(self, data, *args, **options)

        monkeypatch.setattr(Transmitter, name, watched)

    watch("urc")
    watch("notice")
    return names


@pytest.mark.parametrize(("transcript", "model"), RUNS)
def test_transcript(transcript: Case, model: str, urcs: set[str]) -> None:
    run(transcript, model)
    for name in urcs:  # a fault can be of each
        assert parse_fault(f"urc-drop urc='{name}'").scope["urc"] == name


CHAPTERS = "3.2 3.3 3.5 3.6 3.7 3.8 3.9 3.10 3.11 3.12 3.14 3.15 4.1 4.2 4.5 4.6"


@pytest.mark.parametrize("chapter", CHAPTERS.split())
def test_each_chapter_runs_on_every_series(chapter: str) -> None:
    assert runs_on(f"manual/{chapter}-") == set(SERIES)


@pytest.mark.parametrize(
    ("flow", "series"),
    [("4.3-tcp", CAT1), ("4.3-udp", CAT1), ("4.4-tcp-switched", SERIES), ("4.4-tcp-opened", SERIES),
     ("4.4-udp-switched", SERIES), ("4.4-udp-opened", SERIES)],
)  # fmt: skip
def test_each_flow_runs_on_every_series_that_has_it(flow: str, series: tuple[str, ...]) -> None:
    assert runs_on(f"manual/{flow}") == set(series)


def runs_on(start: str) -> set[str]:
    """The models of the transcripts whose names start so."""
    return {model for each in TRANSCRIPTS if each.name.startswith(start) for model in each.models}


# The format itself.

DIALOGUE = """
models: ML307R
source: decided
> AT+MIPOPEN=0,"TCP","h",80
< OK
< +MIPOPEN: 0,0
! peer 0 sends abc
< +MIPURC: "rtcp",0,{length},abc
> AT+CMEE?
< +CMEE: 1
< OK
"""


def test_what_was_said_otherwise_is_shown_as_a_diff() -> None:
    run(case("right.at", DIALOGUE), "ML307R")
    with pytest.raises(AssertionError) as caught:
        run(case("wrong.at", DIALOGUE.replace(",{length},abc", ",4,abc")), "ML307R")
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("wrong.at:7: ML307R says something else")
    assert "  ! peer 0 sends abc" in lines
    assert '- < +MIPURC: "rtcp",0,4,abc' in lines
    assert '+ < +MIPURC: "rtcp",0,3,abc' in lines


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        ("> AT", "+ < OK"),
        ("> AT\n< OK\n< OK", "- < OK"),
        (">> AT\\r\n= \\nOK\\r\\n", "+ < OK"),
        ("! peer 0 got x", "KeyError"),
        ("! dance", "no such directive"),
        ("> AT+CMEE?\n< +CMEE: {n}\n< OK\n> AT+MIPTKA=0\n< +MIPTKA: 0,{n}\n< OK", "- < +MIPTKA: 0,{n}    # n is '1'"),
    ],
)
def test_what_does_not_hold_fails(step: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=r"step\.at:") as caught:
        run(case("step.at", f"models: ML307R\nsource: decided\n{step}\n"), "ML307R")
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "models: all\nsource: decided\n",
        "> AT\n",
        "source: decided\n> AT\n",
        "models: all\nsource: decided\nmodel: x\n> AT\n",
        "models: all\nsource: decided\nAT\n",
    ],
)
def test_what_is_no_transcript_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        case("bad.at", text)


# What it rests on.


def test_a_transcript_without_a_source_is_refused() -> None:
    with pytest.raises(UsageError, match=r"bad\.at: it needs models and source"):
        case("bad.at", "models: all\n> AT\n< OK\n")


@pytest.mark.parametrize(
    "source",
    ["", "hearsay", "manual 3.5", "TCP/IP manual", "TCP/IP manual 3.5, fn", "V.250", "capture", "capture 0",
     "capture 999", "decided;", "decided, base guide", "Capture 1"],
)  # fmt: skip
def test_a_source_of_an_unknown_form_is_refused(source: str) -> None:
    with pytest.raises(UsageError, match=r"bad\.at: "):
        case("bad.at", f"models: all\nsource: {source}\n> AT\n< OK\n")


def test_several_sources_are_read() -> None:
    text = (
        "TCP/IP manual 3.5, fn 20 and 21, note; newer TCP/IP manual 3.17; V.250 5.2.4; 27.007 8.5; capture 19; decided"
    )
    named = case("good.at", f"models: all\nsource: {text}\n> AT\n< OK\n").sources
    kinds = [Evidence.MANUAL, Evidence.MANUAL, Evidence.STANDARD, Evidence.STANDARD, Evidence.CAPTURE, Evidence.DECIDED]
    assert [each.evidence for each in named] == kinds
    assert [each.text for each in named] == text.split("; ")
    assert [each.capture for each in named] == [None, None, None, None, 19, None]


def test_a_transcript_may_have_values_of_the_profile_of_its_own() -> None:
    head = "models: ML307A-DSLN\nsource: decided\nprofile: radio.rssi = 7\nprofile: radio.ber = 3\n"
    run(case("own.at", head + "> AT+CSQ\n< +CSQ: 7,3\n< OK\n"), "ML307A-DSLN")


@pytest.mark.parametrize(
    "row", [row for row in captures().values() if not row.left_out], ids=lambda row: str(row.number)
)
def test_every_capture_has_its_transcript_on_what_it_was_seen_on(row: Capture) -> None:
    names = [
        each.name
        for each in TRANSCRIPTS
        if each.name.startswith("captures/") and any(source.capture == row.number for source in each.sources)
    ]
    ran = {model_named(model).profile.series for each in TRANSCRIPTS if each.name in names for model in each.models}
    assert set(row.series) & set(SERIES) <= ran, "write what was seen as tests/transcripts/captures/NN-what.at"
    assert ran <= set(row.series)


def test_captures_are_numbered_through() -> None:
    assert list(captures()) == list(range(1, len(captures()) + 1))
