"""The command for many modules: ``onemo-emulator lab``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from onemo.cli.values import Control, ControlToken, ReadyFile, number


def lab(
    file: Annotated[Path, Parameter(metavar="FILE")],
    /,
    *,
    slice_: Annotated[int, Parameter(name="--slice", metavar="N", converter=number)] = 0,
    processes: Annotated[int, Parameter(metavar="N", converter=number)] = 1,
    check: bool = False,
    ready_file: ReadyFile = None,
    control: Control = None,
    control_token: ControlToken = None,
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"])] = False,
) -> int:
    """Start many modules, in one process or a few, as a file says.

    Each has its own line, settings and numbers, and none disturbs another. When
    one is ready, a JSON object on stdout says so, with its name, model, port and
    link; after the last of them, one says how many are ready and which failed.
    Ctrl-C or SIGTERM ends them all.

    The exit status is 0 when a signal ended it, 1 when a module failed, 2 when
    the file has mistakes.

    Parameters
    ----------
    file: Path
        The TOML file; docs/lab.md lists its keys.
    slice_: int
        Run slice N of the lab, from 0: its {n} go on where those of the slice before it ended, while {i} begin at 0
        in each. For a lab that is spread over several processes or pods; each name has {n} in it then.
    processes: int
        Share the modules among so many processes, so that more than one processor serves them. Lines, control, ready
        file and exit status stay one; each process has a sandbox of its own. If one is killed, all end, with exit
        status 1.
    check: bool
        Only check the file: all mistakes, each with its key.
    verbose: bool
        Show the dialogues on stderr as they happen, each line with the module's name.
    """
    from onemo.cli.lab import LabOptions, serve

    return serve(LabOptions(file, slice_, processes, check, verbose, ready_file, control, control_token))


_LAB = """\
A file:

  [defaults]                   # of every module
  sandbox = true

  [[module]]
  name = "meter-{n:03}"        # meter-001 to meter-050
  model = "MN316"
  count = 50
  link = "meter-{n:03}"        # relative to the file

  [[module]]
  name = "gateway-{n}"         # gateway-2 in slice 1
  link = "tcp://127.0.0.1:{n+6999}"

Examples:

  onemo-emulator lab lab.toml
  onemo-emulator lab lab.toml --check
  onemo-emulator lab lab.toml --processes 4  # the same modules, in four processes
  onemo-emulator lab lab.toml --slice 1      # the second fifty: meter-051 to meter-100"""


LAB = App(name="lab", usage="Usage: onemo-emulator lab FILE [OPTIONS]", help_epilogue=_LAB)
LAB.default(lab)
