"""Anything that a DTE can type ends in ERROR, a CME number, OK or nothing; the module answers the next AT."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.modem.slots import EDITING
from onemo.wire.framer import Mode

from tests.support.commands import BASIC, KEYS
from tests.support.driver import Driver, framed_lines
from tests.support.forms import FORMS

QUOTED_KEYS = [f'"{key}"' for keys in KEYS.values() for key in keys]
MODELS = ["MN316", "MN316A", "MN318", "MN319", "ML302S", "ML305M", "ML307G", "ML307R"]
TOKENS = [
    "AT", "at", "A/", "+", "=", "?", "=?", ",", ";", '"', "\\", " ", "\r", "\n", "\r\n", "\0", "\b", "\x1a", "\x1b",
    "+++",     "0", "1", "5", "10", "13", "65536", "TCP", '"UDP"', '"h"', '"a"', "-1", '\\"',
    *FORMS, *BASIC, *QUOTED_KEYS,
]  # fmt: skip
LINES = st.lists(st.one_of(st.sampled_from(TOKENS).map(str.encode), st.binary(max_size=4)), max_size=20).map(b"".join)
INPUT = st.lists(LINES, max_size=6).map(b"\r".join)

ARGUMENT = st.sampled_from(
    ["0", "1", "2", "3", "5", "6", "30", "1460", "1461", "65535", "-1", "x", "", '"TCP"', '"UDP"', '"h"', '"616"', '""',
     '"1.1.1.1"', '"2001:db8::1"', '"24/02/29,12:00:00+32"', *QUOTED_KEYS]
)  # fmt: skip
EXTENDED = sorted(FORMS.keys() - {"MREBOOT", "MPOF", "CPSMS"})
COMMAND = st.builds(
    lambda name, form, values: f"+{name}{form}" + ",".join(values) * (form == "="),
    st.sampled_from(EXTENDED),
    st.sampled_from(["=", "=", "=", "=?", "?", ""]),
    st.lists(ARGUMENT, max_size=8),
)
FINAL = re.compile(r"OK|ERROR|\+C(?:M[ES]|IS) ERROR: .+")
URC = re.compile(
    r"\+(MIPOPEN: \d,\d+|MIPCLOSE: \d(,\d)?|(MIPURC|MDNSGIP|MPING|MNTP|MIPCALL|CGEV|CREG|CGREG|CEREG): .*)"
)


def characters(driver: Driver) -> tuple[int, int, int]:
    """S3, S4 and S5 as they are now."""
    form = driver.modem.first.format
    return form.cr[0], form.lf[0], driver.modem.settings.get(EDITING).value


def assert_alive(driver: Driver) -> None:
    """A CR, a banner that is still due, and what was switched off; then AT is answered with OK."""
    driver.wait(200)  # no entry lasts longer
    if driver.modem.first.online:
        driver.type(b"+++")
        driver.wait(1)
    terminator, linefeed, editing = characters(driver)
    if {terminator, editing} & set(b"ATEVQ01"):
        return  # nobody can type AT any more
    end = bytes((terminator,))
    for line in (b"", b"ATE0", b"ATV1", b"ATQ0"):
        driver.type(line + end)
    driver.take()
    driver.type(b"AT" + end)
    answer = driver.take()
    assert answer == bytes((terminator, linefeed)).join((b"", b"OK", b""))


@given(st.sampled_from(MODELS), INPUT, st.integers(1, 40))
def test_nothing_that_is_typed_breaks_a_module(model: str, typed: bytes, chunk: int) -> None:
    driver = Driver(model, chunk=chunk)
    driver.power_on()
    driver.wait(0.3)
    driver.type(typed)
    assert_alive(driver)


SILENT = INPUT.map(lambda data: data.upper()).filter(lambda data: b"OPEN" not in data and b"REBOOT" not in data)


@given(st.sampled_from(MODELS), SILENT, st.integers(1, 40), st.booleans())
def test_how_fast_the_bytes_come_changes_nothing(model: str, typed: bytes, chunk: int, echo: bool) -> None:
    """Without URCs, which may find another place between lines."""
    told = []
    for size in (chunk, 65536):
        driver = Driver(model, chunk=size).boot()
        driver.ask(f"ATE{echo:d}")
        driver.type(typed)
        told.append(driver.take())
    assert told[0] == told[1]


@given(st.sampled_from(MODELS), st.binary(max_size=300))
def test_nor_does_garbage(model: str, typed: bytes) -> None:
    driver = Driver(model)
    driver.power_on()
    driver.type(typed)
    assert_alive(driver)


# AT+CLAC's lines have no CR LF pairs of their own (27.007 8.37).
@given(st.sampled_from(MODELS), st.lists(COMMAND.filter(lambda typed: typed != "+CLAC"), min_size=1, max_size=4))
def test_every_line_has_one_final_result(model: str, commands: list[str]) -> None:
    driver = Driver(model).boot()
    for connect_id, protocol in ((0, "TCP"), (1, "UDP")):
        driver.ask(f'AT+MIPOPEN={connect_id},"{protocol}","h",80')
    driver.type("AT{}\r".format(";".join(commands)).encode())
    while driver.modem.first.framer.mode is Mode.PROMPT:
        driver.type(b"\x1b" * 8192)
    driver.wait(driver.modem.profile.radio.scan_time * len(commands))
    told = framed_lines(driver.take().replace(b"\r\n>", b""))
    answer = [line for line in told if not URC.fullmatch(line) and line != "CONNECT"]
    assert FINAL.fullmatch(answer[-1])
    assert not any(map(FINAL.fullmatch, answer[:-1]))
    assert all(line.startswith("+") or index < len(answer) - 1 for index, line in enumerate(answer[:-1]))
    assert_alive(driver)


@given(st.sampled_from(MODELS), st.lists(COMMAND, min_size=1, max_size=8))
def test_a_burst_is_answered_as_if_typed_in_turn(model: str, commands: list[str]) -> None:
    burst, in_turn = Driver(model).boot(), Driver(model).boot()
    for driver in (burst, in_turn):
        driver.world.answers.held |= {"lookup", "ping", "asktime"}  # in a burst they would still run
    burst.type(b"".join(f"AT{command}\r".encode() for command in commands))
    answers = [in_turn.ask(f"AT{command}") for command in commands]
    # URCs may come later in a burst, behind the answers of the commands that were waiting already.
    assert sorted(burst.take().split(b"\r\n")) == sorted(b"".join(answers).split(b"\r\n"))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "typed",
    [
        b'AT+MIPOPEN=0,"TCP,80',
        b"AT+MIPOPEN=" + b"," * 10_000,
        b"AT+MIPOPEN=0" + b"," * 8000,
        b"AT" + b"E0" * 4000,
        b"AT" + b"+CMEE?;" * 1100,
        b"AT" + b";" * 8000,
        b"AT+" + b"A" * 8000,
        b"AT" + b'"' * 8000,
        b"AT+MIPTKA=" + b"9" * 8000,
        b"ATS" + b"9" * 8000,
        b"\xff" * 100_000,
        bytes(range(256)) * 100,
        b"A/" * 5000,
        b"\r" * 20_000,
        b"AT\r" * 500,
        b"AT+MREBOOT\r" * 3,
    ],
    ids=lambda typed: f"{typed[:16].decode('latin-1')!r}x{len(typed)}",
)
def test_what_has_broken_modules_before(model: str, typed: bytes) -> None:
    driver = Driver(model).boot()
    driver.type(typed)
    assert_alive(driver)
