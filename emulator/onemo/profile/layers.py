"""Files merged into one, lowest first, and where each of their values comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from onemo.errors import Mistake
from onemo.profile.shape import Problem, shaped_as

KeyPath = tuple[str, ...]
_STRUCTURE = frozenset({"extends", "sub_models"})
SOURCES = frozenset({"source", "sources"})


class Origin(NamedTuple):
    """Where a value was said last: the file, and the source it gives."""

    file: str
    source: str


class Layers:
    """Files merged so far, lowest first."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.origins: dict[KeyPath, Origin] = {}
        self.mistakes: list[Mistake] = []

    def merge(self, table: Mapping[str, Any], file: str, path: KeyPath = (), source: str = "") -> None:
        """Lay a table of a file over the values, key by key. source: of those that name none."""
        target = self.values
        for key in path:
            target = target.setdefault(key, {})
        source, sources = self._sources(table, file, path, source)
        for key, value in table.items():
            here = (*path, key)
            if key in SOURCES or (not path and key in _STRUCTURE):
                continue
            if isinstance(value, Mapping):
                if not isinstance(target.get(key, {}), dict):
                    self.mistakes.append(Mistake(file, ".".join(here), "is a table here and a value in the file below"))
                    continue
                self.merge(value, file, here, source)
                target.setdefault(key, {})
                continue
            said = sources.get(key, source)
            if not said:
                self.mistakes.append(Mistake(file, ".".join(here), "has no source: say where the value comes from"))
            target[key] = value
            self.origins[here] = Origin(file, said)

    def merge_below(self, table: Mapping[str, Any], file: str) -> None:
        """Merge a file under those that were merged already."""
        above = Layers()
        above.values, above.origins = self.values, self.origins
        self.values, self.origins = {}, {}
        self.merge(table, file, (), str(table.get("source", "")))
        _lay_over(self.values, above.values)
        self.origins.update(above.origins)

    def leave_out(self, families: Mapping[str, Mapping[str, Any]]) -> None:
        """Make the commands of those families unavailable that the model lacks. families: their base files, by name."""
        lacks = self.values.get("lacks")
        for name in lacks if isinstance(lacks, list) else ():
            for command in families.get(str(name), {}).get("commands", {}).keys() - SOURCES:
                self.values["commands"][command]["available"] = False
                self.origins["commands", command, "available"] = self.origins["lacks",]

    def shape(self, shapes: Mapping[str, Any], values: Mapping[str, Any], file: str) -> dict[str, Any]:
        """Convert the tables that shapes names. What is wrong, missing ones too, is added to the mistakes."""
        problems: list[Problem] = [((name,), "is missing") for name in shapes if name not in values]
        found = {name: shaped_as(shapes[name], values[name], (name,), problems) for name in shapes if name in values}
        self.tell(problems, file)
        return found

    def tell(self, problems: Sequence[Problem], file: str) -> None:
        """Add problems to the mistakes, each of the file that said the value."""
        for path, problem in problems:
            origin = nearest(self.origins, path)
            self.mistakes.append(Mistake(origin.file if origin else file, ".".join(path), problem))

    def _sources(self, table: Mapping[str, Any], file: str, path: KeyPath, above: str) -> tuple[str, dict[str, str]]:
        """Where the values of a table come from: all of them, and those that it names."""
        source, sources = table.get("source", above), table.get("sources", {})
        if not isinstance(source, str):
            self.mistakes.append(Mistake(file, ".".join((*path, "source")), "is no text"))
            source = above
        if not isinstance(sources, Mapping):
            self.mistakes.append(Mistake(file, ".".join((*path, "sources")), "is not a table"))
            sources = {}
        for key, said in sources.items():
            if key not in table or isinstance(table[key], Mapping) or not isinstance(said, str):
                self.mistakes.append(Mistake(file, ".".join((*path, "sources", key)), "is no source of a value here"))
        return source, {key: said for key, said in sources.items() if isinstance(said, str)}


def _lay_over(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    """Let what stands above count, table by table."""
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _lay_over(below[key], value)
        else:
            below[key] = value


def nearest(origins: Mapping[KeyPath, Origin], path: KeyPath) -> Origin | None:
    """Return where the value at path was said; else one below it, else the nearest table above it."""
    while path:
        if path in origins:
            return origins[path]
        below = [origin for key, origin in origins.items() if key[: len(path)] == path]
        if below:
            return below[-1]
        path = path[:-1]
    return None
