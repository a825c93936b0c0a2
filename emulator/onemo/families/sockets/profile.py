"""The tables of the sockets in a profile."""

from __future__ import annotations

from typing import Literal, NamedTuple

from onemo.profile.schema import Count, Delay, Seconds, Table


class ConnectionSection(NamedTuple):
    """The behaviour of connections where no command says so. Sizes in bytes, times in seconds."""

    piece: Count
    """Most bytes of one "rtcp" URC."""
    inline_max: Count
    """Most bytes of one MIPSEND with data in the command line."""
    inline_data: Literal["required", "optional"]
    """NB modules have no prompt: MIPSEND needs its data in the command line."""
    empty_datagram: bool
    """MIPSEND with length 0 and no data sends an empty UDP datagram; over TCP it is CME 50."""
    longest_datagram: Count
    """Most bytes of a datagram that is held in a buffered mode; 0: no such limit."""
    longest_urc: Count
    """Most bytes of a URC with a datagram, which is lost if it is longer; 0: no such limit."""
    reads_one_packet: bool
    """MIPRD over UDP reads exactly one packet at a time."""
    mtu: Count
    seq_ipv6_headers: Count
    """Bytes of a datagram with <seq> over IPv6 that the MTU does not leave for data; 0: no limit."""
    stream_counts: Literal["bytes", "packets"]
    """What a stream-buffered connection counts; by packets MIPRD prints a line for each, and "rtcp" has no length."""
    tcp_window: Count
    window_is_set: bool
    """MIPCFG "rcvbuf" sets the TCP window too."""
    send_buffer: Count
    """Bytes that the real socket takes before the peer's window does: not yet sent ones (TCP_NOTSENT_LOWAT)."""
    transparent_send_buffer: Count
    """The same of a connection that is opened in transparent mode."""
    packets: Count
    """Packets held in a buffered mode."""
    close_code: bool
    """The +MIPCLOSE URC of TCP carries <ret_code>."""
    msl: Delay
    close_stall: Seconds
    """Seconds without progress after which draining gives up with an RST."""
    close_linger: Seconds
    """Most seconds spent discarding what the peer still sends after our FIN."""


class OpenResultSection(NamedTuple):
    """<result> of +MIPOPEN for each failure: the name of a CME number, or the number itself (NB: 1)."""

    name: int | str
    refused: int | str
    timed_out: int | str
    family: int | str
    port_taken: int | str
    bind: int | str
    socket: int | str
    not_registered: int | str
    no_context: int | str
    tls_setup: int | str
    tls_unverified: int | str
    tls_timed_out: int | str
    tls_failed: int | str
    file_missing: int | str
    file_format: int | str
    file_load: int | str
    other: int | str


class CloseModeSection(NamedTuple):
    """The effect of one value of MIPCLOSE's <mode>; where that is unavailable, of its default.

    waits: a given local port stays refused for 2 MSL. code: the URC carries <ret_code>, if close_code.
    """

    way: Literal["drain", "now", "reset"]
    waits: bool
    code: bool


class CloseResultSection(NamedTuple):
    """<ret_code> of +MIPCLOSE."""

    normal: Count
    no_answer: Count
    failed: Count


CONNECTION = Table("connection", ConnectionSection, "Connections (bytes, seconds)")
OPEN_RESULTS = Table("open_results", OpenResultSection, "MIPOPEN: the result of each failure")
CLOSE_MODES = Table("close_modes", dict[str, CloseModeSection], "MIPCLOSE: what each mode does")
CLOSE_RESULTS = Table("close_results", CloseResultSection, "MIPCLOSE: the ret_code of each end")
DISCONNECTED = Table(
    "disconnected", dict[Literal["peer_closed", "broken", "pdp_down"], Count], '"disconn": the number of each reason'
)
