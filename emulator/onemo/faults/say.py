"""The written forms of a fault: ``KIND key=value …`` on a command line, the same keys in a TOML table, and back."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

from onemo.errors import FaultError
from onemo.families import FAMILIES
from onemo.faults.kind import (
    COMMON,
    MOMENTS,
    OPERATIONS,
    FaultKey,
    FaultKind,
    Layer,
    Type,
    Value,
)
from onemo.faults.kinds import KINDS
from onemo.faults.plan import Fault

_SECONDS = re.compile(r"(-?\d+(?:\.\d+)?|-?\.\d+)(ms|s)?", re.ASCII)
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|[rnt\\\"'])|\\")
_NAMED = {"r": b"\r", "n": b"\n", "t": b"\t"}
_LONGEST = 1e9
_MOST_TOLD = 200
"""Characters of a value in a message."""
_CUSTOM = "custom:"
"""Before a name that no family has."""
_NAMES = {
    "command": {name.lower(): name for family in FAMILIES for name in family.commands},
    "urc": {name.lower(): name for family in FAMILIES for name in family.urcs},
}
"""The names that the families have, by their lower case."""
COMMANDS = frozenset(_NAMES["command"].values())
_KINDS_SEEN = "the documentation of faults lists them with their keys"


def parse_fault(text: str) -> Fault:
    """Read the fault of ``KIND key=value …``. A value with blanks stands in quotes. Raises FaultError."""
    name, given = words(text)
    return fault_of({"kind": name, **given})


def words(text: str) -> tuple[str, dict[str, str]]:
    """Return the kind, and the text of each key. Raises FaultError."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    try:
        name, *rest = lexer
    except ValueError as error:
        problem = "is empty" if not text.strip() else "has a quote that is not closed"
        raise FaultError(f"fault {text!r} {problem}; write KIND key=value …") from error
    title = KINDS[name].title if name in KINDS else f"fault {name}"
    given: dict[str, str] = {}
    for word in rest:
        key, equals, value = word.partition("=")
        if not equals:
            raise FaultError(f"{title}: {word!r} has no value; write key=value")
        if key in given:
            raise FaultError(f"{title}: {key} is given twice")
        given[key] = value
    return name, given


def fault_of(table: Mapping[str, object]) -> Fault:
    """Read the fault of a TOML table: ``kind``, and its keys. Raises FaultError."""
    name = table.get("kind")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        if name is None:
            raise FaultError(f"a fault has no kind; {_KINDS_SEEN}")
        raise FaultError(f"there is no fault {name!r}; {nearest(str(name), KINDS)}")
    keys = kind.all_keys
    given: dict[str, Value] = {}
    for key, value in table.items():
        if key == "kind":
            continue
        if key not in keys:
            raise FaultError(f"{kind.title}: it has no key {key!r}; {nearest(key, keys)}")
        given[key] = _value(kind, keys[key], value)
    for needed in kind.keys:
        if needed.required and needed.name not in given:
            allowed = f", one of {', '.join(needed.choices)}" if needed.choices else f": {needed.about}"
            raise FaultError(f"{kind.title}: {needed.name} is missing{allowed}")
    return _made(kind, given)


def _made(kind: FaultKind, given: dict[str, Value]) -> Fault:
    values = {key.name: key.default for key in kind.keys if key.default is not None}
    values |= {key.name: given[key.name] for key in kind.keys if key.name in given}
    scope = {name: given[name] for name in (*kind.scope, "module") if name in given and name != "on"}
    layer: Layer | None = kind.layer
    if kind.layer is Layer.EVENT:
        layer = _trigger(kind, str(given["on"]), scope) if "on" in given else None
    forced = frozenset(name for name in _NAMES if str(scope.get(name, "")).startswith(_CUSTOM))
    scope |= {name: str(scope[name]).removeprefix(_CUSTOM) for name in _NAMES if name in scope}
    common = {key.name: given.get(key.name, key.default) for key in COMMON}
    after, times = common["after"], common["times"]
    if times is None and kind.once:
        times = 1
    fault = Fault(
        kind,
        layer,
        values,
        scope,
        float(_number(common["probability"])),
        0 if isinstance(after, float) else int(_number(after)),
        after if isinstance(after, float) else 0.0,
        None if times is None else int(_number(times)),
        None if common["for_seconds"] is None else float(_number(common["for_seconds"])),
        " ".join([kind.name, *_shown(kind, given)]),
        forced,
    )
    _check(fault)
    return fault


def _check(fault: Fault) -> None:
    """Check the keys against each other. Raises FaultError."""
    title, times = fault.kind.title, fault.times
    if fault.layer is None and fault.after:
        raise FaultError(f"{title}: after={fault.after} counts matches; give on=…, or seconds: after={fault.after}s")
    if fault.layer is None and times is not None and times > 1 and not fault.after_seconds:
        raise FaultError(f"{title}: times={times} of what? give on=…, or after=5s for every five seconds")
    if fault.layer is None and fault.scope.keys() - {"module"}:
        raise FaultError(f"{title}: {', '.join(fault.scope)} only tells which occasion; give on=… as well")
    operation = fault.scope.get("operation")
    if fault.kind.operations and operation is not None and operation not in fault.kind.operations:
        raise FaultError(f"{title}: operation={operation!s} is none of {', '.join(fault.kind.operations)}")
    if "address" in fault.values and not _is_address(fault.text("address")):
        raise FaultError(f"{title}: address={fault.text('address')} is no IPv4 or IPv6 address")
    if problem := fault.kind.misfit({**fault.values, **fault.scope}):
        raise FaultError(f"{title}: {problem}")


def _is_address(text: str) -> bool:
    from ipaddress import ip_address

    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _trigger(kind: FaultKind, on: str, scope: dict[str, Value]) -> Layer:
    """Return the layer of the occasion that ``on`` names, and put its name into the scope. Raises FaultError."""
    what, colon, name = on.partition(":")
    if what in _NAMES and colon and not name:
        raise FaultError(f"{kind.title}: on={on} has no name; write on={what}:NAME, or on={what} for any")
    if what in OPERATIONS and not colon:
        scope["operation"] = what
        return Layer.NETWORK
    if what in MOMENTS and not colon:
        scope["operation"] = what
        return Layer.EVENT
    if what == "command":
        if name:
            scope["command"] = _named(kind, "command", name, "on=command:")
        return Layer.COMMAND
    if what == "urc":
        if name:
            scope["urc"] = _named(kind, "urc", name, "on=urc:")
        return Layer.URC
    known = ", ".join(("command:NAME", "urc:NAME", *MOMENTS, *OPERATIONS))
    raise FaultError(f"{kind.title}: on={on} is no occasion; there are {known}")


def event_of(table: Mapping[str, object]) -> Fault:
    """Make a fault of what is to happen now, as ``fault_of`` does. Raises FaultError: there is no such event."""
    name = table.get("kind")
    if isinstance(name, str) and name not in KINDS:
        events = {each: kind for each, kind in KINDS.items() if kind.layer is Layer.EVENT}
        raise FaultError(f"there is no event {name!r}; {nearest(name, events)}")
    return fault_of(table)


def nearest(name: str, known: Mapping[str, object]) -> str:
    """Suggest the known names nearest to an unknown one, or list all of them."""
    import difflib  # only needed when a name is wrong

    near = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"


def _command(name: str) -> str:
    """Return a command's name: ``AT+MIPOPEN``, ``+mipopen`` and ``MIPOPEN`` are the same, and so are ATE and E."""
    name = name.strip().upper()
    basic = name.removeprefix("AT")
    return basic if basic.lower() in _NAMES["command"] else re.sub(r"^(AT)?\+", "", name)


def _named(kind: FaultKind, what: str, given: str, where: str) -> str:
    """Return the name of a command or a URC; one that no family has, with its ``custom:``. Raises FaultError.

    where: what stands before it.
    """
    custom = given[: len(_CUSTOM)].lower() == _CUSTOM
    bare = given[len(_CUSTOM) :] if custom else given
    name = _command(bare) if what == "command" else bare.removeprefix("+")
    if not name.strip() or name.lower().startswith(_CUSTOM):
        raise FaultError(f"{kind.title}: {where}{given} has no name; write {where}NAME or {where}{_CUSTOM}NAME")
    if custom:
        return f"{_CUSTOM}{name}"
    if name.lower() in _NAMES[what]:
        return name
    import difflib  # only needed when a name is wrong

    near = difflib.get_close_matches(name.lower(), _NAMES[what], n=2, cutoff=0.6)
    meant = f"did you mean {' or '.join(_NAMES[what][each] for each in near)}? " if near else ""
    lacks = "such a command" if what == "command" else "a URC of that name"
    told = f"{where}{given}: no family has {lacks}; {meant}{where}{_CUSTOM}{name} takes it all the same"
    raise FaultError(f"{kind.title}: {told}")


# Values.


def _value(kind: FaultKind, key: FaultKey, value: object) -> Value:
    """Convert a given value to the key's type; names are looked for. Raises FaultError."""
    made = value_of(kind.title, key, value)
    return _named(kind, key.name, str(made), f"{key.name}=") if key.name in _NAMES else made


def value_of(what: str, key: FaultKey, value: object) -> Value:
    """Convert a given value to the key's type. what: has the key, for messages. Raises FaultError."""
    where = f"{what}: {key.name}={_excerpt(value)}"
    made = _READERS[key.type](value)
    if made is None or isinstance(value, bool):
        choices = f": {', '.join(key.choices)}" if key.choices else ""
        raise FaultError(f"{where} is not {_TYPES[key.type]}{choices}")
    if isinstance(made, int | float) and not key.low <= made <= min(key.high, _LONGEST):
        top = f" to {key.high:g}" if key.high <= _LONGEST else " up"
        raise FaultError(f"{where} is out of range: {_TYPES[key.type]} from {key.low:g}{top}")
    if key.pattern and not re.fullmatch(key.pattern, str(made)):
        raise FaultError(f"{where} cannot be. {key.about}")
    if key.type is Type.CHOICE and made not in key.choices:
        raise FaultError(f"{where} is none of {', '.join(key.choices)}")
    return made


def _excerpt(value: object) -> str:
    """Return a value for a message: its beginning, on one line."""
    text = str(value)
    return (text if text.isprintable() else repr(text))[:_MOST_TOLD]


def _integer(value: object) -> int | None:
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?[0-9]{1,9}", value) else None
    return value if isinstance(value, int) else None


def _real(value: object) -> float | None:
    if isinstance(value, str):
        return float(value) if re.fullmatch(r"-?([0-9]{1,9}(\.[0-9]+)?|\.[0-9]+)", value) else None
    return float(value) if isinstance(value, int | float) and abs(value) <= _LONGEST else None


def _seconds(value: object) -> float | None:
    if isinstance(value, str):
        match = _SECONDS.fullmatch(value)
        return float(match[1]) / (1000 if match[2] == "ms" else 1) if match else None
    return _real(value)


def _moment(value: object) -> int | float | None:
    """Read a whole number as a count of matches, everything else as seconds."""
    whole = _integer(value)
    return _seconds(value) if whole is None else whole


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _bytes(value: object) -> bytes | None:
    """Read text in Latin-1, with its escapes undone."""
    if not isinstance(value, str):
        return None
    try:
        return b"".join(_unescaped(value))
    except (UnicodeEncodeError, ValueError):
        return None


def _unescaped(text: str) -> Iterator[bytes]:
    end = 0
    for match in _ESCAPE.finditer(text):
        yield text[end : match.start()].encode("latin-1")
        end = match.end()
        if match[1] is None:
            raise ValueError(text)
        yield bytes.fromhex(match[1][1:]) if match[1][0] == "x" else _NAMED.get(match[1], match[1].encode())
    yield text[end:].encode("latin-1")


_READERS = {
    Type.INTEGER: _integer,
    Type.NUMBER: _real,
    Type.SECONDS: _seconds,
    Type.MOMENT: _moment,
    Type.TEXT: _text,
    Type.CHOICE: _text,
    Type.BYTES: _bytes,
}
_TYPES = {
    Type.INTEGER: "a whole number",
    Type.NUMBER: "a number",
    Type.SECONDS: "a time (2.5, 2.5s, 200ms)",
    Type.MOMENT: "a number of matches (3) or a time (2.5s)",
    Type.TEXT: "a text",
    Type.CHOICE: "one of these",
    Type.BYTES: r"a text, with \r, \n, \t, \\, \xHH for other bytes",
}


def _number(value: Value | None) -> float:
    assert isinstance(value, int | float)
    return value


# Back.


def _shown(kind: FaultKind, given: Mapping[str, Value]) -> Iterator[str]:
    """Yield each key that was given and is no default, in the order of the declaration."""
    for key in kind.all_keys.values():
        if key.name in given and given[key.name] != key.default:
            yield f"{key.name}={shlex.quote(typed(key, given[key.name]))}"


def typed(key: FaultKey, value: Value) -> str:
    """Return a value as it would be typed."""
    if isinstance(value, bytes):
        return "".join(chr(b) if 32 <= b < 127 and b != 92 else "\\\\" if b == 92 else f"\\x{b:02x}" for b in value)
    if isinstance(value, float):
        shown = f"{value:.9f}".rstrip("0").rstrip(".")
        return shown if key.type is Type.NUMBER else shown + "s"
    return str(value)
