"""The commands around a dialogue: ``onemo-emulator trace | record | replay``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from onemo.cli.choosing import choosing
from onemo.cli.values import Pause, Seconds, Speed, number


@choosing
def trace(
    file: Annotated[Path, Parameter(metavar="FILE")],
    /,
    *,
    source: Annotated[Literal["dte", "module", "network"] | None, Parameter(name="--from")] = None,
    kind: Literal["answer", "urc", "echo", "data"] | None = None,
    grep: Annotated[str | None, Parameter(metavar="TEXT")] = None,
    regex: Annotated[str | None, Parameter(metavar="REGEX")] = None,
    console: Annotated[int | None, Parameter(metavar="N", converter=number)] = None,
    since: Seconds = 0.0,
    until: Seconds = float("inf"),
    deltas: bool = False,
    out: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    **numbers: int | None,
) -> int:
    """Print a trace that "run --trace FILE" wrote, in lines.

    Each has its time in seconds since the start and a mark: > is the DTE, < the
    module, * the network; 1> and 1< are those on its next AT line (run --port).
    Behind a final result code stands the time since its command.

    Parameters
    ----------
    file: Path
        The trace.
    source: str
        Only what comes from dte, module or network.
    kind: str
        Only answers of the module's, URCs, echo, or data of transparent mode.
    grep: str
        Only lines in which this is found, as it stands; * in it stands for anything.
    regex: str
        Only lines in which this regular expression is found.
    console: int
        Only what crossed this AT line of the module; 0 is the first.
    since: float
        Only from this time on.
    until: float
        Only up to this time.
    deltas: bool
        Show the time since the line shown before, instead of since the start.
    out: Path
        Write it to this file instead: a transcript (.txt) that "replay" plays, of one AT line, or what the module sent
        and received on the network (.pcapng), for Wireshark, whose dates are counted back from the
        file's last change.
    """
    from onemo.cli.trace import TraceOptions, save_trace, show_trace

    options = TraceOptions(file, source, kind, grep, regex, numbers, console, since, until, deltas)
    return show_trace(options) if out is None else save_trace(options, out)


def record(
    port: Annotated[str, Parameter(metavar="PORT")],
    /,
    *,
    out: Annotated[Path, Parameter(metavar="FILE")],
    link: Path | None = None,
    script: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    session: Literal["fidelity"] | None = None,
    baud: Speed = 115200,
    quiet: Seconds = 1.0,
    value: Annotated[tuple[str, ...], Parameter(metavar="NAME[=REGEX]")] = (),
    pauses: Pause = None,
    model: str | None = None,
    notes: str | None = None,
) -> int:
    """Write the dialogue with a module down as a transcript.

    With --link, a DTE opens that path instead of the module's port, and all that
    it and the module say is passed on and written down, until Ctrl-C or SIGTERM.
    With --script, what that file sends is sent, and what comes is written down.
    With --session fidelity, a real module is asked what here was only decided.
    What it changes is put back, it sends no message, and Ctrl-C ends it early.

    The exit status is 0 once it is recorded, 2 when it could not be.

    Parameters
    ----------
    port: str
        The module's port: /dev/ttyUSB2, or a URL that pyserial knows, like socket://HOST:PORT.
    out: Path
        The transcript to write. One that is there is replaced.
    link: Path
        Make this path a symbolic link to a port for the DTE.
    script: Path
        A transcript, of which only the lines with >, >> and wait count.
    session: str
        fidelity asks what this emulator only decided, of the model that --model or AT+CGMM says. The usual values, and
        the numbers of the module and of its card, are left out of it.
    baud: int
        Speed of the module's port. 115200 if left out.
    quiet: float
        Silence after which the next line of the script is sent. 1 if left out.
    value: str
        Write {NAME} for what the regular expression finds in what the module says, or for its group: a cell's
        number. time, address, imei, imsi, iccid and signal need none. May be repeated.
    pauses: float
        Write a silence of the DTE's that is this long as wait. Only those around +++ if left out.
    model: str
        Note the module's model at the top.
    notes: str
        Note anything else at the top: the firmware, the network.
    """
    from onemo.cli.record import RecordOptions
    from onemo.cli.record import record as start

    headers = tuple((name, text) for name, text in (("model", model), ("notes", notes)) if text)
    return start(RecordOptions(port, out, link, script, session, baud, quiet, value, pauses, headers))


def replay(
    transcript: Annotated[Path, Parameter(metavar="TRANSCRIPT")],
    /,
    *,
    port: Annotated[str, Parameter(metavar="PORT")],
    baud: Speed = 115200,
    timeout: Seconds = 5.0,
    quiet: Seconds = 0.3,
) -> int:
    """Play the DTE's side of a transcript, and report where the module differs.

    Any module will do, emulated or real. The next line is sent as soon as all
    came that the transcript has before it. The exit status is 0 without a
    difference, 1 with any, 2 when it could not be played.

    Parameters
    ----------
    transcript: Path
        The file.
    port: str
        The module's port: /tmp/modem, /dev/ttyUSB2, or a URL that pyserial knows, like socket://HOST:PORT.
    baud: int
        Speed of the port. 115200 if left out.
    timeout: float
        Time for what a step brings. 5 if left out.
    quiet: float
        Silence that ends what has no end of its own. 0.3 if left out.
    """
    from onemo.cli.replay import ReplayOptions
    from onemo.cli.replay import replay as start

    return start(ReplayOptions(transcript, port, baud, timeout, quiet))


_TRACE = """\
Examples:

  onemo-emulator run --trace today.jsonl      in one terminal, for a while
  onemo-emulator trace today.jsonl
  onemo-emulator trace today.jsonl --from module --grep ERROR
  onemo-emulator trace today.jsonl --grep '+CSQ: *,99'
  onemo-emulator trace today.jsonl --kind urc
  onemo-emulator trace today.jsonl --connect-id 0 --since 10 --until 20"""

_GRAMMAR = """\
A transcript, a line each:

  model: ML307R              only before the first step; notes: are the same
  # a comment
  > AT+CCLK?                 typed, with a CR behind it
  >> hello\\x1a               typed as it stands, with escapes
  < +CCLK: "{time}"          a line received, between its two CR LF
  = \\r\\n>                    exactly these bytes received, with escapes
  ...                        anything received
  wait 1.5                   seconds that pass

{name} is any text the first time it is received, and the same afterwards.
"""

_RECORD = f"""\
{_GRAMMAR}
Examples:

  onemo-emulator record /dev/ttyUSB2 --session fidelity --out mine.at
  onemo-emulator record /dev/ttyUSB2 --link /tmp/dte --out session.at
  onemo-emulator record /dev/ttyUSB2 --script ask.at --out answers.at
  onemo-emulator record /dev/ttyUSB2 --script ask.at --out answers.at \\
      --value time --value 'cell=,"([0-9A-F]{{8}})"' --model ML307R"""

_REPLAY = f"""\
{_GRAMMAR}
Echo is received like everything else; begin with > ATE0, ... and < OK to be
rid of it.

Examples:

  onemo-emulator replay answers.at --port /tmp/modem
  onemo-emulator replay answers.at --port /dev/ttyUSB2 --timeout 30"""


TRACE = App(name="trace", usage="Usage: onemo-emulator trace FILE [OPTIONS]", help_epilogue=_TRACE)
RECORD = App(name="record", usage="Usage: onemo-emulator record PORT --out FILE [OPTIONS]", help_epilogue=_RECORD)
REPLAY = App(
    name="replay", usage="Usage: onemo-emulator replay TRANSCRIPT --port PORT [OPTIONS]", help_epilogue=_REPLAY
)
for _app, _command in ((TRACE, trace), (RECORD, record), (REPLAY, replay)):
    _app.default(_command)
