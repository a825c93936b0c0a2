"""The tables of the HTTP client in a profile, and its errors."""

from __future__ import annotations

from typing import Literal, NamedTuple

from onemo.at.reply import ErrorCode
from onemo.errors import NetFailure
from onemo.profile.schema import Count, Seconds, Table


class HttpError:
    """The errors of the HTTP client (guide 5)."""

    NO_MEMORY = ErrorCode("http_no_memory")
    UNKNOWN = ErrorCode("http_unknown")
    NO_FREE_INSTANCE = ErrorCode("http_no_free_instance")
    NOT_CREATED = ErrorCode("http_not_created")
    BUSY = ErrorCode("http_busy")
    BAD_URL = ErrorCode("http_bad_url")
    TLS_OFF = ErrorCode("http_tls_off")
    CONNECTION_FAILED = ErrorCode("http_connection_failed")
    SENDING_FAILED = ErrorCode("http_sending_failed")
    FILE_FAILED = ErrorCode("http_file_failed")


class HttpSection(NamedTuple):
    """The HTTP client where no command says so. Sizes in bytes, times in seconds."""

    piece: Count
    """Most bytes of the connection that one "content" URC is made of."""
    header_block: Count
    """Most bytes of the header of an answer."""
    stored_header: Count
    stored_body: Count
    """Most bytes of one instance that MHTTPHEADER and MHTTPCONTENT store."""
    stored_together: Count
    """The same of both together; 0: no limit but those of each."""
    zero_length: Literal["left_out", "header", "refused"]
    """Length 0 at the prompt: as if it were left out, of MHTTPHEADER alone, or CME 50."""
    entry: bool
    """MHTTPHEADER, MHTTPCONTENT and MHTTPREQUEST prompt for text that does not stand in the line."""
    entry_most: Count
    """Most bytes of one entry after the prompt."""
    header_inline: Count
    """Most bytes of header in the command line; 0: what the line holds."""
    text_inline: Count
    """The same of body and path."""
    inner_quotes: bool
    """A text in the line may hold quotes: it runs to the last one of the line."""
    ind_eol: Literal["crlf", "none"]
    """The line end behind the "ind" URC."""
    rooted_by: Literal["first_slash", "any_slash", "nothing"]
    """A <local_path> is used as it is typed where it begins with a slash, or has any, or always."""
    file_folder: str
    """The folder of all others."""
    download_scheme: str
    """The scheme of a URL of MHTTPDLFILE that has none; "": it needs one."""
    delete_body: bool
    """A DELETE carries the stored body."""
    caches_part: bool
    """A body that is announced larger than the cache is cached as far as it fits."""
    redirects: Count
    """Most redirects that one request follows."""
    tcp_window: Count
    close_stall: Seconds
    """Seconds without progress after which closing gives up with an RST."""
    close_linger: Seconds
    """Most seconds spent discarding what the server still sends after our FIN."""
    prompt_timeout: Seconds
    """Seconds of an entry on a model whose AT+MHTTPCFG="timeout" has none."""


class FailureSection(NamedTuple):
    """<error_code> of the "err" URC for each failure of a request."""

    name: Count
    name_timed_out: Count
    timed_out: Count
    tls_setup: Count
    tls_unverified: Count
    tls_timed_out: Count
    tls_failed: Count
    file_missing: Count
    file_format: Count
    file_load: Count
    unreachable: Count
    """Any other before the connection stands."""
    broken: Count
    silent: Count
    unreadable: Count
    cache_full: Count
    file_failed: Count
    """The file is full."""


HTTP_CLIENT = Table("http", HttpSection, "HTTP: sizes, times and differences (bytes, seconds)")
FAILURES = Table("http_failures", FailureSection, '"err": the number of each failure of a request')


def open_failure(failures: FailureSection, failure: NetFailure) -> int:
    """Return <error_code> of a connection that did not come to stand."""
    number: int = getattr(failures, failure.name.lower(), failures.unreachable)
    return number
