"""The command line: ``onemo-emulator run | demo | models | show | …``."""

# No postponed annotations: evaluating them again and again takes cyclopts milliseconds of each start.

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

from cyclopts import App, CycloptsError, Parameter

from onemo import __version__
from onemo.cli.values import Control, ControlToken, ReadyFile, bit_rate, seconds
from onemo.errors import EmulatorError, ProfileError, UnknownModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyclopts import Token

NAME = "onemo-emulator"
USAGE = 2

app = App(
    name=NAME,
    help="A China Mobile OneMO cellular module in software: AT commands on a serial port, real sockets behind them.",
    help_epilogue="""\
A first session:

  onemo-emulator demo                            to watch one
  onemo-emulator run ML307R --link /tmp/modem    Ctrl-C ends it
  picocom -c /tmp/modem                          in another terminal; type ATI

Each command has a page of its own: onemo-emulator run --help""",
    help_format="plaintext",
    group_parameters="Options",
    version=__version__,
    default_parameter=Parameter(show_default=False, negative=""),
)


def _octal(hint: type, tokens: "Sequence[Token]") -> int:
    text = tokens[0].value
    mode = int(text, 8) if text.isdecimal() and not set(text) & set("89") else -1
    if not 0 <= mode <= 0o777:
        raise ValueError(f"{text}: write the permissions in octal, from 0 to 777, like 660")
    return mode


def _speed(hint: type, tokens: "Sequence[Token]") -> float:
    text = tokens[0].value
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.001 <= speed <= 1_000_000:
        raise ValueError(f"{text}: write how many times faster, from 0.001 to 1000000, like 10")
    return speed


def _zone(hint: type, tokens: "Sequence[Token]") -> int:
    text = tokens[0].value
    quarters = int(text) if text.isascii() and text.removeprefix("-").isdecimal() else 1000
    if not -48 <= quarters <= 56:
        raise ValueError(f"{text}: write quarters of an hour from -48 to 56, like 32 for UTC+8")
    return quarters


def _directory(hint: type, tokens: "Sequence[Token]") -> tuple[Path, ...]:
    for token in tokens:
        if not Path(token.value).is_dir():
            kind = "is a file, not a directory" if Path(token.value).exists() else "there is no such directory"
            raise ValueError(f"{token.value}: {kind}")
    return tuple(Path(token.value) for token in tokens)


Profiles = Annotated[
    tuple[Path, ...],
    Parameter(
        name="--profiles",
        metavar="DIR",
        converter=_directory,
        help="A directory with profiles of your own; they come before the built-in ones. May be repeated.",
    ),
]


@app.command(
    sort_key=1,
    usage=f"Usage: {NAME} run [MODEL] [OPTIONS]",
    help_epilogue="""\
Examples:

  onemo-emulator run                              an ML307R on a new port
  onemo-emulator run --link /tmp/modem            by a name that stays
  onemo-emulator run MN316 -v                     an NB-IoT module, to watch
  onemo-emulator run --tcp 127.0.0.1:7000         for socket://127.0.0.1:7000
  onemo-emulator run --exec './firmware {port}'   until that ends
  onemo-emulator run --sandbox                    without the real network
  onemo-emulator run --route '1.2.3.4:80=127.0.0.1:8080'
  onemo-emulator run --fault 'reboot on=command:MIPSEND'
  onemo-emulator run --fault hostile --seed 7     to see whether firmware stands it
  onemo-emulator run ACME --profiles my-profiles  a model of your own""",
)
def run(
    model: str = "ML307R",
    /,
    *,
    link: Path | None = None,
    pty_mode: Annotated[int | None, Parameter(metavar="OCTAL", converter=_octal)] = None,
    tcp: Annotated[str | None, Parameter(metavar="HOST:PORT")] = None,
    rfc2217: Annotated[str | None, Parameter(metavar="HOST:PORT")] = None,
    uart: Annotated[str | None, Parameter(metavar="DEVICE")] = None,
    baud: Annotated[int | None, Parameter(metavar="BIT/S", converter=bit_rate)] = None,
    exec_: Annotated[str | None, Parameter(name="--exec", metavar="COMMAND")] = None,
    pace: bool = False,
    profiles: Profiles = (),
    boot_time: Annotated[float | None, Parameter(metavar="SECONDS", converter=seconds)] = None,
    register_time: Annotated[float | None, Parameter(metavar="SECONDS", converter=seconds)] = None,
    speed: Annotated[float, Parameter(metavar="N", converter=_speed)] = 1.0,
    trace: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    route: Annotated[tuple[str, ...], Parameter(metavar="PATTERN=TARGET")] = (),
    deny: Annotated[tuple[str, ...], Parameter(metavar="PATTERN")] = (),
    offline: bool = False,
    sandbox: bool = False,
    sandbox_file: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    nv: Annotated[str | None, Parameter(metavar="FILE")] = None,
    zone: Annotated[int | None, Parameter(metavar="QUARTERS", converter=_zone)] = None,
    name: str | None = None,
    imei: Annotated[str | None, Parameter(metavar="DIGITS")] = None,
    imsi: Annotated[str | None, Parameter(metavar="DIGITS")] = None,
    iccid: Annotated[str | None, Parameter(metavar="DIGITS")] = None,
    revision: Annotated[str | None, Parameter(metavar="TEXT")] = None,
    pin: Annotated[str | None, Parameter(metavar="DIGITS")] = None,
    no_sim: bool = False,
    fault: Annotated[tuple[str, ...], Parameter(metavar="'KIND KEY=VALUE ...'")] = (),
    seed: Annotated[int | None, Parameter(metavar="N")] = None,
    scenario: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    json: bool = False,
    ready_file: ReadyFile = None,
    control: Control = None,
    control_token: ControlToken = None,
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"])] = False,
) -> int:
    """Start a module, and say which port it is on.

    Once it has booted, it says so in one line, "ML307R ready on /dev/pts/5".
    Open that port as you would open the real module's. Ctrl-C or SIGTERM ends it.

    That line goes to stdout, everything else to stderr. The exit status is 0
    when a signal ended it, 2 when it could not be started as asked or the line
    was lost.

    Parameters
    ----------
    model: str
        A series (ML307R) or a sub-model (ML307A-GSLN); "onemo-emulator models" lists them. ML307R if left out.
    link: Path
        Make this path a symbolic link to the port, so that its name stays the same from run to run.
    pty_mode: int
        Permissions of the port, like 660. The host decides if left out.
    tcp: str
        Listen there instead, for a DTE that opens socket://HOST:PORT. Port 0 lets the system choose.
    rfc2217: str
        The same with speed and modem lines, for rfc2217://HOST:PORT. DTR wakes a sleeping module.
    uart: str
        Be at this serial device instead, like /dev/ttyUSB0, with the DTE at the other end of its cable.
    baud: int
        Speed of that device at the start; AT+IPR changes it. 115200 if left out.
    exec_: str
        Start this command once the module is ready; its terminal is the line.
        With {port} in it, it gets the path of the port instead.
        Its exit status is ours, and the ready line goes to stderr.
    pace: bool
        Be as slow as the line's speed: that of AT+IPR, or that which the DTE set.
    boot_time: float
        Time from the start until the module answers. The profile decides if left out.
    register_time: float
        Time from the start until the module is registered. The profile decides if left out.
    speed: float
        Let every emulated delay (boot, registration, 2 MSL, AT+COPS=?, pings) pass so many times faster.
    trace: Path
        Write all that crosses the serial line and the network to this file, as JSON lines.
    route: str
        Send what the firmware dials as PATTERN to TARGET: '1.2.3.4:80=127.0.0.1:8080'. May be repeated.
        The first match wins, of what was dialled, then of what that was resolved to.
        PATTERN is HOST or HOST:PORT, with * for anything: '*.example.com:443', '[2001:db8::1]'.
        TARGET is HOST, HOST:PORT, sandbox, sandbox+tls or direct.
        It holds for TCP, UDP, name servers, time servers and pings.
    deny: str
        What must not be reached: connections to PATTERN fail. May be repeated.
    offline: bool
        Deny everything but loopback and the sandbox.
    sandbox: bool
        A network inside the emulator: every name, ping and port answers. Short for --route '*:*=sandbox'.
    sandbox_file: Path
        The sandbox's names and ping times, in TOML.
    nv: str
        Keep what outlives a restart in this file, or in this directory. Forgotten at the end if left out.
    zone: int
        The module's time zone in quarters of an hour, 32 for UTC+8. The profile decides if left out.
    name: str
        The module's name: it has an IMEI, IMSI, ICCID and serial number of its own, the same at every start.
    imei: str
        Its IMEI, 15 digits.
    imsi: str
        The card's IMSI, 15 digits.
    iccid: str
        The card's ICCID, 20 digits.
    revision: str
        The revision of its firmware, as AT+CGMR tells it.
    pin: str
        Lock the card: it asks for this PIN at every start.
    no_sim: bool
        Leave the card out.
    fault: str
        Let this go wrong: 'net-reset operation=send after=2', 'sim-remove after=5s', hostile. May be repeated.
        docs/faults.md has every kind with its keys. At the end, stderr tells how often each fired.
    seed: int
        Let the faults' dice fall as they did with this seed, which is told at the end.
    scenario: Path
        Faults that follow one another, in TOML.
    json: bool
        Print the ready line as a JSON object: name (if it has one), model, port, link.
    verbose: bool
        Show the dialogue on stderr as it happens.
    """
    from onemo.cli.controlled import ControlOptions
    from onemo.cli.run import Options, serve
    from onemo.runtime.line import Cable
    from onemo.runtime.models import Who
    from onemo.runtime.outside import Plan
    from onemo.runtime.spec import Spec, Trouble

    plan = Plan(route, deny, offline, sandbox, sandbox_file)
    who = Who(name, imei, imsi, iccid, revision, register_time, pin, not no_sim, zone, speed)
    cable = Cable(link, pty_mode, tcp, rfc2217, uart, baud, exec_, pace)
    module = Spec(model, profiles, boot_time, who, cable, plan, nv, trouble=Trouble(fault, seed, scenario))
    controlled = None if control is None else ControlOptions(control, control_token)
    return serve(Options(module, trace, json, verbose, ready_file, controlled))


@app.command(
    sort_key=2,
    usage=f"Usage: {NAME} demo [MODEL] [OPTIONS]",
    help_epilogue="""\
Examples:

  onemo-emulator demo            an ML307R
  onemo-emulator demo MN316      an NB-IoT module, which has no transparent mode
  onemo-emulator demo | cat      the same without colours""",
)
def demo(model: str = "ML307R", /, *, profiles: Profiles = ()) -> int:
    """Watch a firmware's session with a module, in some three seconds.

    The module is started in the sandbox, which needs no network. A firmware is
    played at its port: it connects, sends and receives, resolves, pings, and
    asks for the time. ">" is what the firmware sends, "<" what the module
    answers, "*" what happens on the network.

    What the model does not have is left out. The exit status is 0 when all of
    it went as it should, 1 when not.

    Parameters
    ----------
    model: str
        A series or a sub-model; "onemo-emulator models" lists them. ML307R if left out.
    """
    from onemo.cli.demo import play

    return play(model, profiles)


@app.command(
    sort_key=3,
    usage=f"Usage: {NAME} models [OPTIONS]",
    help_epilogue="""\
Piped, each series is one line:

  onemo-emulator models | grep NB""",
)
def models(*, profiles: Profiles = ()) -> int:
    """List the models, and what tells them apart."""
    from onemo.cli.show import show_models

    return show_models(profiles)


@app.command(
    sort_key=4,
    usage=f"Usage: {NAME} show MODEL [COMMAND] [OPTIONS]",
    help_epilogue="""\
Examples:

  onemo-emulator show MN316              all of it
  onemo-emulator show MN316 AT+MIPCFG    one command; MIPCFG or mipcfg will do
  onemo-emulator show ML307R 'AT&F'""",
)
def show(model: str, command: str | None = None, /, *, profiles: Profiles = ()) -> int:
    """Show what a model supports, each value with its source.

    A source is a chapter of the manual, the vendor's base guide, what was seen
    on hardware, or "decided" where all are silent. The file is the profile that
    says so.

    Parameters
    ----------
    model: str
        A series or a sub-model.
    command: str
        One command: AT+MIPOPEN, MIPOPEN, E, S3. The whole model if left out.
    """
    from onemo.cli.show import show_model

    return show_model(model, command, profiles)


@app.command(
    sort_key=5,
    usage=f"Usage: {NAME} check-profile FILE [OPTIONS]",
    help_epilogue="""\
Examples:

  onemo-emulator check-profile my-profiles/acme.toml
  onemo-emulator run ACME --profiles my-profiles""",
)
def check_profile(file: Annotated[Path, Parameter(metavar="FILE")], /, *, profiles: Profiles = ()) -> int:
    """Check a profile of your own: all mistakes, each with its key.

    The files that it extends and the sub-models that it has are checked with it.
    The exit status is 0 without a mistake, 1 with any.

    Parameters
    ----------
    file: Path
        The TOML file.
    """
    from onemo.cli.show import check_file

    if not file.is_file():
        fail(f"{file} is a directory; name a TOML file" if file.is_dir() else f"{file}: there is no such file")
    return check_file(file, profiles)


@app.command(
    sort_key=6,
    usage=f"Usage: {NAME} sandbox-ca [OPTIONS]",
    help_epilogue="""\
Examples:

  onemo-emulator sandbox-ca --out sandbox.pem
  onemo-emulator run --route '*:8883=sandbox+tls' --sandbox""",
)
def sandbox_ca(*, out: Annotated[Path | None, Parameter(metavar="FILE")] = None) -> int:
    """Export the certificate of the sandbox's CA, for firmware to trust.

    It signs the certificates of the sandbox's TLS servers, to which routes to
    sandbox+tls lead. It is your own: made at its first use, and kept in
    ~/.local/share/onemo-emulator (XDG_DATA_HOME).

    Parameters
    ----------
    out: Path
        Write it to this file, as PEM. It goes to stdout if left out.
    """
    from onemo.cli.sandbox_ca import export

    return export(out)


# Imported when they are asked for, so what the first page says of them stands here.
for _number, (_where, _about) in enumerate(
    {
        "tools:TRACE": 'Print a trace that "run --trace FILE" wrote, in lines.',
        "tools:RECORD": "Write the dialogue with a module down as a transcript.",
        "tools:REPLAY": "Play the DTE's side of a transcript, and report where the module differs.",
        "labs:LAB": "Start many modules in one process, as a file says.",
        "ctl_app:app": "Look at running modules and act on them.",
    }.items(),
    7,
):
    _name = _where.rpartition(":")[2].lower().replace("app", "ctl")
    app.command(f"onemo.cli.{_where}", name=_name, sort_key=_number, help=_about)


def fail(message: str) -> NoReturn:
    """One line on stderr, exit status 2."""
    _flush()
    print(f"{NAME}: {message}", file=sys.stderr)
    raise SystemExit(USAGE)


def complaint(error: CycloptsError) -> str:
    """What was typed wrong, what is allowed, and where to read on."""
    from onemo.cli.usage import problem

    return f"{problem(error)} ({' '.join((NAME, *(error.command_chain or ())))} --help tells more)"


def explain(error: EmulatorError) -> str:
    """What was wrong, what is allowed, what to do next."""
    if isinstance(error, UnknownModel):
        *others, last = error.nearest or [""]
        meant = f"did you mean {', '.join(others)} or {last}?" if others else f"did you mean {last}?" if last else ""
        return f"there is no model {error.name!r}; {meant or 'no name comes close'} ({NAME} models lists all)"
    if isinstance(error, ProfileError):
        count = len(error.mistakes)
        head = f"the profile has {count} mistake{'s' if count > 1 else ''}:"
        return "\n  ".join([head, *map(str, error.mistakes)])
    return str(error).replace("\n", "\n  ")


def _flush() -> None:
    """Print what stdout still holds. If nobody wants it, Python shall not complain of that at the end."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def main() -> NoReturn:
    """Do what the arguments say, and end the process with the status they lead to."""
    try:
        status = app(sys.argv[1:], exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        fail(complaint(error))
    except EmulatorError as error:
        fail(explain(error))
    except BrokenPipeError:
        status = 0
    _flush()
    raise SystemExit(status if isinstance(status, int) else 0)
