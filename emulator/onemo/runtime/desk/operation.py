"""The declaration of an operation of the desk, and how what it takes is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from onemo.errors import FaultError
from onemo.faults.kind import FaultKey
from onemo.faults.say import nearest, value_of

if TYPE_CHECKING:  # ctl has the declarations alone
    from onemo.runtime.controls import ModuleControls

Values = Mapping[str, Any]
"""The values of an operation's keys, by name; those that are optional, without a default and not given are missing."""
BULK = ("offset", "size", "data")
PIECE = 32768
"""Bytes of bulk in one request."""
Table = tuple[Sequence[str], Sequence[Sequence[object]]]
"""Headers, and rows of cells."""


class PlainResult(NamedTuple):
    """A result as lines that ctl prints, each character a byte.

    problem: said on stderr, "" for none; ok: the exit status is 0, else 1.
    """

    lines: Sequence[str]
    problem: str
    ok: bool


class DeskOperation(NamedTuple):
    """Something that is done with a running module, or asked of it.

    command: of ctl, one word, or a group and a word (``files put``). method, path: of the endpoint, below the path of
    the module. keys: what it takes: those in braces in the path, the others in the body of POST and PUT, in the query
    of GET and DELETE; options of ctl, but for arguments, the names of those that are its arguments, in order. act: does
    it, and returns the result, of the type result; table, or plain: that result for a reader, who else has JSON.
    example: as typed behind ctl. status: of success. instead: the key in whose presence ctl takes no arguments. bulk:
    bytes, as base64 in the key or the field ``data``, that are sent or told from the key ``offset`` on, a piece with
    each request, until there are ``size``; ctl has them from, or writes them to, a file. most_body: the bytes of a
    request's body, None for what is usual. optional: how many arguments of ctl, the last ones, may be left out. waits:
    the key with the seconds for which act may wait for somebody else; it returns an awaitable then. saves: the result
    is a file of JSON, which ctl writes; act returns its bytes in pieces.

    act, and its awaitable, may raise FaultError or UsageError: it cannot be, or not now.
    """

    command: str
    about: str
    method: str
    path: str
    keys: tuple[FaultKey, ...]
    act: Callable[[ModuleControls, Values], object]
    result: object
    example: str
    arguments: tuple[str, ...] = ()
    table: Callable[[Any], Table] | None = None
    plain: Callable[[Any], PlainResult] | None = None
    status: int = 200
    instead: str = ""
    bulk: Literal["", "sent", "told"] = ""
    most_body: int | None = None
    optional: int = 0
    waits: str = ""
    saves: bool = False

    @property
    def typed_keys(self) -> tuple[FaultKey, ...]:
        """The keys that ctl is given; it has those of bulk by itself."""
        return tuple(key for key in self.keys if not (self.bulk and key.name in BULK))

    @property
    def shown_arguments(self) -> list[str]:
        """The names of its arguments as help shows them, in brackets those that may be left out."""
        first = len(self.arguments) - self.optional
        return [f"[{name.upper()}]" if number >= first else name.upper() for number, name in enumerate(self.arguments)]

    @property
    def has_body(self) -> bool:
        """True where keys are in the body of the request."""
        return self.method in ("POST", "PUT")

    @property
    def sent_keys(self) -> tuple[FaultKey, ...]:
        """The keys that are not in the path."""
        return tuple(key for key in self.keys if f"{{{key.name}}}" not in self.path)

    def read(self, given: Mapping[str, object]) -> Values:
        """Return the values of the keys that were given, and the defaults of the others. Raises FaultError."""
        keys = {key.name: key for key in self.keys}
        for name in given:
            if name not in keys:
                raise FaultError(f"{self.command}: it has no key {name!r}; {nearest(name, keys)}")
        values: dict[str, Any] = {key.name: key.default for key in self.keys if key.default is not None}
        values |= {name: value_of(self.command, keys[name], value) for name, value in given.items()}
        for key in self.keys:
            if key.required and key.name not in given:
                raise FaultError(f"{self.command}: {key.name} is missing: {key.about}")
        return values
