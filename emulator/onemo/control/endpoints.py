"""The declaration of an endpoint: from it come its route, the checks of its request, and its part of the document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from onemo.errors import EmulatorError

C = TypeVar("C")
MOST_LISTED = 1000
MOST_WHOLE = 1 << 53
"""The greatest whole number that every reader of JSON has."""


class Refused(EmulatorError):
    """The request cannot be answered. status: of HTTP; the text says what can."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


class QueryParameter(NamedTuple):
    """A parameter behind the ``?``. type: str or int; low, high: its range; choices: the texts that it may be."""

    name: str
    type: type[int] | type[str]
    about: str
    low: int = 0
    high: int = MOST_WHOLE
    choices: tuple[str, ...] = ()

    def read(self, text: str) -> int | str:
        """Read the value of the parameter. Raises Refused (422)."""
        if self.type is int:
            whole = text.isascii() and text.isdecimal() and len(text) < 20
            if not whole or not self.low <= int(text) <= self.high:
                raise Refused(422, f"{self.name}={text}: give a whole number from {self.low} to {self.high}")
            return int(text)
        if self.choices and text not in self.choices:
            raise Refused(422, f"{self.name}={text}: give one of {', '.join(self.choices)}")
        if not text:
            raise Refused(422, f"{self.name} is empty: give a text, or leave it out")
        return text


class ApiRequest(NamedTuple):
    """A request. path: the parts in braces; query: the parameters that were given; body: JSON, None without one."""

    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: object
    headers: Mapping[str, str]


class TextAnswer(NamedTuple):
    """An answer that is no JSON. kind: its content type."""

    text: str
    kind: str


class Endpoint(NamedTuple, Generic[C]):
    """An endpoint: a method of a path.

    answer: the value that becomes JSON, what is awaited for it, a TextAnswer, or an ASGI application (streams). result:
    its type, or what makes its schema; body: the JSON schema that it takes; status: of success; fails: others that are
    declared, by their meaning; most_body: the bytes of a body, None for what is usual.
    """

    method: str
    path: str
    about: str
    answer: Callable[[C, ApiRequest], object]
    result: object
    query: tuple[QueryParameter, ...] = ()
    body: Callable[[], dict[str, Any]] | None = None
    status: int = 200
    fails: tuple[int, ...] = ()
    most_body: int | None = None
