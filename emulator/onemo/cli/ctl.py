"""The commands of ``onemo-emulator ctl``: they print the control API's answers for a reader, or as JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, NamedTuple, ParamSpec

from onemo.cli.ctl_board import show_surroundings
from onemo.cli.output import write
from onemo.cli.page import Page
from onemo.cli.texts import require_texts
from onemo.control.client import MISSHAPEN, Client, ControlError, module
from onemo.dialogue.lines import printable_text
from onemo.errors import UsageError

P = ParamSpec("P")
ADDRESS, TOKEN = "ONEMO_CONTROL", "ONEMO_CONTROL_TOKEN"
_AGAIN = 0.1
"""Seconds between two questions of ``ready --wait``."""


class CtlOptions(NamedTuple):
    """The options of every command of ``ctl``. address, token: None for those of the environment."""

    address: str | None = None
    token: str | None = None
    json: bool = False


def understood(command: Callable[P, int]) -> Callable[P, int]:
    """Have a command raise ControlError where an answer has another shape than the control's.

    UsageError: an argument is no text.
    """

    @wraps(command)
    def asked(*args: P.args, **kwargs: P.kwargs) -> int:
        require_texts((args, kwargs))
        try:
            return command(*args, **kwargs)
        except MISSHAPEN as error:
            raise ControlError(0, "what answers there is no control of this emulator's version") from error

    return asked


@contextmanager
def client_of(options: CtlOptions) -> Iterator[Client]:
    """Give the client of the control that is meant. Raises UsageError: none is."""
    address = options.address or os.environ.get(ADDRESS)
    if not address:
        raise UsageError(f"which emulator? give --control HOST:PORT, or set {ADDRESS}")
    with Client(address, options.token or os.environ.get(TOKEN)) as client:
        try:
            yield client
        except ControlError as error:
            if error.status != 401:
                raise
            wrong = str(error).partition(":")[0]
            raise ControlError(401, f"{wrong}: give --token what --control-token says, or set {TOKEN}") from error


@understood
def modules(options: CtlOptions) -> int:
    """Run ``ctl modules``."""
    with client_of(options) as client:
        rows = client.ask("GET", "/v1/modules")
    if options.json:
        return print_json(rows)
    keys = ("name", "model", "port", "condition", "power", "registration", "connections", "faults")
    page = Page()
    page.table([key.capitalize() for key in keys], [[cell(row[key]) for key in keys] for row in rows], indent=0)
    page.show()
    return 0


@understood
def show(name: str | None, options: CtlOptions) -> int:
    """Run ``ctl show``."""
    with client_of(options) as client:
        state = client.ask("GET", module(name or client.only_module()))
    return print_json(state) if options.json else _show(state)


@understood
def faults(name: str | None, options: CtlOptions) -> int:
    """Run ``ctl faults``."""
    with client_of(options) as client:
        rows = client.ask("GET", f"{module(name or client.only_module())}/faults")
    return print_json(rows) if options.json else _faults(rows)


@understood
def fault(words: Sequence[str], options: CtlOptions) -> int:
    """Run ``ctl fault [NAME] FAULT``."""
    name, text = _named(words, "a fault, like 'urc-drop urc=MIPOPEN times=1'")
    with client_of(options) as client:
        rows = client.ask("POST", f"{module(name or client.only_module())}/faults", {"fault": text})
    return print_json(rows) if options.json else _faults(rows)


@understood
def unfault(words: Sequence[str], everything: bool, options: CtlOptions) -> int:
    """Run ``ctl unfault [NAME] ID`` or ``--all``."""
    if everything:
        name, number = (words[0] if words else None), ""
        if len(words) > 1:
            raise UsageError("--all is every fault of a module: leave the number out")
    else:
        name, number = _named(words, "the number that ctl faults tells, or --all")
    with client_of(options) as client:
        path = f"{module(name or client.only_module())}/faults"
        gone = client.ask("DELETE", path if everything else f"{path}/{number}")
    if options.json:
        return print_json(gone)
    return _faults(gone if everything else [gone])


@understood
def do(words: Sequence[str], options: CtlOptions) -> int:
    """Run ``ctl do [NAME] EVENT``."""
    name, text = _named(words, "what is to happen, like sim-remove or 'signal rssi=3'")
    with client_of(options) as client:
        state = client.ask("POST", f"{module(name or client.only_module())}/events", {"event": text})
    return print_json(state) if options.json else _show(state, brief=True)


@understood
def verify(name: str | None, steps: Sequence[str], options: CtlOptions) -> int:
    """Run ``ctl verify``; 1 if the steps were not found."""
    asked = [_step(step) for step in steps]
    with client_of(options) as client:
        verified = client.ask("POST", f"{module(name or client.only_module())}/trace/verify", {"steps": asked})
    if options.json:
        print_json(verified)
    else:
        for text, step in zip(steps, verified["steps"], strict=True):
            at = f" at {', '.join(map(str, step['at']))}" if step["at"] else ""
            write(f"{text}: found {step['found']}{at}\n")
        write("matched\n" if verified["matched"] else "not matched\n")
    return 0 if verified["matched"] else 1


@understood
def kinds(name: str | None, options: CtlOptions) -> int:
    """Run ``ctl kinds``."""
    with client_of(options) as client:
        rows = client.ask("GET", "/v1/kinds")
    if name is not None:
        rows = [row for row in rows if row["name"] == name]
        if not rows:
            raise UsageError(f"there is no kind {name!r}; ctl kinds lists them")
    if options.json:
        return print_json(rows)
    page = Page()
    page.table(("Kind", "About", "Now"), [(row["name"], row["about"], cell(row["event"])) for row in rows], indent=0)
    if name is not None:
        keys = rows[0]["keys"]
        page.table(("Key", "Type", "Default", "About"), [_key(key) for key in keys])
        page.text(f"  {rows[0]['example']}")
    page.show()
    return 0


@understood
def events(name: str | None, options: CtlOptions) -> int:
    """Run ``ctl events``."""
    with client_of(options) as client:
        rows = client.ask("GET", f"{module(name or client.only_module())}/events")
    if options.json:
        return print_json(rows)
    page = Page()
    page.table(("Event", "Now", "Why not"), [(row["event"], cell(row["sense"]), row["why"]) for row in rows], indent=0)
    page.show()
    return 0


@understood
def ready(wait: float, options: CtlOptions) -> int:
    """Run ``ctl ready``; 1 if a module is not ready in time."""
    until = time.monotonic() + wait
    with client_of(options) as client:
        while True:
            try:
                said = client.ask("GET", "/ready")
            except ControlError as error:
                if error.status not in (0, 503):
                    raise
                if time.monotonic() + _AGAIN > until:
                    print(f"onemo-emulator: {error}", file=sys.stderr)
                    return 1
                time.sleep(_AGAIN)  # noqa: TID251  # nothing else runs here
                continue
            return print_json(said) if options.json else _say(f"ready: {said['modules']}")


# Inside.


def _named(words: Sequence[str], wanted: str) -> tuple[str | None, str]:
    """Split the module's name, if it was given, from the rest."""
    if len(words) == 1:
        return None, words[0]
    if len(words) == 2:
        return words[0], words[1]
    raise UsageError(f"give {wanted}; before it the name of the module, if there are several")


def _step(text: str) -> dict[str, object]:
    """Read a step: ``2*sent:AT+MIPOPEN`` or ``received:OK``."""
    number, star, rest = text.partition("*")
    times = int(number) if star and number.isascii() and number.isdecimal() and len(number) < 5 else None
    matter, colon, pattern = (rest if times is not None else text).partition(":")
    if not colon or not pattern:
        raise UsageError(f"{text}: write sent:TEXT, received:TEXT, event:TEXT or network:TEXT; 2*sent:TEXT for twice")
    return {matter: pattern, **({} if times is None else {"times": times})}


def print_json(value: object) -> int:
    """Print a value as JSON; return 0."""
    return _say(json.dumps(value, indent=2, ensure_ascii=False))


def _say(text: str) -> int:
    write(f"{text}\n")
    return 0


def cell(value: object) -> str:
    """Return a value as a cell of a table shows it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return " ".join(f"{key}={cell(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(cell, value)) or "-"
    return printable_text(str(value)) or '""'


def _key(key: Mapping[str, Any]) -> tuple[str, ...]:
    span = f" {key['low']:g}-{key['high']:g}" if key["high"] is not None else ""
    choices = f" ({', '.join(key['choices'])})" if key["choices"] else ""
    default = "required" if key["required"] else cell(key["default"])
    return key["name"], key["type"] + span, default, key["about"] + choices


def _faults(rows: Iterable[Mapping[str, Any]]) -> int:
    page = Page()
    cells = [
        (
            str(row["id"]),
            row["fault"],
            str(row["matches"]),
            str(row["fired"]),
            "disarmed" if row["disarmed"] else "spent" if row["spent"] else "armed",
        )
        for row in rows
    ]
    page.table(("Id", "Fault", "Matches", "Fired", "State"), cells, indent=0)
    page.show()
    return 0


def _show(state: Mapping[str, Any], *, brief: bool = False) -> int:
    """Print a state. brief: the parts that events change."""
    page = Page()
    ports = " and ".join(state["ports"]) or "no port"
    page.heading(state["name"], f"{state['model']} on {ports}, {state['condition']}")
    if state["error"]:
        page.text(f"  {state['error']}")
    parts = ("power", "sim", "radio") if brief else ("identity", "power", "sim", "radio", "line", "counters")
    page.table(("What", "State"), [(part, cell(state[part])) for part in parts if state[part] is not None])
    used = [one for one in state["connections"] if one["state"] != "INITIAL"]
    instances = state.get("http_clients", ())
    clients = [one for one in state.get("mqtt_clients", ()) if one["state"] != "closed" or one["stored"]]
    for title, rows in (
        *(("PDP contexts", state["contexts"]), ("Connections", used)),
        *(("HTTP instances", instances), ("MQTT clients", clients)),
    ):
        if rows:
            page.heading(title, above=True)
            headers = [key.replace("_", " ").capitalize() for key in rows[0]]
            page.table(headers, [[cell(value) for value in row.values()] for row in rows])
    if not brief:
        show_surroundings(page, state, cell)
        _show_texts(page, state.get("sms"))
        page.heading("Settings", above=True)
        page.table(("Command", "Key", "Values"), _settings(state["settings"]))
    page.show()
    return 0


def _show_texts(page: Page, texts: Mapping[str, Any] | None) -> None:
    if texts is None:
        return
    page.heading("Short messages", above=True)
    stores = ", ".join(f"{name} {store['used']} of {store['total']}" for name, store in texts["stores"].items())
    rows = {"number": texts["number"], "centre": texts["centre"], "stores": stores, "waiting": texts["waiting"]}
    page.table(("What", "State"), [(name, cell(value)) for name, value in rows.items()])
    if texts["sent"]:
        keys = ("to", "text", "encoding", "parts", "report")
        page.table([key.capitalize() for key in keys], [[cell(sent[key]) for key in keys] for sent in texts["sent"]])


def _settings(settings: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    """Yield a row for each record; those that stand under numbers share one where they are the same."""
    for command, keys in settings.items():
        nested = any(isinstance(value, Mapping) for value in keys.values())
        numbered = nested and all(key.isdecimal() for key in keys)
        for key, record in {"": keys}.items() if numbered or not nested else keys.items():
            if not any(isinstance(value, Mapping) for value in record.values()):
                yield command, key, cell(record)
                continue
            same: dict[str, list[str]] = {}
            for number, one in record.items():
                same.setdefault(cell(one), []).append(number)
            for values, numbers in same.items():
                yield command, f"{key} {','.join(numbers)}".strip(), values
