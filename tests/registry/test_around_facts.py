"""The commands around the module on each series and sub-model, read a second time, against the profiles."""

from __future__ import annotations

from onemo.families.bearers import BEARERS
from onemo.families.dialup import DIAL_UP
from onemo.families.voice.profile import VOICE

from tests.registry.facts import CAT1, NB, SERIES, SUB_MODELS, profile_of, table

DIAL_UP_KEYS = table(
    (NB, ""),
    ("ML302S ML307S", "mode"),
    ("ML302A ML305A ML305M", "mode auto"),
    ("ML305U", "mode auto dhcpv4 workmode nicmaxcnt"),
    ("ML307A ML307G ML307R", "mode auto dhcpv4"),
)
OWN_KEYS = table(
    ("ML302S ML307S", ""),
    ("ML302A ML305A ML305M ML305U ML307A ML307R", "autoconn"),
    ("ML307G", "autoconn defapn relver"),
    ("MN316 MN316-S MN316A MN326", "autoconn relver asrai"),
    ("MN318", "autoconn defapn relver asrai 2harq reestablish"),
    ("MN319", "autoconn defapn relver asrai 2harq emulticar"),
)
ACTIVITIES = table(
    (f"{NB} ML302A ML305A ML307A ML307R", "0-6"),
    ("ML302S ML307S", "0,2-4"),
    ("ML307G", "0-2,5"),
    ("ML305M ML305U", ""),
)
SLEEP_MODES = table((f"{NB} ML302A ML302S ML305M ML305U", 2), ("ML305A ML307A ML307G ML307R ML307S", 0))
VOICE_MODELS = [
    "ML302A-DSLM",
    "ML302A-GSLM",
    "ML305A-DS",
    "ML307A-DSLN",
    "ML307A-GSLN",
    "ML302S-DNLM",
    "ML307S-DNLM",
    "ML307G-DC",
]
HOLDING = {"ML302S-DNLM", "ML307S-DNLM", "ML307G-DC", "ML307A-DSLN"}
EVERY = [name for series in SERIES for name in SUB_MODELS[series].split()]


def has(name: str, command: str) -> bool:
    return profile_of(name).commands[command].available


def offered(series: str, command: str) -> str:
    return " ".join(profile_of(series).commands[command].offers or ()) if has(series, command) else ""


def test_the_host_s_network_card() -> None:
    assert {series: offered(series, "MDIALUPCFG") for series in SERIES} == DIAL_UP_KEYS
    assert {series for series in SERIES if has(series, "MDIALUP")} == set(CAT1.split())
    unreadable = {series for series in CAT1.split() if not profile_of(series).commands["MDIALUPCFG"].readable}
    assert unreadable == {"ML302A", "ML305A", "ML307A", "ML307R"}
    assert {s for s in CAT1.split() if not profile_of(s).tables[DIAL_UP.name].tells_gateway} == {"ML307R"}


def test_what_the_module_does_by_itself() -> None:
    assert {series: offered(series, "MUECONFIG") for series in SERIES} == OWN_KEYS
    assert {series for series in SERIES if profile_of(series).contexts.without_autoconn == "minimum"} == set(NB.split())


def test_calls() -> None:
    for command in ("D", "A", "H", "S0", "CHUP", "CLCC"):
        assert [name for name in EVERY if has(name, command)] == sorted(VOICE_MODELS, key=EVERY.index), command
    assert {name for name in EVERY if has(name, "CHLD")} == HOLDING
    assert {name for name in EVERY if has(name, "CEER")} == {*VOICE_MODELS, "ML307G-DL"}
    semicolon = {name for name in VOICE_MODELS if profile_of(name).tables[VOICE.name].needs_semicolon}
    assert {name.partition("-")[0] for name in semicolon} == {"ML302A", "ML305A", "ML307A"}


def test_activity() -> None:
    assert {
        series: profile_of(series).tables[VOICE.name].activity.text if has(series, "CPAS") else "" for series in SERIES
    } == ACTIVITIES


def test_sleep_at_the_start() -> None:
    assert {series: profile_of(series).sleep.mode_at_start for series in SERIES} == SLEEP_MODES
    assert not any(profile_of(series).sleep.starts_asleep for series in SERIES)


def test_bearers() -> None:
    for command in ("CGEQOS", "CGEQOSRDP", "CGTFT", "CGCLASS", "CGDEL", "CEMODE"):
        assert {series for series in SERIES if has(series, command)} == set(CAT1.split()), command
    modes = {name: profile_of(name).commands["CEMODE"].params["mode"].default for name in EVERY if has(name, "CEMODE")}
    assert {name for name, mode in modes.items() if mode == 2} == set(VOICE_MODELS)
    assert [s for s in CAT1.split() if profile_of(s).tables[BEARERS.name].aggregate] == ["ML305M"]


def test_the_card_s_chip_and_the_radio_technology() -> None:
    assert all(has(name, "MEID") and not profile_of(name).card.eid for name in EVERY)
    assert all("MPSRAT" not in profile_of(series).commands for series in SERIES)
