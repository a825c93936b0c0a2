"""The series that only newer editions of the manuals name, read a second time, against the profiles."""

from __future__ import annotations

from typing import Any

import pytest
from onemo.families.http.profile import HTTP_CLIENT
from onemo.families.mqtt.profile import MQTT
from onemo.families.sockets.profile import CONNECTION
from onemo.modem.filetable import FILES
from onemo.profile.loader import model_files, sub_models

from tests.registry.facts import NEWER, SERIES, SUB_MODELS, accepted, luhn, param, profile_of

C, M, N, H, X, R, B = "ML307C", "ML307M", "ML307N", "ML307H", "ML307X", "MR880A", "MN326A"
CAT1_KEYS = {"cid", "encoding", "timeout", "rcvbuf", "autofree", "ackmode", "ssl"}


def of(c: Any, m: Any, n: Any, h: Any, x: Any, r: Any, b: Any) -> dict[str, Any]:
    """A row of the manual's tables."""
    return dict(zip((C, M, N, H, X, R, B), (c, m, n, h, x, r, b), strict=True))


FAMILIES = of("Cat.1", "Cat.1", "Cat.1", "Cat.1", "Cat.1", "5G", "NB")
IDS = of("0-5", "0-5", "0-5", "0-5", "0-5", "0-9", "0-3")
KEYS = of(
    CAT1_KEYS,
    CAT1_KEYS,
    CAT1_KEYS | {"sndbuf"},
    CAT1_KEYS | {"sndbuf"},
    CAT1_KEYS | {"sndbuf"},
    CAT1_KEYS - {"cid"} | {"sndbuf"},
    {"encoding", "autofree", "rcvbuf", "ackmode"},
)
FORMATS = of("0-2", "0-2", "0-2", "0-2", "0-2", "0-1", "0-2")
TIMEOUTS = of("1-120", "1-120", "1-120", "1-120", "1-180", "1-180", "1-180")
WINDOWS = of(64240, 64240, 64240, 65535, 65534, 65535, 2048)
BUFFERS = of("1460-65535", "1460-65535", "1460-65535", "1-65535", "1-65535", "1-65535", "1-4096")
PACKETS = of(256, 128, 128, 45, 256, 256, 12)
CLOSES = of(0, 0, 0, 1, 0, 4, 4)
EMPTY = of(False, False, True, False, False, True, False)
MODES = of(False, False, False, True, False, True, True)
GUARDS = of(0.2, 0.2, 0.2, 0.2, 1.0, 0.2, 0.2)
NAMES_KEPT = of(False, False, False, False, True, True, True)
LOOKUP_CID = of(True, True, True, False, True, False, False)
CLOCKS = of(30, 20, 20, 30, 20, 20, 20)
RATES = of(0, 9600, 9600, 115200, 115200, 115200, 115200)
CIDS = of("1-15", "1-8", "1-8", "1-5", "1-15", "1-15", "1-15")
TLS = of("0-3,255", "0-3,255", "0-3,255", "0-3,255", "2-3,255", "3,255", None)
SUMS = of("0", "0", "0-3", "0", "0", "0", None)
FILES_THERE = of(True, False, True, False, True, False, False)
PATHS = of(96, 128, 128, 128, 128, 128, 0)
ONLY_CALL = of("ends", "stays", "stays", "ends", "stays", "ends", "ends")
HTTP = of(
    (1024, 1024, False, "left_out"),
    (1024, 4096, False, "left_out"),
    (1024, 4096, False, "left_out"),
    (1024, 4096, False, "left_out"),
    (None, 4096, False, "header"),
    (None, 4096, True, "refused"),
    (None, 0, True, "left_out"),
)
MESSAGES = of((1024, 1024), (1024, 1024), (1024, 1024), (1024, 1024), (2048, 4000), (2048, 8192), (8192, 0))
TEXTS = of(False, True, True, False, True, True, True)
"""Which first sub-models have short messages."""


@pytest.mark.parametrize("series", NEWER)
def test_connections(series: str) -> None:
    model = profile_of(series)
    config, connection = model.commands["MIPCFG"], model.table(CONNECTION)
    assert (model.family, accepted(model.params["connect_id"])) == (FAMILIES[series], IDS[series])
    assert accepted(model.params["cid"]) == CIDS[series]
    assert set(config.offers or ()) == KEYS[series]
    assert accepted(config.keys["encoding"].params["send_format"]) == FORMATS[series]
    assert accepted(config.keys["timeout"].params["send_timeout"]) == TIMEOUTS[series]
    assert accepted(config.keys["rcvbuf"].params["recv_buffer"]) == BUFFERS[series]
    assert (connection.tcp_window, connection.packets) == (WINDOWS[series], PACKETS[series])
    assert (connection.empty_datagram, connection.close_code) == (EMPTY[series], False)
    assert (connection.window_is_set, connection.longest_urc) == ((True, 8192) if series == R else (False, 0))
    assert connection.longest_datagram == (1500 if series == H else 0)
    assert connection.msl == (30.0 if series == R else 5.5)
    mode = param(model, "MIPCLOSE", "mode")
    assert (mode.available, mode.default) == (False, CLOSES[series])
    assert {param(model, "MIPMODE", name).available for name in ("packet_size", "waittm")} == {MODES[series]}
    assert model.line.guard == GUARDS[series]
    assert model.line.max_line == (2048 if series == N else 8192)


@pytest.mark.parametrize("series", NEWER)
def test_names_and_the_time(series: str) -> None:
    model = profile_of(series)
    assert model.commands["MDNSCFG"].nv is NAMES_KEPT[series]
    for command in ("MDNSGIP", "MPING"):
        section = model.commands[command].params.get("cid")
        assert (section is None or section.available) is LOOKUP_CID[series]
    assert param(model, "MNTP", "timeout").default == CLOCKS[series]


@pytest.mark.parametrize("series", NEWER)
def test_other_families(series: str) -> None:
    model = profile_of(series)
    tls = model.commands["MSSLCFG"]
    assert tls.available is (TLS[series] is not None)
    if tls.available:
        assert accepted(tls.keys["version"].params["version"]) == TLS[series]
        assert accepted(param(model, "MSSLCHECK", "verify_alg")) == SUMS[series]
    assert model.commands["MFOPEN"].available is FILES_THERE[series]
    assert model.table(FILES).longest_path == PATHS[series]
    assert model.commands["CMGS"].available is TEXTS[series]
    http, mqtt = model.table(HTTP_CLIENT), model.table(MQTT)
    fields = model.commands["MHTTPCFG"].keys["header"].params.get("fields")
    assert (fields.max_length if fields else None, http.header_inline, http.inner_quotes, http.zero_length) == HTTP[
        series
    ]
    assert http.tcp_window == model.table(CONNECTION).tcp_window
    assert (mqtt.most_inline, mqtt.most_entered) == MESSAGES[series]
    assert mqtt.ends_by_key is (series == R)
    assert (mqtt.split > 0) is (series == C)


@pytest.mark.parametrize("series", NEWER)
def test_the_module_around_them(series: str) -> None:
    model = profile_of(series)
    assert param(model, "IPR", "rate").default == RATES[series]
    assert model.contexts.only_call == ONLY_CALL[series]
    assert model.contexts.call_without_cid == "error"
    assert (model.identity.model, luhn(model.identity.imei)) == (series, 0)
    assert model.identity.imeisv == model.identity.imei[:14] + model.identity.svn
    assert model.radio.act == {"5G": 11, "NB": 9}.get(model.family, 7)


@pytest.mark.parametrize("series", NEWER)
def test_newer_sub_models(series: str) -> None:
    names = NEWER[series].split()
    assert sub_models(model_files()[series.lower()]) == names
    assert [profile_of(name).sub_model for name in names] == names


def test_no_two_series_share_an_imei() -> None:
    assert len({profile_of(series).identity.imei for series in (*SERIES, *NEWER)}) == len(SERIES) + len(NEWER)


@pytest.mark.parametrize("name", ["ML307R-BL", "ML307R-BC", "ML305M-DSLM", "ML305M-DALM"])
def test_late_sub_models_are_as_their_siblings(name: str) -> None:
    """-BC is as -BL in every family, -DALM as -DSLM."""
    twin = {"ML307R-BC": "ML307R-BL", "ML305M-DALM": "ML305M-DSLM"}.get(name, name)
    assert profile_of(name)._replace(sub_model="") == profile_of(twin)._replace(sub_model="")
    assert any(name in names.split() for names in SUB_MODELS.values())
