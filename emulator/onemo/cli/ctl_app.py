"""The command line of ``onemo-emulator ctl``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from onemo.cli.choosing import choosing
from onemo.cli.ctl_desk import command_of, usage_of
from onemo.cli.values import number, seconds
from onemo.runtime.desk import OPERATIONS

Where = Annotated[
    str | None,
    Parameter(
        name="--control",
        metavar="HOST:PORT",
        help="Where the emulator's control is: what run --control was given, or told. ONEMO_CONTROL if left out.",
    ),
]
Token = Annotated[
    str | None,
    Parameter(
        name="--token",
        metavar="TOKEN",
        help="What the emulator's --control-token says. ONEMO_CONTROL_TOKEN if left out.",
    ),
]
Json = Annotated[bool, Parameter(name="--json", help="Print JSON, as the API has it.")]
Name = Annotated[str | None, Parameter(metavar="NAME", help="The module. The only one if left out.")]
Whole = Annotated[int | None, Parameter(metavar="N", converter=number)]
_HELP = """\
Look at running modules and act on them, through the control API.

The emulator is started with --control HOST:PORT. NAME may be left out where
there is one module. The exit status is 0, 1 when what was asked is not so
(ready, verify, send), and 2 when it could not be asked."""
_EPILOGUE = """\
Examples:

  onemo-emulator run ML307R --control 127.0.0.1:8080
  export ONEMO_CONTROL=127.0.0.1:8080
  onemo-emulator ctl show
  onemo-emulator ctl send AT+CSQ
  onemo-emulator ctl fault 'urc-drop urc=MIPOPEN times=1'
  onemo-emulator ctl do 'signal rssi=3'
  onemo-emulator ctl trace --follow
  onemo-emulator ctl trace --out meter.pcapng
  onemo-emulator ctl verify --step '2*sent:AT+MIPOPEN' --step received:rtcp"""


def modules(*, control: Where = None, token: Token = None, json: Json = False) -> int:
    """List the modules."""
    from onemo.cli import ctl

    return ctl.modules(ctl.CtlOptions(control, token, json))


def show(name: Name = None, /, *, control: Where = None, token: Token = None, json: Json = False) -> int:
    """Show what a module is set to and what it does."""
    from onemo.cli import ctl

    return ctl.show(name, ctl.CtlOptions(control, token, json))


def faults(name: Name = None, /, *, control: Where = None, token: Token = None, json: Json = False) -> int:
    """List the faults of a module, and how often each fired."""
    from onemo.cli import ctl

    return ctl.faults(name, ctl.CtlOptions(control, token, json))


def fault(*words: str, control: Where = None, token: Token = None, json: Json = False) -> int:
    """Let something go wrong: arm a fault, or a preset.

    Parameters
    ----------
    words: str
        The module, if there are several, and the fault as --fault takes it.
    """
    from onemo.cli import ctl

    return ctl.fault(words, ctl.CtlOptions(control, token, json))


def unfault(
    *words: str,
    everything: Annotated[bool, Parameter(name="--all")] = False,
    control: Where = None,
    token: Token = None,
    json: Json = False,
) -> int:
    """Disarm a fault: what it held back goes on, and an event is undone.

    Parameters
    ----------
    words: str
        The module, if there are several, and the number that "ctl faults" tells.
    everything: bool
        Every fault of the module.
    """
    from onemo.cli import ctl

    return ctl.unfault(words, everything, ctl.CtlOptions(control, token, json))


def do(*words: str, control: Where = None, token: Token = None, json: Json = False) -> int:
    """Let something happen now: to the card, the network, the supply.

    Parameters
    ----------
    words: str
        The module, if there are several, and the event; "ctl events" lists them, "ctl kinds" tells their keys.
    """
    from onemo.cli import ctl

    return ctl.do(words, ctl.CtlOptions(control, token, json))


def kinds(
    kind: Annotated[str | None, Parameter(metavar="KIND")] = None,
    /,
    *,
    control: Where = None,
    token: Token = None,
    json: Json = False,
) -> int:
    """List what can go wrong and what can happen.

    Parameters
    ----------
    kind: str
        This one, with its keys.
    """
    from onemo.cli import ctl

    return ctl.kinds(kind, ctl.CtlOptions(control, token, json))


def events(name: Name = None, /, *, control: Where = None, token: Token = None, json: Json = False) -> int:
    """List what can happen to a module, and why it makes no sense now, where it makes none."""
    from onemo.cli import ctl

    return ctl.events(name, ctl.CtlOptions(control, token, json))


@choosing
def trace(
    name: Name = None,
    /,
    *,
    follow: Annotated[bool, Parameter(name=["--follow", "-f"])] = False,
    since: Whole = None,
    limit: Whole = None,
    source: Annotated[Literal["dte", "module", "network"] | None, Parameter(name="--from")] = None,
    contains: Annotated[str | None, Parameter(metavar="TEXT")] = None,
    command: Annotated[str | None, Parameter(metavar="COMMAND")] = None,
    urc: Annotated[str | None, Parameter(metavar="URC")] = None,
    console: Whole = None,
    out: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    control: Where = None,
    token: Token = None,
    json: Json = False,
    **numbers: int | None,
) -> int:
    """Print the newest lines of what a module and its DTE said, and what the network did.

    Parameters
    ----------
    follow: bool
        Go on with what comes, until Ctrl-C.
    since: int
        From this line on, by its number ("seq" of --json).
    limit: int
        At most so many lines. 200 if left out.
    source: str
        Only what comes from dte, module or network.
    contains: str
        Only lines in which this is found; * stands for anything.
    command: str
        Only this command: MIPOPEN.
    urc: str
        Only this URC: its name (MIPOPEN), or what it tells (rtcp).
    console: int
        Only what crossed this AT line of the module; 0 is the first.
    out: Path
        Write all that is remembered to this file instead: a transcript (.txt) that "replay" plays, JSON lines (.jsonl)
        that "trace" prints, or what the module sent and received on the network (.pcapng), for Wireshark.
    """
    from onemo.cli import ctl, ctl_trace

    filters = ctl_trace.Filters(since, limit, source, contains, command, urc, console, numbers)
    options = ctl.CtlOptions(control, token, json)
    if out is None:
        return ctl_trace.trace(name, filters, follow, options)
    from onemo.cli import ctl_capture

    return ctl_capture.save(name, filters, follow, out, options)


def verify(
    name: Name = None,
    /,
    *,
    step: Annotated[tuple[str, ...], Parameter(metavar="STEP")],
    control: Where = None,
    token: Token = None,
    json: Json = False,
) -> int:
    """Tell whether things happened in this order. The exit status is 0 if so, 1 if not.

    Parameters
    ----------
    step: str
        sent:TEXT, received:TEXT, event:TEXT or network:TEXT, in order; * in TEXT stands for anything. May be repeated.
        2*sent:TEXT is twice, 0*received:TEXT not before the next step.
    """
    from onemo.cli import ctl

    return ctl.verify(name, step, ctl.CtlOptions(control, token, json))


def ready(
    *,
    wait: Annotated[float, Parameter(metavar="SECONDS", converter=seconds)] = 0.0,
    control: Where = None,
    token: Token = None,
    json: Json = False,
) -> int:
    """Tell whether every module is ready. The exit status is 0 if so, 1 if not.

    Parameters
    ----------
    wait: float
        Wait up to this time until it is.
    """
    from onemo.cli import ctl

    return ctl.ready(wait, ctl.CtlOptions(control, token, json))


_COMMANDS: tuple[tuple[Callable[..., int], str, str], ...] = (
    (modules, "", "modules --json"),
    (show, " [NAME]", "show ML307R"),
    (faults, " [NAME]", "faults"),
    (fault, " [NAME] 'KIND KEY=VALUE ...'", "fault 'net-reset operation=send'"),
    (unfault, " [NAME] ID | --all", "unfault 2"),
    (do, " [NAME] 'EVENT KEY=VALUE ...'", "do 'signal rssi=3'"),
    (kinds, " [KIND]", "kinds urc-drop"),
    (events, " [NAME]", "events"),
    (trace, " [NAME]", "trace --command MIPOPEN --limit 5"),
    (verify, " [NAME] --step STEP ...", "verify --step '2*sent:AT+MIPOPEN*example' --step received:rtcp"),
    (ready, "", "ready --wait 10"),
)
app = App(
    name="ctl",
    help=_HELP,
    help_epilogue=_EPILOGUE,
    group_parameters="Options",
    usage="Usage: onemo-emulator ctl COMMAND [OPTIONS]",
)
_GROUPS: dict[str, App] = {"": app}


def _add(command: Callable[..., int], group: str, arguments: str, example: str) -> None:
    """Add a command. group: the word before it, "" for none."""
    if group not in _GROUPS:
        about = "\n\n".join(
            f"{each.command}: {each.about}" for each in OPERATIONS if each.command.startswith(f"{group} ")
        )
        _GROUPS[group] = App(name=group, help=about, group_parameters="Options",
                             usage=f"Usage: onemo-emulator ctl {group} COMMAND [OPTIONS]",
                             sort_key=len(_COMMANDS) + len(_GROUPS))  # fmt: skip
        _GROUPS[""].command(_GROUPS[group])
    path = f"{group} {command.__name__}".lstrip()
    _GROUPS[group].command(
        command,
        sort_key=next(_places),
        usage=f"Usage: onemo-emulator ctl {path}{arguments} [OPTIONS]",
        help_epilogue=f"Example:\n\n  onemo-emulator ctl {example}",
    )


_places = count()
for _command, _arguments, _example in _COMMANDS:
    _add(_command, "", _arguments, _example)
for _operation in OPERATIONS:
    _group, _, _ = _operation.command.rpartition(" ")
    _add(command_of(_operation, inspect.signature(modules, eval_str=True)), _group, usage_of(_operation),
         _operation.example)  # fmt: skip
