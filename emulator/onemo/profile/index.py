"""Labels of instances: the name of the index that counts them in commands, and a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

CONNECT_ID = "connect_id"
NOUNS = {CONNECT_ID: "connection"}
_OTHERS = ("seq", "time", "took", "console")


class Label(NamedTuple):
    """Name of one instance in traces and fault scopes, like connect_id 0 or httpid 1.

    index_name: that of the parameter by which commands choose the instance. As text: ``connection 0``, ``httpid 1``.
    """

    index_name: str
    number: int

    def __str__(self) -> str:
        return f"{NOUNS.get(self.index_name, self.index_name)} {self.number}"


def label_of(entry: Mapping[str, object]) -> Label | None:
    """Find the label in a trace's entry in JSON: a whole number that is no sequence number, time or console."""
    found = (Label(name, n) for name, n in entry.items() if type(n) is int and name not in _OTHERS)
    return next(found, None)
