"""The bytes of a prompt, which the profile says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from onemo.errors import ProfileError
from onemo.runtime.models import Model, load_model_file

from tests.support.driver import Driver
from tests.support.faulty import FaultyDriver

PROMPTS = {"": b"\r\n>", "\r\n> ": b"\r\n> ", "\r\n>\r\n": b"\r\n>\r\n", ">": b">"}
OPEN = 'AT+MIPOPEN=0,"TCP","192.0.2.1",7'


def prompting(tmp_path: Path, text: str, series: str = "ml307r") -> Model:
    """A model with that prompt; "": its own."""
    file = tmp_path / "mine.toml"
    line = f'[line]\nsource = "a test"\nprompt = {json.dumps(text)}\n' if text else ""
    file.write_text(f'extends = "models/{series}.toml"\nsource = "a test"\n{line}')
    return load_model_file(file).whole()


@pytest.mark.parametrize("text", PROMPTS)
def test_the_prompt_is_what_the_profile_says(tmp_path: Path, text: str) -> None:
    driver = Driver(prompting(tmp_path, text)).boot()
    driver.ask(OPEN)
    for command in ("AT+MIPSEND=0,2", 'AT+MSSLCERTWR="a.pem",0,2'):
        assert driver.ask(command) == PROMPTS[text]
        driver.type(b"hi")
        assert driver.take().endswith(b"\r\nOK\r\n")


@pytest.mark.parametrize("text", PROMPTS)
def test_its_line_ends_are_s3_and_s4(tmp_path: Path, text: str) -> None:
    driver = Driver(prompting(tmp_path, text, "ml305u")).boot()
    driver.ask(OPEN)
    driver.ask("ATS4=29")
    driver.ask("ATS3=30")
    driver.take()
    driver.type(b"AT+MIPSEND=0,2\x1e")
    assert driver.take() == PROMPTS[text].replace(b"\r", b"\x1e").replace(b"\n", b"\x1d")


@pytest.mark.parametrize("text", PROMPTS)
def test_a_fault_finds_it(tmp_path: Path, text: str) -> None:
    driver = FaultyDriver(prompting(tmp_path, text)).boot()
    driver.ask(OPEN)
    driver.take()
    driver.arm("urc-inject command=MIPSEND at=prompt text='+X: 1'")
    assert driver.ask("AT+MIPSEND=0,2") == PROMPTS[text] + b"\r\n+X: 1\r\n"


@pytest.mark.parametrize("text", [" ", "> x", ">>", "OK"])
def test_what_is_no_prompt_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ProfileError, match=r"line\.prompt: is .*, not > with CR, LF and blanks around it"):
        prompting(tmp_path, text)
