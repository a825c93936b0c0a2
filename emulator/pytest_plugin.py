"""The pytest plugin: a module for each test that asks for one, in a thread of the test process.

Every pytest run loads this where the emulator is installed, so it imports nothing before a fixture is used.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from emulator.runtime.dialogue import Dialogue
    from emulator.runtime.hosted import Hosted, HostedModule

__all__ = ["onemo", "onemo_lab"]

_MODEL = "ML307R"
_MOST_SHOWN = 8
"""Modules whose dialogue a report shows."""
_SHORT = 5
"""Lines of it beside an assertion; pytest shows no more than eight."""
_LAB = pytest.StashKey["Hosted"]()


def pytest_configure(config: pytest.Config) -> None:
    """Tell what the markers are."""
    options = "options of `onemo-emulator run` as keywords, like sandbox=True"
    config.addinivalue_line(
        "markers", f'onemo(model="{_MODEL}", **options): the module of the fixture onemo; {options}.'
    )
    config.addinivalue_line(
        "markers",
        f'onemo_lab(model="{_MODEL}", count=1, **options): so many modules of the fixture onemo_lab; {options}.',
    )


@pytest.fixture
def onemo_lab(request: pytest.FixtureRequest) -> Iterator[Hosted]:
    """Modules of this test alone: those of its markers ``onemo_lab``, and those that it starts itself."""
    from emulator.runtime.hosted import Hosted

    with Hosted() as lab:
        request.node.stash[_LAB] = lab
        for marker in reversed(list(request.node.iter_markers("onemo_lab"))):
            asked = _Asked.of(marker)
            for _ in range(asked.number):
                _start(lab, asked)
        yield lab


@pytest.fixture
def onemo(request: pytest.FixtureRequest, onemo_lab: Hosted) -> HostedModule:
    """A module of this test alone, booted and registered. Its markers ``onemo`` say which, or a parameter of that name
    with ``indirect=True``; what the marker of a test does not say, that of its class or file does."""
    asked = _Asked("onemo")
    for marker in reversed(list(request.node.iter_markers("onemo"))):
        inner = _Asked.of(marker)
        asked = _Asked("onemo", inner.model or asked.model, {**asked.options, **inner.options})
    return _start(onemo_lab, asked._replace(model=getattr(request, "param", asked.model)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails shows what its modules and the firmware said last."""
    report = yield
    lab = item.stash.get(_LAB, None)
    if lab is not None and report.failed:
        last = sorted(lab.modules, key=lambda module: module.trace.latest)[-_MOST_SHOWN:]
        for module in (module for module in lab.modules if module in last):
            report.sections.append((f"onemo {module.name}: dialogue", module.trace.tail()))
    if lab is not None and report.when == "teardown":
        del item.stash[_LAB]
    return report


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """``assert "+CREG: 1" in onemo.trace`` shows the dialogue."""
    known = sys.modules.get("emulator.runtime.dialogue")
    if known is None or op not in ("in", "not in") or not isinstance(right, known.Dialogue):
        return None
    dialogue: Dialogue = right
    return [f"{left!r} {op} this dialogue", *dialogue.tail(_SHORT).splitlines()]


class _Asked(NamedTuple):
    """What a marker asks for. model: None for the usual one."""

    marker: str
    model: str | None = None
    options: Mapping[str, Any] = {}
    number: int = 1

    @classmethod
    def of(cls, marker: pytest.Mark) -> _Asked:
        options = {**dict(zip(("model",), marker.args, strict=False)), **marker.kwargs}
        if len(marker.args) > 1 or (marker.args and "model" in marker.kwargs):
            raise _refusal(marker.name, "give one model, and everything else by its keyword")
        count = options.pop("count", 1) if marker.name == "onemo_lab" else 1
        if type(count) is not int or count < 1:
            raise _refusal(marker.name, f"count={count!r}: give a number of modules")
        return cls(marker.name, options.pop("model", None), options, count)


def _start(lab: Hosted, asked: _Asked) -> HostedModule:
    from emulator.errors import EmulatorError, UnknownModel

    try:
        return lab.start(_MODEL if asked.model is None else asked.model, **asked.options)
    except EmulatorError as error:
        near = error.nearest if isinstance(error, UnknownModel) else ()
        raise _refusal(asked.marker, f"{error}{'; the nearest are ' if near else ''}{', '.join(near)}") from None


def _refusal(marker: str, problem: str) -> BaseException:
    """Shown without a traceback: the mistake is in the marker."""
    return pytest.fail.Exception(f"@pytest.mark.{marker}: {problem}", pytrace=False)
