"""Finding and reading profiles: the ``extends`` chain, sub-models, and where each value comes from.

A file names the file it extends (``extends``) and says with ``source`` where its values come from: in a
table for all below it, the nearest one counting. A table of many values may say it of some in ``sources``.
A leaf without any source is a mistake. A sub-model may extend a file too, which is laid over its series'.
"""

from __future__ import annotations

import copy
import errno
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from onemo.errors import Mistake, ProfileError, UnknownModel
from onemo.profile.document import parse_toml, read_bytes
from onemo.profile.layers import KeyPath, Layers, Origin, nearest
from onemo.profile.schema import BY_NAME, Profile, Table
from onemo.profile.shape import Problem, fitting, hints_of, shaped

_PACKAGE = Path(__file__).resolve().parent.parent
_MAX_CHAIN = 8
_LONGEST_NAME = 255
_BASE = "base"
"""The folder of what every model has unless a file above says otherwise, one file a family."""


class LoadedProfile:
    """A profile and, for each value's key path, where it comes from.

    whole: every file was read. In any other profile the base files of some families are left until ``read``, and
    nothing that other files say of those families counts until then.
    """

    def __init__(self, file: Path, layers: Layers, profile: Profile, left: Mapping[str, Path] | None = None) -> None:
        self.file = file
        self.profile = profile
        self.whole = left is None
        self._layers = layers
        self._left = dict(left or {})

    @property
    def origins(self) -> Mapping[KeyPath, Origin]:
        """Where each value was said last, by key path."""
        return self._layers.origins

    @property
    def mistakes(self) -> Sequence[Mistake]:
        """The mistakes found so far; the profile then holds what was said below, so that more can be found."""
        return self._layers.mistakes

    def origin(self, path: KeyPath) -> Origin | None:
        """Where the value at path, or the nearest table above it, was said."""
        return nearest(self.origins, path)

    def read(self, family: str, tables: Sequence[Table[Any]]) -> dict[str, Any]:
        """Read what was left of a family: its entries join the profile's; return its own tables by name.

        Raises ProfileError with every mistake.
        """
        if self.whole:
            return {table.name: self.profile.tables[table.name] for table in tables}
        layers, profile = self._layers, self.profile
        values, shapes = layers.values, {table.name: table.shape for table in tables}
        if (file := self._left.get(family)) is not None:
            document = _read(file)
            del self._left[family]  # not before: it may be read another time
            layers.merge_below(document, file.name)
            layers.leave_out({family: document})
            values, shapes = {**layers.values, **_entries(layers.values, document)}, {**_NAMED, **shapes}
        found = layers.shape(shapes, values, self.file.name)
        if layers.mistakes:
            raise ProfileError(list(layers.mistakes))
        for name in BY_NAME:
            getattr(profile, name).update(found.pop(name, {}))
        return found


def _entries(values: Mapping[str, Any], *documents: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables of named entries, with those entries alone that some documents have."""
    known = {table: {name for document in documents for name in document.get(table, ())} for table in BY_NAME}
    return {
        table: {name: value for name, value in values.get(table, {}).items() if name in known[table]}
        for table in BY_NAME
    }


_SECTIONS = {name: hint for name, hint in hints_of(Profile).items() if name != "tables"}
_NAMED: dict[str, Any] = {name: _SECTIONS[name] for name in BY_NAME}


def builtin_directory() -> Path:
    """Return the folder of the profiles that come with the package: inside a wheel, or beside it in a checkout."""
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
    """Return the sub-models that a file names, first the one that the series name stands for."""
    document = _read(file)
    return list(_sub_models(document, file)) or [str(document.get("series", file.stem))]


def find(name: str, directories: Sequence[Path] = ()) -> tuple[Path, str | None]:
    """Find the file of a series or sub-model, and the sub-model where one was named. Raises UnknownModel.

    Upper and lower case are the same.
    """
    files = model_files(directories)
    wanted = name.lower()
    stem = next((stem for stem in _stems(wanted) if stem in files), None)
    if stem is not None:
        if wanted == stem:
            return files[stem], None
        names = {sub.lower(): sub for sub in sub_models(files[stem])}
        if wanted in names:
            return files[stem], names[wanted]
    raise UnknownModel(name, _nearest_names(wanted, files))


def load(name: str, directories: Sequence[Path] = (), tables: Sequence[Table[Any]] = ()) -> LoadedProfile:
    """Load the whole profile of a series (its first sub-model) or of a sub-model; tables: those of the families.

    Raises UnknownModel when there is none, ProfileError with every mistake when it is no good.
    """
    file, sub_model = find(name, directories)
    return load_file(file, sub_model, directories, tables)


def load_file(
    file: Path, sub_model: str | None = None, directories: Sequence[Path] = (), tables: Sequence[Table[Any]] = ()
) -> LoadedProfile:
    """Read one file with all it extends, as sub_model (None: its first). Raises ProfileError."""
    loaded = inspect_file(file, sub_model, directories, tables)
    if loaded.mistakes:
        raise ProfileError(list(loaded.mistakes))
    return loaded


def inspect_file(
    file: Path, sub_model: str | None = None, directories: Sequence[Path] = (), tables: Sequence[Table[Any]] = ()
) -> LoadedProfile:
    """Read one file like load_file, but tell what is wrong in ``mistakes``, as far as a profile can be made at all."""
    places = (file.parent, *directories, builtin_directory())
    documents, _ = _chain(file, places, None)
    layers = _merged(documents, file, places, sub_model)
    profile, problems = _typed(layers.values, tables)
    layers.tell(problems, file.name)
    profile = profile or _repaired(layers, _merged(documents[:-1], file, places), tables)
    if profile is None:
        raise ProfileError(layers.mistakes)
    return LoadedProfile(file, layers, profile)


def is_builtin(file: Path) -> bool:
    """Tell whether a profile came with the package; those extend none but each other."""
    return file.is_relative_to(builtin_directory())


def load_part(file: Path, sub_model: str | None, families: Collection[str]) -> LoadedProfile:
    """Load a built-in profile with the base files of some families alone. Raises ProfileError."""
    places = (file.parent, builtin_directory())
    documents, left = _chain(file, places, families)
    layers = _merged(documents, file, places, sub_model)
    own = {key: layers.values[key] for key in Profile._fields if key in layers.values}
    base = [document for path, document in documents if path.parent.name == _BASE]
    values = {**own, **_entries(layers.values, *base)}
    profile, problems = shaped(Profile, values)
    layers.tell(problems, file.name)
    if profile is None:
        raise ProfileError(layers.mistakes)
    return LoadedProfile(file, layers, profile, left)


def _merged(
    documents: Sequence[tuple[Path, dict[str, Any]]], file: Path, places: Sequence[Path], sub_model: str | None = None
) -> Layers:
    """Merge the files of a chain; where file is the last of them, as the sub-model that is meant."""
    layers = Layers()
    for path, document in documents:
        source = str(document.get("source", ""))
        layers.merge(document, path.name, (), source)
        if path is file:
            subs = _sub_models(document, file)
            chosen = sub_model or next(iter(subs), None) or str(document.get("series", file.stem))
            own = subs.get(chosen, {})
            if "extends" in own:
                shared = _beside(file, own["extends"], places)
                common = _read(shared)
                layers.merge(common, shared.name, (), str(common.get("source", "")))
            layers.merge(own, file.name, (), source)
            layers.values["sub_model"] = chosen
    layers.leave_out({path.stem: document for path, document in documents if path.parent.name == _BASE})
    return layers


def _typed(values: Mapping[str, Any], tables: Sequence[Table[Any]]) -> tuple[Profile | None, list[Problem]]:
    """Convert the values to a profile with the tables of families; None, and every problem, where they are none."""
    shapes = {table.name: table.shape for table in tables}
    sections = {**_SECTIONS, **shapes}
    # No family of today names errors of the classes CMS and CIS.
    given, problems = fitting(sections, {"cms": {}, "cis": {}, **values})
    needed = [name for name in sections if name not in Profile._field_defaults]
    problems += [((name,), "is missing") for name in needed if name not in given and name not in values]
    if problems:
        return None, problems
    own = {name: value for name, value in given.items() if name not in shapes}
    return Profile(**own, tables={name: given[name] for name in shapes}), problems


def _repaired(layers: Layers, below: Layers, tables: Sequence[Table[Any]]) -> Profile | None:
    """Return the profile with each mistaken value as the files below have it, or without it; None if that is none."""
    values = copy.deepcopy(layers.values)
    for mistake in layers.mistakes:
        *path, last = mistake.key.split(".")
        target, other = values, below.values
        for key in path:
            target, other = target.get(key, {}), other.get(key, {})
            if not isinstance(target, dict) or not isinstance(other, dict):
                break
        else:
            target.pop(last, None)
            if last in other:
                target[last] = other[last]
    values["sub_model"] = layers.values["sub_model"]
    return _typed(values, tables)[0]


def _chain(
    file: Path, places: Sequence[Path], families: Collection[str] | None
) -> tuple[list[tuple[Path, dict[str, Any]]], dict[str, Path]]:
    """Read the files from the lowest up to file; return them, and the base files that are left.

    A file that extends a folder extends every file in it; families: of the base files these alone.
    """
    documents: list[tuple[Path, dict[str, Any]]] = []
    left: dict[str, Path] = {}
    current: Path | None = file
    while current is not None:
        if len(documents) == _MAX_CHAIN:
            raise ProfileError([Mistake(current.name, "extends", f"the chain is longer than {_MAX_CHAIN} files")])
        document = _read(current)
        documents.append((current, document))
        parent = document.get("extends")
        if parent is None:
            break
        near = _near(current, parent, places)
        if folder := _folder([place / parent for place in near]):
            left = {name: path for name, path in folder.items() if families is not None and name not in families}
            documents += [(path, _read(path)) for name, path in folder.items() if name not in left]
            break
        current = _beside(current, parent, places)
    return documents[::-1], left


def _near(file: Path, parent: object, places: Sequence[Path]) -> tuple[Path, ...]:
    """Return where the file may be that another one extends. Raises ProfileError: its name is none."""
    if not isinstance(parent, str) or len(parent) > _LONGEST_NAME or "\0" in parent:
        raise ProfileError([Mistake(file.name, "extends", "is not the name of a file")])
    return tuple(dict.fromkeys((file.parent, *places)))


def _beside(file: Path, parent: str, places: Sequence[Path]) -> Path:
    """Find the file that another one extends. Raises ProfileError."""
    near = _near(file, parent, places)
    found = next((place / parent for place in near if (place / parent).is_file()), None)
    if found is None:
        where = ", ".join(map(str, near))
        raise ProfileError([Mistake(file.name, "extends", f"there is no file {parent!r} in {where}")])
    return found


def _folder(places: Sequence[Path]) -> dict[str, Path]:
    """Return the files of a folder, by name; what stands in a place before others counts."""
    return {file.stem: file for place in reversed(places) if place.is_dir() for file in sorted(place.glob("*.toml"))}


def _sub_models(document: Mapping[str, Any], file: Path) -> Mapping[str, Mapping[str, Any]]:
    subs = document.get("sub_models", {})
    if not isinstance(subs, Mapping) or not all(isinstance(own, Mapping) for own in subs.values()):
        raise ProfileError([Mistake(file.name, "sub_models", "is not a table of tables")])
    return subs


def _read(file: Path) -> dict[str, Any]:
    """Read a file, one of ours once only: nobody changes what is returned. Raises ProfileError."""
    return _read_ours(file) if is_builtin(file) else _parse(file, checked=True)


@cache
def _read_ours(file: Path) -> dict[str, Any]:
    return _parse(file, checked=False)


def _parse(file: Path, *, checked: bool) -> dict[str, Any]:
    try:
        if file.is_fifo():  # to open it would wait for a writer
            raise OSError(errno.EINVAL, "it is a pipe")
        return parse_toml(read_bytes(file), checked=checked)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ProfileError([Mistake(str(file), "", f"cannot be read: {reason}")]) from error
    except ValueError as error:
        raise ProfileError([Mistake(file.name, "", f"is not valid TOML: {error}")]) from error


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
