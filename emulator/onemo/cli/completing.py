"""What has a shell complete the command line, with the names of models and commands in it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal, cast

from cyclopts import App

from onemo.profile.loader import model_files, sub_models

_WITH_MODELS = ("run", "demo", "show")


def completion_of(app: App, shell: Literal["bash", "zsh", "fish"]) -> str:
    """Return the script for a shell. The commands of the app are changed: it can do nothing else any more."""
    series = model_files()
    models = sorted({*map(str.upper, series), *(name for file in series.values() for name in sub_models(file))})
    for name in _WITH_MODELS:
        _offer(app[name].default_command, "model", models)
    _offer(app["help"].default_command, "command", [name for name in app if not name.startswith("-")])
    return str(app.generate_completion(shell=shell))


def _offer(command: object, parameter: str, words: Sequence[str]) -> None:
    """Have a parameter of a command be one of these words."""
    function = cast(Callable[..., Any], command)
    signature = inspect.signature(function)
    known = dict(signature.parameters)
    known[parameter] = known[parameter].replace(annotation=Literal[tuple(words)])
    function.__annotations__ = {}  # which the library would prefer
    function.__signature__ = signature.replace(parameters=list(known.values()))  # type: ignore[attr-defined]
