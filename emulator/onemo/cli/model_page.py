"""The page of a whole model: its values and its commands, each with the source that its profile gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from onemo.at.grammar import Form
from onemo.at.registry import declarations, test_answer, typed
from onemo.cli.page import Cell, Page
from onemo.families import FAMILIES
from onemo.profile.layers import KeyPath
from onemo.profile.loader import LoadedProfile
from onemo.profile.ranges import Range
from onemo.profile.schema import ErrorSection
from onemo.profile.shape import hints_of, is_key
from onemo.runtime.models import Model, family_tables

SECTIONS = {
    "identity": "Identity",
    "line": "The line to the DTE (bytes, seconds)",
    "power": "Start and restart (seconds)",
    "sleep": "Sleep and power saving (seconds)",
    "sim": "The SIM card",
    "card": "The files of the card, by identifier, and its keys",
    "radio": "The cell and the operator (seconds; the signal in the units of AT+CSQ and AT+CESQ)",
    "cells": "The cells on the air",
    "contexts": "PDP contexts",
    "dns": "Names",
    "clock": "The clock (zone in quarters of an hour)",
}
"""The tables of the device, by title; those of the families say their own."""
_ERRORS = {
    "cme": "+CME ERROR: number and text",
    "cms": "+CMS ERROR: number and text",
    "cis": "+CIS ERROR: number and text",
}
"""Tables that only ``show MODEL COMMAND`` prints."""
_FORMS = {Form.TEST: "test", Form.READ: "read", Form.SET: "set", Form.EXECUTE: "execute"}
MASK = "*"
_VALUE_HEADERS = ("Name", "Value", "Source", "File")


def describe_model(page: Page, model: Model, loaded: LoadedProfile) -> None:
    """Describe a model: its values section by section, then every command of the product, those that it lacks too."""
    profile = loaded.profile
    page.heading(profile.sub_model, f"{profile.family}, series {profile.series}, from {loaded.file}")
    own = [table.name for table in family_tables() if not table.own]
    for section in (*SECTIONS, *own):
        section_table(page, loaded, section)
    page.heading("Commands", above=True)
    page.table(("Command", "Forms", "Test form answers", "Source", "File"), _command_rows(model, loaded))
    answer_table(page, loaded, list(profile.answers))
    page.text()
    page.text(f"Parameters and their ranges: onemo-emulator show {profile.sub_model} COMMAND")


def answer_table(page: Page, loaded: LoadedProfile, lines: Sequence[str]) -> None:
    """Print answers of the profile's own, by their lines; without any nothing."""
    if not lines:
        return
    page.heading("Answers of the profile's own", above=True)
    rows = []
    for line in lines:
        answer = loaded.profile.answers[line]
        told = (*answer.lines, answer.result or "(nothing more)")
        after = f"{answer.delay:g} s" if answer.delay else ""
        source, file = said(loaded, ("answers", line))
        rows.append((line, "pattern" if answer.pattern else "line", "\n".join(told), after, source, file))
    page.table(("Typed", "As a", "Answer", "After", "Source", "File"), rows)


def section_table(page: Page, loaded: LoadedProfile, section: str) -> None:
    """Print one section of the profile under its title."""
    tables = {table.name: table for table in family_tables()}
    titles = {**SECTIONS, **_ERRORS, **{name: table.title for name, table in tables.items()}}
    page.heading(titles[section], above=True)
    values = loaded.profile.table(tables[section]) if section in tables else getattr(loaded.profile, section)
    if isinstance(values, tuple) and not hasattr(values, "_asdict"):
        values = {str(number): value for number, value in enumerate(values, 1)}
    items: Mapping[str, Any] = values._asdict() if hasattr(values, "_asdict") else values
    hints = hints_of(type(values)) if hasattr(values, "_fields") else {}
    rows = []
    for key, value in items.items():
        if value == {}:
            continue
        source, file = said(loaded, (section, key))
        shown = MASK * 8 if is_key in getattr(hints.get(key), "__metadata__", ()) else _shown(loaded, value)
        rows.append((key, shown, about(key, list(items), source), file))
    page.table(_VALUE_HEADERS, rows)


def _shown(loaded: LoadedProfile, value: object) -> str:
    """Return a value of a profile for a reader."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Range):
        return value.text
    if isinstance(value, str) and value in loaded.profile.cme:
        return f"{loaded.profile.cme[value].number} ({value})"
    if isinstance(value, str):
        text = value.replace("{sub_model}", loaded.profile.sub_model).replace("\r", r"\r").replace("\n", r"\n")
        return text or "none"
    if isinstance(value, ErrorSection):
        return f"{value.number} {value.text}"
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return ", ".join(f"{name} {_shown(loaded, part)}" for name, part in value._asdict().items())
    if isinstance(value, tuple):
        return ", ".join(_shown(loaded, part) for part in value) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{_shown(loaded, part)} for {name}" for name, part in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)


def said(loaded: LoadedProfile, path: KeyPath) -> tuple[str, str]:
    """Return the source of the value at path, and the file that says it."""
    origin = loaded.origins.get(path) or loaded.origin(path)
    return (origin.source, origin.file) if origin else ("", "")


def about(key: str, keys: Sequence[str], source: str) -> str:
    """Return the part of a table's source that speaks of key.

    A part that begins with names ("mtu, msl: manual 3.5") speaks of those keys; one that does not, of all others.
    """
    named: list[str] = []
    others: list[str] = []
    for part in source.split("; "):
        names, colon, rest = part.partition(": ")
        if not colon or any(name not in keys for name in names.split(", ")):
            others.append(part)
        elif key in names.split(", "):
            named.append(rest)
    return "; ".join(named or others) or source


def _command_rows(model: Model, loaded: LoadedProfile) -> Iterator[tuple[Cell, ...]]:
    for name in declarations(FAMILIES):
        bound = model.commands.get(name.encode())
        source, file = said(loaded, ("commands", name, "available"))
        if bound is None:
            yield typed(name), Text("unavailable", "yellow"), "", source, file
        else:
            forms = " ".join(word for form, word in _FORMS.items() if form in bound.forms)
            yield typed(name), forms, "\n".join(test_answer(bound)), source, file
