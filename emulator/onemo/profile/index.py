"""Labels of instances: the index that counts them in commands, and a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

CONNECT_ID = "connect_id"
PART = "connection"
"""The key of an index's part in a trace's entry in JSON."""
_OTHERS = ("seq", "time", "took", "console", PART)


class Index(NamedTuple):
    """The index that counts the instances of a family, named like its parameter in the commands.

    about: of the fault key that confines a fault to one of them; urcs: a pattern of the URCs that tell such a number
    (group 1). noun: an instance in plain words; "": it has no other name than the index. part: which of the connections
    of an instance, where it has several; "": the first.
    """

    name: str
    about: str
    urcs: bytes
    noun: str = ""
    part: str = ""


class Label(NamedTuple):
    """Name of one instance in traces and fault scopes, like connect_id 0 or httpid 1.

    of: the index that counts it. As text: ``connection 0``, ``httpid 1``.
    """

    of: Index
    number: int

    @property
    def index_name(self) -> str:
        """The name of the parameter by which commands choose the instance."""
        return self.of.name

    def is_among(self, labels: Iterable[Label]) -> bool:
        """Tell whether it names an instance of these, whichever connection of that."""
        return any((self.index_name, self.number) == (each.index_name, each.number) for each in labels)

    def __str__(self) -> str:
        return f"{self.of.noun or self.of.name} {self.number}"


def label_of(entry: Mapping[str, object], indices: Iterable[Index]) -> Label | None:
    """Find the label in a trace's entry in JSON: a whole number that is no sequence number, time or console.

    indices: those that are known; an entry of another emulator may have one that is not.
    """
    for name, number in entry.items():
        if type(number) is int and name not in _OTHERS:
            part = entry.get(PART, "")
            known = (each for each in indices if (each.name, each.part) == (name, part))
            return Label(next(known, Index(name, "", b"", part=str(part))), number)
    return None
