"""Files as a whole: AT+MFSINFO, MFLIST, MFSIZE, MFPUT, MFGET, MFDELETE, MFMOVE, MFCHECK."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, NamedTuple

from onemo.at.command import NoParameters, print_line
from onemo.at.outcome import Outcome, Pending
from onemo.at.params import Defaulted, MaybeText, Param, ParamKind, Required, RequiredText
from onemo.at.reply import Cme, CommandError, Reply
from onemo.families.files import entry
from onemo.families.files.settings import FRAGMENT, shown
from onemo.modem.checksums import checksum
from onemo.modem.filestore import store_of
from onemo.modem.filetable import FILES, ROOT, StoreError
from onemo.modem.modem import Modem
from onemo.modem.paced import answer_in_pieces


class PathOrAll(NamedTuple):
    """AT+MFLIST and AT+MFDELETE; None: everything."""

    path: MaybeText


class FileName(NamedTuple):
    """A command about one file."""

    fname: RequiredText


class PutFile(NamedTuple):
    """AT+MFPUT; data as it was typed, None: it is entered."""

    fname: RequiredText
    fsize: Required
    data: Annotated[bytes | None, Param(ParamKind.DATA, nullable=True, allow_empty=True)]


class Rename(NamedTuple):
    """AT+MFMOVE."""

    old: RequiredText
    new: RequiredText


class CheckFile(NamedTuple):
    """AT+MFCHECK; alg 0: MD5, 1: SHA-1, 2: SHA-256, 3: CRC-32."""

    fname: RequiredText
    alg: Defaulted


def tell_room(modem: Modem, record: NoParameters) -> Reply:
    """Tell all of the room, and what is free (AT+MFSINFO)."""
    store = store_of(modem.keeping)
    return Reply((print_line("MFSINFO", store.total, store.free),))


def list_directory(modem: Modem, record: PathOrAll) -> Reply:
    """List a directory (AT+MFLIST). Raises CommandError: INCORRECT_PARAMETERS, LIST_FAILED."""
    store = store_of(modem.keeping)
    if record.path == "":
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    entries = store.entries(store.directory(record.path or ROOT))
    return Reply([print_line("MFLIST", path, size) for path, size in entries])


def tell_size(modem: Modem, record: FileName) -> Reply:
    """Tell the bytes of a file (AT+MFSIZE). Raises CommandError: INCORRECT_PARAMETERS, MISSING."""
    store = store_of(modem.keeping)
    path = store.path(record.fname)
    store.require_file(path)
    return Reply((print_line("MFSIZE", store.size(path)),))


def put(modem: Modem, record: PutFile) -> Outcome:
    """Make a file (AT+MFPUT). The one of its name is gone with the ``>``.

    Raises CommandError: INCORRECT_PARAMETERS, CANNOT_OPEN, ALREADY_OPEN, TOO_LARGE, NO_SPACE, FAILED.
    """
    store, keeping = store_of(modem.keeping), modem.keeping

    def take(data: bytes) -> Pending:
        answer = Reply((print_line("MFPUT", len(data)),))
        return keeping.write_down(lambda: store.put(path, data), StoreError.FAILED, answer)

    entry.check(modem, record.fsize, record.data, take)
    path = store.path(record.fname)
    store.require_place(path)
    store.require_room(path, record.fsize)
    if record.data is not None:
        return entry.take_typed(modem, record.fsize, record.data, take)
    prompt = entry.prompt(modem, record.fsize, lambda: store.room_of(path), take)
    if not store.is_file(path):
        return prompt
    return keeping.write_down(lambda: store.delete(path), StoreError.FAILED, prompt)


def get(modem: Modem, record: FileName) -> Outcome:
    """Print a file, behind one header (AT+MFGET). Raises CommandError: INCORRECT_PARAMETERS, MISSING."""
    store = store_of(modem.keeping)
    path = store.path(record.fname)
    content = store.content(path)
    if store.is_open(path):
        content = bytes(content)  # it may change on the way
    fragment = modem.settings.effective(FRAGMENT)

    def pieces() -> Iterator[bytes]:
        before, after = modem.console.format.around()
        size, most = len(content), fragment.size or len(content)
        start = before + print_line("MFGET", size, b"")
        for position in range(0, max(size, 1), max(most, 1)):
            last = after if position + most >= size else b""
            yield start + shown(modem, bytes(content[position : position + most])) + last
            start = b""

    return answer_in_pieces(modem.console, pieces(), fragment.interval / 1000)


def delete(modem: Modem, record: PathOrAll) -> Outcome:
    """Delete a file, a directory (its name ends in ``/``), or everything (AT+MFDELETE).

    Raises CommandError: INCORRECT_PARAMETERS, MISSING, ALREADY_OPEN, DELETE_FAILED, FAILED.
    """
    store, typed = store_of(modem.keeping), ROOT if record.path is None else record.path
    if typed == "":
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    if not typed.endswith(ROOT):
        path = store.path(typed)
        return modem.keeping.write_down(lambda: store.delete(path), StoreError.FAILED)
    directory = store.directory(typed)

    def delete_all() -> None:
        store.delete_directory(directory)
        takes = directory == ROOT and modem.profile.table(FILES).delete_takes_certificates
        if takes and "files" in modem.memory.keepers:  # else there were none yet
            modem.credentials.clear()

    return modem.keeping.write_down(delete_all, StoreError.FAILED)


def move(modem: Modem, record: Rename) -> Outcome:
    """Give a file another name, or another directory (AT+MFMOVE).

    Raises CommandError: INCORRECT_PARAMETERS, MISSING, EXISTS, CANNOT_OPEN, ALREADY_OPEN, NO_SPACE, FAILED.
    """
    store = store_of(modem.keeping)
    old, new = store.path(record.old), store.path(record.new)
    return modem.keeping.write_down(lambda: store.move(old, new), StoreError.FAILED)


def tell_sum(modem: Modem, record: CheckFile) -> Reply:
    """Tell the check sum of a file (AT+MFCHECK). Raises CommandError: INCORRECT_PARAMETERS, MISSING."""
    store = store_of(modem.keeping)
    content = store.content(store.path(record.fname))
    return Reply((print_line("MFCHECK", checksum(record.alg, content).encode()),))
