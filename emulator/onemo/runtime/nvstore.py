"""The file in which a module keeps what outlives its boot cycles: its non-volatile memory.

Readable JSON, to be looked at and edited while no module runs on it::

    {
      "format": 1,
      "model": "MN316",
      "settings": {...}
    }

Of the module's own files it holds the index; their contents lie beside it, in the directory ``FILE.files``.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from onemo.errors import UsageError
from onemo.profile.document import read_bytes
from onemo.runtime.files import create_own, draft_of, replace_own
from onemo.runtime.nvcontents import NvContents

if TYPE_CHECKING:
    from socket import socket

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_log = logging.getLogger(__name__)
_FORMAT = 1
_BEGINNING = b'{"format"'


class NvStore:
    """The non-volatile memory of one module, in ``file``. No other emulator has that file while this is open.

    contents: of the module's files, beside it.

    Made by ``open_store``; nothing but ``close`` may be called once it is closed.
    """

    def __init__(self, file: Path, contents: Path, model: str, held: socket) -> None:
        self.file = file
        self.contents = NvContents(contents)
        self._model = model
        self._held = held
        self._stored: bytes | None = None
        self._in_the_way: str | None = None  # what to name a file that must be set aside before another is written
        self._told: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the file to others. Does nothing the second time."""
        self._held.close()

    def load(self) -> dict[str, Json]:
        """Return what was saved; empty when there is no file yet, or one without a byte (``mktemp`` makes such).

        A file that cannot be used never stops the start: it is set aside, a warning in the log says where, and the
        module starts with nothing. It is named ``FILE.damaged`` when it is not what ``save`` writes, and after its
        model (``FILE.MN316``) when it is another model's: what one module keeps is not in the next one's memory, and
        would be lost if that one saved over it. Where such a name is taken, ``-2``, ``-3`` … are added.

        Raises UsageError for a file that cannot be one of ours, and leaves it: it is far too long, or does not begin as
        ours do. One that was cut off, or filled with NUL bytes by a host that died, may be one.
        """
        self._stored = None
        try:
            data = read_bytes(self.file)
        except FileNotFoundError:
            return {}
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise self._foreign(str(error.strerror)) from error
            self._refuse("damaged", f"cannot be read ({error.strerror})")
            return {}
        if not data:
            return {}
        try:
            model, settings = _parsed(data)
            stored = _written(model, settings)
        except (ValueError, RecursionError) as error:
            if not _may_be_ours(data):
                raise self._foreign("it does not begin as one does") from error
            self._refuse("damaged", f"is damaged ({error})")
            return {}
        if model != self._model:
            suffix = model if re.fullmatch("[A-Za-z0-9_-]{1,40}", model) else "other-model"
            self._refuse(suffix, f"belongs to a module of model {model[:40]!r}, not {self._model!r}")
            return {}
        self._stored = stored
        return settings

    def save(self, settings: Mapping[str, object], contents: Mapping[int, bytes | bytearray] = {}) -> bool:
        """Make these the settings in the file; return True if it holds them now. Writes nothing when nothing changed.

        contents: all that the settings name, by number. They are there before the file names them, and go after it.

        It is done when this returns: a few milliseconds as a rule, longer on a slow disk. Whenever the host or the
        process dies, the file is the old one or the new one, whole; it is readable by its owner only.

        When the host refuses, the old file stays, and a warning says why: once for each reason until it works again.
        Only if the very last step fails (the directory is not synchronized) is the new file there all the same.

        Raises ValueError or TypeError for what JSON does not have, as an infinite number: a bug of the caller.
        """
        data = _written(self._model, settings)
        if data == self._stored:
            return True
        try:
            if self._in_the_way is not None:
                self._set_aside(self._in_the_way)
            self.contents.write(contents)
            replace_own(self.file, (data,))
        except OSError as error:
            self._stored = None  # which of the two is there depends on the step
            reason = error.strerror or str(error)
            if reason not in self._told:
                self._told.add(reason)
                _log.warning("cannot save the settings in %s: %s; the module goes on without", self.file, reason)
            return False
        self._stored = data
        self._told.clear()
        self.contents.forget(contents)
        return True

    def _foreign(self, why: str) -> UsageError:
        return UsageError(f"{self.file} is no file of a module's settings: {why}: choose another file, or move it away")

    def _refuse(self, suffix: str, fault: str) -> None:
        """Set the file aside for what is wrong with it, and warn."""
        try:
            kept = self._set_aside(suffix)
        except OSError as error:
            self._in_the_way = suffix
            outcome = f"cannot be set aside ({error.strerror}); nothing is saved while it is there"
        else:
            outcome = f"is kept as {kept}"
        _log.warning("%s %s and %s; the module starts without stored settings", self.file, fault, outcome)

    def _set_aside(self, suffix: str) -> Path:
        names = (Path(f"{self.file}.{suffix}" + (f"-{number}" if number > 1 else "")) for number in count(1))
        kept = next(name for name in names if not (os.path.lexists(name) or os.path.lexists(_beside(name))))
        self.contents.set_aside(_beside(kept))
        with suppress(FileNotFoundError):  # somebody has taken it away
            os.rename(self.file, kept)
        self._in_the_way = None
        return kept


def open_store(path: str | Path, name: str, model: str) -> NvStore:
    """Open the non-volatile memory of the module ``name``, of this model, at ``path``.

    Close it, or use it in a ``with``. path is a file, which need not exist yet, or a directory, in which the module has
    the file ``NAME.json``. A directory is what exists as one, or what ends in ``/`` (only a str can): that is made if
    its parent exists. If the file is a symbolic link, what it leads to is the file.

    Raises UsageError, which says what to do: when there is no such directory, when the file cannot be read, written or
    replaced, when it is no regular file, when a running emulator has it.
    """
    from onemo.link.claim import claim

    try:
        file, contents = _places(os.fspath(path), name)
        held = claim(file)
    except (OSError, ValueError) as error:  # ValueError: a path that no host can have
        raise _cannot(path, error) from error
    if held is None:
        raise UsageError(f"{file} belongs to a running emulator: stop that one or choose another file")
    try:
        _try_out(file)
    except OSError as error:
        held.close()
        raise _cannot(file, error) from error
    except BaseException:
        held.close()
        raise
    return NvStore(file, contents, model, held)


def _beside(file: Path) -> Path:
    """Return the directory of the contents of a file."""
    return file.with_name(f"{file.name}.files")


def _places(path: str, name: str) -> tuple[Path, Path]:
    """Return the file itself, links followed, and the directory of its contents.

    Raises OSError or ValueError when there is no place for it.
    """
    if os.path.basename(path) in ("", ".", "..") and not os.path.isdir(path):
        with suppress(FileExistsError):  # another emulator was faster
            os.mkdir(path)
        if not os.path.isdir(path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    inside = os.path.isdir(path)
    if inside:
        if not name or "/" in name:
            raise UsageError(f"a module named {name!r} can have no file in {path}: choose a name without /")
        path = os.path.join(path, f"{name}.json")
    os.path.realpath(os.path.dirname(path), strict=True)  # "nowhere/../nv.json" is no place either
    file = Path(os.path.realpath(path))
    return file, file.with_name(f"{file.name.removesuffix('.json')}.files") if inside else _beside(file)


def _try_out(file: Path) -> None:
    """Raise OSError, or UsageError, unless the file can be read, written and replaced."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(file).st_mode):
            what = "a directory" if file.is_dir() else "no regular file"
            raise UsageError(f"cannot keep the settings in {file}: it is {what}: choose another file")
        os.close(os.open(file, os.O_RDWR | os.O_CLOEXEC))  # one that was made read-only is not to be replaced either
    os.close(os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY))
    os.close(create_own(draft_of(file)))
    os.unlink(draft_of(file))


def _parsed(data: bytes) -> tuple[str, dict[str, Json]]:
    """Parse a file into its model and settings. Raises ValueError or RecursionError when it is none of ours."""
    import json

    match json.loads(data):
        case {"format": int(number), "model": str(model), "settings": dict(settings)} if number is not True:
            if number != _FORMAT:
                raise ValueError(f"its format is {number}, this emulator has {_FORMAT}")
            return model, settings
    raise ValueError('not an object with the "format", the "model" and the "settings"')


def _may_be_ours(data: bytes) -> bool:
    """Tell whether data that cannot be parsed begins as our files do, as far as it goes, or is nothing but NUL."""
    beginning = b"".join(data[:100].split())[: len(_BEGINNING)]
    return _BEGINNING.startswith(beginning) or not data.strip(b"\0")


def _written(model: str, settings: Mapping[str, object]) -> bytes:
    """Return the content of the file, the same for the same settings. Raises ValueError for what JSON does not have."""
    import json

    content = {"format": _FORMAT, "model": model, "settings": dict(settings)}
    return json.dumps(content, indent=2, sort_keys=True, allow_nan=False).encode("ascii") + b"\n"


def _cannot(path: str | Path, error: OSError | ValueError) -> UsageError:
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    return UsageError(
        f"cannot keep the settings in {path}: {reason}:"
        " choose a file in a directory that exists and that you may write to"
    )
