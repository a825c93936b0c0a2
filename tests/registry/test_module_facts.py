"""The manual and the base guide on the module around the sockets, read a second time, against the profiles."""

from __future__ import annotations

import pytest
from onemo.at.command import is_basic
from onemo.families.lwm2m.profile import LWM2M
from onemo.families.sockets.profile import DISCONNECTED
from onemo.modem.credentials import TLS
from onemo.profile.schema import Profile

from tests.registry.facts import ASR, CAT1, NB, SERIES, SUB_MODELS, accepted, luhn, param, profile_of, table, without

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
LIST = "4800,9600,14400,19200,38400,57600,115200,230400,460800,921600"
SPEEDS = table(
    (
        "ML302A ML305A ML307A ML307R",
        ("0,300,1200,4800,9600,14400,19200,28800,38400,57600,115200,230400,460800,921600", 0),
    ),
    ("ML305M", (f"0,{LIST}", 9600)),
    ("ML305U", (f"0,{LIST}", 115200)),
    (f"{NB} ML302S ML307S ML307G", (LIST, 115200)),
)
LINE_CHARACTERS = table(
    (NB, ("0-127", "0-127", "0-127")),
    ("ML305U", ("0-31", "0-31", "0-31")),
    (without(CAT1, "ML305U"), ("13", "10", "8")),
)
REVISIONS = table(
    ("ML302S ML307S", "Revision: {sub_model}-MBRH0S01"),
    ("MN316", "MN316-DBRS-MBRH0C00"),
    ("ML307A", "ML307A-DCLN-MBRH1S00"),
    (f"{without(NB, 'MN316')} ML302A ML305A ML305U ML305M ML307R ML307G", "{sub_model}-MBRH0S01"),
)
OWN_REVISIONS = {  # the base guide's sample; a public log; seen on hardware
    "MN316-DBRS": "MN316-DBRS-MBRH0C00",
    "ML307A-DCLN": "ML307A-DCLN-MBRH1S00",
    "ML307A-DSLN": "ML307A-DSLN-MTSH1S00",
}

LWM2M_ERRORS = {  # LwM2M manual 6
    "lwm2m_unknown": 100,
    "lwm2m_syntax": 601,
    "lwm2m_not_logged_in": 602,
    "lwm2m_not_allowed": 651,
    "lwm2m_busy": 652,
    "lwm2m_resource": 653,
}
ERRORS = {  # manual 5, 27.007 9.2, and MQTT manual 5
    "lbs_no_network": 101,
    "lbs_no_key": 102,
    "lbs_parameter": 104,
    "lbs_running": 105,
    "mqtt_unknown": 600,
    "mqtt_parameter": 601,
    "mqtt_not_connected": 602,
    "mqtt_connecting": 603,
    "mqtt_connected": 604,
    "mqtt_network": 605,
    "mqtt_memory": 606,
    "mqtt_state": 607,
    "mqtt_dns": 608,
    "ftp_unknown": 800,
    "ftp_not_running": 801,
    "ftp_running": 802,
    "ftp_connect": 803,
    "ftp_disconnect": 804,
    "ftp_change_directory": 805,
    "ftp_tell_directory": 806,
    "ftp_make_directory": 807,
    "ftp_list": 808,
    "ftp_delete": 809,
    "ftp_rename": 810,
    "ftp_retrieve": 811,
    "ftp_store": 812,
    "ftp_append": 813,
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
    "http_no_memory": 23,
    "http_unknown": 650,
    "http_no_free_instance": 651,
    "http_not_created": 652,
    "http_busy": 653,
    "http_bad_url": 654,
    "http_tls_off": 655,
    "http_connection_failed": 656,
    "http_sending_failed": 657,
    "http_file_failed": 658,
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
    "fota_unknown": 850,
    "fota_configuration": 851,
    "fota_url_type": 852,
    "fota_writing": 853,
    "fota_upgrade": 854,
    "fota_download": 855,
    "fota_retries": 856,
    "fota_network": 857,
    "fs_failed": 1050,
    "fs_missing": 1051,
    "fs_exists": 1052,
    "fs_too_large": 1053,
    "fs_too_many_open": 1054,
    "fs_cannot_open": 1055,
    "fs_already_open": 1056,
    "fs_write_failed": 1057,
    "fs_read_failed": 1058,
    "fs_read_only": 1059,
    "fs_bad_handle": 1060,
    "fs_delete_failed": 1061,
    "fs_list_failed": 1062,
    "fs_no_space": 1063,
    "fs_timed_out": 1064,
}


VOICE = {"D", "A", "H", "S0", "CHUP", "CLCC", "CRC", "CLIP", "CUSD"}
WITH_VOICE = (
    "ML302A-DSLM ML302A-GSLM ML305A-DS ML307A-DSLN ML307A-GSLN ML302S-DNLM ML307S-DNLM ML307G-DC"  # ML307A-DL: no audio
)


def test_voice_is_of_sub_models() -> None:
    """They have all of it, but that ML307G-DC has no AT+CRC; the others have nothing of it."""
    for name in (name for names in SUB_MODELS.values() for name in names.split()):
        sections = profile_of(name).commands
        there = VOICE - ({"CRC"} if name == "ML307G-DC" else set()) if name in WITH_VOICE.split() else set()
        assert {command for command in VOICE if sections[command].available} == there, name


def is_told(name: str) -> bool:
    """Tell whether LACKING has a command."""
    return (is_basic(name) and name not in VOICE) or name in ("MIPSACK", "GSN", "CLAC")


def test_the_basics_of_v250(model: Profile) -> None:
    lacking = {name for name, command in model.commands.items() if is_told(name) and not command.available}
    assert lacking == LACKING[model.series]
    assert accepted(param(model, "V", "value")) == VERBOSE[model.series]
    assert accepted(param(model, "Q", "value")) == QUIET[model.series]
    assert tuple(accepted(param(model, name, "value")) for name in ("S3", "S4", "S5")) == LINE_CHARACTERS[model.series]
    defaults = {name: param(model, name, "value").default for name in ("E", "V", "Q", "S3", "S4", "S5")}
    echo = 1 if model.family == "NB" else 0
    assert defaults == {"E": echo, "V": 1, "Q": 0, "S3": 13, "S4": 10, "S5": 8}


@pytest.mark.parametrize("series", ["ML305A", "ML307A"])
def test_the_dl_sub_models_lack_the_s_parameters(series: str) -> None:
    for name in SUB_MODELS[series].split():
        sections = profile_of(name).commands
        lacking = {command for command in sections if is_basic(command) and not sections[command].available} - VOICE
        assert lacking == {"&F", "Z"} | ({"S3", "S4", "S5"} if name == f"{series}-DL" else set())


def test_errors_and_identity(model: Profile) -> None:
    levels = param(model, "CMEE", "n")
    assert (accepted(levels), levels.default) == (ERROR_LEVELS[model.series], 1)
    assert {name: section.number for name, section in model.cme.items()} == ERRORS
    assert {name: section.number for name, section in model.cis.items()} == LWM2M_ERRORS
    assert accepted(param(model, "GSN", "snt")) == ("0-1" if model.family == "Cat.1" else "0-3")
    assert model.cme["aborted"].text == "command aborted by user"
    serial_number = param(model, "CGSN", "snt")
    assert (accepted(serial_number), serial_number.default) == (SERIAL_NUMBERS[model.series], 0)
    identity = model.identity
    assert (identity.manufacturer, identity.model) == ("CMCC", model.series)
    assert identity.revision == REVISIONS[model.series]
    assert luhn(identity.imei) == 0
    assert identity.imeisv == identity.imei[:14] + identity.svn


def test_sub_models_whose_revision_was_seen_have_that() -> None:
    for name in (name for names in SUB_MODELS.values() for name in names.split()):
        revision = profile_of(name).identity.revision
        assert revision == OWN_REVISIONS.get(name, revision)
        assert ("{sub_model}" in revision) == (name not in OWN_REVISIONS)


def test_every_series_has_an_imei_of_its_own() -> None:
    assert len({profile_of(series).identity.imei for series in SERIES}) == len(SERIES)


def test_power(model: Profile) -> None:
    rate = param(model, "IPR", "rate")
    assert (accepted(rate), rate.default, model.power.autobaud) == (*SPEEDS[model.series], True)
    assert (model.power.banner, model.power.reboot_notice) == ("+MATREADY", "REBOOTING")
    assert model.table(DISCONNECTED) == {"peer_closed": 1, "broken": 2, "pdp_down": 3}


FUNCTIONS = table((NB, "0,1"), (CAT1, "0,1,4"))
RESETS = table(
    ("MN316 MN316A MN318 MN326 ML305U", False),
    ("MN316-S MN319 ML302A ML305A ML307A ML302S ML307S ML305M ML307R ML307G", True),
)
ONE_FORMAT = "MN316 MN316-S MN316A MN326"
OPERATORS = table(
    (ONE_FORMAT, ("0,1,4", "2", 2)),
    ("MN318", ("0,1,2", "2", 2)),
    ("ML305M", ("3", "0,1,2", 0)),
    (f"MN319 {without(CAT1, 'ML305M')}", ("0,1,2,3,4", "0,1,2", 0)),
)
CONTEXTS = table((ONE_FORMAT, (1, 15)), ("MN319", (5, 1)), (f"MN318 {CAT1}", (5, 15)))
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
    "ML305M-DALM",
    "ML307R-DC",
    "ML307R-DL",
    "ML307R-BL",
    "ML307R-MC",
    "ML307R-ML",
    "ML307R-BC",
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
    assert accepted(param(model, "CTZR", "reporting")) == ("0-3" if model.series in ("ML305U", "ML307G") else "0-2")
    assert accepted(param(model, "CTZU", "onoff")) == ("0,1,3" if model.series in ("ML302S", "ML307S") else "0-1")
    modes = accepted(param(model, "COPS", "mode")), accepted(param(model, "COPS", "format")), model.radio.name_format
    assert modes == OPERATORS[model.series]


def test_contexts(model: Profile) -> None:
    contexts = model.contexts
    assert (contexts.most_active, contexts.cids_a_command) == CONTEXTS[model.series]
    returns = (*ASR, "ML307G")
    assert contexts.last_context == ("returns" if model.series in returns else "ends")
    assert (contexts.return_time, contexts.keeps_default) == (3.0, model.family == "NB")
    assert contexts.bare_deactivation == (model.series != "ML305M")
    assert contexts.masks == (model.series in (*NB.split(), "ML305M", "ML307G"))


def test_what_ends_a_boot_cycle_takes(model: Profile) -> None:
    taken = {accepted(param(model, command, "value")) for command in ("MREBOOT", "MPOF")}
    assert taken == {"0,1" if model.family == "NB" else "0"}


def test_the_files_of_tls(model: Profile) -> None:
    kind, algorithm = param(model, "MSSLLIST", "kind"), param(model, "MSSLCHECK", "verify_alg")
    assert (accepted(kind), kind.shown) == ("1-3", None)
    assert (accepted(algorithm), algorithm.default) == ("0", 0)


def test_who_has_tls(model: Profile) -> None:
    """Of NB three series, for HTTP and MQTT: in the line alone, two at once, gone with deep sleep."""
    commands = {name for name in model.commands if name.startswith("MSSL")}
    there = {name for name in commands if model.commands[name].available}
    if model.series in ("MN316A", "MN318", "MN319"):
        assert not there
        return
    narrow, tls = model.family == "NB", model.table(TLS)
    without = {"MSSLCIPHER"} if model.series in ("ML302S", "ML307S") else set()
    if not narrow:
        without = {*without, "MSSLPSK"}
    assert ("psk" in (model.commands["MSSLCFG"].offers or ())) is narrow
    assert there == commands - without
    assert accepted(model.params["ssl_id"]) == ("0-4" if narrow else "0-5")
    assert (tls.entered, tls.most_connections, tls.outlives_sleep) == (not narrow, 2 if narrow else 0, not narrow)
    assert ("ssl" in (model.commands["MIPCFG"].offers or ())) is not narrow
    assert all("ssl" in (model.commands[name].offers or ()) for name in ("MHTTPCFG", "MQTTCFG"))


def test_which_have_no_creg() -> None:
    names = [name for subs in SUB_MODELS.values() for name in subs.split()]
    lacking = {name for name in names if not profile_of(name).commands["CREG"].available}
    assert lacking == set(WITHOUT_CREG)


def test_the_card(model: Profile) -> None:
    assert model.sim[:6] == (True, "1234", "12345678", False, 3, 10)
    assert len(model.identity.iccid) == 20
    assert luhn(model.identity.iccid) == 0
    assert model.identity.imsi.startswith(model.radio.plmn)


def test_lwm2m(model: Profile) -> None:
    """LwM2M manual 1, 3.9, 4.1, 4.5, 4.8, 4.11."""
    names = {name for name in model.commands if name.startswith("MIPL") and name != "MIPLISTEN"}
    there = {name for name in names if model.commands[name].available}
    if model.series in ("ML302S", "ML307S", "ML305U", "ML305M", "ML307G"):
        assert not there
        return
    table, cat1 = model.table(LWM2M), model.family == "Cat.1"
    absent = names - there
    renews = cat1 or model.series == "MN318"
    downloads = model.series in ("MN316", "MN316A", "MN318")
    assert absent == {name for name, has in (("MIPLUPDATESET", renews), ("MIPLFOTACFG", downloads)) if not has}
    assert table.platforms.text == ("0,1,10" if cat1 else "0-3,10")
    assert table.idle_flags == ("refused" if cat1 else "ignored" if model.series == "MN319" else "sent")
    assert table.converts == (model.series not in ("MN316A", "MN319"))
    assert accepted(param(model, "MIPLNMI", "nsmi")) == ("0" if cat1 else "0-1")
