"""Files by handle: AT+MFOPEN, MFREAD, MFWRITE, MFSEEK, MFCLOSE, MFTRUNC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, NamedTuple

from onemo.at.command import print_line
from onemo.at.outcome import Outcome, Pending
from onemo.at.params import Maybe, Param, ParamKind, Required, RequiredText
from onemo.at.reply import DONE, CommandError, Reply
from onemo.families.files import entry
from onemo.families.files.settings import FRAGMENT, shown
from onemo.modem.filestore import store_of
from onemo.modem.filetable import FILES, StoreError
from onemo.modem.modem import Modem
from onemo.modem.openfile import OpenFile, OpenMode
from onemo.modem.paced import answer_in_pieces
from onemo.modem.part import Part
from onemo.modem.pieces import piece_sizes

Together = Annotated[int | None, Param(ParamKind.INTEGER, nullable=True, together="move")]


class OpenRecord(NamedTuple):
    """AT+MFOPEN."""

    fname: RequiredText
    mode: Required


class OfHandle(NamedTuple):
    """AT+MFCLOSE."""

    fhandle: Required


class ReadHandle(NamedTuple):
    """AT+MFREAD; length in bytes, None: all that is left."""

    fhandle: Required
    length: Maybe


class WriteHandle(NamedTuple):
    """AT+MFWRITE; data as it was typed, None: it is entered."""

    fhandle: Required
    length: Required
    data: Annotated[bytes | None, Param(ParamKind.DATA, nullable=True, allow_empty=True)]


class SeekHandle(NamedTuple):
    """AT+MFSEEK; start 0: from the start of the file, 1: from the pointer, 2: from its end; None: tell the pointer."""

    fhandle: Required
    offset: Together
    start: Together


class CutHandle(NamedTuple):
    """AT+MFTRUNC."""

    fhandle: Required
    length: Required


class Handles(Part):
    """The handles of one boot cycle, each an open file."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self._table = device.profile.table(FILES)
        self._open: dict[int, OpenFile] = {}

    def __getitem__(self, fhandle: int) -> OpenFile:
        """Return the file of a handle. Raises CommandError(BAD_HANDLE)."""
        if fhandle not in self._open:
            raise CommandError(StoreError.BAD_HANDLE)
        return self._open[fhandle]

    def free(self) -> int:
        """Return the lowest number that is free. Raises CommandError(TOO_MANY_OPEN)."""
        first = self._table.first_handle
        found = next((each for each in range(first, first + self._table.handles) if each not in self._open), None)
        if found is None:
            raise CommandError(StoreError.TOO_MANY_OPEN)
        return found

    def give(self, fhandle: int, opened: OpenFile) -> None:
        """Give a handle to an open file."""
        self._open[fhandle] = opened

    def take(self, fhandle: int) -> OpenFile:
        """Take a handle back. Raises CommandError(BAD_HANDLE)."""
        opened = self[fhandle]
        del self._open[fhandle]
        return opened


def open_file(modem: Modem, record: OpenRecord) -> Outcome:
    """Open a file (AT+MFOPEN); one that is made or emptied is so at once, whatever comes.

    Raises CommandError: INCORRECT_PARAMETERS, MISSING, CANNOT_OPEN, ALREADY_OPEN, TOO_MANY_OPEN, NO_SPACE, FAILED.
    """
    store, handles, mode = store_of(modem.keeping), modem.part(Handles), OpenMode(record.mode)
    path = store.path(record.fname)
    if mode is OpenMode.READ:
        store.require_file(path)
    store.require_place(path)
    fhandle = handles.free()
    pending = modem.keeping.write_down(
        lambda: handles.give(fhandle, store.open(path, mode)),
        StoreError.FAILED,
        Reply((print_line("MFOPEN", fhandle),)),
    )

    def finish(done: bool) -> Outcome:
        if not done:
            store.abandon(handles.take(fhandle))
        return pending.finish(done)

    return Pending(pending.operation, finish)


def read(modem: Modem, record: ReadHandle) -> Outcome:
    """Read from the pointer on (AT+MFREAD).

    Raises CommandError: BAD_HANDLE; READ_FAILED, nothing is left, or less than was asked for, or it is open for
    writing alone.
    """
    opened = modem.part(Handles)[record.fhandle]
    left = opened.size - opened.pointer
    total = left if record.length is None else record.length
    if not opened.mode.reads or not 0 < total <= left:
        raise CommandError(StoreError.READ_FAILED)
    data, fragment, form = opened.read(total), modem.settings.effective(FRAGMENT), modem.console.format

    def pieces() -> Iterator[bytes]:
        done = 0
        for size in piece_sizes(total, fragment.size):
            piece = shown(modem, data[done : done + size])
            done += size
            yield form.information([print_line("MFREAD", record.fhandle, total, done, size, piece)])

    return answer_in_pieces(modem.console, pieces(), fragment.interval / 1000)


def write(modem: Modem, record: WriteHandle) -> Outcome:
    """Write at the pointer, or at the end (AT+MFWRITE); it is kept when the handle is closed.

    Raises CommandError: INCORRECT_PARAMETERS, BAD_HANDLE, READ_ONLY, TOO_LARGE, NO_SPACE.
    """
    handles = modem.part(Handles)

    def take(data: bytes) -> Reply:
        handles[record.fhandle].write(data)
        return Reply((print_line("MFWRITE", record.fhandle, len(data)),))

    entry.check(modem, record.length, record.data, take)
    opened = handles[record.fhandle]
    opened.require_room(record.length)
    if record.data is not None:
        return entry.take_typed(modem, record.length, record.data, take)
    return entry.prompt(modem, record.length, lambda: handles[record.fhandle].room, take)


def seek(modem: Modem, record: SeekHandle) -> Reply:
    """Move the pointer, or tell it (AT+MFSEEK). Raises CommandError: BAD_HANDLE, INCORRECT_PARAMETERS."""
    opened = modem.part(Handles)[record.fhandle]
    if record.offset is None or record.start is None:
        return Reply((print_line("MFSEEK", record.fhandle, opened.pointer),))
    opened.seek((0, opened.pointer, opened.size)[record.start] + record.offset)
    return DONE


def close(modem: Modem, record: OfHandle) -> Outcome:
    """Close a handle, and keep what was written (AT+MFCLOSE). Raises CommandError: BAD_HANDLE, FAILED."""
    opened = modem.part(Handles).take(record.fhandle)
    if opened.written is None:
        opened.close()
        return DONE
    return modem.keeping.write_down(opened.close, StoreError.FAILED)


def cut(modem: Modem, record: CutHandle) -> Reply:
    """Cut a file (AT+MFTRUNC). Raises CommandError: BAD_HANDLE, READ_ONLY, INCORRECT_PARAMETERS."""
    modem.part(Handles)[record.fhandle].truncate(record.length)
    return DONE
