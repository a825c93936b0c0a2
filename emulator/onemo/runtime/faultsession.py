"""The faults that a module is started with: armed at the start, told of at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from math import inf

from onemo.faults.plan import ArmedFault
from onemo.faults.scenario import ScenarioStep, play
from onemo.faults.seams.attach import Faults
from onemo.runtime.faulty import faults_of
from onemo.runtime.shell import Module
from onemo.runtime.spec import StartFaults


class FaultSession:
    """The faults that a module is started with, from its start to its end."""

    def __init__(self, start: StartFaults, module: Module) -> None:
        """Arm them, before the module runs. Raises FaultError: a fault is of another module."""
        self._faults: Faults = faults_of(module, start.seed)
        self._said = (*start.faults, *(step.faults for step in start.steps))
        self._fired: set[int] = set()
        self._faults.fired.append(lambda armed: self._fired.add(id(armed.fault)))
        for fault in chain.from_iterable(start.faults):
            self._faults.arm(fault)
        self._left: Callable[[], list[ScenarioStep]] = play(start.steps, self._faults)

    def lines(self) -> Iterator[str]:
        """Yield a line for each fault: how often it fired, and when first; then the seed that repeats it all."""
        for armed in self._faults.plan:
            yield told(armed)
        for step in self._left():
            for fault in step.faults:
                yield f"fault {fault}: never armed, for {step.after} never fired"
        yield f"the seed of the faults was {self._faults.seed}"

    def never_fired(self) -> list[str]:
        """Return a line for each fault that never fired.

        A preset, or a step, has fired when one of its faults has.
        """
        armed = {id(each.fault): each for each in self._faults.plan}
        idle = [faults for faults in self._said if self._fired.isdisjoint(map(id, faults))]
        return [
            told(armed[id(fault)]) if id(fault) in armed else f"fault {fault}: never fired"
            for fault in chain.from_iterable(idle)
        ]


def told(armed: ArmedFault) -> str:
    """Tell how often a fault fired, and when first."""
    times = "once" if armed.fired == 1 else f"{armed.fired} times"
    if armed.first_fired is None:
        return f"fault {armed.fault}: never fired ({armed.matches} match{'' if armed.matches == 1 else 'es'})"
    since = "" if armed.since == inf else f", first after {max(0.0, armed.first_fired - armed.since):.3f} s"
    return f"fault {armed.fault}: fired {times}{since}"
