"""Parts of the second reading of the manual: the series, and tables over them."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from onemo.profile.schema import ParamSection, Profile

from tests.support.profiles import load

T = TypeVar("T")

NB = "MN316 MN316-S MN316A MN318 MN319 MN326"
CAT1 = "ML302A ML305A ML307A ML302S ML307S ML305U ML305M ML307R ML307G"
ASR = ["ML302A", "ML305A", "ML307A", "ML307R"]
SERIES = f"{NB} {CAT1}".split()
"""Those of the manual's first editions; test_newer_facts.py has the others."""

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
    "ML305M": "ML305M-DSLM ML305M-DALM",
    "ML307R": "ML307R-DC ML307R-DL ML307R-BL ML307R-MC ML307R-ML ML307R-BC",
    "ML307G": "ML307G-DL ML307G-DC",
}


NEWER = {
    "ML307C": "ML307C-DL-CN ML307C-DC-CN",
    "ML307M": "ML307M-DL ML307M-DA ML307M-DH",
    "ML307N": "ML307N-DC ML307N-DL",
    "ML307H": "ML307H-DU ML307H-GU",
    "ML307X": "ML307X-DB ML307X-DC",
    "MR880A": "MR880A MR880A-Mini-PCIe MR880A-M.2",
    "MN326A": "MN326A-DG",
}


def table(*rows: tuple[str, T]) -> dict[str, T]:
    """Each series' value, from rows that name the series they are about; each must be named once."""
    values = {series: value for names, value in rows for series in names.split()}
    assert sorted(series for names, _ in rows for series in names.split()) == sorted(SERIES)
    return values


def without(names: str, series: str) -> str:
    return " ".join(name for name in names.split() if name != series)


@cache
def profile_of(name: str) -> Profile:
    return load(name).profile


def param(model: Profile, command: str, name: str) -> ParamSection:
    return model.commands[command].params[name]


def accepted(section: ParamSection) -> str | None:
    return section.range.text if section.range else None


def luhn(digits: str) -> int:
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10
