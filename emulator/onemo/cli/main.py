"""The command line: ``onemo-emulator run | demo | models | show | …``."""

# No postponed annotations: evaluating them again and again takes cyclopts milliseconds of each start.

import sys
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from cyclopts import App, CycloptsError, Parameter

from onemo.cli import about
from onemo.cli.outcome import NAME, fail, finish
from onemo.cli.values import Profiles, joined, taking
from onemo.runtime.options import MODEL, OPTIONS, ModuleOptions

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
    version=about.version,
    version_flags=["--version", "-V"],
    default_parameter=Parameter(show_default=False, negative=""),
)


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
@taking(option for option in OPTIONS.values() if option.run)
def run(model: str = MODEL, /, **others: object) -> int:
    """Start a module, and say which port it is on.

    Once it has booted, it says so in one line, "ML307R ready on /dev/pts/5".
    Open that port as you would open the real module's. Ctrl-C or SIGTERM ends it.

    That line goes to stdout, everything else to stderr. The exit status is 0
    when a signal ended it, 2 when it could not be started as asked or the line
    was lost.
    """
    from onemo.cli.run import serve

    options: dict[str, Any] = {"model": model, **others}
    return serve(ModuleOptions(**options))


@app.command(
    sort_key=2,
    usage=f"Usage: {NAME} demo [MODEL] [OPTIONS]",
    help_epilogue="""\
Examples:

  onemo-emulator demo            an ML307R
  onemo-emulator demo MN316      an NB-IoT module, which has no transparent mode
  onemo-emulator demo | cat      the same without colours""",
)
def demo(model: str = MODEL, /, *, profiles: Profiles = ()) -> int:
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
Examples:

  onemo-emulator models                each series on a line
  onemo-emulator models | grep LwM2M   those that have it
  onemo-emulator models --compare      in what each differs from its relatives""",
)
def models(*, compare: bool = False, profiles: Profiles = ()) -> int:
    """List the models, and what each has.

    Parameters
    ----------
    compare: bool
        Tell what is usual for each family, and what stands out in each model.
    """
    from onemo.cli.series_page import show_models

    return show_models(profiles, compare=compare)


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
        kind = "a directory" if file.is_dir() else "no regular file"
        fail(f"{file} is {kind}; name a TOML file" if file.exists() else f"{file}: there is no such file")
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


@app.command(
    sort_key=7,
    usage=f"Usage: {NAME} firmware FILE [OPTIONS]",
    help_epilogue="""\
Examples:

  onemo-emulator firmware fw.bin --for ML307R-DC --from '*' --to ML307R-DC-MBRH0S02
  onemo-emulator firmware fw.bin --for ML307R-DL --to ML307R-DL-MBRH0S02 --mini
  onemo-emulator firmware --inspect fw.bin""",
)
def firmware(
    file: Annotated[Path, Parameter(metavar="FILE")],
    /,
    *,
    target: Annotated[str | None, Parameter(name="--for", metavar="MODEL")] = None,
    source: Annotated[str, Parameter(name="--from", metavar="REVISION")] = "*",
    to: Annotated[str | None, Parameter(metavar="REVISION")] = None,
    mini: bool = False,
    size: int = 49630,
    fail_: Annotated[str, Parameter(name="--fail", metavar="STEP")] = "",
    inspect: bool = False,
) -> int:
    """Make a package for an upgrade of the emulated firmware, or look at one.

    A module takes it with AT+MFWDLOAD and AT+MFWUPGRADE; a vendor's package is
    refused. The exit status is 0; with --inspect it is 1 for what is no good
    package.

    Parameters
    ----------
    file: Path
        The package.
    target: str
        The sub-model or series that it is for; * is any.
    source: str
        The revision that it starts from. Any if left out.
    to: str
        The revision that the module has afterwards.
    mini: bool
        It is for the minimal system.
    size: int
        Its bytes. 49630 if left out.
    fail_: str
        Let the upgrade fail: check, download@PERCENT, apply@PERCENT, or power@PERCENT, where the supply is lost.
    inspect: bool
        Say what the file is.
    """
    from onemo.cli import firmware as packages

    if inspect:
        return packages.inspect(file)
    if target is None or to is None:
        fail("give --for MODEL and --to REVISION, to make a package, or --inspect, to look at one")
    return packages.make(file, target, source, to, mini=mini, size=size, failure=fail_)


# Imported when they are asked for, so what the first page says of them stands here.
for _number, (_where, _about) in enumerate(
    {
        "tools:TRACE": 'Print a trace that "run --trace FILE" wrote, in lines.',
        "tools:RECORD": "Write the dialogue with a module down as a transcript.",
        "tools:REPLAY": "Play the DTE's side of a transcript, and report where the module differs.",
        "labs:LAB": "Start many modules in one process, as a file says.",
        "ctl_app:app": "Look at running modules and act on them.",
        "doctor:DOCTOR": "Look at this host for what keeps modules from running here.",
    }.items(),
    8,
):
    _name = _where.rpartition(":")[2].lower().replace("app", "ctl")
    app.command(f"onemo.cli.{_where}", name=_name, sort_key=_number, help=_about)


@app.command(
    sort_key=30,
    usage=f"Usage: {NAME} completion SHELL",
    help_epilogue="""\
Examples:

  source <(onemo-emulator completion bash)       in this shell
  onemo-emulator completion fish > ~/.config/fish/completions/onemo-emulator.fish""",
)
def completion(shell: Literal["bash", "zsh", "fish"], /) -> int:
    """Print what has a shell complete commands, options, models and files.

    Parameters
    ----------
    shell: str
        bash, zsh or fish.
    """
    from onemo.cli.completing import completion_of
    from onemo.cli.output import write

    write(completion_of(app, shell))
    return 0


@app.command(
    name="help",
    sort_key=31,
    usage=f"Usage: {NAME} help [COMMAND]",
    help_epilogue="""\
Examples:

  onemo-emulator help run
  onemo-emulator help ctl sms""",
)
def help_(*command: str) -> int:
    """Print the page of a command, as COMMAND --help does.

    Parameters
    ----------
    command: str
        Like run, or ctl sms; the first page if left out.
    """
    app([*command, "--help"], exit_on_error=False, print_error=False, result_action="return_value")
    return 0


def complaint(error: CycloptsError) -> str:
    """Say what was typed wrong, what is allowed, and where to read on."""
    from onemo.cli.usage import problem

    return f"{problem(error)} ({' '.join((NAME, *(error.command_chain or ())))} --help tells more)"


def main() -> NoReturn:
    """Do what the arguments say, and end the process with the status they lead to."""
    finish(_act)


def _act() -> object:
    try:
        return app(joined(sys.argv[1:]), exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        fail(complaint(error))
