"""docs/faults.md says what is declared, tells of every number, result and URC, and what it says is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import onemo
import pytest
from onemo.families.ntp import TIME
from onemo.families.ping import PING
from onemo.families.sockets.profile import CLOSE_RESULTS, DISCONNECTED, OpenResultSection
from onemo.faults.kinds import KINDS, OPEN_FAILURES
from onemo.faults.presets import PRESETS, parse_faults
from onemo.faults.scenario import read_scenario
from onemo.net.interface import Echo

from scripts.fault_pages import FILE, page, ways
from tests.support.driver import model_named
from tests.support.faulty import FaultyDriver
from tests.support.models import SERIES

PAGE = FILE.read_text(encoding="utf-8")
URCS = ways()["urc"]
SAID = " ".join(row["said"] for row in URCS)


def test_the_page_is_what_the_script_writes() -> None:
    assert page() == PAGE, "it is out of date; write it anew: .venv/bin/python -m scripts.fault_pages"


def test_every_kind_has_its_section() -> None:
    assert re.findall(r"^### (.*)$", PAGE, re.MULTILINE) == sorted(
        KINDS, key=lambda name: (list(type(KINDS[name].layer)).index(KINDS[name].layer), list(KINDS).index(name))
    )
    assert all(f"- `{name}`: " in PAGE for name in PRESETS)


def test_what_it_shows_can_be_said() -> None:
    shown = re.findall(r"--fault '([^']+)'", PAGE) + re.findall(r"Example: `(.*)`$", PAGE, re.MULTILINE)
    assert len(shown) > len(KINDS)
    assert all(parse_faults(text) for text in shown)
    (scenario,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(read_scenario(scenario, "faults.md")) == 3
    mentioned = {
        word
        for text in [*ways()["cme"].values(), *ways()["cms"].values(), *ways()["open"].values()]
        for word in re.findall(r"[a-z]+(?:-[a-z]+)+", text)
    }
    assert mentioned & KINDS.keys()
    assert not {word for word in mentioned if word.startswith(("net-", "dns-", "sim-", "pdp-"))} - KINDS.keys()


@pytest.mark.parametrize("series", SERIES)
def test_every_error_number_of_the_series_is_there(series: str) -> None:
    for number, text in model_named(series).errors.values():
        assert f"\n| {number} | {text} | " in PAGE


def test_every_error_and_every_result_of_an_opening_has_its_way() -> None:
    for result in ("CME", "CMS", "CIS"):
        codes = {code.key for code in model_named("ML307R").errors if code.result == result}
        assert ways()[result.lower()].keys() == codes
    others = {name for name in OpenResultSection._fields if name.replace("_", "-") not in OPEN_FAILURES}
    assert ways()["open"].keys() == others


def test_every_result_of_the_profiles_is_there() -> None:
    for series in SERIES:
        profile = model_named(series).profile
        for name in ("name", "name_timed_out", "reported", "timed_out", "other"):
            assert f"+MPING: {getattr(profile.table(PING), name)}" in SAID
        for name in ("name", "timed_out", "unusable"):
            assert f"+MNTP: {getattr(profile.table(TIME), name)}" in SAID
        for number in profile.table(DISCONNECTED).values():
            assert f'"disconn",0,{number}' in SAID
        for number in profile.table(CLOSE_RESULTS):
            assert f"+MIPCLOSE: 0,{number}" in SAID
        for notice in (profile.power.banner, profile.power.reboot_notice, profile.power.off_notice):
            assert notice in SAID


def test_every_urc_of_the_code_is_there() -> None:
    """URCs that are announced under a name of their own, and those of MIPURC and CGEV."""
    root = Path(onemo.__file__).parent
    code = "\n".join(path.read_text() for folder in ("modem", "families") for path in (root / folder).rglob("*.py"))
    names = set(
        re.findall(r'(?:notify|notify_on|report|tell|announce)\((?:self\.console, )?print_line\("(\w+)"', code)
    ) | {"MPING", "MNTP", "MIPCALL"}
    names |= {"CREG", "CGREG", "CEREG", "MLPMENTER", "MLPMEXIT"}
    assert len(names) > 12
    assert {name for name in names if f"+{name}: " not in SAID} == set()
    told = set(re.findall(r'print_line\("MIPURC", "(\w+)"', code)) | {"rudp"}
    assert {kind for kind in told if f'+MIPURC: "{kind}"' not in SAID} == set()
    events = set(re.findall(r'"((?:ME|NW) [A-Z ]+)"', code))
    assert {event for event in events if f"+CGEV: {event}" not in SAID} == set()


@pytest.mark.parametrize("row", URCS, ids=[row["said"] for row in URCS])
def test_reached(row: dict[str, Any]) -> None:
    driver = FaultyDriver(row.get("model", "ML307R")).boot()
    driver.world.hands_over(utc=1_700_000_000.0)
    driver.world.answers.time = 1_700_000_000.0
    driver.world.answers.echoes.extend([("192.0.2.1", Echo(0.03, 64))] * 2)
    driver.wait(1.0)
    for line in row.get("before", ()):
        assert b"OK" in driver.ask(line)
    driver.wait(1.0)
    driver.take()
    armed = driver.arm(row["fault"])
    heard = driver.take()
    lines = row.get("ask", ())
    for line in lines:
        heard += driver.ask(line)
    driver.wait(row.get("wait", 2.0))
    heard += driver.take()
    if row["said"] == "+MATREADY":
        heard += driver.ask("AT")
    assert row["said"].encode() in heard
    assert armed.fired
