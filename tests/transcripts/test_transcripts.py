"""Every transcript in this folder, on every model that it names."""

from __future__ import annotations

from pathlib import Path

import pytest
from onemo.errors import UsageError

from tests.support.models import CAT1, SERIES
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


@pytest.mark.parametrize(("transcript", "model"), RUNS)
def test_transcript(transcript: Case, model: str) -> None:
    run(transcript, model)


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
    assert lines[0].startswith("wrong.at:6: ML307R says something else")
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
        run(case("step.at", f"models: ML307R\n{step}\n"), "ML307R")
    assert complaint in str(caught.value)


@pytest.mark.parametrize("text", ["", "models: all\n", "> AT\n", "models: all\nmodel: x\n> AT\n", "models: all\nAT\n"])
def test_what_is_no_transcript_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        case("bad.at", text)
