"""Answers of a profile's own, to command lines that no family has on its model.

A family's commands always come first: a line that begins with one of the model's is never looked for here.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping

from onemo.at.grammar import Command, MalformedLine, next_command
from onemo.at.linear import Groups, LinePattern, PatternError
from onemo.at.reply import (
    BUSY,
    CONNECT,
    ERROR,
    NO_ANSWER,
    NO_CARRIER,
    NO_DIALTONE,
    OK,
    RING,
    CommandError,
    Final,
    Reply,
    ReplyFormat,
)
from onemo.profile.schema import AnswerSection

_RESULTS = {
    final.word.decode(): final for final in (OK, CONNECT, RING, NO_CARRIER, ERROR, NO_DIALTONE, BUSY, NO_ANSWER)
}
_NAME = re.compile(rb"[ ]*(?:\+([A-Za-z][A-Za-z0-9!%./:_-]*)|([^=?]*))")
_GROUP = re.compile(r"\{(\w+)\}")
_FORMS = ("", "?", "=?", "=1", '="1"')
"""Ways to type a command, with which a pattern is tried."""
_MOST_STEPS = 8192
"""Steps of all patterns of a profile: each line that no command begins is tried with every one."""
_MOST_ANSWERS, _MOST_LINES, _LONGEST, _MOST_SECONDS = 256, 256, 1024, 3600.0
Sections = Mapping[str, AnswerSection]


class _OwnResult(CommandError):
    """A final result code in a profile's own words; "": none."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def final(self, form: ReplyFormat) -> bytes:
        if (known := _RESULTS.get(self._text)) is not None:
            return form.final(known)
        return b"" if form.quiet or not self._text else form.final(Final(self._text.encode(), self._text.encode()))


class OwnAnswers:
    """The answers of one profile, ready to be looked up. Raises PatternError: mistakes_in tells of it."""

    def __init__(self, sections: Sections) -> None:
        self._lines = {_compared(line): line for line, section in sections.items() if not section.pattern}
        self._patterns = [(line, LinePattern(line)) for line, section in sections.items() if section.pattern]
        self.names = list(dict.fromkeys(filter(None, map(self._shown, sections))))
        """What of each stands in a list of commands, ``AT+FOO``."""
        self.named = named

    def __bool__(self) -> bool:
        return bool(self._lines or self._patterns)

    def answer(self, body: bytes, sections: Sections) -> tuple[Reply, float]:
        """Return the reply to a line, without its AT, and the seconds until it comes.

        Raises CommandError: there is no answer to it.
        """
        typed = b"AT" + body.strip()
        line = self._lines.get(typed.decode("latin-1").upper())
        groups: Groups | None = {}
        if line is None:
            for line, pattern in self._patterns:  # noqa: B007  (the one that fits is used)
                if (groups := pattern.match(typed)) is not None:
                    break
            else:
                raise CommandError
        assert line is not None
        assert groups is not None
        section = sections[line]
        reply = Reply([_filled(each, groups) for each in section.lines])
        if section.result != OK.word.decode():
            reply = reply._replace(failure=_OwnResult(section.result))
        return reply, section.delay

    def asked(self, text: str) -> list[str]:
        """Return the lines whose command is the one asked for: with or without AT and +, in any case."""
        wanted = _plain(re.sub(r"[=?].*", "", text.strip(), flags=re.DOTALL))
        lines = (*self._lines.values(), *(line for line, _ in self._patterns))
        return [line for line in lines if wanted and _plain(self._shown(line)) == wanted]

    def _shown(self, line: str) -> str:
        pattern = next((found for text, found in self._patterns if text == line), None)
        start = pattern.start if pattern is not None else line
        name = re.sub(r"[=?;].*", "", start.strip(), flags=re.DOTALL).upper()
        return "" if name == "AT" else name


def named(body: bytes) -> bytes:
    """Return the name of the command at the start of a line's body, as faults and profiles call it."""
    found = _NAME.match(body)
    assert found is not None  # it matches the empty string
    return (found[1] or found[2]).strip().upper()


def mistakes_in(sections: Sections, commands: Container[bytes]) -> Iterator[tuple[str, str]]:
    """Yield each line with what is wrong with its answer. commands: those that the model has, which come first."""
    if len(sections) > _MOST_ANSWERS:
        yield next(iter(sections)), f"is one of {len(sections)} answers: there may be {_MOST_ANSWERS}"
        return
    seen: dict[str, str] = {}
    steps = 0
    for line, section in sections.items():
        groups: Container[str] = ()
        if section.pattern:
            try:
                pattern = LinePattern(line)
            except PatternError as error:
                yield line, f"is no pattern: it {error}"
                continue
            groups, steps = pattern.names, steps + pattern.size
            if steps > _MOST_STEPS:
                yield line, f"is a pattern too many: all together have more than {_MOST_STEPS} steps"
                return
            problem = _overruled_by(pattern, commands)
        else:
            other = seen.setdefault(_compared(line), line)
            problem = f"is {other} again: the case of letters does not count" if other != line else ""
            problem = problem or _misnamed(line) or _overruled(line.strip()[2:].encode(), commands)
        if problem:
            yield line, problem
        for told in _misfits(section, groups):
            yield line, told


def _misnamed(line: str) -> str:
    """Return what is wrong with a line to type; "": nothing."""
    if not (line.isascii() and line.isprintable()):
        return "has characters that are not printable ASCII"
    if not line.strip().upper().startswith("AT") or not line.strip()[2:].strip():
        return "is no command line: give AT and a command, like AT+FOO?"
    return ""


def _overruled(body: bytes, commands: Container[bytes]) -> str:
    """Return that the model has the command at the start of a body, which comes first; "": it has none."""
    try:
        command: Command | None = next_command(body, 0)
    except MalformedLine:
        command = None
    name = command.name if command is not None else named(body)
    if name not in commands:
        return ""
    shown = f"AT{'+' if body.strip().startswith(b'+') else ''}{name.decode()}"
    return f"{shown} is a command of this model, which no answer overrules: leave it out"


def _overruled_by(pattern: LinePattern, commands: Container[bytes]) -> str:
    """Return that a pattern is for lines of the model's own commands; "": it is not, as far as can be told."""
    start = pattern.start.upper()
    if not start.startswith("AT"):
        return r"is for lines that are no commands: begin with AT, like AT\+FOO=(\d+)"
    if re.search(r"[=?]", start) and (problem := _overruled(start[2:].encode(), commands)):
        return problem
    for name in commands if isinstance(commands, Mapping) else ():
        typed = name if len(name) == 1 or not name[:1].isalpha() or name[1:].isdigit() else b"+" + name
        if any(pattern.match(b"AT" + typed + form.encode()) is not None for form in _FORMS):
            return f"is for AT{typed.decode()} too, a command of this model, which no answer overrules: be more exact"
    return ""


def _misfits(section: AnswerSection, groups: Container[str]) -> Iterator[str]:
    """Yield what is wrong with an answer itself."""
    if len(section.lines) > _MOST_LINES:
        yield f"has {len(section.lines)} lines: there may be {_MOST_LINES}"
    for text in (*section.lines, section.result):
        if not text.isprintable() or len(text) > _LONGEST:
            yield f"has a line that is no text of printable characters, at most {_LONGEST}: {text[:40]!r}"
        for name in _GROUP.findall(text) if section.pattern and text is not section.result else ():
            if name not in groups:
                yield f"has {{{name}}} in a line, and no such group in its pattern: {{1}} is the first"
    if section.delay > _MOST_SECONDS:
        yield f"has a delay of {section.delay:g} seconds: at most {_MOST_SECONDS:g}"


def _filled(line: str, groups: Groups) -> bytes:
    """Return a line with what the groups of its pattern took; of a pattern without groups, and of none, as it is."""
    if not groups:
        return line.encode()
    parts = _GROUP.split(line)
    return b"".join(groups.get(part, b"") if place % 2 else part.encode() for place, part in enumerate(parts))


def _compared(line: str) -> str:
    return line.strip().upper()


def _plain(name: str) -> str:
    return name.upper().removeprefix("AT").removeprefix("+")
