"""Binding families to a model: ranges, defaults and availability from the profile; of most, when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from onemo.at.command import BoundCommand, Declaration, is_basic
from onemo.at.family import Family, FamilyDefinition
from onemo.at.grammar import Arguments, Form
from onemo.at.outcome import D, Handler, Outcome
from onemo.at.params import BindError, BoundRecord
from onemo.at.reply import Cme, CommandError, ErrorCode
from onemo.at.store import Slot
from onemo.errors import Mistake, ProfileError
from onemo.profile.loader import LoadedProfile
from onemo.profile.schema import AnswerSection, Profile

if TYPE_CHECKING:
    from onemo.at.answers import OwnAnswers

Loading = Callable[[], AbstractContextManager[object]]


@cache
def definition(family: Family) -> FamilyDefinition[Any]:
    """Return what the family's module defines; import it if need be."""
    found: FamilyDefinition[Any] = import_module(family.module).DEFINITION
    return found


def declarations(families: Sequence[Family]) -> dict[str, Declaration[Any]]:
    """Return every command of every family, by name, in the order of the list."""
    return {declared.name: declared for family in families for declared in definition(family).declarations}


def typed(name: str) -> str:
    """Return a command as it is typed: ``ATE``, ``AT+MIPOPEN``."""
    return f"AT{name}" if is_basic(name) else f"AT+{name}"


def test_answer(bound: BoundCommand[Any]) -> list[str]:
    """Return the lines of the answer to the test form; it is the same on every device."""
    if Form.TEST not in bound.forms:
        return []
    if bound.test_reads_device:
        return [f"+{bound.name}: ..."]
    reply: Any = bound.forms[Form.TEST](None, ())
    return [line.decode("latin-1") for line in reply.lines]


class BoundModel(NamedTuple, Generic[D]):
    """A model ready to run; one is shared by all modules of that model.

    commands: those that exist on the model and were needed so far, by upper-case name; use ``command`` for any other.
    slots: the stored settings, also those whose command the model lacks, for their defaults still hold; kept: those
    that outlive a boot cycle; errors: numbers and texts. All of these grow as families are bound.
    answers: the profile's own, to lines that no family has; None: it has none.
    """

    profile: Profile
    commands: dict[bytes, BoundCommand[D]]
    slots: Mapping[Slot[Any], BoundRecord[Any]]
    kept: set[Slot[Any]]
    errors: dict[ErrorCode, tuple[int, str]]
    binder: Binder[D]
    answers: OwnAnswers | None

    def command(self, name: bytes) -> BoundCommand[D] | None:
        """Return the command of this name, its family bound if need be; None: the model has none."""
        found = self.commands.get(name)
        if found is None and self.binder.bind_command(name.decode("latin-1")):
            found = self.commands.get(name)
        return found

    def has(self, name: str) -> bool:
        """Tell whether the model has a command."""
        return self.command(name.encode()) is not None

    def whole(self) -> BoundModel[D]:
        """Bind every family; return the model. Raises ProfileError with every mistake."""
        self.binder.bind_all()
        return self

    def parameters(self, command: str) -> BoundRecord[Any]:
        """Return the parameters of a command. Raises KeyError: the model has no such command."""
        bound = self.command(command.encode())
        if bound is None:
            raise KeyError(command)
        return bound.records[""]

    def names(self) -> list[str]:
        """List every command that the model has, in the order of the families."""
        self.whole()
        order = {name: place for place, name in enumerate(self.binder.order)}
        return sorted((name.decode() for name in self.commands), key=order.__getitem__)

    def bound(self) -> list[FamilyDefinition[D]]:
        """Return the definitions of the families that were needed so far."""
        return list(self.binder.bound.values())


def bind(
    families: Sequence[Family],
    loaded: LoadedProfile,
    more: Sequence[Declaration[D]] = (),
    loading: Loading = nullcontext,
) -> BoundModel[D]:
    """Bind families to a profile: a whole one to all of them, any other to the core. more: declarations of no family.

    loading: what is entered while families are imported and their files read.

    Raises ProfileError with every mistake: the profile's own, a section without a declaration, a declaration without
    its section, values that do not fit.
    """
    binder: Binder[D] = Binder(families, loaded, loading)
    if more:
        binder.bind("", FamilyDefinition(tuple(more)), {})
    for family in families:
        if family.core or loaded.whole:
            binder.bind_family(family)
    if loaded.whole:
        binder.require_declared()
    if binder.mistakes:
        raise ProfileError(binder.mistakes)
    return BoundModel(
        profile=loaded.profile._replace(tables=binder.tables),
        commands=binder.commands,
        slots=binder.slots,
        kept=binder.kept,
        errors=binder.errors,
        binder=binder,
        answers=_own_answers(loaded.profile.answers),
    )


def _own_answers(sections: Mapping[str, AnswerSection]) -> OwnAnswers | None:
    if not sections:
        return None
    from onemo.at.answers import OwnAnswers

    return OwnAnswers(sections)


class _Slots(dict[Slot[Any], BoundRecord[Any]]):
    """Bound records; one that is missing is bound with the family of its command."""

    def __init__(self, binder: Binder[Any]) -> None:
        super().__init__()
        self._binder = binder

    def __missing__(self, slot: Slot[Any]) -> BoundRecord[Any]:
        if not self._binder.bind_command(slot.command) or slot not in self:
            raise KeyError(slot)
        return self[slot]


class _Tables(dict[str, Any]):
    """The tables of families; one that is missing belongs to a family that is not bound yet."""

    def __init__(self, binder: Binder[Any]) -> None:
        super().__init__()
        self._binder = binder

    def __missing__(self, name: str) -> Any:  # noqa: ANN401  (as the tables have it)
        self._binder.bind_all()
        if name not in self:
            raise KeyError(name)
        return self[name]


class Binder(Generic[D]):
    """The families of a model, each bound once to its profile. The collections that it fills are the BoundModel's."""

    def __init__(self, families: Sequence[Family], loaded: LoadedProfile, loading: Loading = nullcontext) -> None:
        self.order = tuple(name for family in families for name in family.commands)
        self._loaded = loaded
        self._loading = loading
        self._waiting = {family.name: family for family in families}
        self._owner = {name: family for family in families for name in (*family.commands, *family.keeps)}
        self._waking = [family for family in families if family.wakes is not None]
        self.commands: dict[bytes, BoundCommand[D]] = {}
        self.slots = _Slots(self)
        self.kept: set[Slot[Any]] = set()
        self.errors: dict[ErrorCode, tuple[int, str]] = {}
        self.tables: dict[str, Any] = _Tables(self)
        self.bound: dict[str, FamilyDefinition[D]] = {}
        self.mistakes: list[Mistake] = list(loaded.mistakes)

    def bind_command(self, name: str) -> bool:
        """Bind the family that has a command, or keeps something by this name in the NV.

        False: there is none, or it was bound before.
        """
        family = self._owner.get(name)
        if family is None or family.name not in self._waiting:
            return False
        self._bind([family])
        return True

    def kept_names(self, stored: Mapping[str, object]) -> list[str]:
        """Return the entries of an NV that families keep."""
        return [name for name in stored if (family := self._owner.get(name)) is not None and name in family.keeps]

    def bind_waking(self, stored: Callable[[], Mapping[str, object]]) -> list[FamilyDefinition[D]]:
        """Bind the families that have to be there from a boot on, as the NV is; return what they define."""
        woken = [family for family in self._waking if family.wakes is not None and family.wakes(stored())]
        self._bind(woken)
        return [self.bound[family.name] for family in woken]

    def bind_module(self, name: str) -> None:
        """Bind the family that a module belongs to, if it waits."""
        for family in self._waiting.values():
            if f"{name}.".startswith(f"{family.module}."):
                self.bind_command(family.commands[0])
                return

    def bind_all(self) -> None:
        """Bind every family that waits. Raises ProfileError with every mistake."""
        self._bind(list(self._waiting.values()))

    def _bind(self, families: Sequence[Family]) -> None:
        if families:
            with self._loading():
                for family in families:
                    self.bind_family(family)
        if self.mistakes:
            raise ProfileError(self.mistakes)

    def bind_family(self, family: Family) -> None:
        """Import a family and bind it, after those that it needs; its mistakes are noted.

        What cannot be imported or read now waits on, for another time.
        """
        if family.name not in self._waiting:
            return
        for name in family.needs:
            if name in self._waiting:
                self.bind_family(self._waiting[name])
        defined: FamilyDefinition[D] = definition(family)
        tables = self._loaded.read(family.name, defined.tables)
        del self._waiting[family.name]
        self.bind(family.name, defined, tables)

    def bind(self, name: str, defined: FamilyDefinition[D], tables: Mapping[str, Any]) -> None:
        """Bind what a family defines, with its own tables of the profile; its mistakes are noted."""
        profile = self._loaded.profile
        self.bound[name] = defined
        self.tables.update(tables)
        for declaration in defined.declarations:
            section = profile.commands.get(declaration.name)
            if section is None:
                self._mistake(f"commands.{declaration.name}", "is missing")
                continue
            try:
                bound = declaration.bind(section, profile.params)
            except BindError as error:
                for path, problem in error.problems:
                    self._mistake(f"commands.{declaration.name}.{path}", problem)
                continue
            if defined.misfit is not None or section.refuses == "error":
                misfit = None if section.refuses == "error" else defined.misfit
                forms = {form: _refusing(handler, misfit) for form, handler in bound.forms.items()}
                bound = bound._replace(forms=forms)
            self.slots.update(bound.slots)
            if section.nv:
                keys = section.keys
                self.kept.update({s: b for s, b in bound.slots.items() if s.name not in keys or keys[s.name].nv})
            if section.available:
                self.commands[declaration.name.encode()] = bound
        self._bind_errors(defined.errors)
        for path, problem in defined.check(profile._replace(tables=self.tables)) if defined.check else ():
            self._mistake(path, problem)

    def require_declared(self) -> None:
        """Note the sections of a whole profile that no family declares anything for."""
        names = {declared.name for defined in self.bound.values() for declared in defined.declarations}
        for name in self._loaded.profile.commands.keys() - names:
            self._mistake(f"commands.{name}", "no command has this name")
        known = {(code.result.lower(), code.key) for defined in self.bound.values() for code in defined.errors}
        for table in ("cme", "cms", "cis"):
            for key in getattr(self._loaded.profile, table):
                if (table, key) not in known:
                    self._mistake(f"{table}.{key}", "no error has this name")
        if not self._loaded.profile.answers:
            return
        from onemo.at.answers import mistakes_in

        for line, problem in mistakes_in(self._loaded.profile.answers, self.commands):
            path = ("answers", line)
            origin = self._loaded.origin(path)
            file = origin.file if origin else self._loaded.file.name
            self.mistakes.append(Mistake(file, f'answers."{line}"', problem))

    def _bind_errors(self, codes: Sequence[ErrorCode]) -> None:
        for code in codes:
            table = code.result.lower()
            section = getattr(self._loaded.profile, table).get(code.key)
            if section is None:
                self._mistake(f"{table}.{code.key}", "is missing")
            else:
                self.errors[code] = (section.number, section.text)

    def _mistake(self, path: str, problem: str) -> None:
        origin = self._loaded.origin(tuple(path.split(".")))
        self.mistakes.append(Mistake(origin.file if origin else self._loaded.file.name, path, problem))


def _refusing(handler: Handler[D], misfit: ErrorCode | None) -> Handler[D]:
    """Have a handler answer parameters that do not fit with the error of its family, None: the bare ERROR."""

    def handle(device: D, arguments: Arguments) -> Outcome:
        try:
            return handler(device, arguments)
        except CommandError as error:
            if error.code == Cme.INCORRECT_PARAMETERS:
                raise CommandError(misfit) from error
            raise

    return handle
