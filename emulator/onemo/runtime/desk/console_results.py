"""The results of the desk's console."""

from __future__ import annotations

from typing import Literal, NamedTuple

PATIENCE = 10.0
"""Seconds for a final result code, unless others are given."""
ConsoleState = Literal["command", "entry", "transparent", "busy", "off"]


class ConsoleAnswer(NamedTuple):
    """The answer to what was typed at the desk's console.

    console: its number. lines: those of the answer, each character a byte; URCs and echo are not among them. ok: it
    ended with OK or CONNECT, or data went its way. state: what is taken next: a command, the data of a > entry or of a
    transparent connection, or nothing, as a command still runs or the module is off. problem: why it is not ok where no
    result code tells, else "".
    """

    console: int
    lines: list[str]
    ok: bool
    state: ConsoleState
    problem: str


class CommandInfo(NamedTuple):
    """A command of a model. forms: what may follow its name, "" for nothing; test: the answer of its test form."""

    name: str
    forms: list[str]
    test: list[str]
