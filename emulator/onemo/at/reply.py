"""What a command answers, and how it looks on the line (V.250 5.7, 27.007 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import NamedTuple

from onemo.errors import EmulatorError


class Cme(Enum):
    """The +CME ERRORs by name; the profile gives each its number and text (27.007 9.2, manual 5)."""

    PHONE_FAILURE = auto()
    NOT_ALLOWED = auto()
    NOT_SUPPORTED = auto()
    SIM_NOT_INSERTED = auto()
    SIM_PIN_REQUIRED = auto()
    SIM_PUK_REQUIRED = auto()
    SIM_FAILURE = auto()
    INCORRECT_PASSWORD = auto()
    MEMORY_FULL = auto()
    NOT_FOUND = auto()
    NO_NETWORK = auto()
    NETWORK_TIMEOUT = auto()
    INCORRECT_PARAMETERS = auto()
    DISABLED = auto()
    ABORTED = auto()
    UNKNOWN_ERROR = auto()
    UNSPECIFIED_GPRS = auto()
    TCPIP_UNKNOWN = auto()
    NOT_USED = auto()
    IN_USE = auto()
    NOT_CONNECTED = auto()
    SOCKET_FAILED = auto()
    BIND_FAILED = auto()
    LISTEN_FAILED = auto()
    REFUSED = auto()
    TIMED_OUT = auto()
    CONNECTION_FAILED = auto()
    WRITE_FAILED = auto()
    READ_FAILED = auto()
    ACCEPT_FAILED = auto()
    PDP_INACTIVE = auto()
    PDP_ACTIVATION_FAILED = auto()
    PDP_DEACTIVATION_FAILED = auto()
    NO_APN = auto()
    PORT_BUSY = auto()
    FAMILY_UNSUPPORTED = auto()
    DNS_FAILED = auto()
    DNS_BUSY = auto()
    PING_BUSY = auto()
    TLS_UNKNOWN = auto()
    TLS_SETUP = auto()
    TLS_UNVERIFIED = auto()
    TLS_TIMED_OUT = auto()
    TLS_FAILED = auto()
    FILE_UNKNOWN = auto()
    FILE_FORMAT = auto()
    FILE_MISSING = auto()
    FILE_EXISTS = auto()
    FILE_WRITE_FAILED = auto()
    FILE_WRITE_BUSY = auto()
    FILE_READ_FAILED = auto()
    FILE_DELETE_FAILED = auto()
    FILE_TOO_LARGE = auto()
    FILE_LOAD_FAILED = auto()

    @property
    def key(self) -> str:
        """Its name in a profile's [cme] section."""
        return self.name.lower()


class CommandError(EmulatorError):
    """A command that fails: the bare ERROR when cme is None, else +CME ERROR."""

    def __init__(self, cme: Cme | None = None) -> None:
        super().__init__(cme.key if cme else "error")
        self.cme = cme

    def final(self, form: ReplyFormat) -> bytes:
        """The final result code that it is answered with."""
        return form.error(self.cme)


class Reply(NamedTuple):
    """A command that succeeded.

    lines: its information responses, in order, without line ends. trailer: lines that follow the final
    result code (REBOOTING). last: what follows the command in its line is not run any more.
    """

    lines: Sequence[bytes] = ()
    trailer: Sequence[bytes] = ()
    last: bool = False


DONE = Reply()
"""Success with nothing to say."""


class Final(NamedTuple):
    """A final result code: its word, and its number in ATV0 (V.250 table 1)."""

    word: bytes
    number: bytes


OK = Final(b"OK", b"0")
CONNECT = Final(b"CONNECT", b"1")
ERROR = Final(b"ERROR", b"4")


class ReplyFormat:
    """How answers look now: ATV, ATQ, AT+CMEE, S3 and S4."""

    def __init__(self, cme: Mapping[Cme, tuple[int, str]]) -> None:
        self.cme = cme
        self.verbose = True
        self.quiet = False
        self.error_level = 1
        self.cr = b"\r"
        self.lf = b"\n"

    def information(self, lines: Sequence[bytes]) -> bytes:
        """Each line with a pair of line ends around it; with ATV0 only behind it."""
        eol = self.cr + self.lf
        before = eol if self.verbose else b""
        return b"".join([part for line in lines for part in (before, line, eol)])

    def prompt(self) -> bytes:
        """The ``>`` of a payload entry: no blank, no line end after it."""
        return self.cr + self.lf + b">"

    def notice(self, line: bytes) -> bytes:
        """A URC: always with a pair of line ends."""
        eol = self.cr + self.lf
        return eol + line + eol

    def final(self, code: Final) -> bytes:
        if self.quiet:
            return b""
        if not self.verbose:
            return code.number + self.cr
        return self.notice(code.word)

    def error(self, cme: Cme | None) -> bytes:
        """The final result code of a failure, as AT+CMEE asks for it (27.007 9.1).

        ATV0 has no number for +CME ERROR; it stays in words there. [decided]
        """
        if cme is None or self.error_level == 0:
            return self.final(ERROR)
        if self.quiet:
            return b""
        number, text = self.cme[cme]
        return self.notice(b"+CME ERROR: " + (text.encode() if self.error_level == 2 else b"%d" % number))
