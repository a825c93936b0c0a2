"""The command line: ``onemo-emulator run | models | show | check-profile``."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

from cyclopts import App, CycloptsError, Parameter

from emulator import __version__
from emulator.errors import EmulatorError, ProfileError, UnknownModel

USAGE = 2

app = App(
    name="onemo-emulator",
    help="Emulates China Mobile IoT's OneMO cellular modules: their AT commands on a serial port, real sockets behind.",
    help_epilogue="A first session: `onemo-emulator run ML307R`, then `picocom /dev/pts/N` in another terminal.",
    version=__version__,
    help_format="markdown",
)
Profiles = Annotated[
    tuple[Path, ...],
    Parameter(name="--profiles", negative="", consume_multiple=False, help="A directory with profiles of your own."),
]


@app.command
def run(
    model: str = "ML307R",
    /,
    *,
    link: Path | None = None,
    pty_mode: str | None = None,
    profiles: Profiles = (),
    boot_time: float | None = None,
    trace: Path | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative="")] = False,
) -> int:
    """Start a module on a pseudo-terminal, and say where.

    When the module is ready, one line goes to stdout: `ML307R ready on /dev/pts/5`. Everything else goes to
    stderr. Ctrl-C or SIGTERM ends it.

    Parameters
    ----------
    model: str
        A series (ML307R) or a sub-model (ML307A-GSLN); `onemo-emulator models` lists them.
    link: Path
        A symlink to keep at this path, so that the port has a name that stays.
    pty_mode: str
        Permissions of the port, octal: 660.
    boot_time: float
        Seconds from the start until the module answers; the profile has a default.
    trace: Path
        Write everything that crosses the line and the network to this file, as JSON lines.
    json: bool
        Print the ready line as a JSON object: model, port, link.
    verbose: bool
        Show the dialogue on stderr as it happens.
    """
    from emulator.cli.run import Options, serve

    mode = None
    if pty_mode is not None:
        try:
            mode = int(pty_mode, 8)
        except ValueError:
            mode = -1
        if not 0 <= mode <= 0o777:
            fail(f"--pty-mode {pty_mode}: write the permissions in octal, from 0 to 777, like 660")
    if boot_time is not None and not 0 <= boot_time < float("inf"):
        fail(f"--boot-time {boot_time}: write a number of seconds, 0 or more")
    return serve(Options(model, link, mode, profiles, boot_time, trace, json, verbose))


@app.command
def models(*, profiles: Profiles = ()) -> int:
    """List the models: family, sub-models, connections, what tells them apart."""
    from emulator.cli.show import show_models

    show_models(profiles)
    return 0


@app.command
def show(model: str, command: str | None = None, /, *, profiles: Profiles = ()) -> int:
    """Show what a model supports: ranges, defaults, and where each comes from.

    Parameters
    ----------
    model: str
        A series or a sub-model.
    command: str
        One command, with or without AT: AT+MIPOPEN, MIPOPEN, E.
    """
    from emulator.cli.show import show_model

    return show_model(model, command, profiles)


@app.command
def check_profile(file: Path, /, *, profiles: Profiles = ()) -> int:
    """Check a profile file of your own; every mistake is listed, with its file and key.

    Parameters
    ----------
    file: Path
        The TOML file.
    """
    from emulator.cli.show import check_file

    return check_file(file, profiles)


def fail(message: str) -> NoReturn:
    """One line on stderr, exit status 2."""
    print(f"onemo-emulator: {message}", file=sys.stderr)
    raise SystemExit(USAGE)


def explain(error: EmulatorError) -> str:
    """What was wrong, what is allowed, what to do next."""
    if isinstance(error, UnknownModel):
        *others, last = error.nearest or [""]
        meant = f"did you mean {', '.join(others)} or {last}?" if others else f"did you mean {last}?" if last else ""
        return f"there is no model {error.name!r}; {meant or 'no name comes close'} (onemo-emulator models lists all)"
    if isinstance(error, ProfileError):
        count = len(error.mistakes)
        head = f"the profile has {count} mistake{'s' if count > 1 else ''}:"
        return "\n  ".join([head, *map(str, error.mistakes)])
    return str(error)


def _leave(signum: int, frame: FrameType | None) -> NoReturn:
    """A signal while starting: nothing is set up yet that would have to be taken down."""
    raise SystemExit(0)


def main() -> NoReturn:
    """The console script."""
    signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGTERM, _leave)
    try:
        status = app(exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        fail(f"{error} (onemo-emulator --help tells what is allowed)")
    except EmulatorError as error:
        fail(explain(error))
    except BrokenPipeError:
        status = 0
    raise SystemExit(status if isinstance(status, int) else 0)
