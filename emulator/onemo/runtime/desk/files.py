"""The files of a module from outside: listed, put, got and deleted, whatever its DTE does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from onemo.errors import UsageError
from onemo.faults.kind import FaultKey, Type
from onemo.runtime.desk.bulk import (
    FilePiece,
    FilesByPath,
    offset_key,
    require_content,
    sent_keys,
    sent_piece,
    told_piece,
)
from onemo.runtime.desk.operation import DeskOperation, Table, Values

if TYPE_CHECKING:  # ctl has the declarations alone
    from onemo.modem.filestore import FileStore
    from onemo.modem.modem import Modem
    from onemo.runtime.controls import ModuleControls

_T = TypeVar("_T")
_DESK = "control"
"""The owner of a file that is open while its pieces come."""
_LARGEST = 1 << 28
_WHY: Mapping[str, str] = {
    "incorrect_parameters": "is no path of a file here: write it like /usr/a.txt, with at most {longest} bytes",
    "fs_missing": "there is no such file: list them",
    "fs_too_large": "it is larger than the store, which has {total} bytes: start with a larger --file-store",
    "fs_cannot_open": "a directory has that name, or a file is where a directory is needed: choose another name",
    "fs_already_open": "the module has it open: let it close it first",
    "fs_delete_failed": "it is a directory, which goes with all below when its name ends in /; or a file in it is open",
    "fs_no_space": "there is no room for it, for {free} of {total} bytes are free: delete some, or start with a larger"
    " --file-store",
}


class StoredFileInfo(NamedTuple):
    """A file; size in bytes, None: it is a directory. open: by the DTE or something that runs in the module."""

    path: str
    size: int | None
    open: bool


class FileStoreInfo(NamedTuple):
    """The file store: its room in bytes, and what is in it, as it was made."""

    total: int
    free: int
    files: list[StoredFileInfo]


def _within(controls: ModuleControls, path: str, act: Callable[[FileStore, Modem], _T]) -> _T:
    """Act on the store. Raises UsageError, which says why something cannot be."""
    from onemo.at.reply import CommandError
    from onemo.modem.filestore import store_of
    from onemo.modem.filetable import FILES

    def run(modem: Modem, now: float) -> _T:
        longest = modem.profile.table(FILES).longest_path
        if not longest:
            raise UsageError(f"{modem.profile.series} has no file store")
        store = store_of(modem.keeping)
        try:
            return act(store, modem)
        except CommandError as error:
            key = error.code.key if error.code is not None else ""
            why = _WHY.get(key, key).format(longest=longest, free=store.free, total=store.total)
            raise UsageError(f"{path}: {why}") from error

    return controls._do(run)


def _info(store: FileStore, path: str) -> StoredFileInfo:
    return StoredFileInfo(path, store.size(path) if store.is_file(path) else None, store.is_open(path))


def _list(controls: ModuleControls, values: Values) -> FileStoreInfo:
    def look(store: FileStore, modem: Modem) -> FileStoreInfo:
        return FileStoreInfo(store.total, store.free, [_info(store, path) for path, _ in store.entries()])

    return _within(controls, "/", look)


def _table(told: Mapping[str, Any]) -> Table:
    rows = [(f["path"] if f["size"] is not None else f"{f['path']}/", f["size"], f["open"]) for f in told["files"]]
    return ("Path", "Size", "Open"), [*rows, ("free", told["free"], None), ("total", told["total"], None)]


def _put(controls: ModuleControls, values: Values) -> StoredFileInfo:
    """Take a piece; the file is there, in the place of an old one, when the last has come."""
    from onemo.modem.openfile import OpenMode

    typed, offset, size = values["path"], values["offset"], values["size"]
    data = sent_piece("files put", values)

    def put(store: FileStore, modem: Modem) -> StoredFileInfo:
        path = store.path(typed)
        opened = store.opened(path)
        if opened is None or opened.owner != _DESK:
            store.require_place(path)
            opened = None
        if offset == 0:
            store.require_room(path, size)
            if opened is None:
                opened = modem.keeping.note(lambda: store.open(path, OpenMode.APPEND))
                opened.owner, opened.whole = _DESK, True
            opened.truncate(0)
        elif opened is None or opened.size != offset:
            raise UsageError(f"{path}: offset={offset} does not follow what came before: begin again with offset=0")
        opened.write(data)
        if offset + len(data) == size:
            modem.keeping.note(opened.close)
        return _info(store, path)

    return _within(controls, typed, put)


def _get(controls: ModuleControls, values: Values) -> FilePiece:
    typed = values["path"]

    def get(store: FileStore, modem: Modem) -> FilePiece:
        path = store.path(typed)
        return told_piece(path, store.content(path), values["offset"])

    return _within(controls, typed, get)


def _delete(controls: ModuleControls, values: Values) -> FileStoreInfo:
    _remove(controls, values["path"])
    return _list(controls, values)


def _remove(controls: ModuleControls, typed: str) -> None:
    """Delete a file or a directory; of what is put there just now nothing more comes."""

    def delete(store: FileStore, modem: Modem) -> None:
        whole = typed.endswith("/")
        path = store.directory(typed) if whole else store.path(typed)
        below = path.removesuffix("/") + "/"
        meant = (each for each, _ in store.entries() if each == path or (whole and each.startswith(below)))
        opened = [each for each in map(store.opened, meant) if each is not None]
        if all(each.owner == _DESK for each in opened):
            for each in opened:
                store.abandon(each)
        remove = store.delete_directory if whole else store.delete
        modem.keeping.note(lambda: remove(path))

    _within(controls, typed, delete)


class ModuleFiles(FilesByPath):
    """The files of a module by path, as its commands name them: ``onemo.files["/usr/a.txt"] = b"hi"``.

    What is read is what the module sees, also of a file that is open. Raises UsageError for what cannot be.
    """

    def __init__(self, controls: ModuleControls) -> None:
        self._controls = controls

    def __getitem__(self, path: str) -> bytes:
        """Return the content of a file. Raises KeyError: there is none."""

        def get(store: FileStore, modem: Modem) -> bytes | None:
            found = store.path(path)
            return bytes(store.content(found)) if store.is_file(found) else None

        content = _within(self._controls, path, get)
        if content is None:
            raise KeyError(path)
        return content

    def __setitem__(self, path: str, content: bytes) -> None:
        """Make a file, with the directories that are missing, in the place of an old one."""
        whole = require_content(path, content)

        def put(store: FileStore, modem: Modem) -> None:
            found = store.path(path)
            modem.keeping.note(lambda: store.put(found, whole))

        _within(self._controls, path, put)

    def __delitem__(self, path: str) -> None:
        """Delete a file, or (its name ends in ``/``) a directory with all below. Raises KeyError: there is none."""
        if not path.endswith("/") and path not in self:
            raise KeyError(path)
        _remove(self._controls, path)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the paths of all files, as they were made."""
        return iter([each.path for each in _list(self._controls, {}).files if each.size is not None])

    @property
    def free(self) -> int:
        """The bytes that are free, as AT+MFSINFO tells them."""
        return _list(self._controls, {}).free


_PATH = FaultKey("path", Type.TEXT, "The file, as the module's commands name it.", required=True)
OPERATIONS = (
    DeskOperation(
        command="files list",
        about="List the files of a module, and the room of its store.",
        method="GET",
        path="/files",
        keys=(),
        act=_list,
        result=FileStoreInfo,
        table=_table,
        example="files list",
    ),
    DeskOperation(
        command="files put",
        about="Put a file into a module, in the place of an old one.",
        method="PUT",
        path="/files",
        keys=(
            _PATH,
            *sent_keys(_LARGEST),
        ),
        act=_put,
        result=StoredFileInfo,
        example="files put /usr/a.txt --file a.txt",
        arguments=("path",),
        bulk="sent",
    ),
    DeskOperation(
        command="files get",
        about="Get a file out of a module.",
        method="GET",
        path="/files/content",
        keys=(_PATH, offset_key(_LARGEST)),
        act=_get,
        result=FilePiece,
        example="files get /usr/a.txt --file a.txt",
        arguments=("path",),
        bulk="told",
    ),
    DeskOperation(
        command="files delete",
        about="Delete a file of a module, or (its name ends in /) a directory with all below.",
        method="DELETE",
        path="/files",
        keys=(_PATH,),
        act=_delete,
        result=FileStoreInfo,
        table=_table,
        example="files delete /usr/a.txt",
        arguments=("path",),
    ),
)
