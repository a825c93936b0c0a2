"""The command ``onemo-emulator ctl trace --out``."""

from __future__ import annotations

from pathlib import Path

from onemo.cli.ctl import CtlOptions, client_of, print_json, understood
from onemo.cli.ctl_trace import Filters
from onemo.cli.out_file import format_of, write_file
from onemo.cli.output import write
from onemo.control.client import module
from onemo.errors import UsageError


@understood
def save(name: str | None, filters: Filters, follow: bool, out: Path, options: CtlOptions) -> int:
    """Run ``ctl trace --out``: write the journal of a module to a file."""
    form = format_of(out)
    numbered = any(number is not None for number in filters.numbers.values())
    if follow or numbered or filters._replace(console=None, numbers={}) != Filters():
        raise UsageError("--out takes all there is: leave --follow and the filters out")
    if filters.console is not None and form != "transcript":
        raise UsageError(f"--console is for a transcript: --out {out.with_suffix('.txt')}")
    with client_of(options) as client:
        query = {"format": form, "console": filters.console}
        whole = client.fetch(f"{module(name or client.only_module())}/trace/file", query)
    size = write_file(out, [whole])
    if options.json:
        return print_json({"file": str(out), "bytes": size})
    write(f"{out}: {size:,} bytes\n")
    return 0
