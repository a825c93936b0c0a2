"""How the CLI library is told of the options of ``runtime.options``, and of others that are written in the same way."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from cyclopts import Group, Parameter

from onemo.runtime.options import GROUPS, OPTIONS, Option, OptionType

if TYPE_CHECKING:
    from cyclopts import Token

_Command = TypeVar("_Command", bound=Callable[..., int])
_TYPES: dict[OptionType, Any] = {
    OptionType.FLAG: bool,
    OptionType.INTEGER: int,
    OptionType.NUMBER: float,
    OptionType.OCTAL: int,
    OptionType.PATH: Path,
    OptionType.DIRECTORY: Path,
    OptionType.PLACE: Path,
    OptionType.LINE: Path,
}
"""The others are texts. It is for completion alone: _read makes the value."""
_GROUPS = {name: Group(name, sort_key=number) for number, name in enumerate(GROUPS)}
_REPEATED = frozenset(option.flag for option in OPTIONS.values() if option.several)
_JOINT = "\0"
"""Between two values of one option; no argument of a process has it."""


def parameter(option: Option, *, grouped: bool = False) -> Parameter:
    """Describe an option to the library. grouped: its command has many, under headings."""
    under: dict[str, Any] = {"group": _GROUPS[option.group]} if grouped and option.group else {}
    return Parameter(
        name=[option.flag, option.short] if option.short else option.flag,
        metavar=option.metavar or None,
        converter=None if option.type is OptionType.FLAG else partial(_read, option),
        help=option.about,
        json_list=False,  # a value in brackets is a value
        negative=f"--no-{option.flag[2:]}" if option.negative else "",
        env_var=option.variable or None,
        show_env_var=False,
        show_choices=False,
        **under,
    )


def _read(option: Option, hint: type, tokens: Sequence[Token]) -> object:
    values = []
    for text in (text for token in tokens for text in token.value.split(_JOINT)):
        try:
            values.append(option.read(text))
        except ValueError as error:
            raise ValueError(f"{text}: {error}") from error
    return tuple(values) if option.several else values[0]


def as_typed(hint: object, tokens: Sequence[Token]) -> str:
    """Return a value as it was typed: its hint is for completion alone."""
    return tokens[0].value


def joined(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with the values of each option that may be repeated in one.

    The library looks at all that follows for each occurrence: two thousand of them took it eight seconds.
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    told: list[str] = []
    places: dict[str, int] = {}
    left = list(reversed(arguments[:end]))
    while left:
        argument = left.pop()
        flag, equals, value = argument.partition("=")
        if flag in _REPEATED and not equals and left and not left[-1].startswith("-"):
            equals, value = "=", left.pop()
        if flag not in _REPEATED or not equals:
            told.append(argument)
        elif flag in places:
            told[places[flag]] += f"{_JOINT}{value}"
        else:
            places[flag] = len(told)
            told.append(f"{flag}={value}")
    return [*told, *arguments[end:]]


def taking(options: Iterable[Option]) -> Callable[[_Command], _Command]:
    """Give a command these options: the model as its argument, everything else by flags."""

    def decorate(command: _Command) -> _Command:
        parameters = []
        for option in options:
            plain = Literal[option.choices] if option.choices else _TYPES.get(option.type, str)
            hint = tuple[plain, ...] if option.several else plain  # type: ignore[valid-type]
            kind = inspect.Parameter.POSITIONAL_ONLY if option.name == "model" else inspect.Parameter.KEYWORD_ONLY
            annotation = Annotated[hint, parameter(option, grouped=True)]  # type: ignore[valid-type]
            parameters.append(inspect.Parameter(option.name, kind, default=option.default, annotation=annotation))
        command.__annotations__ = {}  # which the library would prefer
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return command

    return decorate


_WHOLE = Option(OptionType.INTEGER, "", high=99_999_999, said="a whole number, like 0")
number = partial(_read, _WHOLE)
"""A converter of whole numbers, 0 or more."""
seconds = partial(_read, OPTIONS["boot_time"])
Seconds = Annotated[float, Parameter(metavar="SECONDS", converter=seconds)]
Pause = Annotated[float | None, Parameter(metavar="SECONDS", converter=seconds)]
Speed = Annotated[int, Parameter(metavar="BIT/S", converter=partial(_read, OPTIONS["baud"]))]
Profiles = Annotated[tuple[Path, ...], parameter(OPTIONS["profiles"])]
ReadyFile = Annotated[Path | None, parameter(OPTIONS["ready_file"])]
Control = Annotated[str | None, parameter(OPTIONS["control"])]
ControlToken = Annotated[str | None, parameter(OPTIONS["control_token"])]
