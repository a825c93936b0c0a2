"""Whole profiles, with the tables of every family."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onemo.profile import loader
from onemo.profile.loader import LoadedProfile
from onemo.runtime.models import family_tables


def load(name: str, directories: Sequence[Path] = ()) -> LoadedProfile:
    """As onemo.profile.loader has it."""
    return loader.load(name, directories, family_tables())


def load_file(file: Path, sub_model: str | None = None) -> LoadedProfile:
    """As onemo.profile.loader has it."""
    return loader.load_file(file, sub_model, (), family_tables())
