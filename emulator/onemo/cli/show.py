"""The commands ``onemo-emulator models``, ``show`` and ``check-profile``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from onemo.cli.command_page import describe_command
from onemo.cli.model_page import describe_model
from onemo.cli.output import write
from onemo.cli.page import Page
from onemo.cli.traits import Traits, apart, told, traits, usual
from onemo.errors import Mistake, ProfileError
from onemo.families.sockets.connection import AccessMode
from onemo.profile.loader import builtin_directory, find, model_files, sub_models
from onemo.profile.schema import Profile
from onemo.runtime.models import bind_profile, inspect

FAILURE = 1


class _Series(NamedTuple):
    """One row of ``models``: the profile of the first sub-model, and what each sub-model is like."""

    name: str
    profile: Profile
    subs: Sequence[tuple[str, Traits]]
    builtin: bool


def show_models(profiles: tuple[Path, ...]) -> int:
    """Print the table of all series; a profile that cannot be read is one line on stderr."""
    found: list[_Series] = []
    for stem, file in model_files(profiles).items():
        try:
            bound = [(name, bind_profile(inspect(file, name, profiles)).profile) for name in sub_models(file)]
        except ProfileError as error:
            _report(file, len(error.mistakes))
            continue
        first = bound[0][1]
        name = first.series if first.series.lower() == stem else stem.upper()
        subs = [(sub, traits(profile)) for sub, profile in bound]
        found.append(_Series(name, first, subs, file.is_relative_to(builtin_directory())))
    found.sort(key=lambda series: (series.profile.family, series.name))
    _print_models(found)
    return 0


def _report(file: Path, count: int) -> None:
    mistakes = f"{count} mistake{'s' if count > 1 else ''}"
    print(f"onemo-emulator: {file} has {mistakes} (onemo-emulator check-profile {file} lists all)", file=sys.stderr)


def _print_models(found: Sequence[_Series]) -> None:
    families = list(dict.fromkeys(series.profile.family for series in found))
    common = {
        family: usual(s.subs[0][1] for s in found if s.profile.family == family and s.builtin) for family in families
    }
    page = Page()
    headers = ("Series", "Family", "Sub-models", "Ids", "Modes", "What stands out")
    page.table(headers, [_model_row(series, common[series.profile.family]) for series in found], indent=0)
    page.text()
    for family in families:
        page.text(f"Usual for {family}: {'; '.join(told(common[family]))}.")
    modes = ", ".join(f"{mode.value} {mode.name.lower().replace('_', '-')}" for mode in AccessMode)
    page.text(f"Ids are the connect_ids; modes are the access modes: {modes}.")
    page.text("A series stands for its first sub-model. More of a model: onemo-emulator show MODEL [COMMAND]")
    page.show()


def _model_row(series: _Series, common: Traits) -> tuple[str, ...]:
    ids = series.profile.params["connect_id"].range
    modes = series.profile.commands["MIPOPEN"].params["access_mode"].range
    (_, first), *others = series.subs
    stands_out = apart(first, common)
    differences = {name: own for name, sub in others if (own := apart(sub, first))}
    stands_out += [f"{name}: {', '.join(own)}" for name, own in differences.items()]
    return (
        series.name,
        series.profile.family,
        ", ".join(name for name, _ in series.subs),
        ids.text if ids else "",
        modes.text if modes else "",
        "; ".join(stands_out),
    )


def show_model(name: str, command: str | None, profiles: tuple[Path, ...]) -> int:
    """Print a model, or one command of it. Raises UnknownModel, UnknownCommand, ProfileError."""
    loaded = inspect(*find(name, profiles), profiles)
    model = bind_profile(loaded)
    page = Page()
    if command is None:
        describe_model(page, model, loaded)
    else:
        describe_command(page, model, loaded, command)
    page.show()
    return 0


def check_file(file: Path, profiles: tuple[Path, ...]) -> int:
    """Print every mistake of a file and of its sub-models; 1 if there are any."""
    try:
        subs = sub_models(file)
    except ProfileError as error:
        return _print_mistakes(file, [(mistake, []) for mistake in error.mistakes])
    found: dict[Mistake, list[str]] = {}
    for sub in subs:
        try:
            bind_profile(inspect(file, sub, profiles))
        except ProfileError as error:
            for mistake in error.mistakes:
                found.setdefault(mistake, []).append(sub)
    if found:
        return _print_mistakes(file, [(m, names if len(names) < len(subs) else []) for m, names in found.items()])
    write(f"{file}: no mistakes in {', '.join(subs)}\n")
    return 0


def _print_mistakes(file: Path, mistakes: Sequence[tuple[Mistake, Sequence[str]]]) -> int:
    """Each mistake on a line, with the sub-models that alone have it."""
    lines = [f"{file}: {len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}"]
    for mistake, names in mistakes:
        lines.append(f"  {mistake}" + (f" (in {', '.join(dict.fromkeys(names))})" if names else ""))
    write("".join(f"{line}\n" for line in lines))
    return FAILURE
