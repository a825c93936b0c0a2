"""Models of which the families are bound when they are needed, and what is bound of one."""

from __future__ import annotations

from typing import Any, NamedTuple

from onemo.at.command import BoundCommand
from onemo.at.family import Family
from onemo.at.registry import bind, definition
from onemo.families import FAMILIES
from onemo.profile.loader import find, load_part, model_files, sub_models
from onemo.runtime.models import Model

CORE = tuple(family.name for family in FAMILIES if family.core)
LATER = tuple(family for family in FAMILIES if not family.core)
SUB_MODELS = tuple(name for file in model_files().values() for name in sub_models(file))


def lazy(name: str) -> Model:
    """The model as ``run`` has it, which no other test has bound families to."""
    return bind(FAMILIES, load_part(*find(name), CORE))


def needed_by(family: Family) -> set[str]:
    """A family and those that it needs, by name."""
    named = {each.name: each for each in FAMILIES}
    return {family.name}.union(*(needed_by(named[need]) for need in family.needs))


class Described(NamedTuple):
    """What a model has of a family: all that can be compared."""

    commands: dict[str, object]
    slots: dict[str, object]
    kept: set[str]
    errors: dict[Any, tuple[int, str]]
    tables: dict[str, object]
    sections: dict[str, object]


def _command(bound: BoundCommand[Any]) -> object:
    """A command without its handlers, which are made anew with every binding; its records say what they do."""
    return bound.name, set(bound.forms), bound.records, bound.slots, bound.split, bound.test_reads_device


def described(model: Model, family: Family) -> Described:
    """What the model has of a family; where it is not bound yet, that is left so."""
    defined = definition(family)
    names = [name.encode() for name in family.commands]
    return Described(
        commands={name.decode(): _command(model.commands[name]) for name in names if name in model.commands},
        slots={slot.nv_name: bound for slot, bound in model.slots.items() if slot.command in family.commands},
        kept={slot.nv_name for slot in model.kept if slot.command in family.commands},
        errors={code: model.errors[code] for code in defined.errors if code in model.errors},
        tables={t.name: model.profile.tables[t.name] for t in defined.tables if t.name in set(model.profile.tables)},
        sections={name: section for name, section in model.profile.commands.items() if name in family.commands},
    )
