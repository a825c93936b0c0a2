"""The answers of commands, and their look on the line (V.250 5.7, 27.007 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from onemo.errors import EmulatorError


class ErrorCode(NamedTuple):
    """An error by name; the profile gives it a number and a text, in the table that ``result`` names.

    result: the final result code that carries it: CME (27.007 9.2), CMS (27.005 3.2.5), CIS (LwM2M).
    """

    key: str
    result: Literal["CME", "CMS", "CIS"] = "CME"


class Cme:
    """The errors of 27.007 9.2 that any command may end in; those of a family stand beside its commands."""

    PHONE_FAILURE = ErrorCode("phone_failure")
    NOT_ALLOWED = ErrorCode("not_allowed")
    NOT_SUPPORTED = ErrorCode("not_supported")
    SIM_NOT_INSERTED = ErrorCode("sim_not_inserted")
    SIM_PIN_REQUIRED = ErrorCode("sim_pin_required")
    SIM_PUK_REQUIRED = ErrorCode("sim_puk_required")
    SIM_FAILURE = ErrorCode("sim_failure")
    INCORRECT_PASSWORD = ErrorCode("incorrect_password")
    MEMORY_FULL = ErrorCode("memory_full")
    NOT_FOUND = ErrorCode("not_found")
    NO_NETWORK = ErrorCode("no_network")
    NETWORK_TIMEOUT = ErrorCode("network_timeout")
    INCORRECT_PARAMETERS = ErrorCode("incorrect_parameters")
    DISABLED = ErrorCode("disabled")
    ABORTED = ErrorCode("aborted")
    UNKNOWN_ERROR = ErrorCode("unknown_error")
    UNSPECIFIED_GPRS = ErrorCode("unspecified_gprs")


def errors_in(*namespaces: type) -> tuple[ErrorCode, ...]:
    """List the errors that classes like Cme hold."""
    return tuple(each for one in namespaces for each in vars(one).values() if isinstance(each, ErrorCode))


class CommandError(EmulatorError):
    """A command that fails: the bare ERROR when code is None, else the final result code of its class."""

    def __init__(self, code: ErrorCode | None = None) -> None:
        super().__init__(code.key if code else "error")
        self.code = code

    def final(self, form: ReplyFormat) -> bytes:
        """Return the final result code that it is answered with."""
        return form.error(self.code)


class ConnectReply(CommandError):
    """The end of a command whose only answer is the CONNECT of the connection that takes the line."""

    def final(self, form: ReplyFormat) -> bytes:
        """Return nothing."""
        return b""


class Reply(NamedTuple):
    """A command that succeeded.

    lines: its information responses, in order, without line ends. trailer: lines that follow the final
    result code (REBOOTING). last: what follows the command in its line is not run any more. failure: what it ends in
    after all, behind those lines.
    """

    lines: Sequence[bytes] = ()
    trailer: Sequence[bytes] = ()
    last: bool = False
    failure: CommandError | None = None


DONE = Reply()
"""Success with nothing to say."""


class Final(NamedTuple):
    """A result code, final or (RING, NO CARRIER, BUSY) unasked: its word, and its number in ATV0 (V.250 table 1)."""

    word: bytes
    number: bytes


OK = Final(b"OK", b"0")
CONNECT = Final(b"CONNECT", b"1")
RING = Final(b"RING", b"2")
NO_CARRIER = Final(b"NO CARRIER", b"3")
ERROR = Final(b"ERROR", b"4")
NO_DIALTONE = Final(b"NO DIALTONE", b"6")
BUSY = Final(b"BUSY", b"7")
NO_ANSWER = Final(b"NO ANSWER", b"8")


class ReplyFormat:
    """The look of answers now, as ATV, ATQ, AT+CMEE, S3 and S4 have it."""

    def __init__(self, errors: Mapping[ErrorCode, tuple[int, str]]) -> None:
        self.errors = errors
        self.verbose = True
        self.quiet = False
        self.error_level = 1
        self.cr = b"\r"
        self.lf = b"\n"

    def information(self, lines: Sequence[bytes]) -> bytes:
        """Frame each line with a pair of line ends around it; with ATV0 only behind it."""
        if not lines:
            return b""
        eol = self.cr + self.lf
        return eol + (eol + eol).join(lines) + eol if self.verbose else eol.join(lines) + eol

    def around(self) -> tuple[bytes, bytes]:
        """Return what stands before and behind an information response."""
        eol = self.cr + self.lf
        return eol if self.verbose else b"", eol

    def prompt(self, text: str) -> bytes:
        """Make the ``>`` of a payload entry, as a profile writes it, with the line's own characters for CR and LF."""
        return text.encode().translate(bytes.maketrans(b"\r\n", self.cr + self.lf))

    def notice(self, line: bytes) -> bytes:
        """Frame a URC, always with a pair of line ends."""
        eol = self.cr + self.lf
        return eol + line + eol

    def final(self, code: Final) -> bytes:
        """Write a result code: its word, with ATV0 its number, with ATQ1 nothing."""
        if self.quiet:
            return b""
        if not self.verbose:
            return code.number + self.cr
        eol = self.cr + self.lf
        return eol + code.word + eol

    def error(self, code: ErrorCode | None) -> bytes:
        """Write the final result code of a failure, as AT+CMEE asks for it (27.007 9.1).

        ATV0 has no number for +CME ERROR; it stays in words there. [decided]
        """
        if code is None or self.error_level == 0:
            return self.final(ERROR)
        if self.quiet:
            return b""
        number, text = self.errors[code]
        shown = text if self.error_level == 2 else str(number)
        return self.notice(f"+{code.result} ERROR: {shown}".encode())
