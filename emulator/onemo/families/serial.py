"""The serial line: AT+IPR and AT+IFC (V.250 6.2.10, 6.2.12)."""

from __future__ import annotations

from onemo.at.command import Declaration, Setting
from onemo.modem.modem import Modem
from onemo.modem.slots import BAUD_RATE, FLOW_CONTROL

DECLARATIONS: tuple[Declaration[Modem], ...] = (Setting(BAUD_RATE), Setting(FLOW_CONTROL))
