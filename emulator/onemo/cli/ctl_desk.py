"""The commands of ``onemo-emulator ctl`` that are operations of the desk."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from keyword import iskeyword
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from onemo.cli.values import as_typed
from onemo.faults.kind import FaultKey
from onemo.runtime.desk.operation import DeskOperation

_Command = Callable[..., int]
_VARIADIC, _KEYWORD = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.KEYWORD_ONLY
_FILE = inspect.Parameter(
    "file",
    _KEYWORD,
    default=None,
    annotation=Annotated[
        Path | None,
        Parameter(
            name="--file",
            metavar="FILE",
            converter=as_typed,
            help="A file of the host; stdin or stdout if left out.",
        ),
    ],
)


_OUT = inspect.Parameter(
    "file",
    _KEYWORD,
    default=None,
    annotation=Annotated[
        Path | None,
        Parameter(name="--out", metavar="FILE", converter=as_typed, help="The file to write; stdout if left out."),
    ],
)


def command_of(operation: DeskOperation, common: inspect.Signature) -> _Command:
    """Make the command of an operation. common: has the parameters of every command, by keyword."""

    def run(
        *words: str,
        control: str | None = None,
        token: str | None = None,
        json: bool = False,
        file: str | None = None,
        **keys: object,
    ) -> int:
        from onemo.cli.ctl import CtlOptions
        from onemo.cli.ctl_operate import operate

        given = {names[name]: value for name, value in keys.items() if value is not None}
        return operate(operation, words, given, file, CtlOptions(control, token, json))

    names = {_variable(key): key.name for key in operation.keys}
    words = f"The module, if there are several{_listed(operation)}."
    parameters = [
        inspect.Parameter("words", _VARIADIC, annotation=Annotated[str, Parameter(help=words)]),
        *(_option(key) for key in operation.typed_keys if key.name not in operation.arguments),
        *([_FILE] if operation.bulk else [_OUT] if operation.saves else []),
        *common.parameters.values(),
    ]
    run.__name__ = operation.command.split()[-1]
    run.__doc__ = operation.about
    run.__annotations__ = {}  # which the library would prefer
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def usage_of(operation: DeskOperation) -> str:
    """Return the arguments and options of an operation's command, as its help shows them."""
    flags = [f"--{key.name} {_metavar(key)}" for key in operation.typed_keys
             if key.required and key.name not in operation.arguments]  # fmt: skip
    return " ".join(["", "[NAME]", *flags, *operation.shown_arguments])


def _listed(operation: DeskOperation) -> str:
    keys = {key.name: key for key in operation.keys}
    return "".join(f", and {name.upper()}: {keys[name].about.rstrip('.')}" for name in operation.arguments)


def _metavar(key: FaultKey) -> str:
    return "|".join(key.choices) or key.type.name


def _variable(key: FaultKey) -> str:
    """Return the name of a key in Python, which cannot be a word of its own."""
    return key.name.replace("-", "_") + "_" * iskeyword(key.name)


def _option(key: FaultKey) -> inspect.Parameter:
    flag = Parameter(
        name=f"--{key.name.replace('_', '-')}",
        metavar=_metavar(key),
        converter=as_typed,
        show_choices=False,
        help=key.about,
    )
    hint = Literal[key.choices] if key.choices else str
    annotation = Annotated[hint, flag] if key.required else Annotated[hint | None, flag]
    default = inspect.Parameter.empty if key.required else None
    return inspect.Parameter(_variable(key), _KEYWORD, default=default, annotation=annotation)
