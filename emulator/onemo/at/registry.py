"""Binding every declaration to a model, once: ranges, defaults and availability from the profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, Generic, NamedTuple

from onemo.at.command import BoundCommand, D, Declaration
from onemo.at.params import BindError, BoundRecord
from onemo.at.reply import Cme
from onemo.at.store import Slot
from onemo.errors import Mistake, ProfileError
from onemo.profile.loader import LoadedProfile
from onemo.profile.ranges import Range
from onemo.profile.schema import Profile

_MANY = 100


class BoundModel(NamedTuple, Generic[D]):
    """A model ready to run; one is shared by all modules of that model.

    commands: those that exist on the model, by upper-case name. slots: every stored setting, also those
    whose command the model lacks, for their defaults still hold. kept: those that outlive a boot cycle, each with
    its name in the NV.
    """

    profile: Profile
    connect_ids: Range
    commands: Mapping[bytes, BoundCommand[D]]
    slots: Mapping[Slot[Any], BoundRecord[Any]]
    kept: Mapping[Slot[Any], str]
    cme: Mapping[Cme, tuple[int, str]]


def bind(declarations: Sequence[Declaration[D]], loaded: LoadedProfile) -> BoundModel[D]:
    """Bind all declarations to a profile. Raises ProfileError with every mistake: the profile's own, a section
    without a declaration, a declaration without its section, values that do not fit."""
    profile = loaded.profile
    mistakes: list[Mistake] = list(loaded.mistakes)

    def mistake(path: str, problem: str) -> None:
        origin = loaded.origin(tuple(path.split(".")))
        mistakes.append(Mistake(origin.file if origin else loaded.file.name, path, problem))

    names = {declaration.name for declaration in declarations}
    for name in profile.commands:
        if name not in names:
            mistake(f"commands.{name}", "no command has this name")
    commands: dict[bytes, BoundCommand[D]] = {}
    slots: dict[Slot[Any], BoundRecord[Any]] = {}
    kept: dict[Slot[Any], str] = {}
    for declaration in declarations:
        section = profile.commands.get(declaration.name)
        if section is None:
            mistake(f"commands.{declaration.name}", "is missing")
            continue
        try:
            bound = declaration.bind(section, profile.params)
        except BindError as error:
            for path, problem in error.problems:
                mistake(f"commands.{declaration.name}.{path}", problem)
            continue
        slots.update(bound.slots)
        if section.nv:
            kept.update((slot, _nv_name(declaration.name, slot)) for slot in bound.slots)
        if section.available:
            commands[declaration.name.encode()] = bound
    cme = _bind_cme(profile, mistake)
    _check_names(profile, mistake)
    connect_id = profile.params.get("connect_id")
    if connect_id is None or connect_id.range is None:
        mistake("params.connect_id.range", "is missing")
    if mistakes or connect_id is None or connect_id.range is None:
        raise ProfileError(mistakes)
    return BoundModel(profile, connect_id.range, commands, slots, kept, cme)


def _nv_name(command: str, slot: Slot[Any]) -> str:
    return command if slot.name == command else f"{command}.{slot.name}"


def _bind_cme(profile: Profile, mistake: Callable[[str, str], None]) -> dict[Cme, tuple[int, str]]:
    known = {cme.key: cme for cme in Cme}
    for key in known:
        if key not in profile.cme:
            mistake(f"cme.{key}", "is missing")
    for key in profile.cme:
        if key not in known:
            mistake(f"cme.{key}", "no error has this name")
    return {cme: (profile.cme[key].number, profile.cme[key].text) for key, cme in known.items() if key in profile.cme}


def _check_names(profile: Profile, mistake: Callable[[str, str], None]) -> None:
    """What refers to another section by name must name something there."""
    for key, value in profile.open_results._asdict().items():
        if isinstance(value, str) and value not in profile.cme:
            mistake(f"open_results.{key}", f"no error is named {value!r}")
    close = profile.commands.get("MIPCLOSE")
    mode = close.params.get("mode") if close else None
    if mode is not None:
        values = [*islice(mode.range or (), _MANY), mode.default]  # a range may be absurd, the list of mistakes not
        for name in sorted({str(value) for value in values} - profile.close_modes.keys()):
            mistake(f"close_modes.{name}", "is missing, and MIPCLOSE needs it")
