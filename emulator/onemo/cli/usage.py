"""The words for mistakes on a command line: what was typed wrong, and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from cyclopts import CycloptsError
from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)


def problem(error: CycloptsError) -> str:
    """Return one line: what was typed wrong, and what is allowed."""
    if isinstance(error, UnknownCommandError):
        name = (error.unused_tokens or [""])[0]
        kind = "option" if name.startswith("-") else "command"
        return _unknown(kind, name, [known for known in error.app or () if known.startswith("-") == (kind == "option")])
    if isinstance(error, UnknownOptionError):
        options = [name for argument in error.argument_collection for name in argument.names if name.startswith("-")]
        return _unknown("option", error.token.keyword or error.token.value, options)
    if isinstance(error, UnusedCliTokensError):
        return f"{(error.unused_tokens or [''])[0]!r} is one argument too many"
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        name = error.keyword or error.argument.name
        return f"{name} needs a value" if name.startswith("-") else f"{name} is missing"
    if isinstance(error, RepeatArgumentError):
        return f"{error.token.keyword} is given more than once"
    if isinstance(error, CoercionError) and error.argument is not None:
        if error.msg is not None:
            return f"{error.argument.name} {error.msg}"
        if error.target_type is bool:
            return f"{error.argument.name} takes no value"
    return str(error).rstrip(".")


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    known, name = list(known), name.partition("=")[0]
    near = difflib.get_close_matches(name, known, n=1)
    meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return f"there is no {kind} {name!r}; {meant}"
