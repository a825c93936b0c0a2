"""The serial line: AT+IPR and AT+IFC (V.250 6.2.10, 6.2.12)."""

from __future__ import annotations

from onemo.at.command import Setting
from onemo.at.family import FamilyDefinition
from onemo.modem.modem import Modem
from onemo.modem.slots import BAUD_RATE, FLOW_CONTROL

DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(Setting(BAUD_RATE), Setting(FLOW_CONTROL)),
    shows={"IPR": ("power",)},
    kept_only={"IFC": "no link loses a byte, with or without flow control"},
    remarks={
        "IPR": "at 0 some models keep the banner back until the first command; on a pseudo-terminal the DTE may"
        " have any rate (`--strict-baud`)"
    },
)
