r"""Transcripts: dialogues with a module as the manual writes them, and what the world does meanwhile.

The first lines say for which models it holds, and how it starts::

    models: all except MN316 ML307R-DL
    start: off
    fails: why the product is known to do otherwise

Without ``start: off`` the module has booted, its banner is gone and its echo is off. Then, a line each::

    # a comment; blank lines mean nothing
    > AT+MIPSTATE=0             typed, with a CR behind it; nothing in it is special
    >> AT\r\n                   typed as it stands, with Python's escapes
    < +MIPSTATE: 0,,,,"INITIAL" a line received between a CR LF pair of its own
    = \r\nOK\r\n                exactly these bytes received, with Python's escapes
    ...                         anything received
    ! peer 0 sends ABCDE12345   the world does something, or is looked at: see tests.support.directives

``{name}`` in what is received is any text the first time and the same text afterwards; {series}, {model} (the
sub-model) and {imei} are the profile's. What follows a step is all that the step made the module say.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.directives import perform
from tests.support.driver import Driver, framed_lines
from tests.support.escapes import escaped, unescaped
from tests.support.models import select

_EXPECTED = ("<", "=", "...")
_NAME = re.compile(r"\{([a-z_]+)\}")


class BadTranscript(Exception):
    """A transcript that cannot be read."""


@dataclass(frozen=True)
class Step:
    """Something that the DTE or the world does, and what the module is to say then."""

    number: int
    action: str
    expected: tuple[str, ...]


@dataclass(frozen=True)
class Transcript:
    name: str
    models: tuple[str, ...]
    booted: bool
    fails: str
    steps: tuple[Step, ...]


def read(path: Path, folder: Path) -> Transcript:
    """The file path, named as it lies in folder. Raises BadTranscript."""
    return parse(path.relative_to(folder).as_posix(), path.read_text("utf-8"))


def parse(name: str, text: str) -> Transcript:
    """Raises BadTranscript."""
    front: dict[str, str] = {}
    steps: list[tuple[int, str, list[str]]] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.rstrip()
        if not line or line.startswith("#"):
            continue
        if not steps and (match := re.fullmatch(r"(models|start|fails): (.+)", line)):
            front[match[1]] = match[2]
        elif line.split(" ")[0] in (">", ">>", "!"):
            steps.append((number, line, []))
        elif steps and line.split(" ")[0] in _EXPECTED:
            steps[-1][2].append(line)
        else:
            raise BadTranscript(f"{name}:{number}: what is {line!r}?")
    if front.get("start", "off") != "off" or not steps or "models" not in front:
        raise BadTranscript(f"{name}: needs models, steps, and no start but off")
    models = select(front["models"])
    told = tuple(Step(number, action, tuple(expected)) for number, action, expected in steps)
    return Transcript(name, models, "start" not in front, front.get("fails", ""), told)


def run(transcript: Transcript, model: str) -> None:
    """Play a transcript on a model. Raises AssertionError with a diff where the module says something else."""
    __tracebackhide__ = True
    driver = Driver(model)
    if transcript.booted:
        driver.boot()
    profile = driver.model.profile
    known = {"series": profile.series, "model": profile.sub_model, "imei": profile.identity.imei}
    wanted: list[str] = []
    said: list[str] = []
    for step in transcript.steps:
        where = f"{transcript.name}:{step.number}"
        try:
            _act(driver, step.action)
        except (AssertionError, KeyError, ValueError) as error:
            raise AssertionError(f"{where}: on {model}: {step.action}: {error!r}") from error
        received = driver.take()
        match = re.fullmatch(_pattern(step.expected, known), received, re.DOTALL)
        if match is not None:
            known |= {name: value.decode("latin-1") for name, value in match.groupdict().items()}
        expected = [_filled(line, known) for line in step.expected]
        wanted += [step.action, *expected]
        said += [step.action, *(expected if match else _shown(received))]
        if match is None:
            diff = "\n".join(difflib.ndiff(wanted, said))
            raise AssertionError(f"{where}: {model} says something else (- wanted, + said)\n{diff}")


def _act(driver: Driver, action: str) -> None:
    kind, _, text = action.partition(" ")
    if kind == ">":
        driver.type(text.encode("latin-1") + b"\r")
    elif kind == ">>":
        driver.type(unescaped(text))
    else:
        perform(driver, text)


def _pattern(expected: tuple[str, ...], known: dict[str, str]) -> bytes:
    """A regular expression of all that a step makes the module say."""
    named: set[str] = set()

    def part(line: str) -> str:
        kind, _, text = line.partition(" ")
        if kind == "...":
            return ".*?"
        pieces = _NAME.split(text)
        for index in range(0, len(pieces), 2):
            literal = unescaped(pieces[index]).decode("latin-1") if kind == "=" else pieces[index]
            pieces[index] = re.escape(literal)
        for index in range(1, len(pieces), 2):
            name = pieces[index]
            if name in known:
                pieces[index] = re.escape(known[name])
            elif name in named:
                pieces[index] = f"(?P={name})"
            else:
                named.add(name)
                pieces[index] = rf"(?P<{name}>[^\r\n]+?)"
        return "".join(pieces) if kind == "=" else r"\r\n" + "".join(pieces) + r"\r\n"

    return "".join(map(part, expected)).encode("latin-1")


def _filled(line: str, known: dict[str, str]) -> str:
    return _NAME.sub(lambda match: known.get(match[1], match[0]), line)


def _shown(received: bytes) -> list[str]:
    """What was received as a transcript would have it."""
    try:
        return [f"< {line}" for line in framed_lines(received)]
    except AssertionError:
        return [f"= {escaped(piece)}" for piece in received.splitlines(keepends=True)]
