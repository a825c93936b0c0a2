"""The command ``onemo-emulator models``: the series at a glance, and what tells them apart."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from onemo.at.family import Family
from onemo.cli.page import Page
from onemo.cli.traits import Traits, apart, has, told, traits, usual
from onemo.errors import ProfileError
from onemo.families import FAMILIES
from onemo.families.sockets.connection import AccessMode
from onemo.profile.loader import is_builtin, load_part, model_files, sub_models
from onemo.profile.schema import Profile

_MOST_SUB_MODELS = 6
"""The most sub-models of a series that are named; of others the count is told."""


class _Series(NamedTuple):
    """A series, and the profile of each of its sub-models by name."""

    name: str
    subs: Mapping[str, Profile]
    builtin: bool

    @property
    def first(self) -> Profile:
        """The sub-model that the series name stands for."""
        return next(iter(self.subs.values()))

    def short(self, sub: str) -> str:
        """Return a sub-model without its series: ``-DL``."""
        return sub.removeprefix(self.name) or sub


def show_models(profiles: tuple[Path, ...], *, compare: bool = False) -> int:
    """Print all series, or with compare what tells them apart; a profile that cannot be read is a line on stderr."""
    found: list[_Series] = []
    for stem, file in model_files(profiles).items():
        try:
            subs = {name: _profile(file, name, profiles, whole=compare) for name in sub_models(file)}
        except ProfileError as error:
            _report(file, len(error.mistakes))
            continue
        series = next(iter(subs.values())).series
        found.append(_Series(series if series.lower() == stem else stem.upper(), subs, is_builtin(file)))
    found.sort(key=lambda series: (series.first.family, series.name))
    page = Page()
    if compare:
        _compare(page, found)
    else:
        _list(page, found)
    page.show()
    return 0


def _profile(file: Path, sub_model: str, profiles: tuple[Path, ...], *, whole: bool) -> Profile:
    """Load a sub-model. whole: with everything of it, for which every family is imported. Raises ProfileError."""
    if not whole and not profiles and is_builtin(file):
        return load_part(file, sub_model, [family.name for family in FAMILIES if family.core or family.feature]).profile
    from onemo.runtime.models import bind_profile, inspect

    return bind_profile(inspect(file, sub_model, profiles)).profile


def _report(file: Path, count: int) -> None:
    mistakes = f"{count} mistake{'s' if count > 1 else ''}"
    print(f"onemo-emulator: {file} has {mistakes} (onemo-emulator check-profile {file} lists all)", file=sys.stderr)


def _list(page: Page, found: Sequence[_Series]) -> None:
    features = [family for family in FAMILIES if family.feature]
    everywhere = [
        family for family in features if all(has(profile, family) for s in found for profile in s.subs.values())
    ]
    told_apart = [family for family in features if family not in everywhere]
    headers = ("Series", "Family", "Sub-models", "Ids", "Modes", "Has")
    page.table(headers, [_row(series, told_apart) for series in found], indent=0)
    page.text()
    if everywhere:
        page.text(f"All of them have {', '.join(family.feature for family in everywhere)}.")
    page.text("Sub-models are named without their series: ML307R-DC, -DL are ML307R-DC and ML307R-DL.")
    page.text("What only some of them have is said so: (only -DC) or (not -DL). A series by itself is its first.")
    modes = ", ".join(f"{mode.value} {mode.name.lower().replace('_', '-')}" for mode in AccessMode)
    page.text(f"Ids: connect_ids. Modes of access: {modes}.")
    page.text("What tells them apart: onemo-emulator models --compare")
    page.text("All of one model: onemo-emulator show MODEL [COMMAND]")


def _row(series: _Series, families: Sequence[Family]) -> tuple[str, ...]:
    ids = series.first.params["connect_id"].range
    modes = series.first.commands["MIPOPEN"].params["access_mode"].range
    first, *others = series.subs
    names = [first, *map(series.short, others)]
    return (
        series.name,
        series.first.family,
        _listed(names),
        ids.text if ids else "",
        modes.text if modes else "",
        ", ".join(_having(series, families)),
    )


def _having(series: _Series, families: Sequence[Family]) -> Iterator[str]:
    """Yield what a series has; of what not all of its sub-models have, also which."""
    for family in families:
        having = [series.short(name) for name, profile in series.subs.items() if has(profile, family)]
        lacking = [short for short in map(series.short, series.subs) if short not in having]
        if not lacking:
            yield family.feature
        elif having:
            few, word = (having, "only") if len(having) <= len(lacking) else (lacking, "not")
            yield f"{family.feature} ({word} {_listed(few)})"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_SUB_MODELS
    return ", ".join(names[:_MOST_SUB_MODELS]) + (f" and {more} more" if more > 0 else "")


def _compare(page: Page, found: Sequence[_Series]) -> None:
    for family in dict.fromkeys(series.first.family for series in found):
        relatives = [series for series in found if series.first.family == family]
        known = {series.name: {name: traits(profile) for name, profile in series.subs.items()} for series in relatives}
        ours = [next(iter(known[series.name].values())) for series in relatives if series.builtin]
        common = usual(ours)
        page.text(f"Usual for {family}: {'; '.join(told(common))}.")
        page.text()
        rows = [row for name, subs in known.items() for row in _rows_apart(name, subs, common)]
        page.table(("Model", "What stands out"), rows)
        page.text()
    page.text("A series, for which its first sub-model stands, is compared with what is usual for its family, another")
    page.text("sub-model with the first. All of one model: onemo-emulator show MODEL [COMMAND]")


def _rows_apart(series: str, subs: Mapping[str, Traits], common: Traits) -> Iterator[tuple[str, str]]:
    """Yield the row of a series, and one of each sub-model that is not as the first."""
    (_, first), *others = subs.items()
    yield series, "; ".join(apart(first, common)) or "nothing"
    for name, sub in others:
        if own := apart(sub, first):
            yield name, "; ".join(own)
