"""Families of commands: what is known of one before its first command, and what its module then defines."""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, NamedTuple

from onemo.at.command import Declaration
from onemo.at.outcome import D
from onemo.at.reply import ErrorCode
from onemo.profile.index import Index
from onemo.profile.schema import Profile, Table


class Family(NamedTuple):
    """One line of the list of families; nothing else names a family.

    name: of its file in ``profiles/base/``. title: for documents. module: exports ``DEFINITION``. It is imported, and
    the profile's file read, at the first of commands, when the NV holds one of keeps, or at a boot where wakes says
    so of what the NV holds; with core, at the start. instances: the index of those that it has. needs: families whose
    parameters or errors its profile refers to. urcs: the names of its URCs, and what those tell. feature: its short
    name where models are listed; empty: nobody chooses a model for it.
    """

    name: str
    title: str
    module: str
    commands: tuple[str, ...]
    core: bool = False
    instances: Index | None = None
    needs: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    wakes: Callable[[Mapping[str, object]], bool] | None = None
    urcs: tuple[str, ...] = ()
    feature: str = ""


class Trait(NamedTuple):
    """Something that tells models apart, for a reader.

    plain: there is nothing to tell of it, but of a model that differs.
    """

    phrase: str
    plain: bool = False


def either(answer: bool, told: str, plain: str) -> Trait:
    """Choose one of two traits, of which the second is plain."""
    return Trait(told) if answer else Trait(plain, plain=True)


class StateField(NamedTuple):
    """A field of a module's state that a family adds for the control API.

    type: for the schema; read: takes it from the device; empty: its value before there is one.
    """

    name: str
    type: object
    read: Callable[[Any], object]
    empty: object = ()


class FamilyDefinition(NamedTuple, Generic[D]):
    """Everything that a family's module defines.

    tables: its own of the profile. part: its state of one boot cycle; keepers: make its state that lasts, by the name
    in the NV. check: finds the mistakes of a profile that only the family knows of, each a key path and a problem.
    shows: the tables of the profile that the reader of a command wants. traits: tell models apart, by the question that
    each answers. misfit: the error of parameters that do not fit, in place of CME 50. state: for the control API.
    kept_only: settings that make no difference here, and why; remarks: in what commands are not quite as on the module.
    """

    declarations: tuple[Declaration[D], ...]
    errors: tuple[ErrorCode, ...] = ()
    misfit: ErrorCode | None = None
    tables: tuple[Table[Any], ...] = ()
    part: type[Any] | None = None
    keepers: Mapping[str, Callable[[D], Any]] = {}
    check: Callable[[Profile], Iterable[tuple[str, str]]] | None = None
    shows: Mapping[str, tuple[str, ...]] = {}
    traits: Callable[[Profile], Mapping[str, Trait]] | None = None
    state: tuple[StateField, ...] = ()
    kept_only: Mapping[str, str] = {}
    remarks: Mapping[str, str] = {}
