"""One module as it is asked for, and opened: what ``run``, ``lab`` and the pytest plugin start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from onemo.errors import FaultError
from onemo.runtime.line import Cable, SerialLine
from onemo.runtime.lines import open_lines
from onemo.runtime.models import Model, Overrides, individual, load_model
from onemo.runtime.network import NetworkOptions
from onemo.runtime.options import OPTIONS, ModuleOptions
from onemo.runtime.shell import NvFile, names_of

if TYPE_CHECKING:
    from onemo.faults.plan import Fault
    from onemo.faults.scenario import ScenarioStep
    from onemo.runtime.snapshot import Snapshot


class StartFaults(NamedTuple):
    """The faults that a module is started with.

    faults: those that were said together are those of one preset; steps: a scenario's; seed: of their dice.
    """

    faults: tuple[tuple[Fault, ...], ...] = ()
    steps: tuple[ScenarioStep, ...] = ()
    seed: int | None = None

    @property
    def any(self) -> bool:
        """True where there are any; else nothing of faults need be imported."""
        return bool(self.faults or self.steps)


class Spec(NamedTuple):
    """A module to be.

    model: a series or sub-model, also of a profile in profiles, which come before the built-in ones; boot_time:
    seconds, None: the profile's; nv: the file, or directory, of what outlives it; source: the address of this host
    with which its traffic leaves; early_input: "kept" or "lost", what the DTE sends during the first boot; restored:
    the snapshot that it begins with.
    """

    model: str
    profiles: tuple[Path, ...] = ()
    boot_time: float | None = None
    overrides: Overrides = Overrides()
    cable: Cable = Cable()
    network: NetworkOptions = NetworkOptions()
    nv: str | None = None
    source: str | None = None
    faults: StartFaults = StartFaults()
    early_input: str = "kept"
    restored: Snapshot | None = None

    def load(self) -> Model:
        """Load its model. Raises UnknownModel, ProfileError, UsageError."""
        model = individual(load_model(self.model, self.profiles), self.overrides)
        if self.restored is not None:
            self.restored.require(model.profile)
        return model

    @property
    def hastened_boot_time(self) -> float | None:
        """The boot time as --speed shortens it, in seconds."""
        return None if self.boot_time is None else self.boot_time / self.overrides.speed

    def shown_model(self, model: Model) -> str:
        """Return the name that the ready line has for it: the series if that was asked for, else the sub-model."""
        series = model.profile.series
        return series if self.model.lower() == series.lower() else model.profile.sub_model

    def names(self, model: Model) -> tuple[str, ...]:
        """Return the names that a fault may call it."""
        return names_of(model, self.overrides.name)

    def told(self, model: Model, ports: Sequence[str]) -> dict[str, object]:
        """Return the ready line as JSON has it. ports: of all its lines, which are told where there are several."""
        link = str(self.cable.link) if self.cable.link else None
        named = {"name": self.overrides.name} if self.overrides.name else {}
        several = {"ports": list(ports)} if len(ports) > 1 else {}
        return {**named, "model": self.shown_model(model), "port": ports[0], "link": link, **several}


def spec_of(options: ModuleOptions, faults: StartFaults | None = None) -> Spec:
    """Return the module of these options. faults: where they are read already. Raises FaultError, UsageError."""
    restored = None
    if options.restore is not None:
        from onemo.runtime.snapshot import read_snapshot

        restored = read_snapshot(options.restore)
        options = restored.completed(options)
    overrides = Overrides(**_fields(Overrides, options), sim=not options.no_sim)
    if restored is not None and overrides.card is None:
        overrides = overrides._replace(card=restored.card)
    return Spec(
        **_fields(Spec, options),
        overrides=overrides,
        restored=restored,
        cable=Cable(**_fields(Cable, options)),
        network=NetworkOptions(**_fields(NetworkOptions, options)),
        faults=_read(options) if faults is None else faults,
    )


def _fields(part: type[NamedTuple], options: ModuleOptions) -> dict[str, Any]:
    """Return the options that part has fields of the same name for."""
    return {name: getattr(options, name) for name in part._fields if name in OPTIONS}


def _read(options: ModuleOptions) -> StartFaults:
    """Read what is said of faults. Raises FaultError."""
    if not options.fault and options.scenario is None:
        return StartFaults(seed=options.seed)
    from onemo.faults.presets import parse_faults

    steps = () if options.scenario is None else steps_of(options.scenario)
    return StartFaults(tuple(tuple(parse_faults(text)) for text in options.fault), steps, options.seed)


def steps_of(scenario: Path) -> tuple[ScenarioStep, ...]:
    """Read a scenario. Raises FaultError."""
    from onemo.faults.scenario import read_scenario
    from onemo.profile.document import read_text

    try:
        return read_scenario(read_text(scenario), str(scenario))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise FaultError(f"{scenario}: cannot be read: {reason}; name a file that can be read") from error


@contextmanager
def opened(spec: Spec, model: Model) -> Iterator[tuple[list[SerialLine], NvFile | None]]:
    """Its lines and its NV, this process's alone while this lasts. Raises LinkError, UsageError."""
    if spec.source is not None:
        from onemo.net.host.addresses import require_own

        require_own(spec.source)
    with ExitStack() as stack:
        nv: NvFile | None = None
        if spec.nv is not None:
            from onemo.runtime.nvstore import open_store

            series = model.profile.series
            nv = stack.enter_context(open_store(spec.nv, spec.overrides.name or series, series))
        yield stack.enter_context(open_lines(spec.cable)), nv
