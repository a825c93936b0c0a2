"""The shape of the source, read off its syntax trees: sizes, names, docstrings, and the homes of nurseries.

Each rule has a list of offenders that are known. It only shrinks: a new offender fails, and so does an entry that is
none any more.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60
EMPTY_OPENINGS = ("What", "Whether", "Those", "Of", "As", "See")
"""First words of docstrings that promise nothing."""
MOST_EMPTY = 1 / 20
"""The share of docstrings that may begin so."""

LONG_FILES: set[str] = set()
LONG_FUNCTIONS: set[str] = set()
SHARED_NAMES: set[str] = set()
"""Names of classes that stand in two files."""
UNREVISED: set[str] = set()
"""Folders and files that lack docstrings, or have too many with an empty opening."""
NURSERIES = {
    "emulator/onemo/runtime": "the shell",
    "emulator/onemo/cli": "the outermost task of a program",
    "emulator/onemo/control/http.py": "a task for each connection",
    "emulator/onemo/control/stream.py": "a watch on the reader while it is written to",
    "emulator/onemo/control/gateway.py": "all processes are asked at once",
    "emulator/onemo/faults/seams/network.py": "what is delayed outlives the call that was delayed",
    "emulator/onemo/link/rfc2217.py": "the modem lines are told while bytes pass",
    "emulator/onemo/net/sandbox": "servers, and a task for each of their connections",
}
"""Folders and files that open nurseries, and why. All else is driven by the shell."""

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class Source(NamedTuple):
    """A file of Python. path: from the root of the repository."""

    path: str
    lines: int
    tree: ast.Module
    nodes: tuple[ast.AST, ...]


def _sources() -> Iterator[Source]:
    for folder in ("emulator", "scripts", "tests"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            tree = ast.parse(text)
            yield Source(file.relative_to(ROOT).as_posix(), len(text.splitlines()), tree, tuple(ast.walk(tree)))


SOURCES = tuple(_sources())
PRODUCT = tuple(source for source in SOURCES if source.path.startswith("emulator/"))
CLASSES = {node.name: node for source in PRODUCT for node in source.nodes if isinstance(node, ast.ClassDef)}


def compare(rule: str, found: Mapping[str, str], known: Collection[str]) -> None:
    """Fail for each offender that is not known, and for each known one that is none. found: the words for each."""
    problems = [told for offender, told in found.items() if offender not in known]
    problems += [f"{offender} is no offender any more: take it off the list" for offender in known - found.keys()]
    if problems:
        pytest.fail(f"{rule}\n  " + "\n  ".join(sorted(problems)), pytrace=False)


def home(path: str, homes: Collection[str]) -> str | None:
    """Return the one of these folders and files in which a file lies."""
    return next((each for each in homes if f"{path}/".startswith(f"{each}/")), None)


# ---- Sizes


def test_the_length_of_files() -> None:
    pages = (ROOT / "emulator/onemo/control/page").iterdir()
    sizes = {file.relative_to(ROOT).as_posix(): len(file.read_text().splitlines()) for file in pages}
    sizes |= {source.path: source.lines for source in SOURCES}
    found = {path: f"{path}: {lines} lines" for path, lines in sizes.items() if lines > MOST_LINES}
    compare(f"A file has at most {MOST_LINES} lines.", found, LONG_FILES)


def test_the_length_of_functions() -> None:
    found: dict[str, str] = {}
    for source in SOURCES:
        for node in source.nodes:
            if isinstance(node, Function):
                size = (node.end_lineno or 0) - node.lineno + 1
                if size > MOST_LINES_OF_A_FUNCTION:
                    found[f"{source.path}: {node.name}"] = f"{source.path}:{node.lineno} {node.name}: {size} lines"
    compare(f"A function has at most {MOST_LINES_OF_A_FUNCTION} lines.", found, LONG_FUNCTIONS)


# ---- Names


def test_a_public_class_name_stands_once() -> None:
    files: dict[str, list[str]] = {}
    for source in PRODUCT:
        for node in source.nodes:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                files.setdefault(node.name, []).append(source.path)
    found = {name: f"{name}: {', '.join(where)}" for name, where in files.items() if len(where) > 1}
    compare("A public class name stands once in emulator/onemo.", found, SHARED_NAMES)


# ---- Docstrings


def bases(node: ast.ClassDef) -> Iterator[ast.ClassDef]:
    """Yield the base classes that are the product's."""
    for base in node.bases:
        name = base.value if isinstance(base, ast.Subscript) else base
        if isinstance(name, ast.Name) and name.id in CLASSES:
            yield CLASSES[name.id]


def is_protocol(node: ast.ClassDef) -> bool:
    """Tell whether a class is a protocol."""
    return any("Protocol" in ast.unparse(base) for base in node.bases)


@cache
def members(node: ast.ClassDef) -> frozenset[str]:
    """Return the names that a class declares, assigns to self, or inherits from a class of the product."""
    names = {name for base in bases(node) for name in members(base)}
    for each in ast.walk(node):
        match each:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.Attribute(attr=name, ctx=ast.Store()) | ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
    return frozenset(names)


@cache
def protocols() -> tuple[frozenset[str], ...]:
    """Return the members of each protocol of the product."""
    return tuple(members(node) for node in CLASSES.values() if is_protocol(node))


def promised(node: ast.ClassDef) -> set[str]:
    """Return the methods that a base class, or a protocol that the class implements, promises already."""
    names = {name for base in bases(node) for name in members(base)}
    if not is_protocol(node):
        names.update(*(protocol for protocol in protocols() if protocol <= members(node)))
    return names


def lacks_docstring(node: ast.AST) -> bool:
    """Tell whether this is a public class or function that says nothing. The getter of a property speaks for it."""
    return (
        isinstance(node, ast.ClassDef | Function)
        and not node.name.startswith("_")
        and not any(isinstance(each, ast.Attribute) and each.attr == "setter" for each in node.decorator_list)
        and ast.get_docstring(node) is None
    )


def undocumented(source: Source) -> Iterator[str]:
    """Yield each module, public class, function and method of a public class that nothing documents."""
    if ast.get_docstring(source.tree) is None:
        yield f"{source.path}: the module"
    for node in source.tree.body:
        if lacks_docstring(node) and isinstance(node, ast.ClassDef | Function):
            yield f"{source.path}:{node.lineno} {node.name}"
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for each in node.body:
                if lacks_docstring(each) and isinstance(each, Function) and each.name not in promised(node):
                    yield f"{source.path}:{each.lineno} {node.name}.{each.name}"


def openings(source: Source) -> Iterator[str]:
    """Yield the first word of each docstring."""
    for node in source.nodes:
        if isinstance(node, ast.Module | ast.ClassDef | Function) and (text := ast.get_docstring(node)):
            yield text.split()[0].rstrip(".,:;")


def too_empty(words: Collection[str]) -> bool:
    """Tell whether too many of these openings promise nothing."""
    return sum(word in EMPTY_OPENINGS for word in words) >= MOST_EMPTY * max(len(words), 1)


def test_everything_public_has_a_docstring() -> None:
    found: dict[str, str] = {}
    words: dict[str, list[str]] = {}
    for source in SOURCES:
        place = home(source.path, UNREVISED)
        if not source.path.startswith("tests/"):
            found.update({place or told: told for told in undocumented(source)})
        if place:
            words.setdefault(place, []).extend(openings(source))
    found.update({place: place for place, said in words.items() if too_empty(said)})
    compare("Everything public has a docstring; an override has that of its base or protocol.", found, UNREVISED)


def test_few_docstrings_have_an_empty_opening() -> None:
    words = [word for source in SOURCES if not home(source.path, UNREVISED) for word in openings(source)]
    empty = {word: count for word, count in Counter(words).items() if word in EMPTY_OPENINGS}
    print(f"{len(words)} docstrings in revised files; with an empty opening: {empty or 'none'}")
    assert not too_empty(words), f"Fewer than one docstring in twenty begins with one of these: {empty}"


# ---- Nurseries


def test_nurseries_live_in_the_shell() -> None:
    found: dict[str, str] = {}
    for source in PRODUCT:
        for node in source.nodes:
            match node:
                case ast.Attribute(attr="open_nursery") | ast.alias(name="open_nursery"):
                    where = home(source.path, NURSERIES) or source.path
                    found[where] = f"{source.path}:{node.lineno}"
    compare("Nurseries live in the shell, and where NURSERIES says why.", found, NURSERIES.keys())
