"""The shape of a profile: what a TOML file may say, checked strictly.

Every value of every model is data of this shape; the code holds names, never the manual's numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from emulator.profile.ranges import Range
from emulator.profile.shape import at_least, digits

Seconds = Annotated[float, at_least(0)]
Count = Annotated[int, at_least(0)]


class ParamSection(NamedTuple):
    """One parameter of a command on this model.

    available false: a given value is refused. inert: accepted, checked and read back, but changes nothing.
    range: the integers accepted; shown: what a test command prints instead of it ("" prints nothing).
    default: what an omitted value means. max_length: of a string, in bytes. out_of_range: whether an integer
    outside its range is refused, or ignored in favour of the default.
    """

    available: bool = True
    inert: bool = False
    range: Range | None = None
    shown: str | None = None
    default: int | str | None = None
    max_length: Count | None = None
    out_of_range: Literal["refuse", "ignore"] = "refuse"


class KeySection(NamedTuple):
    """One key of a keyed setting (MIPCFG): its parameters."""

    params: Mapping[str, ParamSection] = {}


class CommandSection(NamedTuple):
    """One command on this model. available false: the bare ERROR of an unknown command.

    nv: what is set outlives the boot cycle.
    offers: the keys of a keyed setting that exist here, in the order in which a test command lists them.
    test: "rows" prints a line for each key, "summary" the list of keys and the connection ids.
    """

    available: bool = True
    nv: bool = False
    params: Mapping[str, ParamSection] = {}
    keys: Mapping[str, KeySection] = {}
    offers: tuple[str, ...] | None = None
    test: Literal["rows", "summary"] | None = None


class CmeSection(NamedTuple):
    """One +CME ERROR: its number and its text (AT+CMEE=2)."""

    number: Count
    text: str


class IdentitySection(NamedTuple):
    """Who the module says it is. ``{sub_model}`` in revision is replaced by the sub-model's name."""

    manufacturer: str
    model: str
    revision: str
    serial: str
    imei: Annotated[str, digits(15)]
    imeisv: Annotated[str, digits(16)]
    svn: Annotated[str, digits(2)]
    imsi: Annotated[str, digits(15)]


class LineSection(NamedTuple):
    """The line to the DTE: sizes in bytes, times in seconds."""

    max_line: Count
    """Longest command line; a longer one is answered ERROR."""
    high_mark: Count
    """Bytes waiting for the DTE above which no further command and no peer is read."""
    urc_queue: Count
    """URCs held while a prompt or transparent mode is open."""
    urc_gap: Seconds
    """Silence between a final result code and the next URC."""
    typing_hold: Seconds
    """How long a half-typed, echoed command line keeps URCs back."""
    guard: Seconds
    """Silence before and after +++."""


class PowerSection(NamedTuple):
    """Start and restart."""

    boot_time: Seconds
    banner: str
    autobaud: bool
    """The banner comes with the answer to the first command line, not by itself."""
    reboot_notice: str


class ConnectionSection(NamedTuple):
    """How connections behave where no command says so. Sizes in bytes, times in seconds."""

    piece: Count
    """Most bytes of one "rtcp" URC."""
    inline_max: Count
    """Most bytes of one MIPSEND with data in the command line."""
    inline_data: Literal["required", "optional"]
    """NB modules have no prompt: MIPSEND needs its data in the command line."""
    empty_datagram: bool
    """MIPSEND with length 0 and no data sends an empty UDP datagram."""
    reads_one_packet: bool
    """MIPRD over UDP reads exactly one packet at a time."""
    mtu: Count
    seq_ipv6_headers: Count
    """Bytes of a datagram with <seq> over IPv6 that the MTU does not leave for data; 0: no limit."""
    tcp_window: Count
    send_buffer: Count
    """Bytes that the real socket takes before the peer's window does: not yet sent ones (TCP_NOTSENT_LOWAT)."""
    transparent_send_buffer: Count
    """The same of a connection that is opened in transparent mode."""
    packets: Count
    """Packets held in a buffered mode."""
    close_code: bool
    """Whether the +MIPCLOSE URC of TCP carries <ret_code>."""
    msl: Seconds
    close_stall: Seconds
    """Seconds without progress after which draining gives up with an RST."""
    close_linger: Seconds
    """Most seconds spent discarding what the peer still sends after our FIN."""
    active_cids: Range
    """The PDP contexts that are up."""


class OpenResultSection(NamedTuple):
    """<result> of +MIPOPEN for each failure: the name of a CME number, or the number itself (NB: 1)."""

    name: int | str
    refused: int | str
    timed_out: int | str
    family: int | str
    port_taken: int | str
    bind: int | str
    socket: int | str
    other: int | str


class DnsSection(NamedTuple):
    """Names (manual 3.10, 3.11)."""

    ipv4: tuple[str, str]
    """The servers where neither the user nor the network names any."""
    ipv6: tuple[str, str]
    operator_ipv4: Mapping[str, str]
    """The first of ipv4 for the SIM cards of some operators, by the first digits of their IMSI."""
    listed: Count
    """Most addresses in one +MDNSGIP."""
    every_family: bool
    """Both families are listed; else only the preferred one's, or the other's where that has none."""


class PingSection(NamedTuple):
    """Echo requests (manual 3.12): seconds from one to the next, and <result> for each failure."""

    interval: Seconds
    name: Count
    name_timed_out: Count
    reported: Count
    timed_out: Count
    other: Count


class TimeSection(NamedTuple):
    """<result> of +MNTP for each failure (manual 3.15)."""

    name: Count
    timed_out: Count
    unusable: Count


class ClockSection(NamedTuple):
    """The module's own clock."""

    zone: int
    """Quarters of an hour east of UTC."""
    start: str
    """What it shows at power-on, as AT+CCLK prints it; "": AT+CCLK? is ERROR until it is set."""
    quoted: bool
    """Whether AT+CCLK? prints it in quotes."""


class CloseModeSection(NamedTuple):
    """What one value of MIPCLOSE's <mode> does; where the parameter is unavailable, its default counts.

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


class Profile(NamedTuple):
    """One model, complete."""

    series: str
    sub_model: str
    family: Literal["NB", "Cat.1"]
    identity: IdentitySection
    line: LineSection
    power: PowerSection
    connection: ConnectionSection
    open_results: OpenResultSection
    close_modes: Mapping[str, CloseModeSection]
    close_results: CloseResultSection
    dns: DnsSection
    ping: PingSection
    time: TimeSection
    clock: ClockSection
    disconnected: Mapping[Literal["peer_closed", "broken", "pdp_down"], Count]
    params: Mapping[str, ParamSection]
    commands: Mapping[str, CommandSection]
    cme: Mapping[str, CmeSection]
