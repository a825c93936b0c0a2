"""Finding and reading profiles: the ``extends`` chain, sub-models, and where each value comes from.

A file names the file it extends (``extends``) and says with ``source`` where its values come from: in a
table for all below it, the nearest one counting. A table of many values may say it of some in ``sources``.
A leaf without any source is a mistake.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from onemo.errors import Mistake, ProfileError, UnknownModel
from onemo.profile.schema import Profile
from onemo.profile.shape import shaped

KeyPath = tuple[str, ...]
_STRUCTURE = frozenset({"extends", "sub_models"})
_SOURCES = frozenset({"source", "sources"})
_PACKAGE = Path(__file__).resolve().parent.parent
_MAX_CHAIN = 8


class Origin(NamedTuple):
    """Where a value was said last: the file, and the source it gives."""

    file: str
    source: str


class LoadedProfile(NamedTuple):
    """A complete profile and, for each value's key path, where it comes from."""

    profile: Profile
    file: Path
    origins: Mapping[KeyPath, Origin]
    mistakes: tuple[Mistake, ...] = ()
    """What is wrong with it; the profile then holds what was said below, so that more can be found."""

    def origin(self, path: KeyPath) -> Origin | None:
        """Where the value at path, or the nearest table above it, was said."""
        return _nearest(self.origins, path)


class _Layers:
    """Files merged so far, lowest first."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.origins: dict[KeyPath, Origin] = {}
        self.mistakes: list[Mistake] = []

    def merge(self, table: Mapping[str, Any], file: str, path: KeyPath = (), source: str = "") -> None:
        target = self.values
        for key in path:
            target = target.setdefault(key, {})
        source, sources = self._sources(table, file, path, source)
        for key, value in table.items():
            here = (*path, key)
            if key in _SOURCES or (not path and key in _STRUCTURE):
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


def builtin_directory() -> Path:
    """The profiles that come with the package: inside a wheel, or beside it in a checkout."""
    packaged = _PACKAGE / "_profiles"
    return packaged if packaged.is_dir() else _PACKAGE.parent.parent / "profiles"


def model_files(directories: Sequence[Path] = ()) -> dict[str, Path]:
    """Every series on offer, by its lower-case file name: the user's directories before the built-in one."""
    files: dict[str, Path] = {}
    for directory in (*directories, builtin_directory()):
        # Where models have a folder of their own, what lies beside it are the files that they extend.
        models = directory / "models"
        for file in sorted((models if models.is_dir() else directory).glob("*.toml")):
            files.setdefault(file.stem.lower(), file)
    return files


def sub_models(file: Path) -> list[str]:
    """The sub-models that a file names, first the one that the series name stands for."""
    document = _read(file)
    return list(_sub_models(document, file)) or [str(document.get("series", file.stem))]


def find(name: str, directories: Sequence[Path] = ()) -> tuple[Path, str | None]:
    """The file of a series or sub-model, and the sub-model where one was named. Raises UnknownModel.

    Upper and lower case are the same.
    """
    files = model_files(directories)
    wanted = name.lower()
    stem = next((stem for stem in _stems(wanted) if stem in files), None)
    if stem is not None:
        names = {sub.lower(): sub for sub in sub_models(files[stem])}
        if wanted == stem or wanted in names:
            return files[stem], names.get(wanted)
    raise UnknownModel(name, _nearest_names(wanted, files))


def load(name: str, directories: Sequence[Path] = ()) -> LoadedProfile:
    """The profile of a series (its first sub-model) or of a sub-model.

    Raises UnknownModel when there is none, ProfileError with every mistake when it is no good.
    """
    file, sub_model = find(name, directories)
    return load_file(file, sub_model, directories)


def load_file(file: Path, sub_model: str | None = None, directories: Sequence[Path] = ()) -> LoadedProfile:
    """Read one file with all it extends, as sub_model (None: its first). Raises ProfileError."""
    loaded = inspect_file(file, sub_model, directories)
    if loaded.mistakes:
        raise ProfileError(list(loaded.mistakes))
    return loaded


def inspect_file(file: Path, sub_model: str | None = None, directories: Sequence[Path] = ()) -> LoadedProfile:
    """As load_file, but what is wrong is told in ``mistakes``, as far as a profile can be made at all."""
    layers = _Layers()
    documents = _chain(file, (file.parent, *directories, builtin_directory()))
    for path, document in documents[:-1]:
        layers.merge(document, path.name, (), str(document.get("source", "")))
    below = copy.deepcopy(layers.values)
    leaf = documents[-1][1]
    layers.merge(leaf, file.name, (), str(leaf.get("source", "")))
    subs = _sub_models(leaf, file)
    chosen = sub_model or next(iter(subs), None) or str(leaf.get("series", file.stem))
    layers.merge(subs.get(chosen, {}), file.name, (), str(leaf.get("source", "")))
    layers.values["sub_model"] = chosen
    profile = _validate(layers, file.name) or _repaired(layers, below, chosen)
    if profile is None:
        raise ProfileError(layers.mistakes)
    return LoadedProfile(profile, file, layers.origins, tuple(layers.mistakes))


def _validate(layers: _Layers, file: str) -> Profile | None:
    profile, problems = shaped(Profile, layers.values)
    for path, problem in problems:
        origin = _nearest(layers.origins, path)
        layers.mistakes.append(Mistake(origin.file if origin else file, ".".join(path), problem))
    return profile


def _repaired(layers: _Layers, below: dict[str, Any], sub_model: str) -> Profile | None:
    """The profile with each mistaken value as the file below has it, or without it; None if that is no profile."""
    values = copy.deepcopy(layers.values)
    for mistake in layers.mistakes:
        *path, last = mistake.key.split(".")
        target, other = values, below
        for key in path:
            target, other = target.get(key, {}), other.get(key, {})
            if not isinstance(target, dict) or not isinstance(other, dict):
                break
        else:
            target.pop(last, None)
            if last in other:
                target[last] = other[last]
    values["sub_model"] = sub_model
    return shaped(Profile, values)[0]


def _nearest(origins: Mapping[KeyPath, Origin], path: KeyPath) -> Origin | None:
    while path:
        if path in origins:
            return origins[path]
        below = [origin for key, origin in origins.items() if key[: len(path)] == path]
        if below:
            return below[-1]
        path = path[:-1]
    return None


def _chain(file: Path, places: Sequence[Path]) -> list[tuple[Path, dict[str, Any]]]:
    """The files from the one that extends nothing up to file."""
    documents: list[tuple[Path, dict[str, Any]]] = []
    current: Path | None = file
    while current is not None:
        if len(documents) == _MAX_CHAIN:
            raise ProfileError([Mistake(current.name, "extends", f"the chain is longer than {_MAX_CHAIN} files")])
        document = _read(current)
        documents.append((current, document))
        parent = document.get("extends")
        if parent is None:
            break
        near = (current.parent, *places)
        found = next((place / str(parent) for place in near if (place / str(parent)).is_file()), None)
        if found is None:
            where = ", ".join(dict.fromkeys(str(place) for place in near))
            raise ProfileError([Mistake(current.name, "extends", f"there is no file {parent!r} in {where}")])
        current = found
    return documents[::-1]


def _sub_models(document: Mapping[str, Any], file: Path) -> Mapping[str, Mapping[str, Any]]:
    subs = document.get("sub_models", {})
    if not isinstance(subs, Mapping) or not all(isinstance(own, Mapping) for own in subs.values()):
        raise ProfileError([Mistake(file.name, "sub_models", "is not a table of tables")])
    return subs


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError([Mistake(file.name, "", f"is not valid TOML: {error}")]) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ProfileError([Mistake(str(file), "", f"cannot be read: {reason}")]) from error


def _stems(name: str) -> Iterator[str]:
    """``mn316-s-dlvs``, ``mn316-s``, ``mn316``: the longest series name wins."""
    while name:
        yield name
        name = name.rpartition("-")[0]


def _nearest_names(wanted: str, files: Mapping[str, Path]) -> list[str]:
    import difflib  # only needed when a name is wrong

    names: dict[str, str] = {}
    for stem, file in files.items():
        names[stem] = stem.upper()
        try:
            names.update((sub.lower(), sub) for sub in sub_models(file))
        except ProfileError:
            continue  # a user's broken file is reported when it is asked for
    return [names[key] for key in difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)]
