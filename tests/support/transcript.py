r"""Transcripts of the tests: those of ``onemo-emulator replay``, on a module whose world obeys.

The lines before the first step say for which models it holds, and how it starts::

    models: all except MN316 ML307R-DL
    source: TCP/IP manual 3.5, fn 20; capture 19
    profile: radio.tac = "5141"
    start: off
    consoles: 2
    fails: why the product is known to do otherwise

``source:`` has the forms of ``tests.support.sources``. ``profile:`` sets one value of the profile, in TOML, and may be
repeated. Without ``start: off`` the module has booted, its banner is gone and its echo is off. With several consoles
``! console 1`` turns to one: what follows is typed and received there, first what it has said meanwhile. In the end
nothing may be left on any. ``onemo.dialogue.transcript``
has the rest of the grammar, and ``tests.support.directives`` what the lines that start with ``!`` do. {series}, {model}
(the sub-model) and {imei} are the profile's. No time passes but where a line says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from onemo.dialogue.difference import rows
from onemo.dialogue.judge import Difference
from onemo.dialogue.matcher import Matcher
from onemo.dialogue.transcript import WAIT, WORLD, Step, filled, parse
from onemo.errors import UsageError
from onemo.profile.loader import find
from onemo.runtime.models import Model, load_model_file

from tests.support.directives import perform
from tests.support.driver import Driver, model_named
from tests.support.models import select
from tests.support.sources import Source, sources

_HEADERS = {"models", "source", "profile", "start", "consoles", "fails"}


@dataclass(frozen=True)
class Case:
    """A transcript, and what its first lines say."""

    name: str
    models: tuple[str, ...]
    sources: tuple[Source, ...]
    profile: tuple[str, ...]
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
    if told.keys() - _HEADERS or {"models", "source"} - told.keys() or told.get("start", "off") != "off":
        raise UsageError(f"{name}: it needs models and source, and may have profile, start: off, consoles and fails")
    try:
        named = sources(told["source"])
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None
    return Case(
        name=name,
        models=select(told["models"]),
        sources=named,
        profile=tuple(text for header, text in transcript.headers if header == "profile"),
        booted="start" not in told,
        fails=told.get("fails", ""),
        consoles=int(told.get("consoles", "1")),
        steps=transcript.steps,
    )


def run(played: Case, model: str | Model) -> None:
    """Play a transcript on a model. Raises AssertionError where the module says something else."""
    __tracebackhide__ = True
    if isinstance(model, str) and played.profile:
        model = overlaid(model, played.profile)
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


def overlaid(name: str, values: Sequence[str]) -> Model:
    """Load a model with some values of its own, one line of TOML each, in place of its sub-model's.

    Raises ProfileError.
    """
    base = model_named(name).profile
    file, _ = find(name)
    head = [f'extends = "models/{file.name}"', 'source = "the transcript"', f'series = "{base.series}"']
    with TemporaryDirectory() as folder:
        path = Path(folder, file.name)
        path.write_text("\n".join([*head, *values, f'[sub_models."{base.sub_model}"]', ""]), "utf-8")
        return load_model_file(path)


def _act(driver: Driver, step: Step, values: dict[str, bytes]) -> None:
    kind, _, text = step.text.partition(" ")
    if kind == WORLD:
        perform(driver, text)
    elif kind == WAIT:
        driver.wait(step.wait)
    else:
        driver.type(filled(step.pieces, values))
