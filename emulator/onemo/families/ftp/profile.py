"""The tables of the FTP client in a profile, and its errors."""

from __future__ import annotations

from typing import NamedTuple

from onemo.at.reply import ErrorCode
from onemo.errors import EmulatorError, NetFailure
from onemo.profile.schema import Count, Delay, Seconds, Table


class FtpError:
    """The errors of the FTP client (FTP guide, 5)."""

    UNKNOWN = ErrorCode("ftp_unknown")
    NOT_RUNNING = ErrorCode("ftp_not_running")
    RUNNING = ErrorCode("ftp_running")
    CONNECT = ErrorCode("ftp_connect")
    DISCONNECT = ErrorCode("ftp_disconnect")
    CHANGE_DIRECTORY = ErrorCode("ftp_change_directory")
    TELL_DIRECTORY = ErrorCode("ftp_tell_directory")
    MAKE_DIRECTORY = ErrorCode("ftp_make_directory")
    LIST = ErrorCode("ftp_list")
    DELETE = ErrorCode("ftp_delete")
    RENAME = ErrorCode("ftp_rename")
    RETRIEVE = ErrorCode("ftp_retrieve")
    STORE = ErrorCode("ftp_store")
    APPEND = ErrorCode("ftp_append")


class FtpSection(NamedTuple):
    """The FTP client where no command says so. Sizes in bytes, times in seconds."""

    connect_time: Delay
    """Most seconds until a connection stands, of either kind."""
    silence: Delay
    """Seconds without a byte that end a data connection."""
    entry_time: Seconds
    """Silence that ends an entry."""
    most_inline: Count
    """Most bytes of a file in the line."""
    most_entered: Count
    """Most bytes of an entry."""
    piece: Count
    """Bytes of a file that one MFTPRETR line tells."""
    retr_piece_code: Count
    """The result code of every such line but the last."""
    most_list: Count
    """Bytes of a server's list that are kept until it is told."""
    read: Count
    """Bytes that are read at once into a file."""
    send_queue: Count
    """Bytes of a stored file on their way to the server above which nothing more is read of it."""
    packet_size: Count
    """Bytes of transparent mode that go out together."""
    packet_wait: Delay
    """Seconds after the last byte with which fewer go out."""
    tcp_window: Count
    close_stall: Seconds
    """Seconds without progress after which closing gives up with an RST."""
    close_linger: Seconds
    """Most seconds spent discarding what the server still sends after our FIN."""
    active_cid: bool
    """MFTPCFG "cid" takes only a PDP context that is active."""


class FtpResults(NamedTuple):
    """The result code of each outcome of a command (FTP guide, 5)."""

    done: Count
    unknown: Count
    """Any other class of reply."""
    unfinished: Count
    """The command before has not ended."""
    timed_out: Count
    """No reply."""
    ended: Count
    """By MFTPDISC."""
    server_error: Count
    network: Count
    unreadable: Count
    sending_failed: Count
    empty_directory: Count
    no_memory: Count
    storage_failed: Count
    transparent_failed: Count
    file_failed: Count
    """The stored file is missing, open elsewhere, or cannot be made."""
    empty_file: Count


class FtpFailures(NamedTuple):
    """The result code of each failure of a connection."""

    name: Count
    name_timed_out: Count
    timed_out: Count
    not_registered: Count
    no_context: Count
    other: Count


FTP_CLIENT = Table("ftp", FtpSection, "FTP: sizes, times and differences (bytes, seconds)")
FTP_RESULTS = Table("ftp_results", FtpResults, "The result codes of FTP commands")
FTP_FAILURES = Table("ftp_failures", FtpFailures, "The result codes of connections that fail")


class FtpFailure(EmulatorError):
    """The end of a command that failed. result: its result code."""

    def __init__(self, result: int) -> None:
        super().__init__(f"result {result}")
        self.result = result


def network_failure(failures: FtpFailures, failure: NetFailure) -> int:
    """Return the result code of a connection that did not come to stand."""
    number: int = getattr(failures, failure.name.lower(), failures.other)
    return number
