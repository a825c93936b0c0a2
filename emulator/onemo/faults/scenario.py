"""A scenario: faults in order, each at a time, on an occasion, or when another one has fired. A file of TOML.

[[step]]
name = "tunnel"
at = "2.5s"
do = "registration-lost for_seconds=3"

[[step]]
after = "tunnel"
do = "urc-drop urc=MIPOPEN times=1"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol

from onemo.errors import FaultError
from onemo.faults.plan import ArmedFault, Fault
from onemo.faults.presets import faults_of
from onemo.faults.say import words
from onemo.profile.document import parse_toml
from onemo.profile.shape import fitting

_TIME = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?(s|ms)", re.ASCII)
_KEYS = {"name": str, "do": str, "at": Any, "on": str, "after": str}


class ScenarioStep(NamedTuple):
    """A step: faults that are armed together, at the start or (after) when the first of that step has fired."""

    name: str
    faults: tuple[Fault, ...]
    after: str = ""


def read_scenario(text: str, file: str) -> tuple[ScenarioStep, ...]:
    """Read the steps of a scenario. file: its name in messages.

    Raises FaultError with every mistake, each with its key path.
    """
    try:
        document = parse_toml(text)
    except ValueError as error:
        raise FaultError(f"{file}: is not valid TOML: {error}") from error
    mistakes = [f"{file}: {key}: is unknown here; there is [[step]]" for key in document if key != "step"]
    tables = document.get("step", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        mistakes.append(f"{file}: step: is not an array of tables; write [[step]]")
        tables = []
    elif not tables:
        mistakes.append(f"{file}: there is no [[step]]")
    steps: dict[str, ScenarioStep] = {}
    for number, table in enumerate(tables):
        where = f"{file}: step[{number}]"
        try:
            step = _step(table, number, steps)
        except FaultError as error:
            mistakes += [f"{where}.{line}" for line in str(error).splitlines()]
        else:
            steps[step.name] = step
    if mistakes:
        raise FaultError("\n".join(mistakes))
    return tuple(steps.values())


def _step(table: Mapping[str, object], number: int, before: Mapping[str, ScenarioStep]) -> ScenarioStep:
    """Read one step.

    Raises FaultError: a line for each mistake, which begins with its key.
    """
    given, problems = fitting(_KEYS, table)
    wrong = [f"{'.'.join(path)}: {what}" for path, what in problems]
    name, after = given.get("name", f"step {number + 1}"), given.get("after", "")
    if name in before:
        wrong.append(f"name: {name} is the name of a step before")
    if after and after not in before:
        wrong.append(f"after: {after!r} is no step before this one; there are {', '.join(before) or 'none'}")
    if "do" not in table:
        wrong.append('do: is missing; write do = "KIND key=value …"')
    if wrong:
        raise FaultError("\n".join(wrong))
    try:
        kind, said = words(given["do"])
        if "at" in given and "after" in said:
            raise FaultError("at: do says after= as well; give one of them")
        timed = {"after": _moment(given["at"])} if "at" in given else {}
        occasion = {"on": given["on"]} if "on" in given else {}
        return ScenarioStep(name, tuple(faults_of({"kind": kind, **said, **timed, **occasion})), after)
    except FaultError as error:
        text = str(error)
        raise FaultError(text if text.startswith("at: ") else f"do: {text}") from error


def _moment(at: object) -> object:
    """Return a time in seconds, for a whole number would count matches. Raises FaultError."""
    if isinstance(at, int | float) and not isinstance(at, bool):
        return float(at)
    if isinstance(at, str) and _TIME.fullmatch(at):
        return at
    raise FaultError(f'at: is {at!r}, not a time; write "2.5s" or "200ms"')


class Arming(Protocol):
    """The plan in which a scenario arms its faults."""

    fired: list[Callable[[ArmedFault], None]]

    def require(self, fault: Fault) -> None:
        """Raise FaultError for a fault that this module cannot have."""
        ...

    def arm(self, fault: Fault) -> ArmedFault:
        """Arm a fault now."""
        ...

    def soon(self, call: Callable[[], None]) -> None:
        """Call something once the step of the core that runs is over."""
        ...


def play(steps: tuple[ScenarioStep, ...], faults: Arming) -> Callable[[], list[ScenarioStep]]:
    """Arm the first steps of a scenario, and the others in their turn.

    Returns a function that tells the steps that were not armed. Raises FaultError before any is: the module cannot have
    a fault of one of them.
    """
    for fault in (fault for step in steps for fault in step.faults):
        faults.require(fault)
    waiting = list(steps)
    armed: dict[int, str] = {}

    def begin(step: ScenarioStep) -> None:
        waiting.remove(step)
        armed.update({faults.arm(fault).id: step.name for fault in step.faults})

    def on_fired(one: ArmedFault) -> None:
        name = armed.get(one.id)
        if name is not None and one.fired == 1:
            for step in [step for step in waiting if step.after == name]:
                faults.soon(partial(_once, step, waiting, begin))

    faults.fired.append(on_fired)
    for step in [step for step in steps if not step.after]:
        begin(step)
    return lambda: list(waiting)


def _once(step: ScenarioStep, waiting: list[ScenarioStep], begin: Callable[[ScenarioStep], None]) -> None:
    if step in waiting:
        begin(step)
