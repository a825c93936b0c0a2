"""The OpenAPI document, from the declarations of the endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import FunctionType
from typing import Any

from onemo import __version__
from onemo.control.download import TraceFile
from onemo.control.endpoints import Endpoint, QueryParameter, TextAnswer
from onemo.control.shape import Schema, schema_of
from onemo.control.stream import TraceStream
from onemo.dialogue.export import FORMATS

_FAILURES = {
    400: "It is no JSON.",
    401: "The token is missing, or another one.",
    403: "A page of another site asked.",
    404: "There is no such thing.",
    409: "Not now.",
    413: "The body is too long.",
    415: "The body is no JSON.",
    421: "The host's name is another one.",
    422: "What was asked cannot be.",
    503: "Not yet, or too much at once.",
}
_ALWAYS = (401, 403, 421)
_WITH_BODY = (400, 413, 415)


def document(endpoints: Iterable[Endpoint[Any]]) -> dict[str, Any]:
    """Make the OpenAPI 3.1 document, as json.dumps takes it."""
    named: dict[str, Schema] = {
        "Error": {
            "type": "object",
            "description": "What was wrong, what is allowed, what to do.",
            "properties": {"error": {"type": "string"}},
            "required": ["error"],
            "additionalProperties": False,
        }
    }
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, named)
    return {
        "openapi": "3.1.0",
        "info": {"title": "onemo-emulator control", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": named,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "--control-token"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(endpoint: Endpoint[Any], named: dict[str, Schema]) -> dict[str, Any]:
    parts = re.findall(r"\{(\w+)\}", endpoint.path)
    path = [{"name": part, "in": "path", "required": True, "schema": {"type": "string"}} for part in parts]
    fails = {*endpoint.fails, *_ALWAYS, *(_WITH_BODY if endpoint.body or endpoint.method == "DELETE" else ())}
    operation: dict[str, Any] = {
        "summary": endpoint.about,
        "operationId": f"{endpoint.method.lower()}{re.sub(r'[^a-z0-9]+', '_', endpoint.path)}".rstrip("_"),
        "parameters": [*path, *map(_parameter, endpoint.query)],
        "responses": {str(endpoint.status): _result(endpoint, named), **{str(n): _failure(n) for n in sorted(fails)}},
    }
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": endpoint.body()}}}
    return operation


def _result(endpoint: Endpoint[Any], named: dict[str, Schema]) -> dict[str, Any]:
    if endpoint.result is TraceStream:
        return {"description": "Events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
    if endpoint.result is TraceFile:
        types = {form.media_type.partition(";")[0]: {"schema": {"type": "string"}} for form in FORMATS.values()}
        return {"description": "A file.", "content": types}
    if endpoint.result is TextAnswer:
        return {"description": "Done.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    own = isinstance(endpoint.result, FunctionType)
    schema = endpoint.result(named) if own else schema_of(endpoint.result, named)  # type: ignore[operator]
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _failure(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": _FAILURES[status], "content": {"application/json": {"schema": schema}}}


def _parameter(query: QueryParameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "minLength": 1}
    if query.type is int:
        schema = {"type": "integer", "minimum": query.low, "maximum": query.high}
    elif query.choices:
        schema = {"enum": list(query.choices)}
    return {"name": query.name, "in": "query", "required": False, "description": query.about, "schema": schema}
