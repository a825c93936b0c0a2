"""Models ready to run: a profile with every command bound to it, once for all modules of that model."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from emulator.at.registry import BoundModel, bind
from emulator.commands import DECLARATIONS
from emulator.modem.modem import Modem
from emulator.profile.loader import LoadedProfile, find, inspect_file

Model = BoundModel[Modem]


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
