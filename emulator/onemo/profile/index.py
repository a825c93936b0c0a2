"""Labels of instances: the index that counts them in commands, and a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

CONNECT_ID = "connect_id"
_OTHERS = ("seq", "time", "took", "console")


class Index(NamedTuple):
    """The index that counts the instances of a family, named like its parameter in the commands.

    about: of the fault key that confines a fault to one of them; urcs: a pattern of the URCs that tell such a number
    (group 1). noun: an instance in plain words; "": it has no other name than the index.
    """

    name: str
    about: str
    urcs: bytes
    noun: str = ""


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

    def __str__(self) -> str:
        return f"{self.of.noun or self.of.name} {self.number}"


def label_of(entry: Mapping[str, object], indices: Iterable[Index]) -> Label | None:
    """Find the label in a trace's entry in JSON: a whole number that is no sequence number, time or console.

    indices: those that are known; an entry of another emulator may have one that is not.
    """
    for name, number in entry.items():
        if type(number) is int and name not in _OTHERS:
            return Label(next((each for each in indices if each.name == name), Index(name, "", b"")), number)
    return None
