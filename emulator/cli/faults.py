"""``--fault``, ``--seed`` and ``--scenario`` of ``run``: said before the start, armed at it, told of at the end."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from emulator.errors import FaultError
from emulator.faults.attach import Faults
from emulator.faults.plan import Armed, Fault
from emulator.faults.presets import parse_faults
from emulator.faults.scenario import Step, play, read_scenario
from emulator.runtime.shell import Module


class Asked(NamedTuple):
    """What was asked for."""

    faults: tuple[Fault, ...]
    steps: tuple[Step, ...]
    seed: int | None


def read(faults: tuple[str, ...], seed: int | None, scenario: Path | None) -> Asked:
    """What the options say. Raises FaultError."""
    steps: tuple[Step, ...] = ()
    if scenario is not None:
        try:
            steps = read_scenario(scenario.read_text(encoding="utf-8"), str(scenario))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise FaultError(f"--scenario {scenario}: cannot be read: {reason}") from error
    return Asked(tuple(fault for text in faults for fault in parse_faults(text)), steps, seed)


class Session:
    """The faults of one run."""

    def __init__(self, asked: Asked, module: Module, names: tuple[str, ...]) -> None:
        """Arm them. Raises FaultError: a fault is of another module."""
        self._faults: Faults = module.with_faults(asked.seed, names).faults
        for fault in asked.faults:
            self._faults.arm(fault)
        self._left: Callable[[], list[Step]] = play(asked.steps, self._faults)

    def report(self) -> None:
        """A line on stderr for each fault: how often it fired, and when first."""
        with contextlib.suppress(OSError):  # who closed stderr does not want it
            for line in self.lines():
                print(f"onemo-emulator: {line}", file=sys.stderr)

    def lines(self) -> Iterator[str]:
        """The lines, with the seed that makes them happen again at the end."""
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
