r"""Transcripts of the tests: those of ``onemo-emulator replay``, on a module whose world obeys.

The lines before the first step say for which models it holds, and how it starts::

    models: all except MN316 ML307R-DL
    start: off
    consoles: 2
    fails: why the product is known to do otherwise

Without ``start: off`` the module has booted, its banner is gone and its echo is off. With several consoles
``! console 1`` turns to one: what follows is typed and received there, first what it has said meanwhile. In the end
nothing may be left on any. ``onemo.dialogue.transcript``
has the rest of the grammar, and ``tests.support.directives`` what the lines that start with ``!`` do. {series}, {model}
(the sub-model) and {imei} are the profile's. No time passes but where a line says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onemo.dialogue.difference import rows
from onemo.dialogue.judge import Difference
from onemo.dialogue.matcher import Matcher
from onemo.dialogue.transcript import WAIT, WORLD, Step, filled, parse
from onemo.errors import UsageError
from onemo.runtime.models import Model

from tests.support.directives import perform
from tests.support.driver import Driver
from tests.support.models import select

_HEADERS = {"models", "start", "consoles", "fails"}


@dataclass(frozen=True)
class Case:
    """A transcript, and what its first lines say."""

    name: str
    models: tuple[str, ...]
    booted: bool
    fails: str
    consoles: int
    steps: tuple[Step, ...]


def read(path: Path, folder: Path) -> Case:
    """The file path, named as it lies in folder. Raises UsageError."""
    return case(path.relative_to(folder).as_posix(), path.read_text("utf-8"))


def case(name: str, text: str) -> Case:
    """Raises UsageError."""
    transcript = parse(name, text, world=True)
    told = dict(transcript.headers)
    if told.keys() - _HEADERS or "models" not in told or told.get("start", "off") != "off":
        raise UsageError(f"{name}: it needs models, and may have start: off, consoles and fails")
    return Case(
        name=name,
        models=select(told["models"]),
        booted="start" not in told,
        fails=told.get("fails", ""),
        consoles=int(told.get("consoles", "1")),
        steps=transcript.steps,
    )


def run(played: Case, model: str | Model) -> None:
    """Play a transcript on a model. Raises AssertionError where the module says something else."""
    __tracebackhide__ = True
    driver = Driver(model, consoles=played.consoles)
    if played.booted:
        driver.boot()
    profile = driver.model.profile
    name = model if isinstance(model, str) else profile.sub_model
    told = {"series": profile.series, "model": profile.sub_model, "imei": profile.identity.imei}
    values = {name: text.encode() for name, text in told.items()}
    so_far: list[str] = []
    for step in played.steps:
        where = f"{played.name}:{step.number}"
        try:
            _act(driver, step, values)
        except (AssertionError, KeyError, ValueError) as error:
            raise AssertionError(f"{where}: on {name}: {step.text}: {error!r}") from error
        received = driver.take()
        matcher = Matcher(step.expected, values)
        for byte in received:
            matcher.receive(byte)
        if not matcher.matches:
            differs = rows(Difference(step.number, step.text, "", step.expected, received, values))
            shown = "\n".join([*so_far, *(f"{mark} {text}" for mark, text in differs)])
            raise AssertionError(f"{where}: {name} says something else (- missing, + instead)\n{shown}")
        values |= matcher.values
        so_far += [f"  {step.text}", *(f"  {each.text}" for each in step.expected)]
    for number, end in enumerate(driver.ends):
        if end.received:
            raise AssertionError(f"{played.name}: {model} says more on console {number}: {bytes(end.received)!r}")


def _act(driver: Driver, step: Step, values: dict[str, bytes]) -> None:
    kind, _, text = step.text.partition(" ")
    if kind == WORLD:
        perform(driver, text)
    elif kind == WAIT:
        driver.wait(step.wait)
    else:
        driver.type(filled(step.pieces, values))
