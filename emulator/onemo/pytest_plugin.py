"""The pytest plugin: a module for each test that asks for one, in a thread of the test process.

Every pytest run loads this where the emulator is installed, so it imports nothing before a fixture is used.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from onemo.runtime.dialogue import Dialogue
    from onemo.runtime.hosted import Hosted, HostedModule

__all__ = ["onemo", "onemo_class", "onemo_lab", "onemo_module", "onemo_session", "onemo_session_options"]

_MODEL = "ML307R"
_MOST_SHOWN = 8
"""Modules whose dialogue a report shows."""
_SHORT = 5
"""Lines of it beside an assertion; pytest shows no more than eight."""
_ATTACHED = 1000
"""Lines of it in the JUnit report."""
_LONGEST_NAME = 150
"""Characters of a file's name."""
_LABS = {name: pytest.StashKey["Hosted"]() for name in ("onemo_lab", "onemo_class", "onemo_module", "onemo_session")}
"""Where a node keeps the lab of a fixture, by the fixture's name."""
_READERS = {
    "onemo": (("onemo",), ("onemo", "onemo_class"), ("onemo", "onemo_class", "onemo_module")),
    "onemo_lab": (("onemo_lab",),) * 3,
}
"""The fixtures that read a marker of a test, of a class, of a file."""
_PASSED = pytest.StashKey[bool]()
_TAKEN = pytest.StashKey[dict[tuple[str, ...], bool]]()
"""Of a class or file: whether a test of it uses a fixture of those names."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--onemo-trace-dir``."""
    parser.getgroup("onemo", "emulated modules").addoption(
        "--onemo-trace-dir",
        metavar="DIR",
        help="write the dialogue of the modules of each test that fails to a file in DIR, which is made",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tell what the markers are; make the directory of traces."""
    if folder := config.getoption("--onemo-trace-dir", None):
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise pytest.UsageError(
                f"--onemo-trace-dir {folder}: {error.strerror}; name a directory that is there or can be made"
            ) from None
    options = "options of `onemo-emulator run` as keywords, like sandbox=True"
    config.addinivalue_line(
        "markers", f'onemo(model="{_MODEL}", **options): the module of the fixture onemo; {options}.'
    )
    config.addinivalue_line(
        "markers",
        f'onemo_lab(model="{_MODEL}", count=1, **options): so many modules of the fixture onemo_lab; {options};'
        " onemo_lab(\"lab.toml\"): those of a lab's file, which is beside the test's.",
    )


@pytest.fixture
def onemo_lab(request: pytest.FixtureRequest) -> Iterator[Hosted]:
    """Start the modules of this test alone: those of its markers ``onemo_lab``, and those that it starts itself.

    A test that passed fails in the end where a fault that one was started with never fired.
    """
    from onemo.runtime.hosted import Hosted

    with Hosted() as lab:
        request.node.stash[_LABS["onemo_lab"]] = lab
        for marker in reversed(list(request.node.iter_markers("onemo_lab"))):
            asked = _MarkerArguments.of(marker)
            with _refusing("onemo_lab"):
                if asked.model is not None and _is_file("onemo_lab", asked.model):
                    lab.start_lab(request.path.parent / asked.model)
                else:
                    for _ in range(asked.number):
                        lab.start(_MODEL if asked.model is None else asked.model, **asked.options)
        yield lab
        if request.node.stash.get(_PASSED, False):
            _require_fired(lab)


@pytest.fixture
def onemo(request: pytest.FixtureRequest, onemo_lab: Hosted) -> HostedModule:
    """Start a module of this test alone; it is booted and registered.

    Its markers ``onemo`` say which, or a parameter of that name with ``indirect=True``; what the marker of a test does
    not say, that of its class or file does.
    """
    return _started(onemo_lab, request, {})


@pytest.fixture(scope="class")
def onemo_class(request: pytest.FixtureRequest) -> Iterator[HostedModule]:
    """Start a module that the tests of a class share; the markers ``onemo`` of the class and its file say which.

    As the two below, it stays as a test leaves it, but its trace begins anew with each test. After the last test the
    run fails where a fault that it was started with never fired, unless a test has failed.
    """
    yield from _shared("onemo_class", request, {})


@pytest.fixture(scope="module")
def onemo_module(request: pytest.FixtureRequest) -> Iterator[HostedModule]:
    """Start a module that the tests of a file share; the marker ``onemo`` of the file says which."""
    yield from _shared("onemo_module", request, {})


@pytest.fixture(scope="session")
def onemo_session_options() -> dict[str, Any]:
    """Return what the marker ``onemo`` would say of ``onemo_session``; a conftest.py has its own."""
    return {}


@pytest.fixture(scope="session")
def onemo_session(request: pytest.FixtureRequest, onemo_session_options: dict[str, Any]) -> Iterator[HostedModule]:
    """Start a module that all tests share; the fixture ``onemo_session_options`` says which."""
    yield from _shared("onemo_session", request, onemo_session_options)


def _shared(name: str, request: pytest.FixtureRequest, options: Mapping[str, Any]) -> Iterator[HostedModule]:
    """Have a module in a lab of its own, for as long as the scope of the fixture lasts."""
    from onemo.runtime.hosted import Hosted

    failed = request.session.testsfailed
    with Hosted() as lab:
        request.node.stash[_LABS[name]] = lab
        yield _started(lab, request, options)
        if request.session.testsfailed == failed:
            _require_fired(lab)


def _started(lab: Hosted, request: pytest.FixtureRequest, options: Mapping[str, Any]) -> HostedModule:
    """Start the module that markers, options and the parameter of a fixture ask for."""
    wanted = dict(options)
    for marker in reversed(list(request.node.iter_markers("onemo"))):
        asked = _MarkerArguments.of(marker)
        wanted |= asked.options if asked.model is None else {**asked.options, "model": asked.model}
    model = getattr(request, "param", wanted.pop("model", None))
    wanted.pop("model", None)
    with _refusing("onemo"):
        return lab.start(_MODEL if model is None else model, **wanted)


def _require_fired(lab: Hosted) -> None:
    """Fail where a fault that a module was started with never fired."""
    idle = [f"{module.name}: {line}" for module in lab.modules for line in module.never_fired()]
    if idle:
        pytest.fail("\n".join(idle), pytrace=False)


def _labs(item: pytest.Item) -> Iterator[Hosted]:
    """Yield the labs of the fixtures that a test uses."""
    for name, key in _LABS.items():
        for node in item.listchain():
            if key in node.stash and (name == "onemo_lab" or _takes(item, name)):
                yield node.stash[key]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Have the traces of shared modules begin anew, and fail a test with a marker that nothing reads.

    That is one of its own whose fixture it has not, or one of a class or file of which no test has such a fixture.
    """
    for lab in _labs(item):
        for module in lab.modules:
            module.trace.clear()
    for name, (of_test, of_class, of_file) in _READERS.items():
        of_item = of_class if item.getparent(pytest.Class) is None else of_test  # without a class a test is its own
        if _takes(item, *of_test):
            continue
        for node, _ in item.iter_markers_with_node(name):
            if node is item:
                if _takes(item, *of_item):
                    continue
                raise _refusal(name, f"the test does not use the fixture {name}: take it as an argument")
            readers = of_file if isinstance(node, pytest.Module) else of_class
            if isinstance(node, pytest.Class | pytest.Module) and not _is_taken(node, readers):
                kind = "file" if isinstance(node, pytest.Module) else "class"
                problem = f"no test of the {kind} {node.name} uses the fixture {name}: take it as an argument of one"
                raise _refusal(name, problem)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the modules of a test that fails, and the firmware, said last; in JUnit XML as properties."""
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    if report.failed and (modules := [module for lab in _labs(item) for module in lab.modules]):
        last = sorted(modules, key=lambda module: module.trace.latest)[-_MOST_SHOWN:]
        for module in (module for module in modules if module in last):
            report.sections.append((f"onemo {module.name}: dialogue", module.trace.tail()))
            if faults := module.faults():
                report.sections.append((f"onemo {module.name}: faults", "\n".join(faults)))
            told = (f"onemo {module.name}: dialogue", module.trace.tail(_ATTACHED))
            item.user_properties.append(told)
            report.user_properties.append(told)
        if folder := item.config.getoption("--onemo-trace-dir", None):
            written = _write_traces(Path(folder), item.nodeid, modules)
            report.sections.append(("onemo: traces", written))
    if report.when == "teardown":
        for key in _LABS.values():
            if key in item.stash:
                del item.stash[key]
    return report


def _write_traces(folder: Path, test: str, modules: Sequence[HostedModule]) -> str:
    """Write the dialogues of a test's modules to a file of its own; return its path, or why there is none."""
    from onemo.runtime.files import open_own

    file = folder / f"{_file_name(test)}.txt"
    try:
        with open(open_own(file, os.O_TRUNC), "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(f"{test}\n")
            for module in modules:
                stream.write(f"\n== {module.name}, {module.model} on {module.port}\n{module.trace.timed()}")
                stream.writelines(f"{line}\n" for line in module.faults())
    except OSError as error:
        return f"{file} cannot be written: {error.strerror}"
    return str(file)


def _file_name(test: str) -> str:
    """Return a name for the file of a test, which no other test has."""
    place, _, parameters = test.partition("[")
    name = re.sub(r"[^\w.\[\]-]+", "-", test)
    alike = "-" in place or not name.endswith(parameters)  # another test may have the same name
    if len(name.encode()) > _LONGEST_NAME:
        name, alike = re.sub(r"[^!-~]", "-", name)[:_LONGEST_NAME], True
    return f"{name}-{sha256(test.encode('utf-8', 'backslashreplace')).hexdigest()[:8]}" if alike else name


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Show the dialogue where ``assert "+CREG: 1" in onemo.trace`` fails."""
    known = sys.modules.get("onemo.runtime.dialogue")
    if known is None or op not in ("in", "not in") or not isinstance(right, known.Dialogue):
        return None
    dialogue: Dialogue = right
    return [f"{left!r} {op} this dialogue", *dialogue.tail(_SHORT).splitlines()]


def _takes(item: pytest.Item, *names: str) -> bool:
    """Tell whether a test uses a fixture of those names, itself or by another one."""
    return not set(names).isdisjoint(getattr(item, "fixturenames", ()))


def _is_taken(node: pytest.Class | pytest.Module, names: tuple[str, ...]) -> bool:
    """Tell whether any test of a class or file uses one of the fixtures, also one that is not to run now."""
    taken = node.stash.setdefault(_TAKEN, {})
    if names not in taken:
        to_run = (item for item in node.session.items if node in item.listchain())
        taken[names] = any(_takes(item, *names) for item in chain(to_run, _tests(node)))
    return taken[names]


def _tests(node: pytest.Collector) -> Iterator[pytest.Item]:
    """Collect all tests of a class or file, where perhaps only some were asked for."""
    for child in node.collect():
        if isinstance(child, pytest.Collector):
            yield from _tests(child)
        elif isinstance(child, pytest.Item):
            yield child


class _MarkerArguments(NamedTuple):
    """The module that a marker asks for, and its options.

    model: None for the usual one; or, for onemo_lab, a lab's file. number: how many such modules.
    """

    model: str | None
    options: Mapping[str, Any]
    number: int

    @classmethod
    def of(cls, marker: pytest.Mark) -> _MarkerArguments:
        options = {**dict(zip(("model",), marker.args, strict=False)), **marker.kwargs}
        if len(marker.args) > 1 or (marker.args and "model" in marker.kwargs):
            raise _refusal(marker.name, "give one model, and everything else by its keyword")
        count = options.pop("count", 1) if marker.name == "onemo_lab" else 1
        if type(count) is not int or count < 1:
            raise _refusal(marker.name, f"count={count!r}: give a number of modules")
        model = options.pop("model", None)
        if _is_file(marker.name, model) and marker.kwargs:
            raise _refusal(marker.name, f"the modules of {model} are as it says: leave out {', '.join(marker.kwargs)}")
        return cls(model, options, count)


def _is_file(marker: str, model: object) -> bool:
    """Tell whether that is no model but a lab's file."""
    return marker == "onemo_lab" and isinstance(model, str) and model.endswith(".toml")


@contextmanager
def _refusing(marker: str) -> Iterator[None]:
    """Fail the test for a module that cannot be started: the mistake is in the marker."""
    from onemo.errors import EmulatorError, UnknownModel

    try:
        yield
    except EmulatorError as error:
        near = error.nearest if isinstance(error, UnknownModel) else ()
        raise _refusal(marker, f"{error}{'; the nearest are ' if near else ''}{', '.join(near)}") from None


def _refusal(marker: str, problem: str) -> BaseException:
    """Make a failure that is shown without a traceback: the mistake is in the marker."""
    return pytest.fail.Exception(f"@pytest.mark.{marker}: {problem}", pytrace=False)
