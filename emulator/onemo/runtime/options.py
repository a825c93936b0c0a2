"""A module as a Python program asks for it: the options of ``run`` as keywords, each checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Annotated, NamedTuple, TypedDict, TypeVar, cast, get_args, get_type_hints

from onemo.errors import UsageError
from onemo.runtime.line import Cable
from onemo.runtime.models import Who
from onemo.runtime.outside import Plan
from onemo.runtime.spec import Spec, Trouble

_T = TypeVar("_T")
_ANY_PORT = "127.0.0.1:0"


class _Kind(NamedTuple):
    """fits: whether a value is one; said: what to give."""

    fits: Callable[[object], bool]
    said: str


def _number(least: float, most: float, said: str) -> _Kind:
    return _Kind(lambda value: type(value) in (int, float) and least <= cast(float, value) <= most, said)


def _integer(least: int, most: int, said: str) -> _Kind:
    return _Kind(lambda value: type(value) is int and least <= value <= most, said)


def _each(kind: _Kind, said: str) -> _Kind:
    return _Kind(lambda value: all(map(kind.fits, _several(value))), said)


def _several(value: object) -> Sequence[object]:
    """A value, or a sequence of such, as a sequence."""
    return value if isinstance(value, (list, tuple)) else [value]


_TEXT = _Kind(lambda value: isinstance(value, str) and value != "", "a string")
_PATH = _Kind(lambda value: isinstance(value, (str, PathLike)) and value != "", "a path")
_FLAG = _Kind(lambda value: isinstance(value, bool), "True or False")
_SECONDS = _number(0, 1e9, "a number of seconds, 0 or more")
_Text = Annotated[str, _TEXT]
_Path = Annotated[str | PathLike[str], _PATH]
_Flag = Annotated[bool, _FLAG]
_Seconds = Annotated[float, _SECONDS]
_Texts = Annotated[str | Sequence[str], _each(_TEXT, "a string, or a list of them")]


class Options(TypedDict, total=False):
    """What a module may be told, as with ``run``; None is as good as nothing. link: where its pty is to be found, or
    another line: ``tcp://`` or ``rfc2217://``, with HOST:PORT behind it or a free port of loopback, or ``uart://`` and
    the device; sim: whether there is a card."""

    profiles: Annotated[
        str | PathLike[str] | Sequence[str | PathLike[str]], _each(_PATH, "a directory, or a list of them")
    ]
    boot_time: _Seconds | None
    register_time: _Seconds | None
    speed: Annotated[float, _number(0.001, 1e6, "how many times faster, from 0.001 to 1000000")]
    route: _Texts
    deny: _Texts
    offline: _Flag
    sandbox: _Flag
    sandbox_file: _Path
    link: Annotated[
        str | PathLike[str], _PATH._replace(said="a path, tcp://HOST:PORT, rfc2217://HOST:PORT or uart:///dev/ttyUSB0")
    ]
    pty_mode: Annotated[int, _integer(0, 0o777, "permissions, like 0o660")]
    baud: Annotated[int, _integer(1, 99_999_999, "a speed in bit/s, like 115200")]
    pace: _Flag
    nv: _Path
    source: _Text
    name: _Text
    imei: _Text
    imsi: _Text
    iccid: _Text
    revision: _Text
    zone: Annotated[int, _integer(-48, 56, "quarters of an hour from -48 to 56")]
    pin: _Text
    sim: _Flag
    fault: _Texts
    seed: Annotated[int, _integer(0, 2**64 - 1, "a number from 0")]
    scenario: _Path


def _kind(hint: object) -> _Kind:
    """Of ``Annotated[…, kind]``, or of that ``| None``."""
    metadata: Sequence[_Kind] = getattr(hint, "__metadata__", ())
    return metadata[0] if metadata else _kind(get_args(hint)[0])


KINDS = {name: _kind(hint) for name, hint in get_type_hints(Options, include_extras=True).items()}
"""The options by name."""


def spec_of(model: str, options: Mapping[str, object]) -> Spec:
    """The module of these options. Raises UsageError, which says what may be given."""
    _check("the model", _TEXT, model)
    for name, value in options.items():
        if name not in KINDS:
            raise UsageError(f"there is no option {name!r}; there are {', '.join(sorted(KINDS))}")
        if value is not None:
            _check(name, KINDS[name], value)
    given = _Given(options)
    who = Who(
        name=given.get("name", None),
        imei=given.get("imei", None),
        imsi=given.get("imsi", None),
        iccid=given.get("iccid", None),
        revision=given.get("revision", None),
        register_time=given.get("register_time", None),
        pin=given.get("pin", None),
        card=given.get("sim", True),
        zone=given.get("zone", None),
        speed=given.get("speed", 1.0),
    )
    outside = Plan(
        given.several("route"),
        given.several("deny"),
        given.get("offline", False),
        given.get("sandbox", False),
        given.path("sandbox_file"),
    )
    profiles = tuple(map(Path, given.several("profiles")))
    for directory in profiles:
        if not directory.is_dir():
            raise UsageError(f"profiles={str(directory)!r}: there is no such directory")
    trouble = Trouble(given.several("fault"), given.get("seed", None), given.path("scenario"))
    return Spec(
        model,
        profiles,
        given.get("boot_time", None),
        who,
        _cable(given),
        outside,
        given.text("nv"),
        given.get("source", None),
        trouble,
    )


class _Given:
    """The options that were given."""

    def __init__(self, options: Mapping[str, object]) -> None:
        self._options = {name: value for name, value in options.items() if value is not None}

    def get(self, name: str, default: _T) -> _T:
        return cast(_T, self._options.get(name, default))

    def several(self, name: str) -> tuple[str, ...]:
        return tuple(cast(Sequence[str], _several(self._options.get(name, ()))))

    def path(self, name: str) -> Path | None:
        text = self.text(name)
        return None if text is None else Path(text)

    def text(self, name: str) -> str | None:
        """A path as it was given: a directory may end in ``/``."""
        value = self._options.get(name)
        return None if value is None else fspath(cast(str, value))


def _check(name: str, kind: _Kind, value: object) -> None:
    if not kind.fits(value):
        raise UsageError(f"{name}={value!r}: give {kind.said}")


def _cable(given: _Given) -> Cable:
    """The line of a module. Raises UsageError for one that it cannot have."""
    link = given.text("link")
    baud: int | None = given.get("baud", None)
    mode: int | None = given.get("pty_mode", None)
    plain = Cable(pty_mode=mode, baud=baud, pace=given.get("pace", False))
    scheme, separator, place = (link or "").partition("://")
    if baud is not None and scheme != "uart":
        raise UsageError("baud is the speed of a serial device: name that with link=uart:///dev/ttyUSB0, or use AT+IPR")
    if mode is not None and separator:
        raise UsageError(f"pty_mode is for a pseudo-terminal, and {link} is none: leave one of them out")
    if not separator:
        return plain._replace(link=Path(link) if link else None)
    if scheme == "tcp":
        return plain._replace(tcp=place or _ANY_PORT)
    if scheme == "rfc2217":
        return plain._replace(rfc2217=place or _ANY_PORT)
    if scheme == "uart" and place:
        return plain._replace(uart=place)
    raise UsageError(f"link={link!r}: give {KINDS['link'].said}")
