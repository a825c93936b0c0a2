"""The difference between what was expected and what was received, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from onemo.dialogue.escapes import latin, unescaped
from onemo.dialogue.judge import Difference
from onemo.dialogue.matcher import Matcher
from onemo.dialogue.transcript import ANY, EXACT, Expected, Value, received_lines

_MOST = 250_000
"""Pairs of lines that are compared; of more, all are shown as different."""


class Row(NamedTuple):
    """A line of the difference. mark: ``-`` is missing, ``+`` was not expected, a blank is as it should be."""

    mark: str
    text: str


def rows(difference: Difference) -> list[Row]:
    """Show the step and what followed it, with as few marks as can be."""
    said = received_lines(difference.received)
    wanted = difference.expected
    head = [Row(" ", difference.action)] if difference.action else []
    if len(wanted) * len(said) > _MOST:
        return [*head, *(Row("-", each.text) for each in wanted), *(Row("+", line) for line in said)]
    return [*head, *_aligned(wanted, said, difference.values)]


def _aligned(wanted: tuple[Expected, ...], said: list[str], values: Mapping[str, bytes]) -> Iterator[Row]:
    """Align what was wanted with what was said, with as few marks as can be."""
    fits = [[_fits(each, line, values) for line in said] for each in wanted]
    costs = [[0] * (len(said) + 1) for _ in range(len(wanted) + 1)]
    for i in range(len(wanted), -1, -1):
        for j in range(len(said), -1, -1):
            costs[i][j] = min((cost for cost, _, _ in _moves(i, j, wanted, fits, costs)), default=0)
    i = j = 0
    while moves := list(_moves(i, j, wanted, fits, costs)):
        _, down, right = min(moves, key=lambda move: move[0])
        if down and right:
            yield Row(" ", said[j])
        elif right:
            covered = i < len(wanted) and wanted[i].text == ANY
            yield Row(" " if covered else "+", said[j])
        elif wanted[i].text != ANY:
            yield Row("-", _filled(wanted[i], values))
        i, j = i + down, j + right


def _moves(
    i: int, j: int, wanted: tuple[Expected, ...], fits: list[list[bool]], costs: list[list[int]]
) -> Iterator[tuple[int, int, int]]:
    """Yield each way to go on from wanted[i] and said[j]: the marks it leads to, and how far on it is in each."""
    anything = i < len(wanted) and wanted[i].pieces is None
    lines = len(costs[0]) - 1
    if i < len(wanted) and j < lines and not anything and fits[i][j]:
        yield costs[i + 1][j + 1], 1, 1
    if i < len(wanted):
        yield costs[i + 1][j] + (not anything), 1, 0
    if j < lines:
        yield costs[i][j + 1] + (not anything), 0, 1


def _fits(each: Expected, line: str, values: Mapping[str, bytes]) -> bool:
    kind, _, text = line.partition(" ")
    matcher = Matcher((each,), values)
    for byte in unescaped(text) if kind == EXACT else b"\r\n" + latin(text) + b"\r\n":
        matcher.receive(byte)
    return matcher.matches


def _filled(each: Expected, values: Mapping[str, bytes]) -> str:
    """Return the line as written, with the values that are known beside it."""
    names = {piece.name for piece in each.pieces or () if isinstance(piece, Value) and piece.name in values}
    if not names:
        return each.text
    known = ", ".join(f"{name} is {values[name].decode('latin-1')!r}" for name in sorted(names))
    return f"{each.text}    # {known}"
