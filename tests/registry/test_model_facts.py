"""The manual's footnotes and the base guide on each series, read a second time, against the profiles."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

import pytest
from onemo.at.command import is_basic
from onemo.profile.loader import load, model_files, sub_models
from onemo.profile.schema import ParamSection, Profile

T = TypeVar("T")

NB = "MN316 MN316-S MN316A MN318 MN319 MN326"
CAT1 = "ML302A ML305A ML307A ML302S ML307S ML305U ML305M ML307R ML307G"
SERIES = f"{NB} {CAT1}".split()

SUB_MODELS = {
    "MN316": "MN316-DBRS MN316-DLVS",
    "MN316-S": "MN316-S-DLVS",
    "MN316A": "MN316A-D MN316A-DC",
    "MN318": "MN318-BX MN318-LC MN318-LX",
    "MN319": "MN319-DL",
    "MN326": "MN326-X",
    "ML302A": "ML302A-DCLM ML302A-DSLM ML302A-GCLM ML302A-GSLM",
    "ML305A": "ML305A-DC ML305A-DS ML305A-DL",
    "ML307A": "ML307A-DCLN ML307A-DSLN ML307A-GCLN ML307A-GSLN ML307A-DL",
    "ML302S": "ML302S-DNLM",
    "ML307S": "ML307S-DNLM",
    "ML305U": "ML305U-DBLN",
    "ML305M": "ML305M-DSLM",
    "ML307R": "ML307R-DC ML307R-DL ML307R-BL ML307R-MC ML307R-ML",
    "ML307G": "ML307G-DL ML307G-DC",
}


def table(*rows: tuple[str, T]) -> dict[str, T]:
    """Each series' value, from rows that name the series they are about; each must be named once."""
    values = {series: value for names, value in rows for series in names.split()}
    assert sorted(series for names, _ in rows for series in names.split()) == sorted(SERIES)
    return values


def without(names: str, series: str) -> str:
    return " ".join(name for name in names.split() if name != series)


CONNECT_IDS = table(("MN316 MN316-S MN326", "0-4"), ("MN316A MN319", "0-3"), (f"MN318 {CAT1}", "0-5"))
CIDS = table(
    ("ML305U", "1-7"),
    ("ML305M", "1-8"),
    ("ML307G", "1-5"),
    (f"{NB} ML302A ML305A ML307A ML302S ML307S ML307R", "1-15"),
)
KEYS = table(
    ("MN316 MN316-S MN326", {"encoding", "autofree", "rcvbuf"}),
    ("MN316A MN319", {"encoding", "autofree", "rcvbuf", "ackmode"}),
    ("MN318", {"cid", "encoding", "autofree", "ackmode"}),
    (CAT1, {"cid", "encoding", "timeout", "rcvbuf", "autofree", "ackmode", "ssl"}),
)
SEND_TIMEOUTS = table((f"{NB} ML305U", "1-180"), (without(CAT1, "ML305U"), "1-120"))
RECEIVE_BUFFERS = table(
    ("MN316 MN316-S MN326", ("4096-8192", 4096)),
    ("MN316A MN319", ("1-4096", 4096)),
    ("MN318", ("4096", 4096)),
    ("ML305U", ("1-65535", 65535)),
    (without(CAT1, "ML305U"), ("1460-65535", 65535)),
)
WINDOWS = table(
    ("MN316 MN316-S MN326", 4096),
    ("MN316A MN318 MN319", 2048),
    ("ML305U", 63920),
    (without(CAT1, "ML305U"), 64240),
)
PACKETS = table((NB, 12), ("ML305M", 128), (without(CAT1, "ML305M"), 256))
KEEPALIVE = table(("MN316 MN316-S MN326", (30, 90)), (f"MN316A MN318 MN319 {CAT1}", (90, 75)))
PACKETS_OF_MODE = {("MIPMODE", "packet_size"), ("MIPMODE", "waittm")}
INERT = table(
    ("MN316 MN316-S MN326", {*PACKETS_OF_MODE, ("MIPOPEN", "timeout")}),
    ("MN316A", {*PACKETS_OF_MODE, ("MIPCFG", "ackmode", "ack_mode")}),
    ("MN318 MN319", PACKETS_OF_MODE),
    (CAT1, set()),
)
CLOSE = table(
    ("MN316 MN316-S MN319 MN326", (False, 2)),
    ("MN316A", (False, 4)),
    ("MN318", (False, 3)),
    (without(CAT1, "ML307G"), (False, 0)),
    ("ML307G", (True, 0)),
)
SEND_LACKS = table((NB, {"pri_flag"}), (CAT1, {"pri_flag", "rai", "seq"}))
RAI = table(("MN319", ("0", "")), (without(f"{NB} {CAT1}", "MN319"), ("0-2", None)))
SEND_LENGTH = table(
    (NB, ("0-1460", None)), ("ML305U", ("0-4096", "0-1460")), (without(CAT1, "ML305U"), ("0-8192", "0-1460"))
)
READ_LENGTH = table(("MN316A MN319", "1-1460"), (f"MN316 MN316-S MN318 MN326 {CAT1}", "0-4096"))
SEQ_IPV6_HEADERS = table(("MN316A MN319", 48), (f"MN316 MN316-S MN318 MN326 {CAT1}", 0))

LOOKUP_CIDS = table((NB, None), *((name, CIDS[name]) for name in CAT1.split()))
PING_CIDS = table((without(NB, "MN318"), None), ("MN318", "1-15"), *((name, CIDS[name]) for name in CAT1.split()))
TIME_TIMEOUTS = table(("ML302A ML305A ML307A ML307G ML302S ML307S ML307R", 30), (f"{NB} ML305U ML305M", 20))
CACHED_MODES = table((without(CAT1, "ML307G"), 0), ("ML307G", 1), (NB, 1))
CLOCK_STARTS = table(("MN316 MN316A MN326", ""), (f"MN316-S MN318 MN319 {CAT1}", "80/01/06,00:00:00"))

LACKING = table(
    ("ML302A ML305A ML307A", {"&F", "Z", "CLAC"}),
    ("ML307G", {"&F", "Z"}),
    ("ML307R", {"&F", "Z", "S3", "S4", "S5", "CLAC"}),
    ("ML305M", {"Q", "Z", "X", "GSN", "CLAC"}),
    ("MN316 MN316-S MN326", {"MIPSACK", "CLAC"}),
    ("MN316A MN318 MN319 ML302S ML307S ML305U", {"CLAC"}),
)
VERBOSE = table(("ML305M ML307G", "1"), (f"{NB} ML302A ML305A ML307A ML302S ML307S ML305U ML307R", "0-1"))
QUIET = table(("ML307G", "0"), (without(f"{NB} {CAT1}", "ML307G"), "0-1"))
ERROR_LEVELS = table(
    ("ML302S ML307S", "1"), ("ML307G", "0-1"), (f"{NB} ML302A ML305A ML307A ML305U ML305M ML307R", "0-2")
)
SERIAL_NUMBERS = table((f"{NB} ML305M ML307G", "0-3"), ("ML302A ML305A ML307A ML302S ML307S ML305U ML307R", "0-1"))
AUTOBAUD = table(("ML302A ML305A ML307A ML307R", True), (f"{NB} ML302S ML307S ML305U ML305M ML307G", False))
REVISIONS = table(
    ("ML302S ML307S", "Revision: {sub_model}-MBRH0S01"),
    (f"{NB} ML302A ML305A ML307A ML305U ML305M ML307R ML307G", "{sub_model}-MBRH0S01"),
)

ERRORS = {  # manual 5, and 27.007 9.2
    "phone_failure": 0,
    "not_allowed": 3,
    "not_supported": 4,
    "sim_not_inserted": 10,
    "sim_pin_required": 11,
    "sim_puk_required": 12,
    "sim_failure": 13,
    "incorrect_password": 16,
    "memory_full": 20,
    "not_found": 22,
    "no_network": 30,
    "network_timeout": 31,
    "disabled": 51,
    "aborted": 52,
    "unspecified_gprs": 148,
    "incorrect_parameters": 50,
    "unknown_error": 100,
    "tcpip_unknown": 550,
    "not_used": 551,
    "in_use": 552,
    "not_connected": 553,
    "socket_failed": 554,
    "bind_failed": 555,
    "listen_failed": 556,
    "refused": 557,
    "timed_out": 558,
    "connection_failed": 559,
    "write_failed": 560,
    "read_failed": 561,
    "accept_failed": 562,
    "pdp_inactive": 570,
    "pdp_activation_failed": 571,
    "pdp_deactivation_failed": 572,
    "no_apn": 575,
    "port_busy": 576,
    "family_unsupported": 577,
    "dns_failed": 580,
    "dns_busy": 581,
    "ping_busy": 582,
    "tls_unknown": 750,
    "tls_setup": 751,
    "tls_unverified": 752,
    "tls_timed_out": 753,
    "tls_failed": 754,
    "file_unknown": 760,
    "file_format": 761,
    "file_missing": 762,
    "file_exists": 763,
    "file_write_failed": 764,
    "file_write_busy": 765,
    "file_read_failed": 766,
    "file_delete_failed": 767,
    "file_too_large": 768,
    "file_load_failed": 769,
}
OPEN_ERRORS = {
    "name": 580,
    "tls_setup": 751,
    "tls_unverified": 752,
    "tls_timed_out": 753,
    "tls_failed": 754,
    "file_missing": 762,
    "file_format": 761,
    "file_load": 769,
    "refused": 557,
    "timed_out": 558,
    "family": 577,
    "port_taken": 576,
    "bind": 555,
    "socket": 554,
    "not_registered": 571,
    "no_context": 570,
    "other": 559,
}


@cache
def profile_of(name: str) -> Profile:
    return load(name).profile


@pytest.fixture(params=SERIES)
def model(request: pytest.FixtureRequest) -> Profile:
    return profile_of(request.param)


def param(model: Profile, command: str, name: str) -> ParamSection:
    return model.commands[command].params[name]


def key_param(model: Profile, key: str, name: str) -> ParamSection:
    return model.commands["MIPCFG"].keys[key].params[name]


def accepted(section: ParamSection) -> str | None:
    return section.range.text if section.range else None


def luhn(digits: str) -> int:
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10


def test_there_are_fifteen_series() -> None:
    assert sorted(model_files()) == sorted(series.lower() for series in SERIES)
    assert list(SUB_MODELS) == SERIES


def test_sub_models(model: Profile) -> None:
    names = SUB_MODELS[model.series].split()
    assert sub_models(model_files()[model.series.lower()]) == names
    assert model.sub_model == names[0]
    assert [profile_of(name).sub_model for name in names] == names
    assert {profile_of(name).series for name in names} == {model.series}


def test_family(model: Profile) -> None:
    assert model.family == ("NB" if model.series in NB.split() else "Cat.1")


def test_instances_and_contexts(model: Profile) -> None:
    assert accepted(model.params["connect_id"]) == CONNECT_IDS[model.series]
    assert accepted(model.params["cid"]) == CIDS[model.series]


def test_configuration(model: Profile) -> None:
    config = model.commands["MIPCFG"]
    assert config.offers is not None
    assert set(config.offers) == KEYS[model.series]
    assert len(config.offers) == len(KEYS[model.series])
    assert config.test == ("summary" if model.family == "NB" else "rows")
    timeout = key_param(model, "timeout", "send_timeout")
    assert (accepted(timeout), timeout.default) == (SEND_TIMEOUTS[model.series], 10)
    assert key_param(model, "sndbuf", "send_buffer").default == 1460
    formats = [key_param(model, "encoding", name) for name in ("send_format", "recv_format")]
    assert [(accepted(each), each.default) for each in formats] == [("0-2", 0), ("0-1", 0)]
    assert model.params["ssl_id"].default is None


def test_receive_buffers(model: Profile) -> None:
    buffer = key_param(model, "rcvbuf", "recv_buffer")
    assert (accepted(buffer), buffer.default) == RECEIVE_BUFFERS[model.series]
    shown = None if model.family == "NB" else "1-65535" if model.series == "ML305U" else "1460-65536"
    assert buffer.shown == shown
    assert model.connection.tcp_window == WINDOWS[model.series]
    assert model.connection.packets == PACKETS[model.series]


def test_keep_alive(model: Profile) -> None:
    names = ("keepalive", "keepidle", "keepinterval", "keepcount")
    sections = [param(model, "MIPTKA", name) for name in names]
    assert [accepted(section) for section in sections] == ["0-1", "30-7200", "30-600", "1-9"]
    assert [section.default for section in sections] == [0, *KEEPALIVE[model.series], 3]


def test_inert_parameters(model: Profile) -> None:
    inert = {(name, field) for name, command in model.commands.items() for field in command.params}
    found: set[tuple[str, ...]] = {where for where in inert if param(model, *where).inert}
    for key, section in model.commands["MIPCFG"].keys.items():
        found |= {("MIPCFG", key, field) for field in section.params if section.params[field].inert}
    assert found == INERT[model.series]


def test_opening(model: Profile) -> None:
    assert accepted(param(model, "MIPOPEN", "access_mode")) == ("0,2,3" if model.family == "NB" else "0-3")
    timeout = param(model, "MIPOPEN", "timeout")
    assert (accepted(timeout), timeout.default, timeout.out_of_range) == ("1-180", 60, "refuse")
    for name in ("remote_port", "local_port"):
        assert accepted(param(model, "MIPOPEN", name)) == "0-65535"
    results = model.open_results._asdict()
    if model.family == "NB":
        assert results == dict.fromkeys(OPEN_ERRORS, 1)
    else:
        assert {name: model.cme[key].number for name, key in results.items()} == (
            OPEN_ERRORS | ({"tls_unverified": 753, "tls_failed": 753} if model.series == "ML307R" else {})
        )


def test_closing(model: Profile) -> None:
    mode = param(model, "MIPCLOSE", "mode")
    assert (mode.available, mode.default) == CLOSE[model.series]
    assert (accepted(mode) == "0-3") == (model.series == "ML307G")
    assert model.connection.close_code == (model.series == "ML307G")
    assert model.connection.msl == 5.5
    ways = {name: (section.way, section.waits) for name, section in model.close_modes.items()}
    assert ways == {
        "0": ("drain", False),
        "1": ("now", False),
        "2": ("now", True),
        "3": ("reset", False),
        "4": ("drain", True),
    }
    assert [name for name, section in model.close_modes.items() if not section.code] == ["1"]


def test_sending(model: Profile) -> None:
    send = model.commands["MIPSEND"].params
    assert {name for name in send if not send[name].available} == SEND_LACKS[model.series]
    assert (accepted(send["send_length"]), send["send_length"].shown) == SEND_LENGTH[model.series]
    assert (accepted(send["rai"]), send["rai"].shown) == RAI[model.series]
    assert (accepted(send["seq"]), send["seq"].default) == ("1-255", None)
    assert model.connection.inline_max == 1460
    assert model.connection.inline_data == ("required" if model.family == "NB" else "optional")
    assert model.connection.empty_datagram == (model.series == "MN319")
    assert model.connection.seq_ipv6_headers == SEQ_IPV6_HEADERS[model.series]
    assert model.connection.mtu == 1280


def test_reading_and_modes(model: Profile) -> None:
    assert accepted(param(model, "MIPRD", "length")) == READ_LENGTH[model.series]
    assert model.connection.reads_one_packet == (READ_LENGTH[model.series] == "1-1460")
    mode = model.commands["MIPMODE"].params
    assert accepted(mode["access_mode"]) == ("0,2,3" if model.family == "NB" else "0-3")
    size, wait = mode["packet_size"], mode["waittm"]
    assert (accepted(size), size.default, size.available) == ("512-1460", 1024, model.family == "NB")
    assert (accepted(wait), wait.shown, wait.default) == ("0-2000", "100-2000", 200)
    assert wait.available == (model.family == "NB")
    assert model.line.guard == 0.2


def test_names(model: Profile) -> None:
    config, nb = model.commands["MDNSCFG"], model.family == "NB"
    assert config.offers == (("ip", "ipv6", "priority", "timeout") if nb else tuple(config.keys))
    assert tuple(config.keys) == ("ip", "ipv6", "priority", "cached", "timeout")
    assert config.nv == nb
    sections = {name: key.params[name] for key in config.keys.values() for name in key.params}
    assert {name: (accepted(section), section.default) for name, section in sections.items()} == {
        "priority": ("0-1", 1),
        "cached_mode": ("0-1", CACHED_MODES[model.series]),
        "cached_period": ("1-65535", 3600),
        "time": ("1-60", 30 if nb else 10),
        "retries": ("1-9", 3),
    }
    assert sections["cached_period"].available == (model.series != "ML307G")
    assert model.dns.ipv4 == ("119.29.29.29", "114.114.114.114")
    assert model.dns.ipv6 == ("2400:3200::1", "2001:4860:4860::8888")
    assert model.dns.operator_ipv4 == (dict.fromkeys(("46003", "46005", "46011"), "218.4.4.4") if nb else {})
    assert (model.dns.listed, model.dns.every_family) == (4, not nb)
    assert not model.identity.imsi.startswith(("46003", "46005", "46011"))


def shared(model: Profile, command: str, name: str) -> str | None:
    """The range of a parameter that many commands have; None where this command lacks it."""
    section = model.commands[command].params.get(name) or model.params[name]
    return accepted(section) if section.available else None


def test_lookups_and_pings(model: Profile) -> None:
    assert shared(model, "MDNSGIP", "cid") == LOOKUP_CIDS[model.series]
    assert shared(model, "MPING", "cid") == PING_CIDS[model.series]
    assert [param(model, *where).max_length for where in (("MDNSGIP", "domainname"), ("MPING", "host"))] == [255, 255]
    names = ("timeout", "ping_num", "packet_len")
    sections = [param(model, "MPING", name) for name in names]
    assert [(accepted(section), section.default) for section in sections] == [
        ("1-60", 10),
        ("1-65535", 4),
        ("1-1400", 16),
    ]
    assert model.ping == (1.0, 1, 2, 3, 4, 5)


def test_the_time(model: Profile) -> None:
    server = param(model, "MNTP", "server")
    assert (server.default, server.max_length) == ("ntp1.aliyun.com", 255)
    sections = [param(model, "MNTP", name) for name in ("port", "sync", "timeout")]
    assert [(accepted(section), section.default) for section in sections] == [
        ("0-65535", 123),
        ("0-1", 1),
        ("1-300", TIME_TIMEOUTS[model.series]),
    ]
    assert model.time == (1, 2, 3)
    assert model.clock == (32, CLOCK_STARTS[model.series], model.family == "Cat.1")


def is_told(name: str) -> bool:
    """Tell whether LACKING has a command."""
    return is_basic(name) or name in ("MIPSACK", "GSN", "CLAC")


def test_the_basics_of_v250(model: Profile) -> None:
    lacking = {name for name, command in model.commands.items() if is_told(name) and not command.available}
    assert lacking == LACKING[model.series]
    assert accepted(param(model, "V", "value")) == VERBOSE[model.series]
    assert accepted(param(model, "Q", "value")) == QUIET[model.series]
    defaults = {name: param(model, name, "value").default for name in ("E", "V", "Q", "S3", "S4", "S5")}
    echo = 1 if model.family == "NB" else 0
    assert defaults == {"E": echo, "V": 1, "Q": 0, "S3": 13, "S4": 10, "S5": 8}


@pytest.mark.parametrize("series", ["ML305A", "ML307A"])
def test_the_dl_sub_models_lack_the_s_parameters(series: str) -> None:
    for name in SUB_MODELS[series].split():
        sections = profile_of(name).commands
        lacking = {command for command in sections if is_basic(command) and not sections[command].available}
        assert lacking == {"&F", "Z"} | ({"S3", "S4", "S5"} if name == f"{series}-DL" else set())


def test_errors_and_identity(model: Profile) -> None:
    levels = param(model, "CMEE", "n")
    assert (accepted(levels), levels.default) == (ERROR_LEVELS[model.series], 1)
    assert {name: section.number for name, section in model.cme.items()} == ERRORS
    serial_number = param(model, "CGSN", "snt")
    assert (accepted(serial_number), serial_number.default) == (SERIAL_NUMBERS[model.series], 0)
    identity = model.identity
    assert (identity.manufacturer, identity.model) == ("CMCC", model.series)
    assert identity.revision == REVISIONS[model.series]
    assert luhn(identity.imei) == 0
    assert identity.imeisv == identity.imei[:14] + identity.svn


def test_every_series_has_an_imei_of_its_own() -> None:
    assert len({profile_of(series).identity.imei for series in SERIES}) == len(SERIES)


def test_power(model: Profile) -> None:
    assert model.power.autobaud == AUTOBAUD[model.series]
    assert (model.power.banner, model.power.reboot_notice) == ("+MATREADY", "REBOOTING")
    assert model.disconnected == {"peer_closed": 1, "broken": 2, "pdp_down": 3}


FUNCTIONS = table((NB, "0,1"), (CAT1, "0,1,4"))
RESETS = table(
    ("MN316 MN316A MN318 MN326 ML305U", False),
    ("MN316-S MN319 ML302A ML305A ML307A ML302S ML307S ML305M ML307R ML307G", True),
)
REPORTS = table(("ML302S ML307S ML305M ML307G", "0-2"), (f"{NB} ML302A ML305A ML307A ML305U ML307R", "0-5"))
WITHOUT_CREG = [
    "ML302A-DCLM",
    "ML302A-GCLM",
    "ML305A-DC",
    "ML305A-DL",
    "ML307A-DCLN",
    "ML307A-GCLN",
    "ML305U-DBLN",
    "ML305M-DSLM",
    "ML307R-DC",
    "ML307R-DL",
    "ML307R-BL",
    "ML307R-MC",
    "ML307R-ML",
]


def test_the_radio(model: Profile) -> None:
    assert accepted(param(model, "CFUN", "fun")) == FUNCTIONS[model.series]
    assert param(model, "CFUN", "rst").available == RESETS[model.series]
    assert model.radio.resets_contexts == (model.series in ("MN316", "MN318"))
    assert model.radio.full_reboots == (model.series == "MN319")
    assert model.radio.act == (9 if model.family == "NB" else 7)
    assert accepted(param(model, "CEREG", "n")) == REPORTS[model.series]
    assert accepted(param(model, "CGREG", "n")) == "0-3"
    assert model.commands["ICCID"].available == (model.family == "Cat.1")
    assert model.commands["CTZR"].available == (model.series in ("ML302S", "ML307S", "ML305U", "ML307G"))
    assert model.commands["CTZU"].available == (model.series in ("ML302S", "ML307S", "ML305U"))


def test_which_have_no_creg() -> None:
    names = [name for subs in SUB_MODELS.values() for name in subs.split()]
    lacking = {name for name in names if not profile_of(name).commands["CREG"].available}
    assert lacking == set(WITHOUT_CREG)


def test_the_card(model: Profile) -> None:
    assert model.sim[:6] == (True, "1234", "12345678", False, 3, 10)
    assert len(model.identity.iccid) == 20
    assert luhn(model.identity.iccid) == 0
    assert model.identity.imsi.startswith(model.radio.plmn)
