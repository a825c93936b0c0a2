"""The page of one command of a model: what can be typed, what it takes, and who says so."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from onemo.at.command import BoundCommand, KeyedSetting, Query, Setting, is_basic
from onemo.at.grammar import Form
from onemo.at.params import BoundParam, BoundRecord, ParamKind
from onemo.at.registry import declarations, definition, test_answer, typed
from onemo.cli.model_page import answer_table, said, section_table
from onemo.cli.page import Page
from onemo.errors import EmulatorError
from onemo.families import FAMILIES
from onemo.profile.layers import KeyPath
from onemo.profile.loader import LoadedProfile
from onemo.runtime.models import Model

_HEADERS = ("Parameter", "Value", "Source", "File")


class UnknownCommand(EmulatorError):
    """No model has a command of this name."""


def describe_command(page: Page, model: Model, loaded: LoadedProfile, asked: str) -> None:
    """Describe a command: its forms, the answer of the test form, each parameter. Raises UnknownCommand."""
    profile = loaded.profile
    if model.answers is not None and (own := model.answers.asked(asked)):
        page.heading(f"{asked} of {profile.sub_model}", "no family's: its profile answers")
        answer_table(page, loaded, own)
        return
    name = command_name(asked, declarations(FAMILIES))
    source, file = said(loaded, ("commands", name, "available"))
    page.heading(f"{typed(name)} of {profile.sub_model}", f"{source} ({file})")
    bound = model.commands.get(name.encode())
    if bound is None:
        page.text(f"Unavailable: {profile.sub_model} answers ERROR, as to a command that does not exist.")
        return
    page.text()
    page.table(("Typed", "What it does"), _forms(name, bound))
    if profile.commands[name].nv:
        page.text()
        page.text("What it sets is kept in non-volatile memory: onemo-emulator run --nv FILE")
    if answer := test_answer(bound):
        page.heading("Answer of the test form", above=True)
        for line in answer:
            page.text(f"  {line}")
    _parameters(page, name, bound, loaded)
    for defined in map(definition, FAMILIES):
        for table in defined.shows.get(name, ()):
            section_table(page, loaded, table)


def command_name(asked: str, known: Mapping[str, object]) -> str:
    """Return the name of a command as it may be typed: with or without AT and +, in any case, with a form or a number.

    Raises UnknownCommand.
    """
    plain = re.sub(r"[=?].*", "", asked.strip().upper(), flags=re.DOTALL)
    bare = plain.removeprefix("AT").removeprefix("+")
    for candidate in (plain, bare, re.sub(r"^(&?[A-Z])[0-9]+$", r"\1", bare)):
        if candidate in known:
            return candidate
    near = [typed(name) for name in difflib.get_close_matches(bare, known, n=3, cutoff=0.75)]
    meant = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(map(typed, known))}"
    raise UnknownCommand(f"there is no command {asked!r}; {meant}")


# ---- Forms


def _forms(name: str, bound: BoundCommand[Any]) -> Iterator[tuple[str, str]]:
    """Yield everything that can be typed, and its effect."""
    declaration = declarations(FAMILIES)[name]
    if Form.TEST in bound.forms:
        yield f"{typed(name)}=?", "tells what it takes"
    if isinstance(declaration, KeyedSetting):
        indices = {key.slot.name: key.slot.indexed_by is not None for key in declaration.keys}
        for key, record in bound.records.items():
            yield from _forms_of_key(f'{typed(name)}="{key}"', record, indexed=indices[key])
        return
    record = bound.records[""]
    indexed = isinstance(declaration, Setting) and declaration.slot.indexed_by is not None
    first = record.params[0].name if record.params else ""
    does = "executes it"
    if isinstance(declaration, Setting | Query):
        counted = any(family.instances is not None and family.instances.name == first for family in FAMILIES)
        does = "reads it" + _of("one", first) if isinstance(declaration, Query) and counted else "sets it"
    if Form.READ in bound.forms:
        yield f"{typed(name)}?", "reads it" + (_of("every", first) if indexed else "")
    if indexed:
        yield f"{typed(name)}=<{first}>", "reads it" + _of("one", first)
    if Form.SET in bound.forms:
        yield f"{typed(name)}={_syntax(record)}", does
    if Form.EXECUTE in bound.forms:
        yield typed(name) + ("[<value>]" if is_basic(name) and record.params else ""), does


def _forms_of_key(start: str, record: BoundRecord[Any], *, indexed: bool) -> Iterator[tuple[str, str]]:
    """Yield a key's forms; indexed: it belongs to a connection, or to an <ssl_id>."""
    index = record.params[0].name
    yield start, "reads it" + (_of("every", index) if indexed else "")
    if indexed:
        yield f"{start},<{index}>", "reads it" + _of("one", index)
    yield f"{start},{_syntax(record)}", "sets it"


def _of(how_many: str, index: str) -> str:
    """Tell whose values are read: ``, of one connection``, ``, of every <ssl_id>``."""
    nouns = {each.instances.name: each.instances.noun for each in FAMILIES if each.instances}
    return f", of {how_many} {nouns.get(index) or f'<{index}>'}"


def _syntax(record: BoundRecord[Any]) -> str:
    """Return ``<connect_id>[,<mode>]``; a parameter that the model lacks is left empty, or off at the end."""
    params = list(record.params)
    while params and not params[-1].section.available:
        params.pop()
    text, optional = "", 0
    for index, bound in enumerate(params):
        if not bound.param.required:
            text += "["
            optional += 1
        text += ("," if index else "") + (f"<{bound.name}>" if bound.section.available else "")
    return text + "]" * optional


# ---- Parameters


def _parameters(page: Page, name: str, bound: BoundCommand[Any], loaded: LoadedProfile) -> None:
    here = ("commands", name)
    keys = loaded.profile.commands[name].keys
    if not keys:
        _parameter_table(page, "Parameters", here, bound.records[""], loaded)
        return
    source, file = said(loaded, (*here, "offers"))
    for key, record in bound.records.items():
        _parameter_table(page, f'"{key}"', (*here, "keys", key), record, loaded)
    if lacking := [f'"{key}"' for key in keys if key not in bound.records]:
        page.heading("Unavailable", above=True)
        page.text(f"  {', '.join(lacking)}: {_refusal(loaded)}; {source} ({file})")


def _parameter_table(page: Page, title: str, here: KeyPath, record: BoundRecord[Any], loaded: LoadedProfile) -> None:
    if not record.params:
        return
    page.heading(title, above=True)
    rows: list[tuple[str, str, str, str]] = []
    for bound in record.params:
        name = bound.name
        for (source, file), facts in _by_source(bound, here, loaded).items():
            rows.append((name, "; ".join(facts), source, file))
            name = ""
    page.table(_HEADERS, rows)


def _by_source(bound: BoundParam, here: KeyPath, loaded: LoadedProfile) -> dict[tuple[str, str], list[str]]:
    """Group all that is said of a parameter by who says it."""
    path = (*here, "params", bound.name)
    if not any(origin[: len(path)] == path for origin in loaded.origins):
        path = ("params", bound.name)  # one that many commands share
    found: dict[tuple[str, str], list[str]] = {}
    for key, fact in _facts(bound, loaded):
        own = (*path, key)
        where = said(loaded, own if own in loaded.origins else (*here[:2], "available"))
        found.setdefault(where, []).append(fact)
    return found


def _facts(bound: BoundParam, loaded: LoadedProfile) -> Iterator[tuple[str, str]]:
    """Yield the key of the profile that says something, and what it says."""
    section, param = bound.section, bound.param
    if not section.available:
        yield "available", f"unavailable: a value is refused, {_refusal(loaded)}"
        if section.default is not None:
            yield "default", f"always {section.default}"
        return
    if param.kind is ParamKind.INTEGER:
        yield "range", bound.accepted.text if bound.accepted else "any number"
    elif param.choices:
        yield "choices", " or ".join(f'"{choice}"' for choice in param.choices)
    else:
        size = f" of at most {section.max_length} bytes" if section.max_length is not None else ""
        yield "max_length", ("data" if param.kind is ParamKind.DATA else "text") + size
    if param.required:
        yield "range", "required"
    elif section.default is not None:
        yield "default", f"default {section.default}"
    else:
        yield "range", "may be left out"
    if section.shown is not None:
        yield "shown", f"the test form prints {f'({section.shown})' if section.shown else 'nothing'}"
    if section.inert:
        yield "inert", f"inert: taken and read back, but always acts as {section.default}"
    if section.out_of_range == "ignore":
        yield "out_of_range", "a number out of range counts as the default"


def _refusal(loaded: LoadedProfile) -> str:
    return f"+CME ERROR: {loaded.profile.cme['incorrect_parameters'].number}"
