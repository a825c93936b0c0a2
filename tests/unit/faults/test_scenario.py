"""Scenarios: one thing after another; every mistake with its key path."""

from __future__ import annotations

import pytest
from onemo.errors import FaultError
from onemo.faults.scenario import play, read_scenario

from tests.support.faulty import FaultyDriver

TUNNEL = """
[[step]]
name = "tunnel"
at = "2.5s"
do = "registration-lost for_seconds=3"

[[step]]
after = "tunnel"
at = 1
do = "signal rssi=1"

[[step]]
on = "command:CGMM"
do = "urc text='+X: 1' times=1"
"""


def test_one_after_another() -> None:
    driver = FaultyDriver("ML307R")
    left = play(read_scenario(TUNNEL, "x.toml"), driver.faults)
    driver.boot()
    driver.wait(2.0)
    assert (driver.told, len(left())) == ([], 1)
    driver.wait(1.0)
    assert driver.told == ["registration-lost after=2.5s for_seconds=3s"]
    assert left() == []
    driver.wait(0.9)
    assert driver.told[1:] == ["signal rssi=1 after=1s"]
    driver.take()
    assert driver.answer("AT+CGMM") == ["ML307R", "OK", "+X: 1"]
    assert driver.told[2:] == ["urc text='+X: 1' on=command:CGMM times=1"]


def test_a_text_comes() -> None:
    driver = FaultyDriver("ML307R")
    scenario = '[[step]]\non = "command:CGMM"\ndo = "sms from=10086 text=\'Hello you\'"'
    play(read_scenario(scenario, "x.toml"), driver.faults)
    driver.boot()
    driver.ask("AT+CNMI=2,1")
    assert driver.answer("AT+CGMM") == ["ML307R", "OK"]
    driver.wait(1)
    assert driver.take() == b'\r\n+CMTI: "ME",1\r\n'
    driver.ask("AT+CMGF=1")
    assert b"\r\nHello you\r\n" in driver.ask("AT+CMGR=1")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("command-delay command=MIPCALL", "MN316-DBRS has no command MIPCALL"),
        ("net-reset connect_id=9", "connect_id is 0-4, not 9"),
        ("urc-drop module=other", "this module is "),
    ],
)
def test_a_later_step_that_the_module_cannot_have_is_refused_at_once(fault: str, told: str) -> None:
    driver = FaultyDriver("MN316")
    driver.faults._names = ("mine",)
    steps = read_scenario(f'[[step]]\nname="a"\ndo="signal rssi=1"\n[[step]]\nafter="a"\ndo="{fault}"', "x.toml")
    with pytest.raises(FaultError, match=told):
        play(steps, driver.faults)
    assert list(driver.faults.plan) == []


def test_what_never_began_is_told() -> None:
    driver = FaultyDriver("ML307R")
    steps = read_scenario('[[step]]\nname="a"\ndo="urc-drop urc=MPING"\n[[step]]\nafter="a"\ndo="hostile"', "x.toml")
    left = play(steps, driver.faults)
    driver.boot()
    assert [step.after for step in left()] == ["a"]
    assert len(left()[0].faults) > 5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x", ["x.toml: is not valid TOML"]),
        ("", ["there is no [[step]]"]),
        ("step = 1", ["step: is not an array of tables"]),
        ("[[stop]]", ["x.toml: stop: is unknown here", "there is no [[step]]"]),
        ("[[step]]\nwhen=1", ["step[0].when: is unknown here; there are name, do", "step[0].do: is missing"]),
        ('[[step]]\ndo="urc-drup"', ["step[0].do: there is no fault 'urc-drup'; did you mean urc-drop"]),
        ('[[step]]\ndo="urc-drop"\nat="soon"', ["step[0].at: is 'soon', not a time"]),
        ('[[step]]\ndo="urc-drop"\nat=true', ["step[0].at: is True, not a time"]),
        ('[[step]]\ndo="urc-drop after=1s"\nat="1s"', ["step[0].at: do says after= as well"]),
        ('[[step]]\ndo="urc-drop"\nafter="b"', ["step[0].after: 'b' is no step before this one; there are none"]),
        ('[[step]]\ndo="urc-drop"\non="boot"', ["step[0].do: fault urc-drop: it has no key 'on'"]),
        ('[[step]]\ndo="sms from=138-0013 text=hi"', ["step[0].do: event sms: from=138-0013 cannot be. The sender"]),
        ('[[step]]\ndo="sms from=10086"', ["step[0].do: event sms: text is missing"]),
        ("[[step]]\ndo=1", ["step[0].do: is 1, not a string"]),
        (
            '[[step]]\nname="a"\ndo="dtr"\n[[step]]\nname="a"\ndo="dtr"',
            ["step[1].name: a is the name of a step before"],
        ),
    ],
)
def test_mistakes(text: str, told: list[str]) -> None:
    with pytest.raises(FaultError) as raised:
        read_scenario(text, "x.toml")
    lines = str(raised.value).splitlines()
    assert len(lines) == len(told)
    assert all(part in line for part, line in zip(told, lines, strict=True))


def test_texts_come() -> None:
    driver = FaultyDriver("ML307R")
    steps = read_scenario(
        '[[step]]\nname="first"\ndo="sms from=10086 text=\'Hello, you!\'"\nat="30s"\n'
        '[[step]]\ndo="sms from=Bank text=hi"\nafter="first"\nat="5s"\n',
        "x.toml",
    )
    play(steps, driver.faults)
    driver.boot()
    driver.answer("AT+CMGF=1;+CNMI=2,2")
    driver.take()
    driver.wait(40.0)
    read = driver.take()
    assert [part for part in (b"10086", b"Hello, you!", b"Bank", b"hi") if part not in read] == []
