"""Faults that are armed from the start, as the tests of the wrappers need them."""

from __future__ import annotations

from random import Random

import trio
from onemo.faults.kind import Layer
from onemo.faults.plan import ArmedFault, FaultPlan, Occasion
from onemo.faults.say import parse_fault


class Plan:
    """A plan in trio's time. Implements FaultChooser."""

    def __init__(self, *faults: str, seed: int = 1) -> None:
        self.plan = FaultPlan(Random, seed)
        for text in faults:
            self.arm(text)

    def arm(self, text: str) -> ArmedFault:
        return self.plan.add(parse_fault(text), 0.0)

    def armed_on(self, layer: Layer) -> bool:
        return self.plan.armed_on(layer)

    def chosen(self, layer: Layer, occasion: Occasion) -> list[ArmedFault]:
        return self.plan.chosen(layer, occasion, trio.current_time())
