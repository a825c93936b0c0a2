"""The V.250 basics: ATE, ATV, ATQ, ATS3-5, ATZ, AT&F, and AT+CMEE (27.007 9.1)."""

from __future__ import annotations

from typing import NamedTuple

from emulator.at.command import Action, Declaration, Setting
from emulator.at.params import Defaulted
from emulator.at.reply import DONE, Reply
from emulator.modem.modem import Modem
from emulator.modem.slots import BASICS


class Reset(NamedTuple):
    """ATZ and AT&F: which stored profile; these modules have one."""

    value: Defaulted


def _apply(modem: Modem, record: object) -> None:
    modem.apply_basics()


def _reset(modem: Modem, record: Reset) -> Reply:
    """The settings of V.250 and AT+CMEE as after a start; connections stay. [decided]"""
    modem.settings.reset(*BASICS)
    modem.apply_basics()
    return DONE


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    *(Setting(slot, changed=_apply) for slot in BASICS),
    Action("Z", Reset, _reset),
    Action("&F", Reset, _reset),
)
