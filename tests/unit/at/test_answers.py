"""Answers of a profile's own, to lines that no family has."""

from __future__ import annotations

from pathlib import Path

import pytest
from onemo.cli.show import check_file, show_model
from onemo.runtime.models import Overrides, individual, load_model

from tests.support.driver import Driver

HEAD = 'extends = "models/ml307g.toml"\nsource = "our notes"\nseries = "OWN"\n[answers]\n'
ANSWERS = r"""
"AT^BAND?" = { lines = ["^BAND: 3"], delay = 0.2 }
"AT+MSWVER" = { lines = ["3.1.0"] }
"AT+TWO" = { lines = ["+TWO: 1", "+TWO: {1}"] }
"AT+FAIL=1" = { lines = ["+FAIL: 1"], result = "+CME ERROR: 3" }
"AT+GONE" = { result = "NO CARRIER" }
"AT+BAD" = { result = "ERROR" }
"AT+MUTE" = { lines = ["+MUTE: 1"], result = "" }
"AT+CREG?" = { lines = ["+CREG: 7"] }
'AT\+FOO=(\d+),"(?P<text>[^"]*)"' = { pattern = true, lines = ["+FOO: {1}", "+FOO: {text}{1}", "{}"] }
"""


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    file = tmp_path / "own.toml"
    text = HEAD.replace("ml307g", "ml307r") + ANSWERS + "[commands]\nCLAC.available = true\n"
    file.write_text(text)
    return file


@pytest.fixture
def driver(profile: Path) -> Driver:
    found = Driver(load_model("own", (profile.parent,))).boot()
    found.ask("ATE0")
    return found


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("AT+MSWVER", ["3.1.0", "OK"]),
        ("  at+mswver  ", ["3.1.0", "OK"]),
        ("AT+TWO", ["+TWO: 1", "+TWO: {1}", "OK"]),
        ("AT+FAIL=1", ["+FAIL: 1", "+CME ERROR: 3"]),
        ("AT+FAIL=2", ["ERROR"]),
        ("AT+GONE", ["NO CARRIER"]),
        ("AT+BAD", ["ERROR"]),
        ("AT+MUTE", ["+MUTE: 1"]),
        ("AT+CREG?", ["+CREG: 7", "OK"]),  # a family has it, but not on this model
        ('AT+FOO=12,"Hi, you"', ["+FOO: 12", "+FOO: Hi, you12", "{}", "OK"]),
        ("AT+FOO=x", ["ERROR"]),
        ("AT^X", ["ERROR"]),
        ("AT+MSWVER;+CSQ", ["ERROR"]),
        ("AT+CSQ foo", ["ERROR"]),
    ],
)
def test_answers(driver: Driver, line: str, answer: list[str]) -> None:
    assert driver.answer(line) == answer


def test_an_answer_takes_its_time(driver: Driver) -> None:
    assert driver.ask("AT^BAND?") == b""
    driver.wait(0.19)
    assert driver.take() == b""
    driver.wait(0.02)
    assert driver.take() == b"\r\n^BAND: 3\r\n\r\nOK\r\n"
    assert driver.answer("AT") == ["OK"]


def test_speed_shortens_it(profile: Path) -> None:
    model = individual(load_model("own", (profile.parent,)), Overrides(speed=10.0))
    driver = Driver(model).boot()
    driver.ask("AT^BAND?")
    driver.wait(0.03)
    assert driver.take().endswith(b"\r\n^BAND: 3\r\n\r\nOK\r\n")


def test_numbers_in_place_of_words(driver: Driver) -> None:
    driver.ask("ATV0")
    assert driver.ask("AT+GONE") == b"3\r"
    assert driver.ask("AT+MSWVER") == b"3.1.0\r\n0\r"


def test_a_slash_repeats_it(driver: Driver) -> None:
    driver.ask("AT+MSWVER")
    driver.type(b"A/")
    assert driver.take() == b"\r\n3.1.0\r\n\r\nOK\r\n"


def test_the_list_of_commands(driver: Driver) -> None:
    told = driver.ask("AT+CLAC").decode().split("\r\n")
    assert told[-10:-3] == ["AT+TWO", "AT+FAIL", "AT+GONE", "AT+BAD", "AT+MUTE", "AT+CREG", "AT+FOO"]
    assert "AT^BAND" in told


def test_show(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_model("own", None, (profile.parent,))
    told = capsys.readouterr().out
    assert "Answers of the profile's own" in told
    assert "^BAND: 3" in told
    show_model("own", "at+foo", (profile.parent,))
    told = capsys.readouterr().out
    assert r"AT\+FOO=(\d+)" in told
    assert "our notes" in told
    assert "MSWVER" not in told


def test_patterns_together_are_bounded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "own.toml"
    file.write_text(HEAD + "".join(f"'AT\\+OWN{number}(a?){{120}}' = {{ pattern = true }}\n" for number in range(20)))
    assert check_file(file, ()) == 1
    assert "is a pattern too many: all together have more than 8192 steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ('"AT+CSQ" = {}', '"AT+CSQ": AT+CSQ is a command of this model, which no answer overrules: leave it out'),
        ('"at+csq=?" = {}', '"at+csq=?": AT+CSQ is a command of this model, which no answer overrules: leave it out'),
        ('"ATE5" = {}', '"ATE5": ATE is a command of this model, which no answer overrules: leave it out'),
        ('"FOO" = {}', '"FOO": is no command line: give AT and a command, like AT+FOO?'),
        ('"AT" = {}', '"AT": is no command line: give AT and a command, like AT+FOO?'),
        ('"AT+É" = {}', '"AT+É": has characters that are not printable ASCII'),
        ('"AT+A" = {}\n"at+a" = {}', '"at+a": is AT+A again: the case of letters does not count'),
        (r"""'AT\+B=(a' = { pattern = true }""",
         r'"AT\+B=(a": is no pattern: it has a ( at character 7 that nothing closes'),
        (r"""'AT\+.*' = { pattern = true }""",
         r'"AT\+.*": is for AT+CMEE too, a command of this model, which no answer overrules: be more exact'),
        (r"""'AT\+CSQ=(.)(.)' = { pattern = true }""",
         r'"AT\+CSQ=(.)(.)": AT+CSQ is a command of this model, which no answer overrules: leave it out'),
        (r"""'(AT)?FOO' = { pattern = true }""",
         r'"(AT)?FOO": is for lines that are no commands: begin with AT, like AT\+FOO=(\d+)'),
        (r"""'AT\+C\d' = { pattern = true, lines = ["{1}"] }""",
         r'"AT\+C\d": has {1} in a line, and no such group in its pattern: {1} is the first'),
        (r'"AT+A" = { lines = ["a\nb"] }',
         '''"AT+A": has a line that is no text of printable characters, at most 1024: 'a\\nb\''''),
        ('"AT+A" = { delay = 4000 }', '"AT+A": has a delay of 4000 seconds: at most 3600'),
        ('"AT+A" = { delay = -1 }', "AT+A.delay: is -1, not a number from 0 up"),
        ('"AT+A" = { line = [] }', "AT+A.line: is unknown here; did you mean lines?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], entry: str, problem: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(HEAD + entry + "\n")
    assert check_file(file, ()) == 1
    assert capsys.readouterr().out.splitlines() == [f"{file}: 1 mistake", f"  own.toml: answers.{problem}"]
