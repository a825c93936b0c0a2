"""A console of the desk's own: commands are typed there, and the DTE's lines are left alone."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any

from onemo.faults.kind import FaultKey, Type
from onemo.runtime.desk.console_results import PATIENCE, CommandInfo, ConsoleAnswer
from onemo.runtime.desk.operation import DeskOperation, PlainResult, Table, Values

if TYPE_CHECKING:  # ctl has the declarations alone
    from onemo.modem.modem import Modem
    from onemo.runtime.controls import ModuleControls

_MOST_BODY = 1 << 20
"""Bytes of a request: 64 KB of data, and what escapes and JSON add to it."""


def _send(controls: ModuleControls, values: Values) -> Awaitable[ConsoleAnswer]:
    from onemo.runtime.desk.console_port import desk_port

    return desk_port(controls).send(values.get("command"), values.get("data"), values["timeout"])


def _commands(controls: ModuleControls, values: Values) -> tuple[CommandInfo, ...]:
    from onemo.at.grammar import Form
    from onemo.at.registry import test_answer, typed

    marks = {Form.TEST: "=?", Form.READ: "?", Form.SET: "=", Form.EXECUTE: ""}

    def tell(modem: Modem, now: float) -> tuple[CommandInfo, ...]:
        model = modem.model
        found = [model.commands[name.encode()] for name in model.names()]
        told = [
            CommandInfo(typed(each.name), [marks[form] for form in each.forms], test_answer(each)) for each in found
        ]
        own = model.answers.names if model.answers is not None else ()
        return (*told, *(CommandInfo(name, [], []) for name in own))

    return controls._do(tell)


def _listed(found: Sequence[dict[str, Any]]) -> Table:
    return ("Command", "Test form"), [(each["name"], " ".join(each["test"])) for each in found]


SEND = DeskOperation(
    command="send",
    about="Type a command at a console of its own, which leaves the DTE's lines alone, and print its answer. The exit "
    "status is 1 where that is an error, or none comes.",
    method="POST",
    path="/console",
    keys=(
        FaultKey("command", Type.TEXT, "A command line as it stands, like AT+CSQ, or +++ to leave transparent mode.",
                 pattern=r"[Aa][Tt][^\x00-\x1f\ud800-\udfff]*|[Aa]/|\+\+\+"),
        FaultKey("data", Type.BYTES, r"Bytes for the > entry or the transparent connection that it leads to, with "
                 r"escapes: \r, \n, \x1a for Ctrl-Z, \x1b for ESC. Alone: for one that is open."),
        FaultKey("timeout", Type.SECONDS, "How long the answer may take; 10 s if left out.", PATIENCE, 0.1, 600),
    ),
    act=_send,
    result=ConsoleAnswer,
    example="send 'AT+MIPSEND=0,5' --data hello",
    arguments=("command",),
    optional=1,
    plain=lambda said: PlainResult(said["lines"], said["problem"], said["ok"]),
    waits="timeout",
    most_body=_MOST_BODY,
)  # fmt: skip
OPERATIONS = (
    SEND,
    DeskOperation(
        command="commands",
        about="List the commands that a module has, with the answers of their test forms.",
        method="GET",
        path="/console/commands",
        keys=(),
        act=_commands,
        result=tuple[CommandInfo, ...],
        example="commands",
        table=_listed,
    ),
)
