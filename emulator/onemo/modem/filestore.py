"""The file store of a module: files and directories by path, and the room that they and the credentials share.

Pure: the memory keeps the index, and the shell writes the contents beside it. What is open for writing is seen by all
at once, and is kept when it is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from onemo.at.reply import CommandError
from onemo.modem.filetable import ROOT, FilesSection, StoreError, directory_of, parent_of, parents_of, path_of
from onemo.modem.memory import Content, Memory, put_back
from onemo.modem.openfile import OpenFile, OpenMode

STORE = "file_store"
"""The name of the store in the NV."""
_LARGEST = 1 << 28
"""Bytes of all contents of a snapshot, unless the store has more."""
_LAST_NUMBER = 1 << 48
"""The highest number of a content of a snapshot."""


class Keepers(Protocol):
    """What makes the keepers of a module."""

    def keeper(self, name: str) -> Any:  # noqa: ANN401  (each is what its family makes)
        """Return a keeper by its name in the NV."""
        ...


def store_of(keeping: Keepers) -> FileStore:
    """Return the store of a module; it is made at its first use."""
    found: FileStore = keeping.keeper(STORE)
    return found


class StoredEntry(NamedTuple):
    """A file, or (without a content) a directory.

    number: of the content, which never changes under it; 0: there is no byte. It is the name of the host's file.
    """

    number: int = 0
    content: Content | None = None


class FileStore:
    """The files of one module; they outlive the boot cycle, what is open does not.

    Paths are absolute, as ``path`` makes them of what was typed; one that does not begin with ``/`` is a family's own:
    it takes room, and no command reaches it. Whatever changes the files is to be written down, by ``write_down`` for a
    command, else by ``note`` of the device's keeping.
    """

    def __init__(self, section: FilesSection, memory: Memory, others: Callable[[], Iterable[int]] = tuple) -> None:
        """Begin without a file. others: the bytes of what shares the room, each by itself."""
        self._section = section
        self._memory = memory
        self._others = others
        self._entries: dict[str, StoredEntry] = {}
        self._open: dict[str, OpenFile] = {}
        self._number = 0
        self.total = section.size
        self.most_free: int | None = None
        """The store says that it has no more room than this; None: the truth."""
        memory.bulk = self

    # Paths.

    def path(self, typed: str) -> str:
        """Return the absolute path of a file. Raises CommandError(INCORRECT_PARAMETERS): it is not allowed."""
        return path_of(typed, self._section)

    def directory(self, typed: str) -> str:
        """Return the absolute path of a directory, as ``directory_of``. Raises as path."""
        return directory_of(typed, self._section)

    # Room.

    @property
    def used(self) -> int:
        """The bytes that are taken: files, certificates and keys, each rounded up to blocks."""
        sizes = [self.size(path) for path, entry in self._entries.items() if entry.content is not None]
        return sum(map(self.rounded, (*sizes, *self._others())))

    @property
    def free(self) -> int:
        """The bytes that are free."""
        free = max(0, self.total - self.used)
        return free if self.most_free is None else min(free, self.most_free)

    @property
    def crowded(self) -> bool:
        """True where so little is free that a real module may not start again."""
        return self.free < self._section.crowded

    def rounded(self, size: int) -> int:
        """Return what a file of this size takes."""
        return -(-size // self._section.block) * self._section.block

    def has_room(self, size: int, before: int = 0) -> bool:
        """Tell whether something of this size fits in the place of what has the size before."""
        return self.rounded(size) <= self.free + self.rounded(before)

    def room_of(self, path: str) -> int:
        """Return the most bytes that the file of this name may have."""
        block = self._section.block
        return self.free // block * block + self.rounded(self.size(path))

    def require_room(self, path: str, size: int) -> None:
        """Require room for a file in the place of the one of its name. Raises CommandError: TOO_LARGE, NO_SPACE."""
        if size > self.total:
            raise CommandError(StoreError.TOO_LARGE)
        if size > self.room_of(path):
            raise CommandError(StoreError.NO_SPACE)

    # What there is.

    def is_file(self, path: str) -> bool:
        """Tell whether there is a file of this name."""
        return path in self._entries and self._entries[path].content is not None

    def is_directory(self, path: str) -> bool:
        """Tell whether there is a directory of this name."""
        return path == ROOT or (path in self._entries and self._entries[path].content is None)

    def is_open(self, path: str) -> bool:
        """Tell whether somebody has this file open."""
        return path in self._open

    def opened(self, path: str) -> OpenFile | None:
        """Return the file of this name as somebody has it open; None: nobody has."""
        return self._open.get(path)

    def require_file(self, path: str) -> None:
        """Raise CommandError(MISSING) unless there is a file of this name."""
        if not self.is_file(path):
            raise CommandError(StoreError.MISSING)

    def require_closed(self, path: str) -> None:
        """Raise CommandError(ALREADY_OPEN) where somebody has this file open."""
        if path in self._open:
            raise CommandError(StoreError.ALREADY_OPEN)

    def size(self, path: str) -> int:
        """Return the bytes of a file, with what was written and is not kept yet; 0: there is none."""
        found = self._open.get(path)
        if found is not None and found.written is not None:
            return len(found.written)
        entry = self._entries.get(path)
        return 0 if entry is None or entry.content is None else len(entry.content)

    def content(self, path: str) -> Content:
        """Return the content of a file as it is now; not to be changed, nor kept. Raises CommandError(MISSING)."""
        self.require_file(path)
        found = self._open.get(path)
        if found is not None and found.written is not None:
            return found.written
        return self._entries[path].content or b""

    def entries(self, directory: str | None = None) -> Iterator[tuple[str, int | None]]:
        """Yield the paths in a directory, one level deep, with the bytes of files (None: a directory), as made.

        directory None: all that there are. Raises CommandError(LIST_FAILED): there is no such directory.
        """
        if directory is not None and not self.is_directory(directory):
            raise CommandError(StoreError.LIST_FAILED)
        for path, entry in self._entries.items():
            if path.startswith(ROOT) and directory in (None, parent_of(path)):
                yield path, None if entry.content is None else self.size(path)

    # Changes, all to be written down.

    def require_place(self, path: str) -> None:
        """Require that a file of this name can be written.

        Raises CommandError: CANNOT_OPEN, a directory has the name, or a file is in the way; ALREADY_OPEN.
        """
        missing = [each for each in parents_of(path) if not self.is_directory(each)]
        if self.is_directory(path) or any(map(self.is_file, missing)):
            raise CommandError(StoreError.CANNOT_OPEN)
        self.require_closed(path)

    def open(self, path: str, mode: OpenMode) -> OpenFile:
        """Open a file; READ has it be there, the others make it and the directories that are missing.

        Raises CommandError: MISSING; as require_place; NO_SPACE, there are too many entries.
        """
        if mode is OpenMode.READ:
            self.require_file(path)
        self.require_place(path)
        if mode.empties or not self.is_file(path):
            self._make(path, b"")
        opened = self._open[path] = OpenFile(self, path, mode)
        return opened

    def release(self, opened: OpenFile) -> None:
        """Keep what was written to an open file, and let go of it: ``OpenFile.close``."""
        del self._open[opened.path]
        opened.closed = True
        if opened.written is not None:
            self._entries[opened.path] = self._entry(opened.written)
            opened.written = None

    def abandon(self, opened: OpenFile) -> None:
        """Let go of an open file, and forget what was written to it; closed already: nothing."""
        if not opened.closed:
            opened.written = None
            self.release(opened)

    def put(self, path: str, content: Content) -> None:
        """Make a file, in the place of the one of its name.

        Raises CommandError: as require_place and require_room; NO_SPACE, there are too many entries.
        """
        self.require_place(path)
        self.require_room(path, len(content))
        self._make(path, content)

    def delete(self, path: str) -> None:
        """Delete a file. Raises CommandError: MISSING, DELETE_FAILED (it is a directory), ALREADY_OPEN."""
        if self.is_directory(path):
            raise CommandError(StoreError.DELETE_FAILED)
        self.require_file(path)
        self.require_closed(path)
        del self._entries[path]

    def delete_directory(self, directory: str) -> None:
        """Delete a directory and all below it; of ROOT, all that there is.

        Raises CommandError: MISSING; DELETE_FAILED, a file in it is open.
        """
        if not self.is_directory(directory):
            raise CommandError(StoreError.MISSING)
        below = directory.removesuffix(ROOT) + ROOT
        if any(path.startswith(below) for path in self._open):
            raise CommandError(StoreError.DELETE_FAILED)
        for path in [path for path in self._entries if path == directory or path.startswith(below)]:
            del self._entries[path]

    def move(self, old: str, new: str) -> None:
        """Give a file another path. Raises CommandError: MISSING, EXISTS, CANNOT_OPEN, ALREADY_OPEN, NO_SPACE."""
        self.require_file(old)
        if new in self._entries:
            raise CommandError(StoreError.EXISTS)
        self.require_place(new)
        self.require_closed(old)
        entry = self._entries[old]
        self._make_parents(new)
        del self._entries[old]
        self._entries[new] = entry

    def _make(self, path: str, content: Content) -> None:
        self._make_parents(path)
        self._entries.pop(path, None)
        self._entries[path] = self._entry(content)

    def _make_parents(self, path: str) -> None:
        missing = [each for each in parents_of(path) if not self.is_directory(each)]
        if len(self._entries) + len(missing) + (path not in self._entries) > self._section.most_entries:
            raise CommandError(StoreError.NO_SPACE)
        self._entries.update({each: StoredEntry() for each in missing})

    def _entry(self, content: Content) -> StoredEntry:
        self._number += bool(content)
        return StoredEntry(self._number if content else 0, content)

    # The memory. Implements Keeper and Bulk.

    def begin_cycle(self) -> None:
        """Forget what is open, and what was written to it."""
        for opened in self._open.values():
            opened.closed, opened.written = True, None
        self._open.clear()

    def commit(self) -> bool:
        """Keep what was written to open files, which stay open; tell whether there was any."""
        changed = [opened for opened in self._open.values() if opened.written is not None and not opened.whole]
        for opened in changed:
            assert opened.written is not None
            self._entries[opened.path] = self._entry(opened.written)
            opened.written = None
        return bool(changed)

    def contents(self) -> Mapping[int, Content]:
        """Return what is kept, by number."""
        return {entry.number: entry.content for entry in self._entries.values() if entry.content}

    def snapshot(self) -> list[dict[str, object]] | None:
        """Return the index, in the order in which the entries were made; None without any."""
        rows: list[dict[str, object]] = []
        for path, entry in self._entries.items():
            content = entry.content
            told = {} if content is None else {"size": len(content), "content": entry.number}
            rows.append({"path": path, **told})
        return rows or None

    def restore(self, entry: object) -> list[str]:
        """Take up a snapshot; return the paths of what is no entry of a store.

        A file whose content is lost is left out; the memory has told of it.
        """
        if not isinstance(entry, list) or not self._section.longest_path:
            return [""]
        refused, left = [], max(self.total, _LARGEST)
        for place, row in enumerate(entry):
            taken = self._take_up(row, left)
            if taken is None:
                refused.append(str(place))
            else:
                left -= taken
        return refused

    def _take_up(self, row: object, left: int) -> int | None:
        """Take up one entry of at most so many bytes; return its bytes, None: it is none."""
        match row:
            case {"path": str(path), "size": int(size), "content": int(number)} if min(size, number) >= 0:
                if bool(size) is not bool(number) or size > left or number > _LAST_NUMBER or not self._fits(path):
                    return None
                self._number = max(self._number, number)
                content = self._memory.read_content(number, size, path) if size else b""
                if content is not None:
                    self._entries[path] = StoredEntry(number, content)
                return size
            case {"path": str(path), **rest} if not rest and self._fits(path):
                self._entries[path] = StoredEntry()
                return 0
        return None

    def _fits(self, path: str) -> bool:
        """Make room for a path of a snapshot; tell whether it can be one more."""
        try:
            if not path or path in self._entries or (path.startswith(ROOT) and self.path(path) != path):
                return False
            self.require_place(path)
            self._make_parents(path)
        except CommandError:
            return False
        return True

    def save(self) -> Mapping[str, object]:
        """Return the entries, for put_back."""
        return self._entries

    def put_back(self, records: Mapping[Any, Any]) -> None:
        """Make these entries what they were."""
        put_back(self._entries, records)
