"""The faults that a module is started with: said before the start, armed at it, told of at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from emulator.errors import FaultError
from emulator.faults.attach import Faults
from emulator.faults.plan import Armed, Fault
from emulator.faults.presets import parse_faults
from emulator.faults.scenario import Step, play, read_scenario
from emulator.runtime.shell import Module
from emulator.runtime.spec import Trouble


class Asked(NamedTuple):
    """What was asked for."""

    faults: tuple[Fault, ...]
    steps: tuple[Step, ...]
    seed: int | None


def read(trouble: Trouble) -> Asked:
    """Raises FaultError."""
    steps: tuple[Step, ...] = ()
    scenario = trouble.scenario
    if scenario is not None:
        try:
            steps = read_scenario(scenario.read_text(encoding="utf-8"), str(scenario))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise FaultError(f"--scenario {scenario}: cannot be read: {reason}") from error
    return Asked(tuple(fault for text in trouble.faults for fault in parse_faults(text)), steps, trouble.seed)


class Session:
    """The faults of one run."""

    def __init__(self, asked: Asked, module: Module) -> None:
        """Arm them. Raises FaultError: a fault is of another module."""
        self._faults: Faults = module.with_faults(asked.seed).faults
        for fault in asked.faults:
            self._faults.arm(fault)
        self._left: Callable[[], list[Step]] = play(asked.steps, self._faults)

    def lines(self) -> Iterator[str]:
        """A line for each fault: how often it fired, and when first; then the seed that repeats it all."""
        for armed in self._faults.plan:
            yield f"fault {armed.fault}: {_fired(armed)}"
        for step in self._left():
            for fault in step.faults:
                yield f"fault {fault}: never armed, for {step.after} never fired"
        yield f"the seed of the faults was {self._faults.seed}"


def _fired(armed: Armed) -> str:
    if armed.first_fired is None:
        return f"never fired ({armed.matches} matches)"
    times = "once" if armed.fired == 1 else f"{armed.fired} times"
    since = "" if armed.since == float("inf") else f", first after {max(0.0, armed.first_fired - armed.since):.3f} s"
    return f"fired {times}{since}"
