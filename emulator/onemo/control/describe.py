"""The kinds of faults and events as JSON, and the schemas of the bodies that name one: from the declarations."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from onemo.control.endpoints import MOST_WHOLE, QueryParameter
from onemo.faults.kind import FaultKey, FaultKind, Layer, Type
from onemo.faults.kinds import KINDS
from onemo.faults.presets import PRESETS
from onemo.faults.say import typed


class KeyInfo(NamedTuple):
    """A key of a fault.

    default, low, high null: there is none. An event that happens now takes only its own keys.
    """

    name: str
    type: str
    about: str
    default: int | float | str | None
    low: float | None
    high: float | None
    choices: list[str]
    required: bool
    own: bool


class KindInfo(NamedTuple):
    """A kind of fault. event: true if it can happen now; example: as it is typed."""

    name: str
    layer: str
    about: str
    event: bool
    example: str
    keys: list[KeyInfo]


class PresetInfo(NamedTuple):
    """Faults under a name."""

    name: str
    about: str
    faults: list[str]


def kinds() -> list[KindInfo]:
    """List the kinds of faults."""
    return [_kind(kind) for kind in KINDS.values()]


def presets() -> list[PresetInfo]:
    """List the presets."""
    return [PresetInfo(name, preset.about, list(preset.faults)) for name, preset in PRESETS.items()]


def fault_body() -> dict[str, Any]:
    """Return the schema of a fault as text, or as its kind with keys."""
    text = {
        "type": "object",
        "properties": {"fault": {"type": "string", "description": "As --fault takes it.", "minLength": 1}},
        "required": ["fault"],
        "additionalProperties": False,
        "examples": [{"fault": "urc-drop urc=MIPOPEN times=1"}],
    }
    return {"oneOf": [text, *(_object("kind", kind, kind.all_keys.values()) for kind in KINDS.values())]}


def event_body() -> dict[str, Any]:
    """Return the schema of an event as its name with keys, or as text."""
    events = [kind for kind in KINDS.values() if kind.layer is Layer.EVENT]
    text = {
        "type": "object",
        "properties": {"event": {"type": "string", "description": "Its name and its keys.", "pattern": " .*="}},
        "required": ["event"],
        "additionalProperties": False,
        "examples": [{"event": "signal rssi=3"}],
    }
    return {"oneOf": [text, *(_object("event", kind, kind.keys) for kind in events)]}


def operation_body(keys: Iterable[FaultKey]) -> dict[str, Any]:
    """Return the schema of the body of an operation of the desk."""
    given = list(keys)
    return {
        "type": "object",
        "properties": {key.name: _schema(key) for key in given},
        "required": [key.name for key in given if key.required],
        "additionalProperties": False,
    }


def query_parameter(key: FaultKey) -> QueryParameter:
    """Describe a key that stands behind the ``?``."""
    if key.type is Type.INTEGER:
        return QueryParameter(key.name, int, key.about, int(key.low), int(min(key.high, MOST_WHOLE)))
    return QueryParameter(key.name, str, key.about, choices=key.choices)


def _kind(kind: FaultKind) -> KindInfo:
    own = {key.name for key in kind.keys}
    keys = [_key(key, key.name in own) for key in kind.all_keys.values()]
    return KindInfo(kind.name, kind.layer.name.lower(), kind.about, kind.layer is Layer.EVENT, kind.example, keys)


def _key(key: FaultKey, own: bool) -> KeyInfo:
    default = typed(key, key.default) if isinstance(key.default, bytes) else key.default
    ranged = key.type in _NUMBERS
    return KeyInfo(
        key.name,
        key.type.name.lower(),
        key.about,
        default,
        key.low if ranged else None,
        key.high if ranged and key.high < math.inf else None,
        list(key.choices),
        key.required,
        own,
    )


_NUMBERS = (Type.INTEGER, Type.NUMBER, Type.SECONDS, Type.MOMENT)


def _object(name: str, kind: FaultKind, keys: Iterable[FaultKey]) -> dict[str, Any]:
    body = operation_body(keys)
    return {
        **body,
        "title": kind.name,
        "description": kind.about,
        "properties": {name: {"const": kind.name}, **body["properties"]},
        "required": [name, *body["required"]],
    }


def _schema(key: FaultKey) -> dict[str, Any]:
    about: dict[str, Any] = {"description": key.about}
    if key.default is not None:
        about["default"] = typed(key, key.default) if isinstance(key.default, bytes) else key.default
    if key.type is Type.CHOICE:
        return {**about, "enum": list(key.choices)}
    if key.type in (Type.TEXT, Type.BYTES):
        return {**about, "type": "string"}
    number: dict[str, Any] = {"type": "integer" if key.type is Type.INTEGER else "number", "minimum": key.low}
    if key.high < math.inf:
        number["maximum"] = key.high
    if key.type in (Type.INTEGER, Type.NUMBER):
        return {**about, **number}
    return {**about, "anyOf": [number, {"type": "string", "description": "With its unit: 2.5s, 200ms."}]}
