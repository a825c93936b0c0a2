"""The conversion of TOML tables to typed, immutable sections; every mistake is told, each with its key path.

A section is a NamedTuple; its annotations are the rules. Nothing is converted silently: only a whole number may stand
for a float, an array for a tuple, and a text for a Range. (Written here because the libraries that do this cost more
start-up time than the rest of the emulator together.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from onemo.profile.ranges import Range

T = TypeVar("T")
Problem = tuple[tuple[str, ...], str]
"""Key path, and what is wrong there."""
_Hint = Any
"""A type form: Python has no type for it."""
Check = Callable[[Any], str | None]
"""Tells the problem of a value of the right type; None: there is none."""

_LARGEST = 1 << 1023
"""Of whole numbers that have a float."""
_NAMES = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}


def shaped(section: type[T], values: Mapping[str, Any]) -> tuple[T | None, list[Problem]]:
    """Convert values to a section; None, and every problem, where they are none."""
    problems: list[Problem] = []
    result = _convert(section, values, (), problems)
    return (None if problems else cast("T", result)), problems


def shaped_as(hint: _Hint, values: object, path: tuple[str, ...], problems: list[Problem]) -> object:
    """Convert values to any shape: a section, or ``dict[str, section]``. Problems are added to those given."""
    return _convert(hint, values, path, problems)


def fitting(hints: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values that are as the hints of their names say, and every problem of the others."""
    problems: list[Problem] = []
    given = _given(hints, values, (), problems)
    wrong = {path[0] for path, _ in problems}
    return {name: value for name, value in given.items() if name not in wrong}, problems


def between(low: float, high: float) -> Check:
    """Check that a number is in a range."""
    if high == inf:
        return at_least(low)
    return lambda value: None if low <= value <= high else f"is {value}, not a number from {low} to {high}"


def at_least(low: float) -> Check:
    """Make a check for numbers from low up."""
    return lambda value: None if low <= value < inf else f"is {value:g}, not a number from {low:g} up"


def digits(count: int, most: int | None = None) -> Check:
    """Make a check for texts of count decimal digits, or of count to most."""
    fits, told = range(count, (most or count) + 1), str(count) if most is None else f"{count} to {most}"
    return lambda value: None if len(value) in fits and value.isascii() and value.isdigit() else f"is not {told} digits"


def is_number(value: str) -> str | None:
    """Check that it is an international telephone number."""
    fits = value[:1] == "+" and value.isascii() and value[1:].isdigit() and 3 <= len(value[1:]) <= 20
    return None if fits else f"is {value!r}, not + and 3 to 20 digits"


def capitals(count: int) -> Check:
    """Make a check for texts of count hexadecimal digits in capitals."""
    digits, told = set("0123456789ABCDEF"), f"not {count} hexadecimal digits in capitals"
    return lambda value: None if len(value) == count and digits >= set(value) else f"is {value!r}, {told}"


def is_cell_identity(value: str) -> str | None:
    """Check that it is "" or the identity of a cell."""
    return capitals(8)(value) if value else None


def _is_hex(value: str) -> bool:
    return len(value) % 2 == 0 and not value.strip("0123456789abcdefABCDEF")


def is_octets(value: str) -> str | None:
    """Check that it is what a file of a card holds: 1 to 32767 octets in hex."""
    fits = _is_hex(value) and 2 <= len(value) <= 2 * 0x7FFF
    shown = value if len(value) <= 20 else f"{value[:20]}…"
    return None if fits else f"is {shown!r}, not 1 to 32767 octets in hex, two digits each"


def is_file_id(value: str) -> str | None:
    """Check that it is the identifier of a file of a card."""
    fits = len(value) == 4 and _is_hex(value) and value == value.upper()
    return None if fits else f"is {value!r}, not a file's identifier: four hex digits in upper case, like 6F07"


def is_key(value: str) -> str | None:
    """Check that it is a key of 128 bits; it is shown to nobody."""
    return None if len(value) == 32 and _is_hex(value) else "is not 32 hex digits"


def is_eid(value: str) -> str | None:
    """Check that it is the number of an eUICC: 20 or 32 digits, or none."""
    fits = len(value) in (0, 20, 32) and not value.strip("0123456789F")
    return None if fits else f'is {value!r}, not 32 digits, or 20 of an older one; "" is none'


def is_prompt(value: str) -> str | None:
    """Check that it is a ``>``, alone or among line ends and blanks."""
    return None if value.strip("\r\n ") == ">" else f"is {value!r}, not > with CR, LF and blanks around it"


def _convert(hint: _Hint, value: object, path: tuple[str, ...], problems: list[Problem]) -> object:
    if hint in _NAMES:
        return _plain(hint, value, path, problems)
    if hint is Range:
        return _range(value, path, problems)
    if hasattr(hint, "_fields"):
        return _section(hint, value, path, problems)
    if hint is Any:
        return value
    origin: _Hint = get_origin(hint)
    arguments = get_args(hint)
    if origin is Annotated:
        return _checked(arguments[0], arguments[1:], value, path, problems)
    if origin in (Union, UnionType):
        return _either([option for option in arguments if option is not NoneType], value, path, problems)
    if origin is Literal:
        if value not in arguments:
            problems.append((path, f"is {value!r}; allowed: {', '.join(map(repr, arguments))}"))
        return value
    if origin is tuple:
        return _array(arguments, value, path, problems)
    return _table(arguments[0], arguments[1], value, path, problems)


def _checked(
    hint: _Hint, checks: tuple[Check, ...], value: object, path: tuple[str, ...], problems: list[Problem]
) -> object:
    found = len(problems)
    value = _convert(hint, value, path, problems)
    if is_key in checks and len(problems) > found:  # a key of another type is shown to nobody either
        problems[found:] = [(path, "is not a string of 32 hex digits: write it in quotes")]
    if len(problems) == found:
        problems.extend((path, wrong) for check in checks if (wrong := check(value)))
    return value


def _array(arguments: tuple[_Hint, ...], value: object, path: tuple[str, ...], problems: list[Problem]) -> object:
    if not isinstance(value, list):
        problems.append((path, "is not an array"))
        return value
    if arguments[-1] is not Ellipsis and len(value) != len(arguments):
        problems.append((path, f"has {len(value)} entries, not {len(arguments)}"))
    return tuple(_convert(arguments[0], item, (*path, str(i)), problems) for i, item in enumerate(value))


def _plain(hint: type, value: object, path: tuple[str, ...], problems: list[Problem]) -> object:
    if hint is float and type(value) is int and abs(value) <= _LARGEST:
        return float(value)
    if type(value) is not hint:
        problems.append((path, f"is {value!r}, not {_NAMES[hint]}"))
    return value


def _range(value: object, path: tuple[str, ...], problems: list[Problem]) -> object:
    if type(value) is not str:
        problems.append((path, f'is {value!r}, not a range: write it in quotes, like "0-4"'))
        return value
    try:
        return Range.parse(value)
    except ValueError as error:
        problems.append((path, str(error)))
        return value


def _either(options: list[_Hint], value: object, path: tuple[str, ...], problems: list[Problem]) -> object:
    """Convert to the first option that takes the value; with one option its own problems are told."""
    if len(options) == 1:
        return _convert(options[0], value, path, problems)
    for option in options:
        tried: list[Problem] = []
        result = _convert(option, value, path, tried)
        if not tried:
            return result
    problems.append((path, f"is {value!r}, not {' or '.join(_NAMES.get(option, str(option)) for option in options)}"))
    return value


def _table(key: _Hint, item: _Hint, value: object, path: tuple[str, ...], problems: list[Problem]) -> object:
    if not isinstance(value, Mapping):
        problems.append((path, "is not a table"))
        return value
    for name in value:
        _convert(key, name, (*path, name), problems)
    return {name: _convert(item, entry, (*path, name), problems) for name, entry in value.items()}


def _section(section: _Hint, value: object, path: tuple[str, ...], problems: list[Problem]) -> object:
    if not isinstance(value, Mapping):
        problems.append((path, "is not a table"))
        return value
    hints = hints_of(section)
    missing = [name for name in hints if name not in value and name not in section._field_defaults]
    problems.extend(((*path, name), "is missing") for name in missing)
    given = _given(hints, value, path, problems)
    return value if missing else section(**given)


def _given(
    hints: Mapping[str, Any], value: Mapping[str, Any], path: tuple[str, ...], problems: list[Problem]
) -> dict[str, Any]:
    problems.extend(((*path, name), _unknown(name, hints)) for name in value if name not in hints)
    return {name: _convert(hints[name], value[name], (*path, name), problems) for name in hints if name in value}


def _unknown(name: str, hints: Mapping[str, Any]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, hints, n=1, cutoff=0.7)
    return "is unknown here; " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(hints)}")


_HINTS: dict[_Hint, dict[str, Any]] = {}


def hints_of(section: _Hint) -> dict[str, Any]:
    """Return the hints of a section's fields, found once."""
    if section not in _HINTS:
        _HINTS[section] = get_type_hints(section, include_extras=True)
    return _HINTS[section]
