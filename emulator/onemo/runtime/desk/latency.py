"""How long a module took for its command lines, by command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from onemo.errors import UsageError
from onemo.runtime.desk.operation import DeskOperation, Table, Values

if TYPE_CHECKING:  # ctl has the declarations alone
    from onemo.runtime.controls import ModuleControls


class CommandLatency(NamedTuple):
    """The lines that began with a command: how many were answered, how many with an error, and their times.

    Times are in seconds, from the last byte of the line, or of its entry, until its final result code is made; p50,
    p99: within which half and 99 % of them were answered, less than 4 % too high.
    """

    command: str
    lines: int
    errors: int
    p50: float
    p99: float
    max: float


def _tell(controls: ModuleControls, values: Values) -> list[CommandLatency]:
    tally = controls.tally
    if tally is None:
        raise UsageError("its commands are not counted: start it with --control")
    rows = [
        CommandLatency(command, each.count, each.failed, each.quantile(0.5), each.quantile(0.99), each.longest)
        for command, each in tally.times.items()
    ]
    return sorted(rows, key=lambda row: (-row.lines, row.command))


def _table(told: Sequence[Mapping[str, Any]]) -> Table:
    times = ("p50", "p99", "max")
    rows = [(row["command"], row["lines"], row["errors"], *(f"{row[each] * 1000:.2f} ms" for each in times))
            for row in told]  # fmt: skip
    return ("Command", "Lines", "Errors", *times), rows


LATENCY = DeskOperation(
    command="latency",
    about="Tell how long a module took for its command lines, by command.",
    method="GET",
    path="/latency",
    keys=(),
    act=_tell,
    result=list[CommandLatency],
    table=_table,
    example="latency",
)
