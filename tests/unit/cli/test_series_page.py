"""``models``: the series at a glance, and with ``--compare`` what tells them apart."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import onemo.runtime.models
import pytest
from onemo.cli.series_page import show_models
from onemo.cli.traits import has, traits, usual
from onemo.families import FAMILIES
from onemo.profile.loader import model_files, sub_models
from onemo.runtime.models import inspect as inspect_file

from tests.support.profiles import load
from tests.unit.cli.conftest import ACME, Typed, Write, on_a_terminal
from tests.unit.cli.test_show import SERIES, cells

_inspected = cache(inspect_file)
LONGEST_ROW = 200


@pytest.fixture(autouse=True)
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of the time of these tests would be reading the same profiles again."""
    monkeypatch.setattr(onemo.runtime.models, "inspect", _inspected)


def table(capsys: pytest.CaptureFixture[str], *profiles: Path) -> dict[str, list[str]]:
    """The rows of ``models`` in a pipe."""
    assert show_models(profiles) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line == line.rstrip() and "\x1b" not in line and len(line) <= LONGEST_ROW for line in lines)
    return {cells(line)[0]: cells(line)[1:] for line in lines[1 : lines.index("")]}


def compared(capsys: pytest.CaptureFixture[str], *profiles: Path) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What stands out by model, and what is usual by family, as ``models --compare`` tells them in a pipe."""
    assert show_models(profiles, compare=True) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [cells(line) for line in lines if line.startswith("  ")]
    common = dict(re.findall(r"^Usual for (\S+): (.*)\.$", "\n".join(lines), re.MULTILINE))
    return {model: told for model, told in rows if model != "Model"}, common


# ---- models


def test_every_series_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    rows = table(capsys)
    assert sorted(rows) == sorted(SERIES)
    for series, (family, names, ids, modes, _) in rows.items():
        profile = load(series).profile
        first, *others = names.split(", ")
        assert (family, [first, *(f"{series}{name}" for name in others)]) == (profile.family, SERIES[series])
        connect_ids, access_modes = profile.params["connect_id"], profile.commands["MIPOPEN"].params["access_mode"]
        assert connect_ids.range is not None
        assert access_modes.range is not None
        assert (ids, modes) == (connect_ids.range.text, access_modes.range.text)


def test_what_a_series_has(capsys: pytest.CaptureFixture[str]) -> None:
    having = {series: row[-1] for series, row in table(capsys).items()}
    assert having["MR880A"] == "servers, TLS, texts, FTP, LwM2M"
    assert having["ML305A"] == (
        "Wi-Fi scans (not -DL), voice (only -DS), TLS, texts (not -DL), files, FTP (only -DS), LwM2M"
    )
    assert having["ML307M"] == "TLS, texts, LwM2M (not -DH)"
    assert having["MN318"] == "texts, LwM2M"


def test_every_sub_model_has_what_it_is_said_to_have(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_models(()) == 0
    lines = capsys.readouterr().out.splitlines()
    having = {cells(line)[0]: re.split(r", (?![^(]*\))", cells(line)[-1]) for line in lines[1 : lines.index("")]}
    (everywhere,) = [line for line in lines if line.startswith("All of them have ")]
    for series, subs in SERIES.items():
        for sub in subs:
            said = set(everywhere.removeprefix("All of them have ").removesuffix(".").split(", "))
            for entry in having[series]:
                feature, word, names = re.fullmatch(r"([^(]+?)(?: \((only|not) (.+)\))?", entry).groups()  # type: ignore[union-attr]
                among = sub.removeprefix(series) in (names or "").split(", ")
                said |= {feature} if not word or among is (word == "only") else set()
            profile = load(sub).profile
            assert said == {family.feature for family in FAMILIES if family.feature and has(profile, family)}


def test_it_reads_no_more_than_it_tells() -> None:
    script = "import sys; from onemo.cli.series_page import show_models; show_models(()); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    loaded = done.stdout.splitlines()[-1].split()
    assert not {"onemo.runtime.models", "onemo.families.lwm2m", "onemo.families.ftp"} & set(loaded)


def test_it_is_read_on_a_terminal_of_100_columns() -> None:
    plain = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in on_a_terminal(100, "models")]
    rows = plain[: plain.index("")]
    assert len(rows) <= 2 * len(SERIES)
    assert max(map(len, plain)) <= 100


def test_many_sub_models_are_counted(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    many = "".join(f"[sub_models.MANY-{number}]\n" for number in range(1, 10))
    directory = write("many.toml", f'extends = "models/ml307r.toml"\nsource = "x"\nseries = "MANY"\n{many}').parent
    assert table(capsys, directory)["MANY"][1] == "MANY-1, -2, -3, -4, -5, -6 and 3 more"


def test_profiles_of_ones_own_are_among_them(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    directory = write("acme.toml", ACME).parent
    assert table(capsys, directory)["ACME"][1] == "ACME-1, -2"
    assert compared(capsys, directory)[0]["ACME-2"] == "has ATS3"


@pytest.mark.parametrize("compare", [False, True])
def test_a_broken_profile_is_told_and_left_out(
    write: Write, capsys: pytest.CaptureFixture[str], *, compare: bool
) -> None:
    broken = write("broken.toml", "a = [")
    wrong = write("wrong.toml", 'extends = "models/mn316.toml"\nsource = "x"\n[commands.NOPE]\navailable = true\n')
    assert show_models((broken.parent,), compare=compare) == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        f"onemo-emulator: {file} has 1 mistake (onemo-emulator check-profile {file} lists all)"
        for file in (broken, wrong)
    ]
    assert "ML307R-D" in printed.out


# ---- models --compare


def test_what_stands_out(capsys: pytest.CaptureFixture[str]) -> None:
    rows, _ = compared(capsys)
    assert "MIPCLOSE takes mode 0-3" in rows["ML307G"]
    assert "AT+CMEE takes 0-1" in rows["ML307G"]
    assert "closes by RST" in rows["MN318"]
    assert "TCP window 4096" in rows["MN316"]
    assert "sends empty datagrams" in rows["MN319"]
    assert "MIPCFG ack_mode is inert" in rows["MN316A"]
    assert "buffers 128 packets" in rows["ML305M"]
    assert "send timeout 1-180 s" in rows["ML305U"]
    assert "has ATZ, AT&F" in rows["ML302S"]
    assert "a clock from the start" in rows["MN319"]
    assert rows["ML305A-DL"] == "no Wi-Fi scans; no short messages; no ATS3, ATS4, ATS5"
    assert rows["ML307M-DH"] == "no LwM2M client"
    assert rows["MR880A"] == "nothing"


def test_the_start_and_the_contexts_stand_out(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {series: told.split("; ") for series, told in compared(capsys)[0].items()}
    assert "cid 8 reserved" in rows["ML307R"]
    assert "AT+IPR takes 4800,9600,14400,...,921600" in rows["ML302S"]
    assert "the last context can be deactivated" in rows["ML302S"]
    assert {"CFUN from 0 to 1 restarts it", "deep sleep ends TCP"} < set(rows["MN319"])
    assert "CFUN=0 deletes contexts" in rows["MN316"]


def test_what_is_usual_for_a_family(capsys: pytest.CaptureFixture[str]) -> None:
    cat1 = compared(capsys)[1]["Cat.1"]
    assert "connections need a data call; " in cat1
    assert "no voice calls or USSD; " in cat1
    (kept,) = re.findall(r"keeps (AT[^;]*);", cat1)
    (lacking,) = re.findall(r"no (AT[^;]*)$", cat1)
    assert "AT+CGDCONT" in kept.split(", ")
    assert "AT+CPSMS" in lacking.split(", ")
    assert not set(kept.split(", ")) & set(lacking.split(", "))


@pytest.mark.parametrize("family", ["5G", "Cat.1", "NB"])
def test_what_is_usual_does_not_contradict_itself(family: str) -> None:
    """Of a family of commands that most models lack, nothing else is usual."""
    firsts = [load(sub_models(file)[0]).profile for file in model_files().values()]
    common = usual(traits(profile) for profile in firsts if profile.family == family)
    for each in FAMILIES:
        noun = common[f"family {each.name}"].phrase
        told = [name for name in each.commands if name in common and common[name].phrase.startswith("no ")]
        assert not (noun.startswith("no ") and told)
    phrases = {trait.phrase for trait in common.values()}
    assert not {phrase for phrase in phrases if f"no {phrase}" in phrases or f"an {phrase}" in phrases}


def test_a_question_that_most_have_no_answer_to_is_not_usual(typed: Typed) -> None:
    (cat1,) = [line for line in typed("models", "--compare").out.splitlines() if line.startswith("Usual for Cat.1")]
    phrases = cat1.split("; ")
    assert "no FTP client" in phrases
    assert not [phrase for phrase in phrases if "LwM2M" in phrase]
    assert "no short messages" not in phrases
