"""The printed page of ``models`` and ``show``: it fits the terminal; piped, each row of a table is one line."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from onemo.cli.output import on_terminal, write

Cell = str | Text
_NARROW = 72
"""On terminals narrower than this a row of a table is a paragraph."""
_ENDLESS = 100_000
_DITTO = '"'


class Page:
    """A page of headings, lines and tables in order; nothing is printed before ``show``."""

    def __init__(self) -> None:
        self._piped = not on_terminal()
        # Every text is printed as it is: a profile may say "[bold]" and mean it.
        self._file = io.StringIO()
        self._console = Console(
            file=self._file,
            force_terminal=not self._piped,
            width=_ENDLESS if self._piped else None,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def heading(self, title: str, beside: str = "", *, above: bool = False) -> None:
        """Add a heading. above: with an empty line above it."""
        if above:
            self._console.print()
        self._console.print(Text.assemble((title, "bold"), f"  {beside}" if beside else ""))

    def text(self, text: Cell = "") -> None:
        """Add a line."""
        self._console.print(text)

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[Cell]], indent: int = 2) -> None:
        """Add rows under headers; in the columns Source and File, repetitions are ditto marks on a terminal.

        A row whose first cell is empty belongs to the one above it.
        """
        shown = list(rows if self._piped else _with_dittos(headers, rows))
        if self._console.width < _NARROW:
            self._paragraphs(headers, shown, indent)
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for index, header in enumerate(headers):
            table.add_column(header, style="cyan" if not index else None, no_wrap=not index, overflow="fold")
        for row in shown:
            table.add_row(*row)
        self._console.print(Padding(table, (0, 0, 0, indent), expand=False))

    def _paragraphs(self, headers: Sequence[str], rows: Iterable[Sequence[Cell]], indent: int) -> None:
        for first, *others in rows:
            if first:
                self._console.print(Padding(Text(str(first), "cyan"), (0, 0, 0, indent), expand=False))
            for header, cell in zip(headers[1:], others, strict=True):
                if cell and cell != _DITTO:
                    line = Text.assemble((f"{header}: ", "dim"), cell)
                    self._console.print(Padding(line, (0, 0, 0, indent + 2), expand=False))

    def show(self) -> None:
        """Print the page. Raises as ``write``."""
        write("".join(f"{line.rstrip()}\n" for line in self._file.getvalue().splitlines()))


def _with_dittos(headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterable[Sequence[Cell]]:
    above: list[Cell] = []
    where = [index for index, header in enumerate(headers) if header in ("Source", "File")]
    for row in rows:
        now = [row[index] for index in where]
        yield [_DITTO if index in where and now == above else cell for index, cell in enumerate(row)]
        above = now
