"""Models ready to run: a profile with every command bound to it, once for all modules of that model."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from onemo.at.registry import BoundModel, bind
from onemo.errors import UsageError
from onemo.families import DECLARATIONS
from onemo.modem.modem import Modem
from onemo.profile.loader import LoadedProfile, find, inspect_file

Model = BoundModel[Modem]


class Who(NamedTuple):
    """One module of a model. name: it has numbers of its own, which the others overrule. register_time: seconds from
    the start; pin: the card asks for it at the start; card: whether one is in the slot; zone: quarters of an hour east
    of UTC; speed: how many times faster every emulated delay passes."""

    name: str | None = None
    imei: str | None = None
    imsi: str | None = None
    iccid: str | None = None
    revision: str | None = None
    register_time: float | None = None
    pin: str | None = None
    card: bool = True
    zone: int | None = None
    speed: float = 1.0


def individual(model: Model, who: Who) -> Model:
    """The model as this one module. Raises UsageError: numbers that are none."""
    if who == Who():
        return model
    if who.name == "":
        raise UsageError("a module's name is not empty: leave it out, or give one")
    from onemo.profile.instance import carded, hastened, named, told

    profile = model.profile if who.name is None else named(model.profile, who.name)
    profile = told(profile, imei=who.imei, imsi=who.imsi, iccid=who.iccid, revision=who.revision)
    profile = carded(profile, present=who.card, pin=who.pin)
    if who.register_time is not None:
        profile = profile._replace(power=profile.power._replace(register_time=who.register_time))
    if who.zone is not None:
        profile = profile._replace(clock=profile.clock._replace(zone=who.zone))
    return model._replace(profile=hastened(profile, who.speed))


@cache
def load_model(name: str, directories: tuple[Path, ...] = ()) -> Model:
    """The model of a series or sub-model name, upper or lower case; directories are searched first.

    Raises UnknownModel, or ProfileError with every mistake.
    """
    file, sub_model = find(name, directories)
    return bind_profile(inspect_file(file, sub_model, directories))


def load_model_file(file: Path, directories: tuple[Path, ...] = ()) -> Model:
    """The model that one profile file describes. Raises ProfileError with every mistake."""
    return bind_profile(inspect_file(file, None, directories))


def bind_profile(loaded: LoadedProfile) -> Model:
    """Every command bound to a profile. Raises ProfileError with every mistake."""
    return bind(DECLARATIONS, loaded)
