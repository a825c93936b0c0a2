"""The questions of ``record --session fidelity``: each settles something, and none costs anything."""

from __future__ import annotations

import re
from functools import cache

import pytest
from onemo.cli.questions import QUESTIONS, FidelityQuestion, asked, is_decided, settled
from onemo.dialogue.transcript import parse
from onemo.runtime.models import bind_profile

from scripts.command_table import series
from scripts.fidelity import kinds_of
from tests.support.models import SERIES
from tests.support.sources import Evidence

COSTLY = r"CM[GM]S=..?.?$|CMSS|^ATD|CUSD|CP(IN|WD)|CLCK=.*,[01]\b|MFWDLOAD=|MIPLFOTA|MREBOOT|CFUN=.,1|&W|MPOF=|MPING="
"""Commands that send, dial, spend tries of a PIN, write an image, restart or keep."""


@cache
def of(name: str) -> list[FidelityQuestion]:
    loaded = next(iter(series()[name].values()))
    return asked([(loaded, bind_profile(loaded))])


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.about)
def test_each_settles_what_is_decided_somewhere(question: FidelityQuestion) -> None:
    """One whose values were all measured meanwhile is to be taken out."""
    profiles = [next(iter(subs.values())) for subs in series().values()]
    paths = [path for each in profiles for path, origin in each.origins.items() if is_decided(origin.source)]
    assert settled(question, paths)


@pytest.mark.parametrize("model", SERIES)
def test_none_costs_anything(model: str) -> None:
    """The prompt of AT+CMGS is left with ESC."""
    for question in of(model):
        lines = [line for line in (*question.lines, *question.undo) if not line.endswith("?")]
        costly = [line for line in lines if re.search(COSTLY, line)]
        assert not costly or (question.settles, lines[1]) == ("line.prompt", r">> \x1b")


@pytest.mark.parametrize("model", SERIES)
def test_what_is_changed_is_put_back(model: str) -> None:
    """Each line that sets something is of a command that is kept, or fails, or is undone."""
    for question in of(model):
        for line in question.lines:
            if found := re.match(r"AT\+(CMEE|CFUN|CGEREP|CGCLASS)=(?!\?)", line):
                assert found[1] in question.keeps


@pytest.mark.parametrize("model", SERIES)
def test_its_lines_are_those_of_a_transcript(model: str) -> None:
    for question in of(model):
        for line in question.lines:
            assert parse("", line if line.startswith(("wait ", ">>")) else f"> {line}").steps


def test_the_model_decides_what_is_asked() -> None:
    about = {question.settles for question in of("MN316")}
    assert "files.size" not in about or about != {question.settles for question in of("ML307R")}
    assert "commands.CPSMS" in about
    assert "commands.CPSMS" not in {question.settles for question in of("ML307R")}


def test_names_and_passwords_are_not_asked_for() -> None:
    for model in SERIES:
        lines = {line for question in of(model) for line in question.lines}
        assert not lines & {"AT+CGAUTH?", "AT+CGDCONT?", "AT+MFWCFG?", "AT+MIPLFOTACFG?"}


def test_decided_is_said_as_in_the_page() -> None:
    sources = {
        origin.source for subs in series().values() for each in subs.values() for origin in each.origins.values()
    }
    assert all(is_decided(source) == (Evidence.DECIDED in kinds_of(source)) for source in sources)
