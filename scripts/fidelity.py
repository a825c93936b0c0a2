"""Writes docs/fidelity.md: what rests on what, counted in the transcripts, the captures and the profiles.

``.venv/bin/python -m scripts.fidelity``; a test fails while the file is not what this would write.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from onemo.at.family import Family
from onemo.cli.questions import QUESTIONS, is_decided, settled
from onemo.families import FAMILIES
from onemo.profile.loader import LoadedProfile

from scripts.command_table import series
from tests.support.driver import model_named
from tests.support.models import CAT1, NB
from tests.support.sources import CAPTURES, Capture, Evidence, captures
from tests.support.transcript import Case, read

FILE = Path(__file__).resolve().parent.parent / "docs" / "fidelity.md"
_HEAD = """\
# What rests on what

To install the emulator: `pipx install './onemo-emulator[control,tls]'`, or uvx or pip ([install](install.md)).

This page is made by `python -m scripts.fidelity`; a test compares them. It counts three things:

- the {transcripts} transcripts in `tests/transcripts`, dialogues that are compared to the byte on every series that
  they name ({runs} runs on a series). Each names its sources in a line `source:`. One with several sources counts
  under each, one that rests on nothing but a decision also under "only decided";
- the {captures} captures in `tests/transcripts/captures.toml`: what owners of hardware published of their modules;
- the values of the profiles, of the first sub-model of each series, each with the `source` that
  `onemo-emulator show MODEL COMMAND` prints.

| | |
|---|---|
{legend}

What only was decided is where hardware is needed most. Whoever has a module can
[`record`](transcripts.md) a dialogue with it: a transcript of it settles what is decided here, or what was
seen on another series alone."""
_ABOUT = {
    Evidence.CAPTURE: "seen on a real module",
    Evidence.DRIVERS: "drivers that work on hardware rely on it",
    Evidence.MANUAL: "the vendor's TCP/IP manual",
    Evidence.GUIDE: "another guide of the vendor's: base, extended, SSL, HTTP, MQTT, flow, NB",
    Evidence.STANDARD: "ITU-T V.250, 3GPP, an RFC or OMA",
    Evidence.TABLE: "a table made by others from later editions of the manuals",
    Evidence.DECIDED: "nobody says so: a value or a behaviour that a measurement may overturn",
}
_IN_PROFILES = {
    Evidence.CAPTURE: r"hardware \([^()]+\)",
    Evidence.DRIVERS: r"a client on|drivers",
    Evidence.MANUAL: r"(a newer edition of the )?manual\b",
    Evidence.GUIDE: r"(a third party's transcription of the )?vendor's .*guide",
    Evidence.STANDARD: r"V\.250 \d|\d{2,3}\.\d{3} |[\d.]+ of TS |RFC \d|OMA-TS",
    Evidence.TABLE: r"a public table",
    Evidence.DECIDED: r"(.*\b)?decided\b",
}
_TYPED = re.compile(r"\+([A-Z]+)|^AT(&[A-Z]|S\d|[A-Z])")


def kinds_of(source: str) -> set[Evidence]:
    """Tell the kinds of evidence that the source of a value in a profile names; none: it is of no known form."""
    parts = source.split("; ")
    return {kind for kind, form in _IN_PROFILES.items() if any(re.match(form, part) for part in parts)}


def places_of(source: str) -> set[str]:
    """Tell where the source of a value in a profile says that it was seen: models as they are written there."""
    return {place for found in re.findall(r"\bhardware \(([^()]+)\)", source) for place in found.split(", ")}


def series_seen(source: str) -> set[str]:
    """Tell the same by series; a place of no series of ours stays as it is written."""
    known = sorted((*NB, *CAT1), key=len, reverse=True)
    return {next((name for name in known if place.startswith(name)), place) for place in places_of(source)}


def commands_in(text: str) -> set[str]:
    """Return the names of the commands in a typed line."""
    bare = re.sub(r'"[^"]*"?', "", text.upper())
    return {extended or basic for extended, basic in _TYPED.findall(bare)}


@cache
def transcripts() -> Mapping[Case, frozenset[str]]:
    """Return every transcript, with the commands that are typed in it."""
    folder = CAPTURES.parent
    found = {}
    for path in sorted(folder.rglob("*.at")):
        case = read(path, folder)
        typed = (step.text.lstrip("> ") for step in case.steps if step.text.startswith(">"))
        found[case] = frozenset(name for text in typed for name in commands_in(text))
    return found


def series_of(case: Case) -> set[str]:
    """Return the series on which a transcript runs, on any of its sub-models."""
    return {model_named(model).profile.series for model in case.models}


def page() -> str:
    """Make the whole text of docs/fidelity.md."""
    runs = sum(len(series_of(case)) for case in transcripts())
    legend = "\n".join(f"| {kind.value} | {about} |" for kind, about in _ABOUT.items())
    head = _HEAD.format(transcripts=len(transcripts()), runs=runs, captures=len(captures()), legend=legend)
    parts: list[Iterable[str]] = [
        [head],
        ["## Transcripts by series", "", *_transcripts_by_series()],
        ["## Transcripts by family of commands", "", *_transcripts_by_family()],
        ["## Families and series", "", *_families_and_series()],
        ["## Values of the profiles by series", "", *_values(_by_series())],
        ["## Values of the commands by family", "", *_values(_by_family())],
        ["## Commands that were seen on hardware", "", *_seen()],
        ["## What `record --session fidelity` asks", "", *_session()],
        ["## Captures", "", *_captures()],
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


# Transcripts.


def _transcripts_by_series() -> Iterator[str]:
    yield "Of the captures, those of the series itself stand apart from those of another one."
    yield ""
    kinds = [kind for kind in Evidence if kind is not Evidence.CAPTURE]
    rows = []
    for name in (*NB, *CAT1):
        ran = [case for case in transcripts() if name in series_of(case)]
        seen = [_seen_on(case) for case in ran]
        own, other = sum(name in each for each in seen), sum(bool(each) and name not in each for each in seen)
        rows.append([name, len(ran), own, other, *(_naming(ran, kind) for kind in kinds), _only_decided(ran)])
    heads = ["Series", "transcripts", "captured on it", "on another", *(kind.value for kind in kinds), "only decided"]
    yield from _table(heads, rows)


def _transcripts_by_family() -> Iterator[str]:
    yield "A transcript counts for each family of which it types a command."
    yield ""
    rows = []
    for family in FAMILIES:
        ran = [case for case, typed in transcripts().items() if typed & set(family.commands)]
        rows.append([_name(family), len(ran), *(_naming(ran, kind) for kind in Evidence), _only_decided(ran)])
    yield from _table(["Family", "transcripts", *(kind.value for kind in Evidence), "only decided"], rows)


def _families_and_series() -> Iterator[str]:
    yield "How many transcripts rest on a capture of the series itself, of all that type a command of the family there."
    yield ""
    rows = []
    for family in FAMILIES:
        ran = [case for case, typed in transcripts().items() if typed & set(family.commands)]
        cells = []
        for name in (*NB, *CAT1):
            there = [case for case in ran if name in series_of(case)]
            cells.append(f"{sum(name in _seen_on(case) for case in there)}/{len(there)}")
        rows.append([_name(family), *cells])
    yield from _table(["Family", *NB, *CAT1], rows)


def _naming(cases: Iterable[Case], kind: Evidence) -> int:
    return sum(any(source.evidence is kind for source in case.sources) for case in cases)


def _only_decided(cases: Iterable[Case]) -> int:
    return sum({source.evidence for source in case.sources} == {Evidence.DECIDED} for case in cases)


def _seen_on(case: Case) -> set[str]:
    """Return the series of the captures that a transcript names."""
    rows = [captures()[source.capture] for source in case.sources if source.capture is not None]
    return {name for row in rows for name in row.series}


# Profiles.


def _first(name: str) -> LoadedProfile:
    return next(iter(series()[name].values()))


def _by_series() -> dict[str, list[tuple[str, str]]]:
    """Return the series and the source of all values of each series' first sub-model."""
    return {name: [(name, origin.source) for origin in _first(name).origins.values()] for name in (*NB, *CAT1)}


def _by_family() -> dict[str, list[tuple[str, str]]]:
    """Return the series and the source of each value of each family's commands, over all series."""
    found: dict[str, list[tuple[str, str]]] = {}
    for family in FAMILIES:
        found[_name(family)] = [
            (name, origin.source)
            for name in (*NB, *CAT1)
            for path, origin in _first(name).origins.items()
            if path[0] == "commands" and path[1] in family.commands
        ]
    return found


def _values(sources: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[str]:
    yield "Of those seen on a real module, what was seen on the series itself stands apart from what it takes over."
    yield ""
    others = [kind for kind in Evidence if kind is not Evidence.CAPTURE]
    rows = []
    for title, values in sources.items():
        seen = [(series, series_seen(text)) for series, text in values]
        own = sum(series in places for series, places in seen)
        other = sum(bool(places) and series not in places for series, places in seen)
        named = [kinds_of(text) for _, text in values]
        counts = Counter(kind for kinds in named for kind in kinds)
        decided = sum(kinds == {Evidence.DECIDED} for kinds in named)
        rows.append([title, len(values), own, other, *(counts[kind] for kind in others), decided])
    heads = ["", "values", "captured on it", "on another", *(kind.value for kind in others), "only decided"]
    yield from _table(heads, rows)


# Captures.


def _seen() -> Iterator[str]:
    yield "The captures name these, or the sources of their values. Of the others nothing was published: they are worth"
    yield "a recording on any series."
    yield ""
    in_profiles = _seen_in_profiles()
    rows = []
    for family in FAMILIES:
        where = {name: sorted({*(each for row in captures().values() if name in _named(row) for each in row.series),
                               *in_profiles.get(name, ())}) for name in family.commands}  # fmt: skip
        shown = [f"{_typed(name)} ({', '.join(on)})" for name, on in where.items() if on]
        rest = [_typed(name) for name, on in where.items() if not on]
        rows.append([_name(family), ", ".join(shown), ", ".join(rest)])
    yield from _table(["Family", "seen, and on which series", "not seen"], rows)


def _seen_in_profiles() -> dict[str, set[str]]:
    """Return where each command was seen, as the sources of its values have it."""
    found: dict[str, set[str]] = {}
    for name in (*NB, *CAT1):
        for path, origin in _first(name).origins.items():
            if path[0] == "commands":
                found.setdefault(path[1], set()).update(series_seen(origin.source))
    return found


def _named(row: Capture) -> set[str]:
    """Return the commands that a capture is of."""
    return {name for word in re.findall(r"AT[+&A-Z0-9]+", row.said) for name in commands_in(word)}


def _typed(name: str) -> str:
    """Write a command as it is typed."""
    return f"`AT{name}`" if len(name) == 1 or not name.isalpha() else f"`AT+{name}`"


def _captures() -> Iterator[str]:
    yield "bytes: a count of bytes or a logic analyser backs it. lines: exact in its lines. relied: a driver on"
    yield "hardware works only so. The last column counts the transcripts that name the capture."
    yield ""
    rows = []
    for row in captures().values():
        count = sum(any(source.capture == row.number for source in case.sources) for case in transcripts())
        said = row.said.replace("|", r"\|") + (f" ({row.left_out})" if row.left_out else "")
        rows.append([row.number, ", ".join(row.series), said, row.kind, count])
    yield from _table(["#", "seen on", "what", "kind", "transcripts"], rows)


# The session.


def _session() -> Iterator[str]:
    yield "[hardware.md](hardware.md) tells how. Beside these it asks for the forms `=?` and `?` of every command"
    yield "of the model that has a decided value. The last column counts the series on which it is asked."
    yield ""
    decided = [
        [path for path, origin in _first(name).origins.items() if is_decided(origin.source)] for name in (*NB, *CAT1)
    ]
    rows = [[each.about, f"`{each.settles}`", sum(settled(each, paths) for paths in decided)] for each in QUESTIONS]
    yield from _table(["what", "settles", "series"], rows)


# Writing.


def _name(family: Family) -> str:
    return family.title.partition(" (")[0]


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Write a table, aligned, so that it can be read unrendered."""
    cells = [list(map(str, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for line in (heads, ["-" * width for width in widths], *cells):
        yield "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) + " |"


def main() -> None:
    """Write docs/fidelity.md."""
    FILE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
