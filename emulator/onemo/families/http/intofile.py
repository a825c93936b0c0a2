"""A stored file that the body of an answer goes into, for AT+MHTTPREQUEST and AT+MHTTPDLFILE (guide 3.5, 3.9)."""

from __future__ import annotations

from collections.abc import Callable

from onemo.at.command import print_line
from onemo.at.outcome import Outcome, Pending
from onemo.at.reply import CommandError, Reply
from onemo.families.http.profile import HTTP_CLIENT, HttpError
from onemo.modem.filestore import store_of
from onemo.modem.filetable import ROOT
from onemo.modem.keeping import Keeping
from onemo.modem.modem import Modem
from onemo.modem.openfile import OpenFile, OpenMode

_ALL = 100
"""Per cent."""


class HttpFile:
    """A stored file, open for the body of one answer. done: bytes that were written to it.

    What was written stays, whatever ends the request; a power cut takes the file back to what it was when this was
    made. every: bytes after which the progress is told again, 0: at the end alone; with percent it is AT+MHTTPDLFILE's.
    """

    def __init__(self, keeping: Keeping, opened: OpenFile, every: int, *, percent: bool) -> None:
        self.done = 0
        self._keeping = keeping
        self._opened = opened
        self._every = every
        self._percent = percent
        self._told = 0

    def write(self, data: bytes) -> bool:
        """Write data as far as there is room; return whether that is all of it."""
        try:
            self._opened.write(data)
        except CommandError:
            fits = data[: self._opened.room]
            if fits:
                self._opened.write(fits)
            self.done += len(fits)
            return False
        self.done += len(data)
        return True

    def due(self) -> bool:
        """Tell whether the progress is to be told now; it counts as told then."""
        if not self._every or self.done - self._told < self._every:
            return False
        self._told = self.done
        return True

    def line(self, done: int, length: int, entity: int | None) -> bytes:
        """Make the URC of a progress. length: of the body, 0: not known; entity: of what it is a part of."""
        if not self._percent:
            return print_line("MHTTPURC", "download", done, length, entity)
        return print_line("MHTTPDLFILE", done, length, done * _ALL // length if length else 0, entity)

    def last_line(self, entity: int | None) -> bytes:
        """Make the URC of a body that is complete."""
        if self._percent and not self.done:
            return print_line("MHTTPDLFILE", 0, 0, _ALL, entity)
        return self.line(self.done, self.done, entity)

    def close(self, then: Callable[[bool], None] = lambda kept: None) -> None:
        """Keep what was written, and let go of the file; then is told whether that is kept. Closed already: nothing.

        What cannot be written down is lost: the file is what it was when this was made.
        """
        if self._opened.written is None:
            self._opened.close()
            then(True)
        else:
            self._keeping.try_down(self._opened.close, then)


def stored_path(modem: Modem, typed: str) -> str:
    """Return the absolute path that a <local_path> means. Raises CommandError(INCORRECT_PARAMETERS): not allowed."""
    table = modem.profile.table(HTTP_CLIENT)
    as_typed = {"first_slash": typed.startswith(ROOT), "any_slash": ROOT in typed, "nothing": True}[table.rooted_by]
    return store_of(modem.keeping).path(typed if as_typed else table.file_folder + typed)


def with_file(
    modem: Modem, path: str, begin: Callable[[HttpFile], Reply], *, appends: bool = False, every: int = 1, percent: bool
) -> Outcome:
    """Open a file, made or emptied unless appends, write that down, and then begin what writes to it.

    every, percent: as of HttpFile. Raises CommandError: FILE_FAILED, it cannot be opened; as begin.
    """
    store = store_of(modem.keeping)
    found: list[OpenFile] = []
    mode = OpenMode.APPEND if appends else OpenMode.WRITE
    try:
        pending = modem.keeping.write_down(lambda: found.append(store.open(path, mode)), HttpError.FILE_FAILED)
    except CommandError as error:
        raise CommandError(HttpError.FILE_FAILED) from error
    (opened,) = found

    def finish(done: bool) -> Outcome:
        if not done:
            store.abandon(opened)
            return pending.finish(done)
        try:
            return begin(HttpFile(modem.keeping, opened, every, percent=percent))
        except CommandError:
            opened.close()
            raise

    return Pending(pending.operation, finish)
