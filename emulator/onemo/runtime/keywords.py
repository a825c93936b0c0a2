"""The options of a module as a Python program gives them: as keywords, each checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal, TypedDict

from onemo.errors import UsageError
from onemo.runtime.options import OPTIONS, ModuleOptions, Option, OptionType, line_of

_KEYWORDS = {option.python: option for option in OPTIONS.values() if option.python}
_MODEL = OPTIONS["model"]


class ModuleKeywords(TypedDict, total=False):
    """The types of the keywords, for type checkers, which cannot read ``ModuleOptions``. None is as good as nothing.

    link: the place of its pty, or another line: ``tcp://`` or ``rfc2217://``, with HOST:PORT behind it or a free port
    of loopback, or ``uart://`` and the device; sim: there is a card.
    """

    link: str | PathLike[str] | None
    ports: str | PathLike[str] | Sequence[str | PathLike[str]] | None
    pty_mode: int | None
    baud: int | None
    pace: bool | None
    strict_baud: bool | None
    profiles: str | PathLike[str] | Sequence[str | PathLike[str]] | None
    boot_time: float | None
    register_time: float | None
    early_input: Literal["kept", "lost"] | None
    power_on: Literal["start", "open"] | None
    sleep_default: Literal["off", "model"] | None
    speed: float | None
    source: str | None
    route: str | Sequence[str] | None
    deny: str | Sequence[str] | None
    publish: str | Sequence[str] | None
    offline: bool | None
    sandbox: bool | None
    sandbox_file: str | PathLike[str] | None
    sandbox_family: Literal["ipv4", "ipv6", "both"] | None
    nv: str | PathLike[str] | None
    file_store: int | None
    restore: str | PathLike[str] | None
    zone: int | None
    name: str | None
    imei: str | None
    imsi: str | None
    iccid: str | None
    msisdn: str | None
    revision: str | None
    pin: str | None
    card: str | PathLike[str] | None
    sim: bool | None
    fault: str | Sequence[str] | None
    seed: int | None
    scenario: str | PathLike[str] | None


def options_of(model: str, keywords: Mapping[str, object]) -> ModuleOptions:
    """Return the options of a model and these keywords. Raises UsageError, which says what may be given."""
    fields: dict[str, Any] = {"model": _taken(_MODEL, "the model", model)}
    for name, value in keywords.items():
        option = _KEYWORDS.get(name)
        if option is None:
            raise UsageError(f"there is no option {name!r}; there are {', '.join(sorted(_KEYWORDS))}")
        if value is None:
            continue
        if option.several:
            each = value if isinstance(value, (list, tuple)) else [value]
            fields[option.name] = tuple(_taken(option, name, one) for one in each)
        else:
            taken = _taken(option, name, value)
            fields |= line_of(str(taken)) if option.type is OptionType.LINE else {option.name: taken}
    fields["no_sim"] = not fields.get("no_sim", True)  # as a keyword it is sim, and means the opposite
    options = ModuleOptions(**fields)
    for name, problem in options.misfits(keywords.get("link"), "with link=uart:///dev/ttyUSB0"):
        raise UsageError(f"{name} {problem}")
    return options


def _taken(option: Option, name: str, value: object) -> object:
    try:
        return option.take(value)
    except ValueError as error:
        raise UsageError(f"{name}={value!r}: {error}") from None
