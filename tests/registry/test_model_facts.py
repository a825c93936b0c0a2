"""The manual's footnotes and the base guide on each series, read a second time, against the profiles."""

from __future__ import annotations

from onemo.families.card.operators import OPERATORS
from onemo.families.ntp import TIME
from onemo.families.ping import PING
from onemo.families.sockets.profile import CLOSE_MODES, CONNECTION, OPEN_RESULTS
from onemo.profile.loader import model_files, sub_models
from onemo.profile.schema import ParamSection, Profile

from tests.registry.facts import ASR, CAT1, NB, NEWER, SERIES, SUB_MODELS, accepted, param, profile_of, table, without
from tests.support.profiles import load

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
INERT_OF_ALL = {("CNMI", "bm"), ("CMMS", "n")}
INERT = table(
    ("MN316 MN316-S MN326", {*INERT_OF_ALL, *PACKETS_OF_MODE, ("MIPOPEN", "timeout")}),
    ("MN316A", {*INERT_OF_ALL, *PACKETS_OF_MODE, ("MIPCFG", "ackmode", "ack_mode")}),
    ("MN318 MN319", INERT_OF_ALL | PACKETS_OF_MODE),
    (without(CAT1, "ML305M"), INERT_OF_ALL),
    ("ML305M", INERT_OF_ALL | {("CSDH", "show"), *(("CSMP", name) for name in ("fo", "vp", "pid", "dcs"))}),
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

LOOKUP_CIDS = table((f"{NB} ML307G", None), *((name, CIDS[name]) for name in without(CAT1, "ML307G").split()))
PING_CIDS = table((without(NB, "MN318"), None), ("MN318", "1-15"), *((name, CIDS[name]) for name in CAT1.split()))
TIME_TIMEOUTS = table(("ML302A ML305A ML307A ML307G ML302S ML307S ML307R", 30), (f"{NB} ML305U ML305M", 20))
CACHED_MODES = table((without(CAT1, "ML307G"), 0), ("ML307G", 1), (NB, 1))
CLOCK_STARTS = table(
    ("MN316 MN316A MN326", ""), ("MN316-S MN318 MN319", "80/01/06,00:00:00"), (CAT1, "70/01/01,00:00:00")
)
CLOCK_RANGES = table(
    ("MN316 MN316-S MN316A MN326", ("0-48", 2069)),
    ("MN318 MN319 ML302S ML307S ML305U ML305M", ("0-96", 2069)),
    ("ML302A ML305A ML307A ML307R ML307G", ("0,2-96", 2037)),
)

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


def key_param(model: Profile, key: str, name: str) -> ParamSection:
    return model.commands["MIPCFG"].keys[key].params[name]


def test_there_are_these_series() -> None:
    assert sorted(model_files()) == sorted(series.lower() for series in (*SERIES, *NEWER))
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
    assert config.test == ("rows" if model.series in ASR else "summary")
    timeout = key_param(model, "timeout", "send_timeout")
    assert (accepted(timeout), timeout.default) == (SEND_TIMEOUTS[model.series], 10)
    assert key_param(model, "sndbuf", "send_buffer").default == 1460
    formats = [key_param(model, "encoding", name) for name in ("send_format", "recv_format")]
    assert [(accepted(each), each.default) for each in formats] == [("0-2", 0), ("0-1", 0)]
    assert model.params["ssl_id"].default is None
    assert key_param(model, "ssl", "ssl_id").default == 0


def test_receive_buffers(model: Profile) -> None:
    buffer = key_param(model, "rcvbuf", "recv_buffer")
    assert (accepted(buffer), buffer.default) == RECEIVE_BUFFERS[model.series]
    assert buffer.shown == ("1460-65536" if model.series in ASR else None)
    assert model.table(CONNECTION).tcp_window == WINDOWS[model.series]
    assert model.table(CONNECTION).packets == PACKETS[model.series]


def test_what_deep_sleep_drops_is_told_by_footnote_11() -> None:
    for series in SERIES:
        origin = load(series).origin(("sleep", "drops_tcp"))
        assert origin is not None
        assert origin.source.startswith("manual 3.3, fn 11")


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
    results = model.table(OPEN_RESULTS)._asdict()
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
    assert model.table(CONNECTION).close_code == (model.series == "ML307G")
    assert model.table(CONNECTION).msl == 5.5
    ways = {name: (section.way, section.waits) for name, section in model.table(CLOSE_MODES).items()}
    assert ways == {
        "0": ("drain", False),
        "1": ("now", False),
        "2": ("now", True),
        "3": ("reset", False),
        "4": ("drain", True),
    }
    assert [name for name, section in model.table(CLOSE_MODES).items() if not section.code] == ["1"]


def test_sending(model: Profile) -> None:
    send = model.commands["MIPSEND"].params
    assert {name for name in send if not send[name].available} == SEND_LACKS[model.series]
    assert (accepted(send["send_length"]), send["send_length"].shown) == SEND_LENGTH[model.series]
    assert (accepted(send["rai"]), send["rai"].shown) == RAI[model.series]
    assert (accepted(send["seq"]), send["seq"].default) == ("1-255", None)
    assert model.table(CONNECTION).inline_max == 1460
    assert model.table(CONNECTION).inline_data == ("required" if model.family == "NB" else "optional")
    assert model.table(CONNECTION).empty_datagram == (model.series == "MN319")
    assert model.table(CONNECTION).seq_ipv6_headers == SEQ_IPV6_HEADERS[model.series]
    assert model.table(CONNECTION).mtu == 1280


def test_reading_and_modes(model: Profile) -> None:
    assert accepted(param(model, "MIPRD", "length")) == READ_LENGTH[model.series]
    assert model.table(CONNECTION).reads_one_packet == (READ_LENGTH[model.series] == "1-1460")
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
    assert model.table(PING) == (1.0, 1, 2, 3, 4, 5)


def test_the_time(model: Profile) -> None:
    server = param(model, "MNTP", "server")
    assert (server.default, server.max_length) == ("ntp1.aliyun.com", 255)
    sections = [param(model, "MNTP", name) for name in ("port", "sync", "timeout")]
    assert [(accepted(section), section.default) for section in sections] == [
        ("0-65535", 123),
        ("0-1", 1),
        ("1-300", TIME_TIMEOUTS[model.series]),
    ]
    assert model.table(TIME) == (1, 2, 3)
    clock = model.clock
    assert (clock.zone, clock.start, clock.quoted) == (32, CLOCK_STARTS[model.series], model.family == "Cat.1")
    assert (clock.zones.text, clock.last_year) == CLOCK_RANGES[model.series]


CARD = ("CSIM", "CCHO", "CCHC", "CGLA")


def test_the_card(model: Profile) -> None:
    """A table made by others; STATUS is not on Cat.1."""
    series, has = model.series, {name for name, command in model.commands.items() if command.available}
    assert {"CRSM", "CPOL"} <= has
    assert has.issuperset(CARD) is (series not in ("ML302S", "ML307S"))
    assert ("CPLS" in has) is (model.family == "Cat.1" and series not in ("ML302S", "ML307S"))
    assert ("COPN" in has) is (series != "ML305M")
    reads = "176,178,192,214,220"
    assert accepted(param(model, "CRSM", "command")) == (reads if model.family == "Cat.1" else f"{reads},242")
    small = series == "MN319"
    assert accepted(param(model, "CGLA", "sessionid")) == ("1-3" if small else "1-19")
    assert accepted(param(model, "CSIM", "length")) == ("8-255" if small else "8-510")
    takes = {"ML305M": "all", "ML305U": "any"}.get(series, "one" if model.family == "Cat.1" else "any")
    assert model.table(OPERATORS).technologies == takes
    assert model.card.channels == 3
