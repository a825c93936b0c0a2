"""The outcomes of a command: an answer, a wait for the world, a prompt for payload."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from onemo.at.grammar import Arguments, arguments
from onemo.at.reply import CommandError, Reply
from onemo.at.store import Change, R, Settings, Slot
from onemo.profile.schema import ParamSection


class Device(Protocol):
    """The device, as far as the language needs it."""

    settings: Settings

    def settings_of(self, slot: Slot[Any]) -> Settings:
        """Return the settings that hold a slot: the device's, or those of the console that asks."""
        ...

    def keep(self, slot: Slot[R], record: R, index: int = 0, also: Sequence[Change] = ()) -> Reply | Pending:
        """Store what was set, and what changes with it; Pending where it has to be written down before the answer."""
        ...


D = TypeVar("D", bound=Device)

Split = Callable[[D, bytes, int], tuple[Arguments, int]]
"""How a command reads its parameters at a position of a line; it returns them and where the next command begins.

It may raise MalformedLine, and CommandError.
"""


class Pending(NamedTuple):
    """A command that waits for the world.

    The shell carries out operation; finish makes the reply of its result, or whatever else comes of it. finish may
    raise CommandError. holds: no URC comes before the command is done.
    """

    operation: object
    finish: Callable[[Any], Outcome]
    holds: bool = False


class Prompt(NamedTuple):
    """A command that asks for payload with ``>``: exactly length bytes, or (None) up to Ctrl-Z, ESC or limit.

    timeout: seconds after the last byte. finish makes the outcome of what was entered: the payload (with
    whether the time-out ended it), or None after ESC. It may raise CommandError. secret: what is
    entered is shown to nobody. text: the prompt itself, None: the line's. echoes: what is entered is echoed, as ATE has
    it; again: each CR in it is answered by the prompt once more.
    """

    length: int | None
    limit: int
    timeout: float
    finish: Callable[[bytes | None, bool], Outcome]
    secret: bool = False
    text: str | None = None
    echoes: bool = False
    again: bool = False


Outcome = Reply | Pending | Prompt
Handler = Callable[[D, Arguments], Outcome]
Sections = Mapping[str, ParamSection]


def keeping_escapes(keeps: Callable[[D, bytes], bool]) -> Split[D]:
    """Have a backslash keep a quote inside its string where keeps, asked with the raw first parameter, says so."""

    def split(device: D, line: bytes, position: int) -> tuple[Arguments, int]:
        end = line.find(b",", position)
        first = line[position : end if end >= 0 else len(line)].strip()
        return arguments(line, position, escapes=keeps(device, first))

    return split


def barely(handler: Handler[D], bare: Callable[[D], bool]) -> Handler[D]:
    """Have a handler refuse with the bare ERROR, where bare says so."""

    def handle(device: D, arguments: Arguments) -> Outcome:
        try:
            return handler(device, arguments)
        except CommandError as error:
            if bare(device):
                raise CommandError from error
            raise

    return handle
