"""Options that several commands have, and the converters of their values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from cyclopts import Token


ReadyFile = Annotated[
    Path | None,
    Parameter(
        name="--ready-file",
        metavar="FILE",
        env_var="ONEMO_READY_FILE",
        show_env_var=False,
        help="Have the ready line as JSON in this file while ready, touched every 5 s. ONEMO_READY_FILE if left out.",
    ),
]


def seconds(hint: type, tokens: Sequence[Token]) -> float:
    """Read a number of seconds, 0 or more."""
    text = tokens[0].value
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ValueError(f"{text}: write a number of seconds, 0 or more")
    return number


def bit_rate(hint: type, tokens: Sequence[Token]) -> int:
    """Read a speed in bit/s."""
    text = tokens[0].value
    if not (text.isascii() and text.isdecimal() and int(text[:9]) > 0 and len(text) < 9):
        raise ValueError(f"{text}: write a speed in bit/s, like 115200")
    return int(text)


def number(hint: type, tokens: Sequence[Token]) -> int:
    """Read a whole number, 0 or more."""
    text = tokens[0].value
    if not (text.isascii() and text.isdecimal() and len(text) < 9):
        raise ValueError(f"{text}: write a whole number, like 0")
    return int(text)


Seconds = Annotated[float, Parameter(metavar="SECONDS", converter=seconds)]
Pause = Annotated[float | None, Parameter(metavar="SECONDS", converter=seconds)]
Control = Annotated[
    str | None,
    Parameter(
        name="--control",
        metavar="HOST:PORT",
        help="Serve the control API and its page there, for programs of this host; port 0 lets the system choose.",
    ),
]
ControlToken = Annotated[
    str | None,
    Parameter(
        name="--control-token",
        metavar="TOKEN",
        env_var="ONEMO_CONTROL_TOKEN",
        show_env_var=False,
        help="What every request to the control must carry; needed on an address that others reach. "
        "ONEMO_CONTROL_TOKEN if left out.",
    ),
]
Speed = Annotated[int, Parameter(metavar="BIT/S", converter=bit_rate)]
