"""The operations of the desk, as ``onemo-emulator ctl`` carries them out."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from onemo.cli import ctl_bulk
from onemo.cli.ctl import CtlOptions, cell, client_of, print_json, understood
from onemo.cli.ctl_errors import ErrorWords, with_words
from onemo.cli.output import in_colours, on_terminal, write
from onemo.cli.page import Page
from onemo.control.client import module
from onemo.dialogue.lines import printable
from onemo.errors import FaultError, UsageError
from onemo.runtime.desk.operation import BULK, DeskOperation, PlainResult
from onemo.runtime.snapshot import LARGEST

_LARGE = 60.0
"""Seconds more than usual that a large file may take."""


@understood
def operate(
    operation: DeskOperation, words: Sequence[str], given: Mapping[str, object], file: str | None, options: CtlOptions
) -> int:
    """Run an operation of the desk.

    words: the module, if it was named, and the arguments; given: the options; file: that of its bulk, None: stdin or
    stdout.
    """
    arguments = () if operation.instead in given else operation.arguments
    spare = _named(operation, arguments, words, given)
    values = {**given, **dict(zip(arguments, words[spare:], strict=False))}
    try:
        operation.read({**values, **dict.fromkeys(BULK, "0")} if operation.bulk == "sent" else values)
    except FaultError as error:
        raise UsageError(str(error)) from error
    sent = {key.name: values[key.name] for key in operation.sent_keys if key.name in values}
    return _carry_out(operation, words[0] if spare else None, values, sent, file, options)


def _named(
    operation: DeskOperation, arguments: Sequence[str], words: Sequence[str], given: Mapping[str, object]
) -> bool:
    """Tell whether the first word is the module's name: it is no argument, and there is something else to go by.

    Raises UsageError: too few words, too many.
    """
    most, least = len(arguments), len(arguments) - operation.optional
    named = len(words) > most
    if not named and least < len(words) and (least or given):
        first = next(key for key in operation.keys if key.name == arguments[0])
        named = re.fullmatch(first.pattern, words[0]) is None
    if not least <= len(words) - named <= most:
        names = " ".join(operation.shown_arguments if arguments else ())
        wanted = f"give {names}; before it" if names else "give"
        raise UsageError(f"{wanted} the name of the module, if there are several")
    return named


def _carry_out(
    operation: DeskOperation,
    name: str | None,
    values: Mapping[str, object],
    sent: Mapping[str, object],
    file: str | None,
    options: CtlOptions,
) -> int:
    path = operation.path
    for key in operation.keys:
        path = path.replace(f"{{{key.name}}}", quote(str(values.get(key.name)), safe=""))
    with client_of(options) as client:
        name = name or client.only_module()
        path = module(name) + path
        if operation.bulk == "told":
            return ctl_bulk.take(client, operation, path, sent, file)
        if operation.bulk:
            said = ctl_bulk.send(client, operation, path, sent, file)
        elif operation.waits:
            seconds = operation.read(values)[operation.waits]
            said = client.ask(operation.method, path, sent, patience=seconds)
        elif operation.saves:
            said = client.ask(operation.method, path, query=sent, patience=_LARGE, most=LARGEST)
            return ctl_bulk.save(said, file)
        elif operation.has_body:
            said = client.ask(operation.method, path, sent)
        else:
            said = client.ask(operation.method, path, query=sent)
        if operation.plain is not None:
            words = ErrorWords(client, name) if on_terminal() else None
            return _print_plain(operation.plain(said), said if options.json else None, words)
    if options.json or operation.table is None:
        return print_json(said)
    headers, rows = operation.table(said)
    page = Page()
    page.table(headers, [[cell(value) for value in row] for row in rows], indent=0)
    page.show()
    return 0


def _print_plain(result: PlainResult, said: object, words: ErrorWords | None) -> int:
    """Print a result, or what was said as JSON (None: not); return the exit status.

    words: of its errors, for a terminal; None: it is printed as it stands.
    """
    if said is not None:
        print_json(said)
    else:
        write("".join(f"{_shown(line, words)}\n" for line in result.lines))
        if result.problem:
            print(f"onemo-emulator: {result.problem}", file=sys.stderr)
    return 0 if result.ok else 1


def _shown(line: str, words: ErrorWords | None) -> str:
    text, meaning = printable(line.encode("latin-1")), None if words is None else words.of(line)
    return text if meaning is None else with_words(text, meaning, in_colours())
