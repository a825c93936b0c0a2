"""A fault that is there while a with statement lasts, for tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol, Self, TypeVar

from onemo.errors import EmulatorError, UsageError
from onemo.faults.plan import ArmedFault, Fault
from onemo.faults.seams.attach import Faults
from onemo.runtime.faultsession import told

_T = TypeVar("_T")


class Inside(Protocol):
    """A way to call something in the module's trio run, and let what is due at once happen."""

    def __call__(self, act: Callable[[Faults], _T], /) -> _T: ...


class FaultBlock:
    """A fault, or those of a preset, armed while the with statement lasts.

    Where nothing of it has fired at the end of that, AssertionError is raised, unless it is not required to. Its counts
    stay afterwards; as text it is a line for each fault: how often it fired, and when first.
    """

    def __init__(self, faults: Sequence[Fault], inside: Inside, required: bool) -> None:
        self._faults = faults
        self._inside = inside
        self._required = required
        self._armed: list[ArmedFault] = []
        self._open = False

    @property
    def matches(self) -> int:
        """The number of occasions that it could have fired on."""
        return sum(armed.matches for armed in self._armed)

    @property
    def fired(self) -> int:
        """The number of times that it fired."""
        return sum(armed.fired for armed in self._armed)

    @property
    def first_fired(self) -> float | None:
        """The seconds from when it was armed to when it fired first; None: it has not."""
        times = [a.first_fired - a.since for a in self._armed if a.first_fired is not None]
        return max(0.0, min(times)) if times else None

    @property
    def last_fired(self) -> float | None:
        """The seconds from when it was armed to when it fired last; None: it has not."""
        times = [a.last_fired - a.since for a in self._armed if a.last_fired is not None]
        return max(0.0, *times) if times else None

    def __str__(self) -> str:
        return "\n".join(map(told, self._armed)) or "\n".join(f"fault {fault}: not armed" for fault in self._faults)

    def __enter__(self) -> Self:
        __tracebackhide__ = True
        if self._open:
            raise UsageError(f"{self}: it is armed already; have another one for another block")
        self._armed = self._inside(lambda faults: [faults.arm(fault) for fault in self._faults])
        self._open = True
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        __tracebackhide__ = True
        self._open = False
        with suppress(EmulatorError):  # the module has ended meanwhile, and its faults with it
            self._inside(self._disarm)
        if kind is None and self._required and not self.fired:
            raise AssertionError("\n".join(f"{told(armed)} within the block" for armed in self._armed))

    def _disarm(self, faults: Faults) -> None:
        for armed in self._armed:
            with suppress(KeyError):  # somebody has done so
                faults.disarm(armed.id)
