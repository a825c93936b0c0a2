"""One module as it is asked for, and opened: what ``run``, ``lab`` and the pytest plugin start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from onemo.runtime.line import Cable, Line
from onemo.runtime.lines import open_line
from onemo.runtime.models import Model, Who, individual, load_model
from onemo.runtime.outside import Plan
from onemo.runtime.shell import Module, NvFile, names_of

if TYPE_CHECKING:
    from onemo.runtime.session import Asked, Session


class Trouble(NamedTuple):
    """What is to go wrong, as it is said; seed: of the dice; scenario: a file of faults that follow one another."""

    faults: tuple[str, ...] = ()
    seed: int | None = None
    scenario: Path | None = None


class Spec(NamedTuple):
    """A module to be. model: a series or sub-model, also of a profile in profiles, which come before the built-in
    ones; boot_time: seconds, None: the profile's; nv: the file, or directory, of what outlives it; source: the address
    of this host with which its traffic leaves."""

    model: str
    profiles: tuple[Path, ...] = ()
    boot_time: float | None = None
    who: Who = Who()
    cable: Cable = Cable()
    outside: Plan = Plan()
    nv: str | None = None
    source: str | None = None
    trouble: Trouble = Trouble()

    def load(self) -> Model:
        """Raises UnknownModel, ProfileError, UsageError."""
        return individual(load_model(self.model, self.profiles), self.who)

    @property
    def hastened_boot_time(self) -> float | None:
        return None if self.boot_time is None else self.boot_time / self.who.speed

    def shown_model(self, model: Model) -> str:
        """As the ready line names it: the series if that was asked for, else the sub-model."""
        series = model.profile.series
        return series if self.model.lower() == series.lower() else model.profile.sub_model

    def names(self, model: Model) -> tuple[str, ...]:
        """What a fault may call it."""
        return names_of(model, self.who.name)

    def told(self, model: Model, port: str) -> dict[str, str | None]:
        """The ready line as JSON has it."""
        link = str(self.cable.link) if self.cable.link else None
        named = {"name": self.who.name} if self.who.name else {}
        return {**named, "model": self.shown_model(model), "port": port, "link": link}


def asked_of(spec: Spec) -> Asked | None:
    """Its faults; None, and nothing imported, if there are none. Raises FaultError."""
    if not spec.trouble.faults and spec.trouble.scenario is None:
        return None
    from onemo.runtime.session import read

    return read(*spec.trouble)


def arm(asked: Asked, module: Module) -> Session:
    """Before the module runs. Raises FaultError: a fault is of another module."""
    from onemo.runtime.session import Session

    return Session(asked, module)


@contextmanager
def opened(spec: Spec, model: Model) -> Iterator[tuple[Line, NvFile | None]]:
    """Its line and its NV, this process's alone while this lasts. Raises LinkError, UsageError."""
    if spec.source is not None:
        from onemo.net.host.addresses import require_own

        require_own(spec.source)
    with ExitStack() as stack:
        nv: NvFile | None = None
        if spec.nv is not None:
            from onemo.runtime.nvstore import open_store

            series = model.profile.series
            nv = stack.enter_context(open_store(spec.nv, spec.who.name or series, series))
        yield stack.enter_context(open_line(spec.cable)), nv
