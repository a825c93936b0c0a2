"""What each series has around the module, read a second time, against the profiles."""

from __future__ import annotations

import pytest
from onemo.families.cell import CELL
from onemo.families.pins import PINS

from tests.registry.facts import CAT1, NB, SUB_MODELS, accepted, param, profile_of, table

FEW = ("rsrp", "rssi", "sinr", "rsrq")
MOST = ("rsrp", "rssi", "tx_power", "cellid", "sinr", "earfcn", "pci", "rsrq")
ALL = ("rsrp", "rssi", "tx_power", "tx_time", "rx_time", "cellid", "ecl", "sinr", "earfcn", "pci", "rsrq")
FIELDS = table((f"{NB} ML305U", ALL), ("ML307R ML307G", MOST), ("ML302A ML302S ML305A ML305M ML307A ML307S", FEW))
LOCKS = table(
    ("MN318 MN319 ML307G", "0-2"),
    ("MN316 MN316-S MN316A MN326 ML302A ML302S ML305A ML305M ML305U ML307A ML307R ML307S", "0-1"),
)
PIN_NUMBERS = table(
    ("MN316 MN316A", "34,35"),
    ("MN316-S", "16,17"),
    ("MN318", "11,16,18,19,33-35,39-42"),
    ("MN319", "7,34,35"),
    ("MN326 ML305A ML307S", None),
    ("ML302A", "0-14"),
    ("ML302S", "2,7,31,35,42-46"),
    ("ML305M", "1,2,7-10"),
    ("ML305U", "0-15"),
    ("ML307A ML307G ML307R", "0-3"),
)
CHANNELS = table(
    ("MN316 MN316-S MN316A MN319 MN326 ML307A", "0"),
    ("MN318 ML305A ML305M ML305U ML307G ML307R", "0-1"),
    ("ML302A", "0-3"),
    ("ML302S ML307S", None),
)
LEDS = table(
    ("MN316-S MN318", "0"),
    ("MN316 MN316A MN319 MN326 ML302A ML302S ML305A ML305M ML305U ML307A ML307G ML307R", "0-1"),
    ("ML307S", None),
)
CHIP = table(
    (f"{NB} ML305M ML305U ML307G", ("vbat", "temp")),
    ("ML302A ML302S ML305A ML307A ML307S", ("temp",)),
    ("ML307R", ()),
)
BANDS = table(
    ("MN316 MN316-S MN316A MN318 MN326", "1,3,5,8,20,28"),
    ("MN319", "5,8"),
    ("ML305M ML305U ML307G ML307R", "1,3,5,8,34,38,39,40,41"),
    ("ML302A ML302S ML305A ML307A ML307S", None),
)
LIGHT = table(
    (f"{NB} ML305M", "50/2000"),
    ("ML302A ML302S ML307A ML307G ML307R ML307S", "100/1900"),
    ("ML305A", "on"),
    ("ML305U", "100/2000"),
)
WITH_SCANS = (
    "ML302A-DCLM ML302A-DSLM ML302A-GCLM ML302A-GSLM ML305A-DC ML305A-DS ML307A-DCLN ML307A-DSLN ML307A-GCLN "
    "ML307A-GSLN ML307R-DC ML307R-DL ML307R-BL ML307R-BC"
)
WITH_PULSES = "ML307A-DCLN ML307A-DSLN ML307A-GCLN ML307A-GSLN ML307A-DL ML307G-DL ML307G-DC ML307R-DC ML307R-DL"
WITHOUT_PLACE = f"{NB} ML302S ML305U"


@pytest.mark.parametrize("series", f"{NB} {CAT1}".split())
def test_the_board_of_a_series(series: str) -> None:
    model = profile_of(series)

    def taken(command: str, name: str) -> str | None:
        return accepted(param(model, command, name)) if model.commands[command].available else None

    assert model.table(CELL).radio_fields == FIELDS[series]
    assert taken("MLOCKFREQ", "mode") == LOCKS[series]
    assert model.commands["MLOCKFREQ"].nv is (series not in f"{NB} ML307G".split())
    assert taken("MGPIO", "pin") == PIN_NUMBERS[series]
    assert taken("MADC", "channel") == CHANNELS[series]
    assert taken("MLED", "led_mode") == LEDS[series]
    chip = model.commands["MCHIPINFO"]
    assert (chip.params["kind"].choices if chip.available else ()) == CHIP[series]
    bands = taken("MBAND", "band")
    assert (bands.removeprefix("0,") if bands else None) == BANDS[series]
    assert model.table(PINS).light_registered == LIGHT[series]
    assert model.commands["MEMMTIMER"].available is (series == "ML307G")
    assert model.commands["MLBSLOC"].available is (series not in WITHOUT_PLACE.split())
    for command in ("CSCON", "CEDRXRDP"):
        assert model.commands[command].available is (model.family == "NB")


def test_scans_and_pulses_are_of_sub_models() -> None:
    for name in (name for names in SUB_MODELS.values() for name in names.split()):
        commands = profile_of(name).commands
        for command in ("MWIFISCANCFG", "MWIFISCANSTART", "MWIFISCANSTOP", "MWIFISCANQUERY"):
            assert commands[command].available is (name in WITH_SCANS.split()), (name, command)
        for command in ("MPWMDATA", "MPWMCTRL"):
            assert commands[command].available is (name in WITH_PULSES.split()), (name, command)
