"""The command ``onemo-emulator ctl trace``, printed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from onemo.cli.ctl import CtlOptions, client_of, print_json, understood
from onemo.cli.ctl_errors import ErrorWords, with_words
from onemo.cli.output import in_colours, write
from onemo.control.client import module
from onemo.dialogue.lines import MARKS, printable, printable_text
from onemo.errors import UsageError
from onemo.faults.kind import TRACED_INDICES
from onemo.profile.index import label_of

_LONGEST = 512


class Filters(NamedTuple):
    """The filters of the trace, as the API's parameters. numbers: those of instances, by the index."""

    since: int | None = None
    limit: int | None = None
    side: str | None = None
    contains: str | None = None
    command: str | None = None
    urc: str | None = None
    console: int | None = None
    numbers: Mapping[str, int | None] = {}


@understood
def trace(name: str | None, filters: Filters, follow: bool, options: CtlOptions) -> int:
    """Run ``ctl trace``."""
    query = filters._asdict()
    query |= query.pop("numbers")
    with client_of(options) as client:
        name = name or client.only_module()
        if follow and any(query[key] is not None for key in query.keys() - {"since", "limit"}):
            raise UsageError("--follow shows all there is: leave the filters out")
        told = client.ask("GET", f"{module(name)}/trace", query=query)
        if options.json and not follow:
            return print_json(told)
        words, coloured = ErrorWords(client, name), in_colours()

        def show(entry: Mapping[str, Any]) -> None:
            write(json.dumps(entry) + "\n" if options.json else _line(entry, words, coloured))

        entries: Iterable[Mapping[str, Any]] = told["entries"]
        for entry in entries:
            show(entry)
        try:
            for kind, data in client.follow(name, told["next"]) if follow else ():
                if kind == "entry":
                    show(data)
                elif kind == "lost":
                    write(f"... {data['count']} lines that came too fast are left out\n")
        except SystemExit:  # a signal: that is how it ends
            return 0
    return 0


def _line(entry: Mapping[str, Any], words: ErrorWords, coloured: bool) -> str:
    """Return an entry as ``onemo-emulator trace`` prints it, an error with its number in words."""
    label = label_of(entry, TRACED_INDICES)
    of, meaning = "" if label is None else f"{printable_text(str(label))}: ", None
    if entry["kind"] == "event":
        text, mark = f"{of}{printable_text(entry['event'])} {printable_text(entry['detail'])}", MARKS["network"]
    else:
        cut = printable(entry["data"][:_LONGEST].encode("latin-1", "backslashreplace"))
        payload = entry["kind"] == "payload"
        done = f"{'sent' if entry['to'] == 'network' else 'received'} {len(entry['data'])} bytes: " if payload else ""
        text, mark = f"{of}{done}{cut}", f"{entry.get('console', '')}{MARKS['network' if payload else entry['from']]}"
        text += "  (echo)" if entry["kind"] == "echo" else ""
        meaning = words.of(entry["data"]) if entry["kind"] == "answer" else None
    took = f"  ({entry['took'] * 1000:.1f} ms)" if "took" in entry else ""
    shown = text if meaning is None else with_words(text, meaning, coloured)
    return f"{entry['time']:12.6f} {mark} {shown}{took}\n"
