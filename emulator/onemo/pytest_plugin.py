"""The pytest plugin: a module for each test that asks for one, in a thread of the test process.

Every pytest run loads this where the emulator is installed, so it imports nothing before a fixture is used.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from onemo.runtime.dialogue import Dialogue
    from onemo.runtime.hosted import Hosted, HostedModule

__all__ = ["onemo", "onemo_lab"]

_MODEL = "ML307R"
_MOST_SHOWN = 8
"""Modules whose dialogue a report shows."""
_SHORT = 5
"""Lines of it beside an assertion; pytest shows no more than eight."""
_LAB = pytest.StashKey["Hosted"]()
_PASSED = pytest.StashKey[bool]()
_TAKEN = pytest.StashKey[dict[str, bool]]()
"""Of a class or file: whether a test of it uses the fixture of that name."""


def pytest_configure(config: pytest.Config) -> None:
    """Tell what the markers are."""
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
        request.node.stash[_LAB] = lab
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
            idle = [f"{module.name}: {line}" for module in lab.modules for line in module.never_fired()]
            if idle:
                pytest.fail("\n".join(idle), pytrace=False)


@pytest.fixture
def onemo(request: pytest.FixtureRequest, onemo_lab: Hosted) -> HostedModule:
    """Start a module of this test alone; it is booted and registered.

    Its markers ``onemo`` say which, or a parameter of that name with ``indirect=True``; what the marker of a test does
    not say, that of its class or file does.
    """
    model: str | None = None
    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("onemo"))):
        asked = _MarkerArguments.of(marker)
        model, options = model if asked.model is None else asked.model, {**options, **asked.options}
    model = getattr(request, "param", model)
    with _refusing("onemo"):
        return onemo_lab.start(_MODEL if model is None else model, **options)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test with a marker of its own whose fixture it has not, or of a class or file of which no test has it."""
    for name in __all__:
        if _takes(item, name):
            continue
        for node, _ in item.iter_markers_with_node(name):
            if node is item:
                raise _refusal(name, f"the test does not use the fixture {name}: take it as an argument")
            if isinstance(node, pytest.Class | pytest.Module) and not _is_taken(node, name):
                kind = "file" if isinstance(node, pytest.Module) else "class"
                problem = f"no test of the {kind} {node.name} uses the fixture {name}: take it as an argument of one"
                raise _refusal(name, problem)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the modules of a test that fails, and the firmware, said last."""
    report = yield
    lab = item.stash.get(_LAB, None)
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    if lab is not None and report.failed:
        last = sorted(lab.modules, key=lambda module: module.trace.latest)[-_MOST_SHOWN:]
        for module in (module for module in lab.modules if module in last):
            report.sections.append((f"onemo {module.name}: dialogue", module.trace.tail()))
            if faults := module.faults():
                report.sections.append((f"onemo {module.name}: faults", "\n".join(faults)))
    if lab is not None and report.when == "teardown":
        del item.stash[_LAB]
    return report


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Show the dialogue where ``assert "+CREG: 1" in onemo.trace`` fails."""
    known = sys.modules.get("onemo.runtime.dialogue")
    if known is None or op not in ("in", "not in") or not isinstance(right, known.Dialogue):
        return None
    dialogue: Dialogue = right
    return [f"{left!r} {op} this dialogue", *dialogue.tail(_SHORT).splitlines()]


def _takes(item: pytest.Item, name: str) -> bool:
    """Tell whether a test uses the fixture of that name, itself or by another one."""
    return name in getattr(item, "fixturenames", ())


def _is_taken(node: pytest.Class | pytest.Module, name: str) -> bool:
    """Tell whether any test of a class or file uses the fixture, also one that is not to run now."""
    taken = node.stash.setdefault(_TAKEN, {})
    if name not in taken:
        to_run = (item for item in node.session.items if node in item.listchain())
        taken[name] = any(_takes(item, name) for item in chain(to_run, _tests(node)))
    return taken[name]


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
