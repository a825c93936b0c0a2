"""The sandbox's FTP server from outside: its files, listed, put, got and deleted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
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

if TYPE_CHECKING:
    from onemo.net.sandbox.ftpfiles import FtpFiles
    from onemo.runtime.controls import ModuleControls

_T = TypeVar("_T")
_LARGEST = 1 << 26
_UNWRITTEN = re.compile(r"[\x00-\x1f\ud800-\udc7f\udd00-\udfff]")
"""Control characters, and halves of surrogate pairs but for those that stand for bytes (PEP 383)."""


class ServedEntry(NamedTuple):
    """A file of the server; size in bytes, None: it is a directory."""

    path: str
    size: int | None


class FtpDesk(FilesByPath):
    """The files of the FTP server of the sandbox that a module's routes lead to: ``onemo.ftp["/a.txt"] = b"hi"``.

    Modules with the same network options share it. Each raises UsageError where nothing leads to a sandbox.
    """

    def __init__(self, controls: ModuleControls) -> None:
        self._controls = controls

    def __getitem__(self, path: str) -> bytes:
        """Return what a file holds. Raises KeyError: there is none."""
        found = self.act(lambda files: files.entries.get(path))
        if found is None or found.data is None:
            raise KeyError(path)
        return bytes(found.data)

    def __setitem__(self, path: str, content: bytes) -> None:
        """Make a file, with the directories that are missing, in the place of an old one."""
        self.put(path, require_content(path, content))

    def put(self, path: str, data: bytes, offset: int = 0) -> None:
        """Put a file in the place of an old one, or, with an offset, what follows there. Raises UsageError."""
        _require_path(path)

        def put(files: FtpFiles) -> None:
            found = files.entries.get(path)
            if offset and (found is None or found.data is None or len(found.data) != offset):
                raise UsageError(f"{path}: offset={offset} does not follow what came before: begin again with offset=0")
            files.make_parents(path)
            files.put(path, data, offset)

        self.act(put, path)

    def __delitem__(self, path: str) -> None:
        """Delete a file. Raises KeyError: there is none."""
        if path not in self:
            raise KeyError(path)
        self.act(lambda files: files.delete(path), path)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the paths of all files."""
        return iter([each.path for each in self.entries if each.size is not None])

    @property
    def entries(self) -> list[ServedEntry]:
        """All files and directories, in the order of their paths."""

        def tell(files: FtpFiles) -> list[ServedEntry]:
            sizes = {path: None if each.data is None else len(each.data) for path, each in files.entries.items()}
            return [ServedEntry(path, size) for path, size in sorted(sizes.items()) if path != "/"]

        return self.act(tell)

    def act(self, act: Callable[[FtpFiles], _T], path: str = "") -> _T:
        """Act on the files. Raises UsageError, which says why something cannot be."""

        def run() -> _T:
            from onemo.net.sandbox import Sandbox
            from onemo.net.sandbox.ftpfiles import FtpRefusal

            sandbox = self._controls.sandbox
            if not isinstance(sandbox, Sandbox):
                raise UsageError("nothing leads to the sandbox: start the module with --sandbox, or a route to it")
            try:
                return act(sandbox.ftp.files)
            except FtpRefusal as refused:
                raise UsageError(f"{path}: {refused}: list what is there") from refused

        return self._controls.do(run)


def _require_path(path: str) -> None:
    from onemo.net.sandbox.ftpfiles import absolute

    if absolute("/", path) != path or path == "/" or _UNWRITTEN.search(path):
        raise UsageError(f"{path!r} is no path of a file here: write it like /log/a.txt")


def _list(controls: ModuleControls, values: Values) -> tuple[ServedEntry, ...]:
    return tuple(FtpDesk(controls).entries)


def _put(controls: ModuleControls, values: Values) -> ServedEntry:
    """Take a piece, which is added to those before."""
    path, offset = values["path"], values["offset"]
    data = sent_piece("ftp put", values)
    FtpDesk(controls).put(path, data, offset)
    return ServedEntry(path, offset + len(data))


def _get(controls: ModuleControls, values: Values) -> FilePiece:
    path, offset = values["path"], values["offset"]
    return FtpDesk(controls).act(lambda files: told_piece(path, files.file(path), offset), path)


def _delete(controls: ModuleControls, values: Values) -> tuple[ServedEntry, ...]:
    path = values["path"]

    def delete(files: FtpFiles) -> None:
        if path.endswith("/"):
            files.remove_all(path[:-1])
        else:
            files.delete(path)

    FtpDesk(controls).act(delete, path)
    return _list(controls, values)


def _table(found: Sequence[dict[str, Any]]) -> Table:
    return ("Path", "Size"), [(f["path"] if f["size"] is not None else f"{f['path']}/", f["size"]) for f in found]


_PATH = FaultKey("path", Type.TEXT, "The file, from the root: /log/a.txt.", required=True)
OPERATIONS = (
    DeskOperation(
        command="ftp list",
        about="List the files of the sandbox's FTP server.",
        method="GET",
        path="/ftp",
        keys=(),
        act=_list,
        result=tuple[ServedEntry, ...],
        table=_table,
        example="ftp list",
    ),
    DeskOperation(
        command="ftp put",
        about="Put a file into the sandbox's FTP server, in the place of an old one.",
        method="PUT",
        path="/ftp",
        keys=(
            _PATH,
            *sent_keys(_LARGEST),
        ),
        act=_put,
        result=ServedEntry,
        example="ftp put /a.txt --file a.txt",
        arguments=("path",),
        bulk="sent",
    ),
    DeskOperation(
        command="ftp get",
        about="Get a file out of the sandbox's FTP server.",
        method="GET",
        path="/ftp/content",
        keys=(_PATH, offset_key(_LARGEST)),
        act=_get,
        result=FilePiece,
        example="ftp get /a.txt --file a.txt",
        arguments=("path",),
        bulk="told",
    ),
    DeskOperation(
        command="ftp delete",
        about="Delete a file of the sandbox's FTP server, or (its name ends in /) a directory with all below.",
        method="DELETE",
        path="/ftp",
        keys=(_PATH,),
        act=_delete,
        result=tuple[ServedEntry, ...],
        table=_table,
        example="ftp delete /a.txt",
        arguments=("path",),
    ),
)
