"""The filters of a trace by instance: an option for each index that a family has."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, TypeVar

from cyclopts import Parameter

from onemo.cli.values import number
from onemo.faults.kind import INDICES
from onemo.profile.index import CONNECT_ID

_Command = TypeVar("_Command", bound=Callable[..., int])


def choosing(command: _Command) -> _Command:
    """Give a command a filter for each index of instances; it takes their numbers as its last keywords, by name."""
    *parameters, _ = inspect.signature(command, eval_str=True).parameters.values()
    for index in INDICES:
        old = ["--connection"] if index.name == CONNECT_ID else []  # as it was called while there were no others
        about = f"Only what the network did with this {index.noun or index.name}."
        flag = Parameter(name=[f"--{index.name.replace('_', '-')}", *old], metavar="N", converter=number, help=about)
        annotation = Annotated[int | None, flag]
        kind = inspect.Parameter.KEYWORD_ONLY
        parameters.append(inspect.Parameter(index.name, kind, default=None, annotation=annotation))
    command.__annotations__ = {}  # which the library would prefer
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command
