"""``show``: what it tells of the profiles, on terminals and in pipes; ``models`` on terminals."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import onemo.cli.show
import pytest
from onemo.at.registry import declarations
from onemo.at.registry import typed as as_typed
from onemo.cli.command_page import command_name
from onemo.cli.model_page import about
from onemo.cli.show import show_model
from onemo.errors import EmulatorError
from onemo.families import FAMILIES
from onemo.families.ntp import TIME
from onemo.families.ping import PING
from onemo.families.sockets.profile import CLOSE_RESULTS, CONNECTION
from onemo.profile.loader import find, model_files, sub_models
from onemo.runtime.models import bind_profile
from onemo.runtime.models import inspect as inspect_file

from tests.support.profiles import load
from tests.unit.cli.conftest import ACME, Typed, Write, on_a_terminal

Shown = Callable[..., list[str]]
SERIES = {file.stem.upper(): sub_models(file) for file in model_files().values()}
NAMES = list(declarations(FAMILIES))


_inspected = cache(inspect_file)


@pytest.fixture(autouse=True)
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of the time of these tests would be reading the same profiles again."""
    monkeypatch.setattr(onemo.cli.show, "inspect", _inspected)


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Shown:
    """The lines that ``show`` prints into a pipe: ``shown("MN316", "MIPOPEN")``."""

    def go(model: str, command: str | None = None, *profiles: Path) -> list[str]:
        assert show_model(model, command, profiles) == 0
        printed = capsys.readouterr()
        assert not printed.err
        return printed.out.splitlines()

    return go


def cells(line: str) -> list[str]:
    return re.split(r"\s{2,}", line.strip())


def row(lines: list[str], first: str) -> list[str]:
    """The rest of the row that begins with first."""
    return next(cells(line)[1:] for line in lines if cells(line)[0] == first)


# ---- show MODEL


@pytest.mark.parametrize("name", [sub for subs in SERIES.values() for sub in subs])
def test_a_model_is_told_in_full(shown: Shown, name: str) -> None:
    """Every value of the profile's sections, every command, each with a source and a file."""
    lines = shown(name)
    profile = load(name).profile
    assert lines[0].startswith(f"{name}  {profile.family}, series {profile.series}, from ")
    sections: tuple[tuple[Any, ...], ...] = (
        *(profile.identity, profile.line, profile.power, profile.table(CONNECTION), profile.table(CLOSE_RESULTS)),
        *(profile.sim, profile.radio, profile.contexts, profile.sleep),
        *(profile.dns, profile.table(PING), profile.table(TIME), profile.clock),
    )
    for section in sections:
        for key, value in section._asdict().items():  # type: ignore[attr-defined]
            assert value == {} or re.search(r"\.toml$", row(lines, key)[-1])
    assert row(lines, "imei")[0] == profile.identity.imei
    assert row(lines, "revision")[0] == profile.identity.revision.replace("{sub_model}", name)
    for command in NAMES:
        rest = row(lines, as_typed(command))
        assert (rest[0] == "unavailable") is not profile.commands[command].available
        assert rest[-1].endswith(".toml")


def test_a_value_with_its_own_source(shown: Shown) -> None:
    lines = shown("ML307R")
    assert row(lines, "banner") == ["+MATREADY", "vendor's base guide", "power.toml"]
    assert row(lines, "tcp_window") == ["64240", "manual 3.1, fn 7", "cat1.toml"]
    assert row(lines, "model") == ["ML307R", "manual 1.1", "ml307r.toml"]
    assert row(lines, "refused")[0] == "557 (refused)"
    assert row(lines, "AT+MIPTKA")[:2] == ["test read set", "+MIPTKA: (0-5),(0-1),(30-7200),(30-600),(1-9)"]
    assert row(shown("MN316"), "refused")[0] == "1"


def test_names_pings_and_the_time(shown: Shown) -> None:
    lines = shown("ML307R")
    assert row(lines, "ipv4") == ["119.29.29.29, 114.114.114.114", "manual 3.10, 3.11", "dns.toml"]
    assert row(lines, "every_family")[:2] == ["yes", "hardware (ML307R)"]
    assert row(lines, "interval")[0] == "1"
    assert row(lines, "name_timed_out")[0] == "2"
    assert row(lines, "zone")[0] == "32"
    assert not [line for line in lines if cells(line)[0] == "operator_ipv4"], "it has none"
    lines = shown("MN316", "MDNSGIP")
    assert row(lines, "operator_ipv4")[0].startswith("218.4.4.4 for 46003, ")
    assert row(shown("MN316"), "start")[:2] == ["none", "vendor's base guide: no answer until it is set"]


def test_the_module_around_the_sockets(shown: Shown) -> None:
    lines = shown("ML307R")
    assert row(lines, "register_time") == ["0.5", "vendor's base guide", "power.toml"]
    assert row(lines, "pin")[0] == "1234"
    assert row(lines, "operator")[0] == "CHINA MOBILE"
    assert row(lines, "needs_call")[0] == "yes"
    assert row(lines, "reserved")[:2] == ["8", "vendor's base guide: kept for IMS"]
    assert row(shown("ML305A"), "reserved")[0] == "none"
    assert row(shown("MN319"), "drops_tcp")[0] == "yes"


@pytest.mark.parametrize(
    ("command", "key"),
    [
        ("CPIN", "pin_tries"),
        ("CGSN", "imei"),
        ("CIMI", "imsi"),
        ("CEREG", "tac"),
        ("COPS", "scan_time"),
        ("CFUN", "full_reboots"),
        ("CGDCONT", "pdp_type"),
        ("MIPCALL", "needs_call"),
        ("MLPMCFG", "release_time"),
        ("MREBOOT", "reboot_notice"),
        ("IPR", "autobaud"),
    ],
)
def test_a_command_page_shows_what_else_belongs_to_it(shown: Shown, command: str, key: str) -> None:
    assert row(shown("ML307R", command), key)[-1].endswith(".toml")


def test_what_a_model_keeps(shown: Shown) -> None:
    kept = "What it sets is kept in non-volatile memory: onemo-emulator run --nv FILE"
    assert kept in shown("MN316", "MDNSCFG")
    assert kept not in shown("ML307R", "MDNSCFG")


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("mtu", "manual 3.5, fn 23"),
        ("msl", "manual 3.4; or 3.5"),
        ("piece", "manual 3: all of it; the others are decided"),
    ],
)
def test_the_part_of_a_source_that_speaks_of_a_key(key: str, told: str) -> None:
    source = "mtu: manual 3.5, fn 23; manual 3: all of it; msl, code: manual 3.4; msl: or 3.5; the others are decided"
    assert about(key, ["mtu", "msl", "piece", "code"], source) == told


def test_a_source_that_names_other_keys_only_is_told_whole() -> None:
    assert about("piece", ["mtu", "piece"], "mtu: manual 3.5") == "mtu: manual 3.5"


# ---- show MODEL COMMAND


@pytest.mark.parametrize("series", SERIES)
def test_every_command_of_every_series(shown: Shown, series: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is read once for all of them: that takes most of the time."""
    loaded = inspect_file(*find(series))
    bound = bind_profile(loaded)
    monkeypatch.setattr(onemo.cli.show, "inspect", lambda *_: loaded)
    monkeypatch.setattr(onemo.cli.show, "bind_profile", lambda _: bound)
    profile = bound.profile
    for command in NAMES:
        lines = shown(series, command)
        assert re.match(rf"AT\+?{re.escape(command)} of {profile.sub_model}  \S.*\.toml\)$", lines[0])
        section = profile.commands[command]
        assert (
            lines[1:2] == [f"Unavailable: {profile.sub_model} answers ERROR, as to a command that does not exist."]
        ) is not (section.available)
        if section.available:
            offered = [section.keys[key].params for key in section.offers or ()]
            for name in [name for params in (section.params, *offered) for name in params]:
                assert row(lines, name)[-1].endswith(".toml")


@pytest.mark.parametrize(
    ("command", "spellings"),
    [
        ("MIPOPEN", "MIPOPEN mipopen +MIPOPEN AT+MIPOPEN at+mipopen AT+MIPOPEN=? AT+MIPOPEN=0,TCP MIPOPEN? MipOpen"),
        ("E", "E e ATE ate ATE0 E1"),
        ("S3", "S3 s3 ATS3 ats3 ATS3? ATS3=13"),
        ("&F", "&F &f AT&F at&f AT&F0"),
    ],
)
def test_a_command_as_it_may_be_typed(command: str, spellings: str) -> None:
    for spelling in spellings.split():
        assert command_name(spelling, dict.fromkeys(NAMES)) == command


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("MIPOPNE", "there is no command 'MIPOPNE'; did you mean AT+MIPOPEN or AT+MIPLOPEN?"),
        ("AT+MIPSTAT", "there is no command 'AT+MIPSTAT'; did you mean AT+MIPSTATE"),
        ("xyz", "there is no command 'xyz'; there are ATE, ATV, "),
        ("AT", "there is no command 'AT'; there are ATE, ATV, "),
        ("", "there is no command ''; there are ATE, ATV, "),
        ("A\r\n\x1b", r"there is no command 'A\r\n\x1b'; there are ATE, ATV, "),
    ],
)
def test_a_command_that_there_is_not(typed: Typed, asked: str, told: str) -> None:
    printed = typed("show", "ML307R", asked)
    assert printed.err.startswith(f"onemo-emulator: {told}")
    assert (printed.status, printed.out, printed.err.count("\n")) == (2, "", 1)


def test_ranges_and_defaults_with_their_sources(shown: Shown) -> None:
    lines = shown("MN316", "MIPTKA")
    start = next(index for index, line in enumerate(lines) if cells(line)[0] == "keepidle")
    assert [cells(line) for line in lines[start : start + 2]] == [
        ["keepidle", "30-7200", "manual 3.2", "sockets.toml"],
        ["default 30", "manual 3.2, fn 9", "nb-mn316.toml"],
    ]
    assert row(lines, "connect_id") == ["0-4; required", "manual 3.1, fn 2", "nb-mn316.toml"]
    assert "  +MIPTKA: (0-4),(0-1),(30-7200),(30-600),(1-9)" in lines


def test_what_can_be_typed(shown: Shown) -> None:
    forms = [cells(line)[0] for line in shown("MN319", "MIPSEND") if cells(line)[0].startswith("AT+MIPSEND=")]
    assert forms == ["AT+MIPSEND=?", "AT+MIPSEND=<connect_id>[,<send_length>[,<data>[,<rai>[,<seq>]]]]"]
    assert "AT+MIPCLOSE=<connect_id>" in [cells(line)[0] for line in shown("MN319", "MIPCLOSE")]
    assert "AT+MIPCLOSE=<connect_id>[,<mode>]" in [cells(line)[0] for line in shown("ML307G", "MIPCLOSE")]
    assert row(shown("ML305A", "ATS3"), "ATS3?") == ["reads it"]
    assert row(shown("ML305A", "MIPSTATE"), "AT+MIPSTATE=<connect_id>") == ["reads it, of one connection"]
    assert row(shown("ML305A", "MDNSCFG"), 'AT+MDNSCFG="ip"') == ["reads it"]
    assert row(shown("ML305A", "MDNSCFG"), 'AT+MDNSCFG="timeout",[<time>[,<retries>]]') == ["sets it"]
    assert row(shown("ML305A", "CCLK"), "AT+CCLK=<time>") == ["sets it"]
    assert row(shown("ML305A", "MIPCFG"), 'AT+MIPCFG="cid",<connect_id>[,<cid>]') == ["sets it"]


def test_what_a_model_lacks_or_ignores(shown: Shown, write: Write) -> None:
    mode = row(shown("ML307R", "MIPCLOSE"), "mode")
    assert mode[0] == "unavailable: a value is refused, +CME ERROR: 50; always 0"
    assert mode[1:] == ["manual 3.4, fn 17", "cat1.toml"]
    inert = "inert: taken and read back, but always acts as 60"
    assert any(inert in line and "manual 3.3, fn 13" in line for line in shown("MN316", "MIPOPEN"))
    assert any("the test form prints (1460-65536)" in line for line in shown("ML307R", "MIPCFG"))
    lacking = [line for line in shown("MN318", "MIPCFG") if line.startswith('  "timeout"')]
    assert lacking == [
        '  "timeout", "sndbuf", "rcvbuf", "ssl": +CME ERROR: 50; '
        "manual 3.1, fn 1: no timeout, sndbuf, rcvbuf, ssl (mn318.toml)"
    ]
    own = shown("ACME", "MIPOPEN", write("acme.toml", ACME).parent)
    assert ["a number out of range counts as the default", "our board", "acme.toml"] in [cells(line) for line in own]


def test_texts_of_a_profile_are_printed_as_they_are(shown: Shown, write: Write) -> None:
    own = write(
        "own.toml",
        'extends = "models/ml307r.toml"\nsource = "[bold]:smile: Grüße"\nseries = "OWN"\n[identity]\nmodel = "[/]"\n',
    )
    assert row(shown("OWN", None, own.parent), "model") == ["[/]", "[bold]:smile: Grüße", "own.toml"]


# ---- Terminals


@pytest.mark.parametrize("columns", [30, 60, 80, 120])
@pytest.mark.parametrize(
    "arguments", [["models"], ["models", "--compare"], ["show", "MN316"], ["show", "ML307R", "MIPCFG"]], ids=" ".join
)
def test_it_fits_the_terminal(arguments: list[str], columns: int) -> None:
    lines = on_a_terminal(columns, *arguments)
    plain = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in lines]
    assert max(map(len, plain)) <= columns
    assert "\x1b[" in "".join(lines)
    together = re.sub(r"\s", "", "".join(plain))
    assert "…" not in together
    wanted = {"MN316": ["001017000000011", "manual3.14", "AT+MIPSTATE"], "MIPCFG": ['"rcvbuf"', "1460-65535"]}
    assert [text for text in wanted.get(arguments[-1], SERIES) if text not in together] == []


def test_no_colours_where_nobody_wants_them() -> None:
    lines = on_a_terminal(80, "show", "MN316", "E", NO_COLOR="1")
    assert "\x1b[3" not in "".join(lines)


def test_an_unknown_command_is_one_of_the_declared_errors() -> None:
    with pytest.raises(EmulatorError):
        command_name("xyz", {})
