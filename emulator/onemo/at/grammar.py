"""The grammar of a command line (V.250 5.2-5.4): pure functions from bytes to commands and arguments."""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

import re
from enum import Enum
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from onemo.errors import EmulatorError

MAX_ARGUMENT_DIGITS = 10
_REMEMBERED = 256
_LONGEST_REMEMBERED = 32
CONTROLS = bytes(range(0x20))
_BS = 0x08


class MalformedLine(EmulatorError):
    """A line that is no command line; answered with the bare ERROR."""


class QuoteInside(MalformedLine):
    """A quote inside a text that may hold none on this model."""


class TextPlace(NamedTuple):
    """The parameter of a command that is a text which may have quotes of its own. place: counted from 0.

    escapes: a backslash keeps a quote inside it; inner: it runs from its first quote to the last one of the line.
    """

    place: int
    escapes: bool
    inner: bool


class Form(Enum):
    """The four forms of an extended command; a basic one is executed, with its number as argument."""

    TEST = "=?"
    READ = "?"
    SET = "="
    EXECUTE = ""

    __hash__ = object.__hash__  # a form is looked up with every command, and Enum's own is no C


class Argument(NamedTuple):
    """One parameter as it was typed: text without quotes and blanks, and whether it was a string.

    With string escapes on, text still holds them, for the codec to undo. Of what is no data but a string parameter
    string is to be read.
    """

    text: bytes
    quoted: bool

    @property
    def string(self) -> bytes:
        """The text as a string: BS takes a character back, other control characters mean nothing (V.250 5.2.2)."""
        if self.text.translate(None, CONTROLS) == self.text:
            return self.text
        kept = bytearray()
        for byte in self.text:
            if byte == _BS:
                del kept[-1:]
            elif byte not in CONTROLS:
                kept.append(byte)
        return bytes(kept)


Arguments: TypeAlias = tuple[Argument | None, ...]
"""Parameters in order; None stands for one left empty."""

_FORMS = {b"=?": Form.TEST, b"?": Form.READ, b"=": Form.SET, b"": Form.EXECUTE}
_EXTENDED = re.compile(rb"[ ]*\+([A-Za-z][A-Za-z0-9!%./:_-]*)[ ]*(=[ ]*\?|\?|=|)[ ]*")
_S_PARAMETER = re.compile(rb"[ ]*([Ss]\d{1,4})[ ]*(?:(\?)|=[ ]*(\d*))[ ]*")
_BASIC = re.compile(rb"[ ]*(&?[A-Za-z])(\d*)[ ]*")
_PLAIN = re.compile(rb"[^,;\"]*")
_STRING = re.compile(rb'[ ]*"([^"]*)"[ ]*')
_LONGEST_STRING = re.compile(rb'[ ]*"(.*)"[ ]*', re.DOTALL)
_ESCAPED_STRING = re.compile(rb'[ ]*"((?:[^"\\]|\\.)*)"[ ]*', re.DOTALL)


class Command(NamedTuple):
    """The next command of a line. end is where the next one begins, or its own arguments (extended SET).

    argument is what a basic or S-parameter command carries: its number, if any. complete: nothing of the
    command is left to read.
    """

    name: bytes
    form: Form
    end: int
    argument: Argument | None = None
    complete: bool = True


def body(line: bytes) -> bytes:
    """Return what follows the AT of a command line. Raises MalformedLine without one (V.250 5.2.1)."""
    if line[:2] == b"AT" or line[:2] == b"at":
        return line[2:]
    stripped = line.lstrip(b" \t\0")
    if stripped[:2] in (b"AT", b"at"):
        return stripped[2:]
    raise MalformedLine("no AT prefix")


def next_command(line: bytes, position: int) -> Command | None:
    """Read the command that starts at position of a line's body; None at its end. Raises MalformedLine."""
    if position == 0 and line[:1] == b"+":
        # An equals sign in front of a value ends what is read here: the value is none of it, and is not remembered.
        end = line.find(b"=") + 1 or len(line)
        if end <= _LONGEST_REMEMBERED and line[end : end + 1] not in (b" ", b"?"):
            return _remembered_command(line[:end])
    return _read_command(line, position)


def _read_command(line: bytes, position: int) -> Command | None:
    if match := _EXTENDED.match(line, position):
        form = _FORMS[match[2].replace(b" ", b"")]
        end = match.end() if form is Form.SET else _separator(line, match.end())
        return Command(match[1].upper(), form, end, complete=form is not Form.SET)
    if match := _S_PARAMETER.match(line, position):
        if match[2]:
            return Command(match[1].upper(), Form.READ, match.end())
        return Command(match[1].upper(), Form.SET, match.end(), Argument(match[3], quoted=False) if match[3] else None)
    if match := _BASIC.match(line, position):
        if line[match.end() : match.end() + 1] in (b"=", b"?"):  # it is not carried out, as ATH=? would end a call
            raise MalformedLine("a basic command has no such form")
        if match[1] in (b"D", b"d"):  # what is dialled has a grammar of its own (V.250 6.3.1)
            return Command(b"D", Form.EXECUTE, match.end(1), complete=False)
        argument = Argument(match[2], quoted=False) if match[2] else None
        return Command(match[1].upper(), Form.EXECUTE, match.end(), argument)
    if not line[position:].strip(b" "):
        return None
    raise MalformedLine("no command")


@lru_cache(_REMEMBERED)
def _remembered_command(line: bytes) -> Command | None:
    return _read_command(line, 0)


def arguments(
    line: bytes, position: int, *, escapes: bool = False, text: TextPlace | None = None
) -> tuple[Arguments, int]:
    """Split the parameters at position; return them and where the next command begins.

    escapes: a backslash keeps a quote inside its string. Raises MalformedLine on a quote that is not closed or stands
    next to other text; QuoteInside where that is the text.
    """
    if (rest := line[position:]).isdigit():
        return _number(rest) if len(rest) <= MAX_ARGUMENT_DIGITS else (Argument(rest, False),), len(line)
    found: list[Argument | None] = []
    while True:
        here = text if text is not None and len(found) == text.place else None
        argument, position = _argument(line, position, _string(here, escapes=escapes))
        found.append(argument)
        if position == len(line):
            return tuple(found), position
        separator = line[position : position + 1]
        position += 1
        if separator == b";":
            return tuple(found), position
        if separator != b",":
            kind = QuoteInside if here is not None and found[-1] is not None else MalformedLine
            raise kind("a quote is not closed, or stands next to other text")


@lru_cache(_REMEMBERED)
def _number(digits: bytes) -> Arguments:
    return (Argument(digits, quoted=False),)


def _string(text: TextPlace | None, *, escapes: bool) -> re.Pattern[bytes]:
    """Return the pattern of a string. text: it is the one at that place."""
    if text is not None and text.inner:
        return _LONGEST_STRING
    return _ESCAPED_STRING if escapes or (text is not None and text.escapes) else _STRING


def _argument(line: bytes, position: int, string: re.Pattern[bytes]) -> tuple[Argument | None, int]:
    """Read the parameter at position, None for an empty one; return it and where it ends."""
    if match := string.match(line, position):
        return Argument(match[1], quoted=True), match.end()
    match = _PLAIN.match(line, position)
    assert match is not None  # the pattern matches the empty string
    text = match[0].strip(b" ")
    return Argument(text, quoted=False) if text else None, match.end()


def leading(line: bytes, position: int, count: int) -> tuple[Arguments, int | None, int]:
    """Split the first count parameters at position, for a command that reads the rest in a way of its own.

    Return them, where the rest begins, None where there is none, and where the next command begins then. Raises
    MalformedLine.
    """
    found: list[Argument | None] = []
    while True:
        argument, end = _argument(line, position, _STRING)
        found.append(argument)
        position = end + 1
        separator = line[end:position]
        if separator in (b"", b";"):
            return tuple(found), None, min(position, len(line))
        if separator != b",":
            raise MalformedLine("a quote is not closed, or stands next to other text")
        if len(found) == count:
            return tuple(found), position, len(line)


def integer(argument: Argument) -> int | None:
    """Read an unquoted decimal, maybe a negative one; None when it is no such thing or absurdly long."""
    text = argument.text
    if argument.quoted or not text.isdigit():
        if argument.quoted or text[:1] != b"-" or not text[1:].isdigit():
            return None
        positive = integer(argument._replace(text=text[1:]))
        return None if positive is None else -positive
    text = text.lstrip(b"0") or b"0"
    return int(text) if len(text) <= MAX_ARGUMENT_DIGITS else None


def _separator(line: bytes, position: int) -> int:
    """Return where the next command begins after an extended one without parameters. Raises MalformedLine."""
    if position == len(line):
        return position
    if line[position : position + 1] == b";":
        return position + 1
    raise MalformedLine("text after a command")
