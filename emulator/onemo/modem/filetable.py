"""The file store as a profile has it: its table, its errors, and the paths that it takes."""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.reply import Cme, CommandError, ErrorCode
from onemo.profile.schema import Count, Table

ROOT = "/"


class FilesSection(NamedTuple):
    """The file store: sizes in bytes."""

    size: Count
    """All of its room."""
    block: Count
    """What a file takes is a multiple of it."""
    longest_path: Count
    """0: the model stores no files."""
    longest_part: Count
    """Most bytes of the directories of a path, and of its name; 0: there is no such limit."""
    most_entries: Count
    """Most files and directories."""
    handles: Count
    """Most files that the DTE has open."""
    first_handle: Count
    crowded: Count
    """Free bytes below which a real module may not start again; 0: it always does."""
    delete_takes_certificates: bool
    """AT+MFDELETE of everything deletes certificates and keys, too."""


FILES = Table("files", FilesSection, "Files: the room, and the length of paths (bytes)", own=True)


class StoreError:
    """The errors of files (vendor's file system guide)."""

    FAILED = ErrorCode("fs_failed")
    MISSING = ErrorCode("fs_missing")
    EXISTS = ErrorCode("fs_exists")
    TOO_LARGE = ErrorCode("fs_too_large")
    TOO_MANY_OPEN = ErrorCode("fs_too_many_open")
    CANNOT_OPEN = ErrorCode("fs_cannot_open")
    ALREADY_OPEN = ErrorCode("fs_already_open")
    WRITE_FAILED = ErrorCode("fs_write_failed")
    READ_FAILED = ErrorCode("fs_read_failed")
    READ_ONLY = ErrorCode("fs_read_only")
    BAD_HANDLE = ErrorCode("fs_bad_handle")
    DELETE_FAILED = ErrorCode("fs_delete_failed")
    LIST_FAILED = ErrorCode("fs_list_failed")
    NO_SPACE = ErrorCode("fs_no_space")
    TIMED_OUT = ErrorCode("fs_timed_out")


def path_of(typed: str, section: FilesSection) -> str:
    """Return the absolute path of a file. Raises CommandError(INCORRECT_PARAMETERS): it is not allowed."""
    return _absolute(typed, typed, section)


def directory_of(typed: str, section: FilesSection) -> str:
    """Return the absolute path of a directory, without ``/`` at its end; the root's: ROOT. Raises as path_of."""
    return ROOT if typed == ROOT else _absolute(typed, typed.removesuffix(ROOT), section)


def _absolute(typed: str, path: str, section: FilesSection) -> str:
    folder, _, name = path.rpartition(ROOT)
    allowed = len(typed) <= section.longest_path and not {"", ".", ".."} & {*path.removeprefix(ROOT).split(ROOT)}
    if section.longest_part:
        allowed = allowed and max(len(folder), len(name)) <= section.longest_part
    if not allowed or any(not " " <= each <= "\xff" or each in '\x7f"' for each in path):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    return ROOT + path.removeprefix(ROOT)


def parent_of(path: str) -> str:
    """Return the directory in which a path lies."""
    return path.rpartition(ROOT)[0] or ROOT


def parents_of(path: str) -> list[str]:
    """Return the directories on the way to a path, the root left out; of a family's own there are none."""
    if not path.startswith(ROOT):
        return []
    return [path[:place] for place, each in enumerate(path) if each == ROOT and place]
