"""Models ready to run: a profile with every command bound to it, once for all modules of that model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from onemo.at.registry import BoundModel, bind, definition
from onemo.errors import UsageError
from onemo.families import FAMILIES
from onemo.modem.modem import Modem
from onemo.profile.loader import LoadedProfile, find, inspect_file, is_builtin, load_part
from onemo.profile.schema import Table
from onemo.runtime.spare import spare_lent

if TYPE_CHECKING:
    from onemo.profile.card import CardDocument

Model = BoundModel[Modem]


class Overrides(NamedTuple):
    """The values that one module of a model has in place of its profile's.

    name: it has numbers of its own, which the others overrule. register_time: seconds of the first search, from the
    start, and of every later one that no event gives another; pin: the card asks for it at the start; sim: whether a
    card is in the slot; file_store: bytes; zone: quarters of an hour east of UTC; speed: how many times faster every
    emulated delay passes; sleep_default: "model", a start begins with the sleep mode of the guide; card: what is on the
    card, or the file of that.
    """

    name: str | None = None
    imei: str | None = None
    imsi: str | None = None
    iccid: str | None = None
    revision: str | None = None
    register_time: float | None = None
    pin: str | None = None
    sim: bool = True
    file_store: int | None = None
    zone: int | None = None
    speed: float = 1.0
    msisdn: str | None = None
    sleep_default: str = "off"
    card: Path | CardDocument | None = None


def individual(model: Model, overrides: Overrides) -> Model:
    """Apply what one module has of its own to its model. Raises UsageError: numbers that are none."""
    if overrides == Overrides():
        return model
    if overrides.name == "":
        raise UsageError("a module's name is not empty: leave it out, or give one")
    from onemo.profile.card import with_card_file, without_files_of
    from onemo.profile.instance import speed_up, with_card, with_file_store, with_name, with_numbers

    profile = model.profile if overrides.name is None else with_name(model.profile, overrides.name)
    profile = with_numbers(
        profile,
        imei=overrides.imei,
        imsi=overrides.imsi,
        iccid=overrides.iccid,
        msisdn=overrides.msisdn,
        revision=overrides.revision,
    )
    profile = with_card(profile, present=overrides.sim, pin=overrides.pin)
    if overrides.card is not None:
        profile = with_card_file(profile, overrides.card)
    said = [name for name in ("imsi", "iccid", "msisdn") if getattr(overrides, name) is not None]
    profile = without_files_of(profile, *said) if said else profile
    if overrides.register_time is not None:
        search = overrides.register_time
        profile = profile._replace(
            power=profile.power._replace(register_time=search), radio=profile.radio._replace(search_time=search)
        )
    if overrides.file_store is not None:
        profile = with_file_store(profile, overrides.file_store)
    if overrides.sleep_default == "model":
        profile = profile._replace(sleep=profile.sleep._replace(starts_asleep=True))
    if overrides.zone is not None:
        profile = profile._replace(clock=profile.clock._replace(zone=overrides.zone))
    return model._replace(profile=speed_up(profile, overrides.speed))


@cache
def load_model(name: str, directories: tuple[Path, ...] = ()) -> Model:
    """Load the model of a series or sub-model name, upper or lower case; directories are searched first.

    The families of a built-in one that are not of the core are bound when they are needed. Raises UnknownModel, or
    ProfileError with every mistake.
    """
    file, sub_model = find(name, directories)
    if directories or not is_builtin(file):
        return bind_profile(inspect(file, sub_model, directories))
    return bind_profile(load_part(file, sub_model, [family.name for family in FAMILIES if family.core]))


def load_model_file(file: Path, directories: tuple[Path, ...] = ()) -> Model:
    """Load the model that one profile file describes. Raises ProfileError with every mistake."""
    return bind_profile(inspect(file, None, directories))


def inspect(file: Path, sub_model: str | None = None, directories: Sequence[Path] = ()) -> LoadedProfile:
    """Read one file with all it extends, the tables of every family included; mistakes are told in it."""
    return inspect_file(file, sub_model, directories, family_tables())


def family_tables() -> list[Table[Any]]:
    """Return the tables of profiles that belong to families."""
    return [table for family in FAMILIES for table in definition(family).tables]


def bind_profile(loaded: LoadedProfile) -> Model:
    """Bind the families to a profile. Raises ProfileError with every mistake."""
    return bind(FAMILIES, loaded, loading=spare_lent)
