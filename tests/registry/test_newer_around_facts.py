"""What the newer series have around the module, and in their later families, read a second time."""

from __future__ import annotations

from typing import Any

import pytest
from onemo.families.cell import CELL
from onemo.families.dialup import DIAL_UP
from onemo.families.ftp.profile import FTP_CLIENT
from onemo.families.http.profile import HTTP_CLIENT
from onemo.families.lwm2m.profile import LWM2M
from onemo.families.pulses import PULSES
from onemo.families.wifi import SCAN

from tests.registry.facts import NEWER, accepted, param, profile_of

C, M, N, H, X, R, B = "ML307C", "ML307M", "ML307N", "ML307H", "ML307X", "MR880A", "MN326A"


def of(c: Any, m: Any, n: Any, h: Any, x: Any, r: Any, b: Any) -> dict[str, Any]:
    """A row of the manual's tables."""
    return dict(zip((C, M, N, H, X, R, B), (c, m, n, h, x, r, b), strict=True))


FEW = ("rsrp", "rssi", "sinr", "rsrq")
MOST = ("rsrp", "rssi", "tx_power", "cellid", "sinr", "earfcn", "pci", "rsrq")
HAVE = {
    "MFTPCONN": of(False, False, True, False, True, True, False),
    "MIPLCREATE": of(True, True, True, False, False, True, True),
    "MIPLDTLSNAT": of(True, False, False, False, False, True, True),
    "MIPLUPDATESET": of(True, False, False, False, False, False, False),
    "MIPLFOTACFG": of(False, False, False, False, False, False, True),
    "MFWCFG": of(False, False, False, False, False, False, False),
    "MHTTPDLFILE": of(True, False, False, False, True, True, False),
    "MLBSLOC": of(True, True, True, True, True, False, False),
    "MWIFISCANSTART": of(False, False, True, True, False, False, False),
    "MCHIPINFO": of(False, True, True, True, True, False, True),
    "MEMMTIMER": of(False, False, False, True, True, False, False),
    "MCSEARFCN": of(True, True, True, True, True, False, True),
    "MPWMDATA": of(True, False, False, True, True, False, False),
    "MDIALUP": of(True, True, False, True, True, True, False),
    "CEER": of(False, False, False, True, True, False, False),
    "CPAS": of(True, False, False, True, True, False, True),
    "CLAC": of(False, False, False, True, False, False, False),
    "CREG": of(False, False, False, True, True, True, True),
    "CESQ": of(True, True, True, True, True, False, True),
    "MLPMCFG": of(True, True, True, True, True, False, True),
    "C5GREG": of(False, False, False, False, False, True, False),
    "CTZU": of(False, False, False, False, True, False, False),
    "CTZR": of(False, False, True, True, True, True, False),
}
PINS = of("0-2", "0-3", "0,1,3", "0-3", "76,77,86,87", "0-3", "34,35")
CHANNELS = of(("0-1", None), ("0", 0), ("0-1", 0), ("0-3", None), ("0-1", 0), ("0-1", None), ("0", 0))
"""The channels of the converter, and the one that is meant where none is given."""
LOCKS = of(("0-1", True), ("0-1", True), ("0-1", True), ("0-2", False), ("0-2", False), ("0-1", True), ("0-1", False))
PULSES_OF = of(("10-10000", False), None, None, ("10-2521", True), ("10-10000", True), None, None)
"""Periods, and whether AT+MPWMCTRL counts cycles."""
OWN_KEYS = of(
    "autoconn",
    "autoconn",
    "autoconn",
    "autoconn defapn relver",
    "autoconn defapn relver emulticar",
    "autoconn hpt simenable simswap ims",
    "autoconn relver asrai",
)
RELEASES = of(None, None, None, "13", "8-14", None, "13,14")
DIAL_MODES = of(("0-1", 0), ("0-1", 0), None, ("0-1", 0), ("0,1,11", 11), ("0-1", 0), None)
SLEEP_KEYS = of(
    "sleepind sleepmode delaysleep",
    "sleepmode",
    "sleepmode",
    "sleepind sleepmode delaysleep",
    "sleepind sleepmode delaysleep dtr",
    None,
    "sleepind sleepmode delaysleep",
)
SLEEP_MODES = of(0, 2, 2, 0, 1, None, 2)
SCANS = of(None, None, ("1-10", "2-255", 2), ("4-10", "10-60", 25), None, None, None)
PLATFORMS = of("0,1,3,10", "0,1,10", "0-3,10", None, None, "0-3,10", "0-3,10")
IDLE = of("refused", "refused", "sent", None, None, "ignored", "sent")
CONVERTS = of(True, True, True, None, None, False, False)
NSMI = of("0", "0", "0", None, None, "0", "0-1")
SECURE = of(True, False, False, None, None, True, True)
LATER = of(False, False, False, None, None, True, False)
FUNCTIONS = of("0,1,4,5", "0,1,4", "0,1,4", "0,1,4", "0,1,4", "0,1,4", "0,1")
REPORTS = of("0-5", "0-2", "0-2", "0-2", "0-5", "0-2", "0-5")
FTP_CIDS = of(None, None, False, None, True, False, None)
ROOTS = of("first_slash", None, None, None, "any_slash", "nothing", None)
RATES = {"C5GREG": "0-2", "CREG": "0-2", "CGREG": "0-2"}


def taken(series: str, command: str, name: str) -> str | None:
    model = profile_of(series)
    return accepted(param(model, command, name)) if model.commands[command].available else None


@pytest.mark.parametrize("series", NEWER)
def test_which_commands_there_are(series: str) -> None:
    commands = profile_of(series).commands
    assert {name: commands[name].available for name in HAVE} == {name: row[series] for name, row in HAVE.items()}


@pytest.mark.parametrize("series", NEWER)
def test_the_board(series: str) -> None:
    model = profile_of(series)
    assert taken(series, "MGPIO", "pin") == PINS[series]
    assert (taken(series, "MADC", "channel"), param(model, "MADC", "channel").default) == CHANNELS[series]
    assert (taken(series, "MLOCKFREQ", "mode"), model.commands["MLOCKFREQ"].nv) == LOCKS[series]
    if (pulses := PULSES_OF[series]) is not None:
        periods = {accepted(param(model, "MPWMDATA", f"period{number}")) for number in ("", 2, 3, 4)}
        assert (periods, param(model, "MPWMCTRL", "cycles").available) == ({pulses[0]}, pulses[1])
        assert model.table(PULSES).step == 0
    assert model.table(CELL).radio_fields == (MOST if series in (C, H) else model.table(CELL).radio_fields)
    assert len(model.table(CELL).radio_fields) == {C: 8, H: 8, B: 11}.get(series, 4)


@pytest.mark.parametrize("series", NEWER)
def test_what_the_module_does_by_itself(series: str) -> None:
    model = profile_of(series)
    own = model.commands["MUECONFIG"]
    assert " ".join(own.offers or ()) == OWN_KEYS[series]
    assert (accepted(own.keys["relver"].params["value"]) if "relver" in (own.offers or ()) else None) == RELEASES[
        series
    ]
    dial = model.commands["MDIALUPCFG"]
    mode = dial.keys["mode"].params["value"]
    assert ((accepted(mode), mode.default) if dial.available else None) == DIAL_MODES[series]
    assert model.table(DIAL_UP).stays is (series == M)
    sleep = model.commands["MLPMCFG"]
    assert (" ".join(sleep.offers or ()) if sleep.available else None) == SLEEP_KEYS[series]
    if sleep.available:
        assert model.sleep.mode_at_start == SLEEP_MODES[series]
        assert (model.sleep.level, sleep.keys["sleepind"].nv) == ((1, False) if series == X else (2, True))


@pytest.mark.parametrize("series", NEWER)
def test_scans_and_the_place(series: str) -> None:
    model = profile_of(series)
    if (scan := SCANS[series]) is not None:
        config, start = model.commands["MWIFISCANCFG"], model.commands["MWIFISCANSTART"].params
        assert config.offers == ("max",)
        found = accepted(config.keys["max"].params["max"]), accepted(start["timeout"]), start["timeout"].default
        assert (*found, start["round"].inert) == (*scan, series == N)
        assert (start["ssid"].available, start["channel"].available, start["channel"].default) == (False, True, 255)
        assert model.table(SCAN).shows_ssid
    if HAVE["MLBSLOC"][series]:
        method = model.commands["MLBSCFG"].keys["method"].params["method"]
        assert (accepted(method), method.default) == (("10,11,40", 10) if series == X else ("40", 40))


def test_places_of_sub_models() -> None:
    defaults = {n: profile_of(n).commands["MLBSCFG"].keys["method"].params["method"].default for n in NEWER[X].split()}
    assert defaults == {"ML307X-DB": 10, "ML307X-DC": 40}
    assert taken("ML307M-DA", "MGPIO", "pin") == "0,1,3"
    assert taken("ML307H-GU", "MGPIO", "pin") == "0-2"
    assert {name: profile_of(name).commands["MIPLOPEN"].available for name in NEWER[M].split()} == {
        "ML307M-DL": True,
        "ML307M-DA": True,
        "ML307M-DH": False,
    }


@pytest.mark.parametrize("series", [series for series in NEWER if HAVE["MIPLCREATE"][series]])
def test_lwm2m(series: str) -> None:
    model = profile_of(series)
    table = model.table(LWM2M)
    assert (table.platforms.text, table.idle_flags, table.converts) == (
        PLATFORMS[series],
        IDLE[series],
        CONVERTS[series],
    )
    assert (table.secures, table.resolves) == (SECURE[series], LATER[series])
    assert taken(series, "MIPLNMI", "nsmi") == NSMI[series]
    assert table.bearer == (7 if series == B else 6)


@pytest.mark.parametrize("series", NEWER)
def test_ftp_and_files_of_http(series: str) -> None:
    model = profile_of(series)
    if FTP_CIDS[series] is not None:
        config = model.commands["MFTPCFG"]
        assert ("cid" in (config.offers or ())) is FTP_CIDS[series]
        assert config.keys["cid"].params["cid"].default is None
        assert model.table(FTP_CLIENT).active_cid is (series == X)
    path = model.commands["MHTTPREQUEST"].params.get("local_path")
    assert (path is None or path.available) is (ROOTS[series] is not None)
    if ROOTS[series] is not None:
        assert model.table(HTTP_CLIENT).rooted_by == ROOTS[series]


@pytest.mark.parametrize("series", NEWER)
def test_registration(series: str) -> None:
    assert taken(series, "CFUN", "fun") == FUNCTIONS[series]
    assert taken(series, "CEREG", "n") == REPORTS[series]
    assert profile_of(series).commands["CGAUTH"].readable is (series != C)
    if series == R:
        assert {command: taken(series, command, "n") for command in RATES} == RATES
        assert taken(series, "CGACT", "cid") == "0-31"
