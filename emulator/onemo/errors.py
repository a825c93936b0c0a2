"""The whole exception tree of the package.

Anything raised in the core that is not one of these is a bug: the shell logs it with the last lines of
traffic and answers ``ERROR``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import NamedTuple


class EmulatorError(Exception):
    """Base of every error that this package raises on purpose."""


class Mistake(NamedTuple):
    """One mistake in a profile: the file, the dotted key path (may be empty) and what is wrong."""

    file: str
    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.problem}" if self.key else f"{self.file}: {self.problem}"


class ProfileError(EmulatorError):
    """A profile cannot be used. ``mistakes`` lists every mistake found, not only the first."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


class UnknownModel(EmulatorError):
    """No profile has this name. ``nearest`` holds the names that come closest, best first."""

    def __init__(self, name: str, nearest: list[str]) -> None:
        super().__init__(f"unknown model {name!r}")
        self.name = name
        self.nearest = nearest


class UsageError(EmulatorError):
    """A request at the start that cannot be met: a malformed route, a file that cannot be read. Says what to do."""


class MissingExtra(UsageError):
    """A package that only an extra brings is not installed. Says which extra, and how to install it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra [{extra}]: {install_of(extra)}")


def install_of(extra: str) -> str:
    """Return the command that installs an extra beside what is there."""
    return f"pip install 'onemo-emulator[{extra}]'"


EXTRAS = {"control": ("starlette", "httpx"), "tls": ("cryptography",)}
"""The packages that an extra brings."""


@contextmanager
def needs_extra(what: str, extra: str) -> Iterator[None]:
    """Raise MissingExtra where an import in the block lacks a package of the extra."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRAS[extra]:
            raise
        raise MissingExtra(what, extra) from error


class FaultError(EmulatorError):
    """A fault, or a scenario of them, that cannot be: an unknown kind or key, a value out of range. Says what can."""


class LinkError(EmulatorError):
    """The link to the DTE cannot be set up (a taken symlink, a missing directory, no permission)."""


class NetFailure(Enum):
    """Why the network refused something. A model's profile maps each to the number it prints."""

    NAME = auto()  # the name was not resolved, or the address is malformed
    NAME_TIMED_OUT = auto()  # no name server answered in time
    REFUSED = auto()
    TIMED_OUT = auto()
    FAMILY = auto()  # no such address family here, or IPv6 has no route
    PORT_TAKEN = auto()
    BIND = auto()
    SOCKET = auto()  # no socket could be created
    LISTEN = auto()  # the host does not listen there
    WRITE = auto()
    RESET = auto()  # an RST, a keep-alive that failed, a transmission that timed out
    NOT_REGISTERED = auto()  # the module has no network
    NO_CONTEXT = auto()  # the PDP context is not active
    REPORTED = auto()  # an ICMP error came back for an echo request
    UNUSABLE = auto()  # a time server's answer says nothing, or that it does not know the time
    TLS_SETUP = auto()  # the host cannot offer the version or the cipher suite
    TLS_UNVERIFIED = auto()  # the server's certificate: untrusted, expired, another's
    TLS_TIMED_OUT = auto()
    TLS_FAILED = auto()  # no common version or cipher suite, no TLS at all, the client's certificate refused
    FILE_MISSING = auto()  # a certificate or key that TLS needs is not stored
    FILE_FORMAT = auto()  # it is no certificate, or no key
    FILE_LOAD = auto()  # the key does not belong to the certificate
    OTHER = auto()


class NetError(EmulatorError):
    """The network refused something; ``failure`` says why, ``detail`` is for the log."""

    def __init__(self, failure: NetFailure, detail: str = "") -> None:
        super().__init__(f"{failure.name.lower()}: {detail}" if detail else failure.name.lower())
        self.failure = failure
        self.detail = detail


def declared(group: BaseExceptionGroup) -> BaseException:
    """Return the EmulatorError in a group; the group itself where there is none."""
    found = group.subgroup(EmulatorError)
    error: BaseException = group if found is None else found
    while found is not None and isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
