"""The commands ``onemo-emulator show`` and ``check-profile``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onemo.cli.command_page import describe_command
from onemo.cli.model_page import describe_model
from onemo.cli.output import write
from onemo.cli.page import Page
from onemo.errors import Mistake, ProfileError
from onemo.profile.loader import find, sub_models
from onemo.runtime.models import bind_profile, inspect

FAILURE = 1


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
