"""A driver whose module has faults: those of commands, URCs and events, which need neither line nor network."""

from __future__ import annotations

from collections.abc import Callable, Collection

from onemo.faults.plan import ArmedFault
from onemo.faults.presets import parse_faults
from onemo.faults.seams.attach import Faults, Wrapper
from onemo.faults.seams.sms import FaultyCentre
from onemo.modem.intents import Submission
from onemo.modem.modem import Modem
from onemo.runtime.models import Model

from tests.support.driver import READ, Driver


class FaultyDriver(Driver):
    """told: the faults that have fired, in order. Faults given here are armed before the start."""

    def __init__(self, model: str | Model, *said: str, seed: int = 1, chunk: int = READ, consoles: int = 1) -> None:
        super().__init__(model, chunk=chunk, consoles=consoles)
        self.told: list[str] = []
        self.faults = Faults(_Running(self), seed)
        for text in said:
            self.arm(text)

    def arm(self, text: str) -> ArmedFault:
        """Arm what the text says; the last of it, if it is several."""
        armed = [self.faults.arm(fault) for fault in parse_faults(text)]
        self._due()
        return armed[-1]

    def disarm(self, armed: ArmedFault) -> None:
        self.faults.disarm(armed.id)
        self._due()

    def type(self, data: bytes) -> None:
        super().type(data)
        self._due()

    def report(self, what: Callable[[], None]) -> None:
        super().report(what)
        self._due()

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while (deadline := self.faults.deadline) <= until:
            super().wait(max(0.0, deadline - self.now))
            self._due()
        super().wait(until - self.now)

    def _step(self) -> None:
        starts = self.starts
        super()._step()
        if self.starts > starts:
            self.faults.booted()

    def _due(self) -> None:
        while self.faults.deadline <= self.now:
            self.faults.on_deadline(self.now)
            self._step()
            self._read_line()


class _Nothing:
    """Implements onemo.faults.seams.attach.Wrapper."""

    def release(self, ended: Collection[ArmedFault]) -> None:
        pass


class _Running:
    """Implements onemo.faults.seams.attach.FaultTarget."""

    def __init__(self, driver: FaultyDriver) -> None:
        self._driver = driver

    @property
    def modem(self) -> Modem:
        return self._driver.modem

    def now(self) -> float:
        return self._driver.now

    def rearm(self) -> None:
        pass

    def tell(self, text: str) -> None:
        self._driver.told.append(text)

    def wrap_line(self) -> Wrapper:
        raise AssertionError("there is no line here")

    def wrap_network(self) -> Wrapper:
        """Nothing that is on its way here is in the hands of faults."""
        return _Nothing()

    def wrap_centre(self) -> Wrapper:
        """Put it around the centre of the world."""
        centre = FaultyCentre(self.modem, self._driver.faults)
        world = self._driver.world.centre
        submitted = world.submitted

        def submit(intent: Submission) -> None:
            world.refusal = centre.refusal(intent)
            submitted(intent)

        world.submitted = submit  # type: ignore[method-assign]
        return centre
