"""What ``ctl show`` tells of the rest around a module: the board, cells, the card, calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from onemo.cli.page import Page

_BOARD = ("search", "dialup", "adc", "pwm", "lights", "chip", "state_pin", "place", "wifi")
_LISTS = {"Cells": "cells", "Pins": "pins", "Calls": "calls"}
_CARD = ("channels", "pin_tries", "puk_tries")


def show_surroundings(page: Page, state: Mapping[str, Any], cell: Callable[[object], str]) -> None:
    """Add to a page what a module's state tells of them; what it has none of is left out. cell: shows a value."""
    page.heading("Board", above=True)
    page.table(("What", "State"), [(name, cell(state[name])) for name in _BOARD if state.get(name) not in (None, [])])
    for title, name in _LISTS.items():
        if rows := state.get(name):
            page.heading(title, above=True)
            page.table([key.capitalize() for key in rows[0]], [[cell(value) for value in row.values()] for row in rows])
    if card := state.get("card"):
        page.heading("Card", above=True)
        files = [(name, content or "(long)") for name, content in card["files"].items()]
        page.table(("What", "State"), [*((name, cell(card[name])) for name in _CARD), *files])
