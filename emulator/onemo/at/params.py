"""Parameter records: one NamedTuple says what a command takes, the profile says what a model accepts.

A record's fields are annotated with the aliases below. From the two together come parsing, range errors,
defaults, the text of a test command and the read-back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Generic, NamedTuple, TypeVar, get_args, get_type_hints

from onemo.at.grammar import CONTROLS, Argument, Arguments, integer
from onemo.at.reply import Cme, CommandError
from onemo.errors import EmulatorError
from onemo.profile.ranges import Range
from onemo.profile.schema import ParamSection

R = TypeVar("R", bound=NamedTuple)


class ParamKind(Enum):
    """The kind of a parameter: how it is typed, and what its handler is given."""

    INTEGER = "integer"
    STRING = "string"  # text, given to the handler as str
    DATA = "data"  # payload, given as the bytes between the quotes


class Param(NamedTuple):
    """The declaration of a parameter; its numbers are the profile's.

    required: must be given. nullable: means None, not a default, when it is not given. choices: the strings accepted,
    compared exactly. together: the name of the group that is given whole or not at all. needs: an earlier nullable
    parameter without which this one means nothing. repeated: the last one, which takes all the arguments that are left,
    as a tuple; a test command does not show it. momentary: a setting does not take it over from what was set before.
    """

    kind: ParamKind
    required: bool = False
    nullable: bool = False
    choices: tuple[str, ...] = ()
    together: str = ""
    needs: str = ""
    allow_empty: bool = False
    repeated: bool = False
    momentary: bool = False


Required = Annotated[int, Param(ParamKind.INTEGER, required=True)]
Defaulted = Annotated[int, Param(ParamKind.INTEGER)]
Maybe = Annotated[int | None, Param(ParamKind.INTEGER, nullable=True)]
DefaultedText = Annotated[str, Param(ParamKind.STRING)]
OptionalText = Annotated[str, Param(ParamKind.STRING, allow_empty=True)]
"""Text that may be "", and is so until it is set."""
MaybeText = Annotated[str | None, Param(ParamKind.STRING, nullable=True, allow_empty=True)]
"""Text that may be "", and is None if it is left out."""
Repeated = Annotated[tuple[int, ...], Param(ParamKind.INTEGER, nullable=True, repeated=True)]
RequiredText = Annotated[str, Param(ParamKind.STRING, required=True)]

_REMEMBERED = 64
_NEVER_IN_STRINGS = frozenset(CONTROLS.decode() + '"')

Value = int | str | bytes | tuple[int, ...] | None


class BindError(EmulatorError):
    """A declaration and a section that do not fit.

    problems: all of them, each the path relative to the section, and what is wrong.
    """

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {problem}" for path, problem in problems))
        self.problems = problems


class BoundParam(NamedTuple):
    """One parameter of one command on one model."""

    name: str
    param: Param
    section: ParamSection
    accepted: Range | None
    default: Value

    @property
    def choices(self) -> tuple[str, ...]:
        """The strings accepted; empty: any."""
        return self.section.choices or self.param.choices

    @property
    def shown(self) -> str:
        """Its place in a test command's answer: a range, or nothing (strings, what the model lacks)."""
        if not self.section.available:
            return ""
        if self.section.shown is not None:
            return f"({self.section.shown})" if self.section.shown else ""
        return self.accepted.shown if self.accepted else ""

    def parse(self, argument: Argument) -> Value:
        """Read a given argument. Raises CommandError: unavailable, wrong type, out of range."""
        if not self.section.available:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        if self.param.kind is ParamKind.INTEGER:
            value = integer(argument)
            if value is not None and (self.accepted is None or value in self.accepted):
                return value
            if self.section.out_of_range != "refuse" and not argument.quoted and argument.text.isdigit():
                if self.section.out_of_range == "error":
                    raise CommandError
                return self.default
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        data = self.param.kind is ParamKind.DATA
        typed, limit = argument.text if data else argument.string, self.section.max_length
        if (limit is not None and len(typed) > limit) or not (typed or self.param.allow_empty):
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        if data:
            return typed
        # Latin-1 maps every byte to one character and back: what was typed is printed again unchanged.
        text = typed.decode("latin-1")
        if self.choices and text not in self.choices:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        return text

    def parse_all(self, arguments: Arguments) -> tuple[int, ...]:
        """Read the arguments of a repeated parameter. Raises CommandError as parse, and for one left empty."""
        values = [self.parse(argument) if argument is not None else None for argument in arguments]
        if not all(isinstance(value, int) for value in values):
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        return tuple(value for value in values if isinstance(value, int))

    def fits(self, value: object) -> bool:
        """Tell whether value may stand in a record: in range, of the right type, or the default."""
        if value == self.default and type(value) is type(self.default):
            return True
        if self.param.kind is ParamKind.INTEGER:
            return type(value) is int and (self.accepted is None or value in self.accepted)
        limit = self.section.max_length
        if not isinstance(value, str) or (limit is not None and len(value) > limit):
            return False
        can_be_typed = max(value, default="") <= "\xff" and not set(value) & _NEVER_IN_STRINGS
        return can_be_typed and (not self.choices or value in self.choices)


@dataclass(frozen=True, slots=True)
class BoundRecord(Generic[R]):
    """A parameter record bound to a model, which parses arguments into records."""

    record: Callable[..., R]
    params: tuple[BoundParam, ...]
    defaults: Mapping[str, Value]
    inert: Mapping[str, Value]
    _known: dict[Arguments, R] = field(default_factory=dict, compare=False, repr=False)
    """The records of no argument, and of one number: what a string holds may be secret."""

    def parse(self, arguments: Arguments, base: R | None = None) -> R:
        """Make a record of arguments; what is not given comes from base (a setting), else from the defaults.

        Raises CommandError(INCORRECT_PARAMETERS) as BoundParam.parse, and for missing and surplus parameters and
        incomplete groups.
        """
        if base is not None or len(arguments) > 1:
            return self._parse(arguments, base)
        record = self._known.get(arguments)
        if record is None:
            record = self._parse(arguments, None)
            is_number = not arguments or self.params[0].param.kind is ParamKind.INTEGER
            if is_number and len(self._known) < _REMEMBERED:
                self._known[arguments] = record
        return record

    def _parse(self, arguments: Arguments, base: R | None) -> R:
        params = self.params
        repeated = params[-1] if params and params[-1].param.repeated else None
        rest: Arguments = ()
        if repeated is not None:
            params = params[:-1]
            arguments, rest = arguments[: len(params)], arguments[len(params) :]
        if len(arguments) > len(params):
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        values = dict(self.defaults)
        if base is not None:
            values.update({p.name: getattr(base, p.name) for p in self.params if not p.param.momentary})
        _fill(values, params, arguments)
        if repeated is not None:
            values[repeated.name] = repeated.parse_all(rest)
        return self.record(**values)

    def initial(self, **fixed: Value) -> R:
        """Make the record that holds every default."""
        return self.record(**{**self.defaults, **fixed})

    def effective(self, record: R) -> R:
        """Return the record as it acts: what is inert on this model has its default again."""
        return record._replace(**self.inert) if self.inert else record

    @property
    def indices(self) -> Range | tuple[int, ...]:
        """The values of its first parameter, by which a setting is indexed."""
        return self.params[0].accepted or ()

    @property
    def shown(self) -> str:
        """The parameters as a test command prints them; those missing at the end leave no comma."""
        last = max((i for i, p in enumerate(self.params) if p.section.available and not p.param.repeated), default=-1)
        return ",".join(p.shown for p in self.params[: last + 1])


def _fill(values: dict[str, Value], params: Sequence[BoundParam], arguments: Arguments) -> None:
    """Put the values of arguments in their places. Raises CommandError as BoundRecord.parse."""
    groups: dict[str, set[bool]] = {}
    for index, bound in enumerate(params):
        argument = arguments[index] if index < len(arguments) else None
        if argument is not None:
            values[bound.name] = bound.parse(argument)
            if bound.param.needs and values[bound.param.needs] is None:
                raise CommandError(Cme.INCORRECT_PARAMETERS)
        elif bound.param.required:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        if bound.param.together:
            groups.setdefault(bound.param.together, set()).add(argument is not None)
    if groups and any(len(given) > 1 for given in groups.values()):
        raise CommandError(Cme.INCORRECT_PARAMETERS)


def record_params(record: type[Any]) -> dict[str, Param]:
    """Return the declared parameters of a record, in order. Raises TypeError for a field that declares none."""
    hints = get_type_hints(record, include_extras=True)
    found: dict[str, Param] = {}
    for name in hints:
        declared = [extra for extra in get_args(hints[name])[1:] if isinstance(extra, Param)]
        if len(declared) != 1:
            raise TypeError(f"{record.__name__}.{name} declares no parameter")
        found[name] = declared[0]
    return found


def bind_record(
    record: type[R], sections: Mapping[str, ParamSection], shared: Mapping[str, ParamSection]
) -> BoundRecord[R]:
    """Bind a record to its sections. Raises BindError with everything that does not fit.

    shared: sections of parameters that many commands have (connect_id, cid), used where sections lacks one.
    """
    params = record_params(record)
    known = ", ".join(params) or "none"
    problems = [(f"params.{name}", f"no such parameter; there are {known}") for name in sections if name not in params]
    bound = []
    for name, param in params.items():
        section = sections.get(name) or shared.get(name)
        if section is not None and section.range is None and name in shared:
            section = section._replace(range=shared[name].range)
        if section is None:
            if param.kind is ParamKind.INTEGER:
                problems.append((f"params.{name}", "is missing"))
                continue
            section = ParamSection()
        problems += [(f"params.{name}.{key}", problem) for key, problem in _misfits(param, section, section.range)]
        default = "" if section.default is None and param.allow_empty and not param.nullable else section.default
        bound.append(BoundParam(name, param, section, section.range, () if param.repeated else default))
    if problems:
        raise BindError(problems)
    inert = {b.name: b.default for b in bound if b.section.inert}
    return BoundRecord(record, tuple(bound), {b.name: b.default for b in bound}, inert)


def _misfits(param: Param, section: ParamSection, accepted: Range | None) -> Iterator[tuple[str, str]]:
    """Yield what a section lacks or says wrongly for a declared parameter: (key, problem)."""
    if param.kind is not ParamKind.INTEGER:
        if accepted is not None:
            yield "range", "a string has no range"
        may_lack = param.required or param.nullable or param.allow_empty or param.repeated
        if not may_lack and not isinstance(section.default, str):
            yield "default", "is missing, or is no string"
        if section.choices and isinstance(section.default, str) and section.default not in section.choices:
            yield "default", f"{section.default!r} is not among choices"
        return
    if section.choices:
        yield "choices", "an integer has a range"
    if accepted is None and section.available:
        yield "range", "is missing"
    if not (param.required or param.nullable) and not isinstance(section.default, int):
        yield "default", "is missing, or is no integer"
    if section.out_of_range == "ignore" and section.default is None:
        yield "default", "is missing: it stands for what is out of range"
    if isinstance(section.default, int) and accepted is not None and section.default not in accepted:
        yield "default", f"{section.default} is outside {accepted.text}"


def index_of(bound: BoundRecord[Any], arguments: Arguments) -> int:
    """Return the index that the first argument is. Raises CommandError(INCORRECT_PARAMETERS): it is none."""
    first = arguments[0]
    value = bound.params[0].parse(first) if first is not None else None
    if not isinstance(value, int):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    return value
