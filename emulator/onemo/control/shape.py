"""The conversion of NamedTuples to JSON objects and to their schemas."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

Schema = dict[str, Any]
_PLAIN = {int: "integer", float: "number", str: "string", bool: "boolean", type(None): "null"}


def plain(value: object) -> object:
    """Convert a value to what json.dumps takes."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {_outside(name): plain(item) for name, item in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def schema_of(declared: object, named: dict[str, Schema]) -> Schema:
    """Return the JSON schema of a type; those of NamedTuples go into named, and are referred to."""
    if isinstance(declared, type) and declared in _PLAIN:
        return {"type": _PLAIN[declared]}
    if declared in (object, Any):
        return {}
    origin, arguments = get_origin(declared), get_args(declared)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(one, named) for one in arguments]}
    if origin in (list, tuple):
        return {"type": "array", "items": schema_of(arguments[0], named)}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(arguments[1], named)}
    assert isinstance(declared, type)  # a NamedTuple
    name = declared.__name__
    if name not in named:
        named[name] = {}  # it may contain itself
        fields, defaults = get_type_hints(declared), getattr(declared, "_field_defaults", {})
        named[name] = {
            "type": "object",
            "description": (declared.__doc__ or "").strip(),
            "properties": {_outside(field): schema_of(kind, named) for field, kind in fields.items()},
            "required": [_outside(field) for field in fields if field not in defaults],
            "additionalProperties": False,
        }
    return {"$ref": f"#/components/schemas/{name}"}


def _outside(name: str) -> str:
    """Return a field's name as JSON has it: ``from_`` is ``from``."""
    return name.removesuffix("_")
