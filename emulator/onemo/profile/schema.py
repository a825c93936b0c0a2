"""The shape of a profile: what a TOML file may say, checked strictly. No number of a manual stands in code."""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

from onemo.profile.ranges import Range
from onemo.profile.shape import (
    at_least,
    between,
    capitals,
    digits,
    is_cell_identity,
    is_eid,
    is_file_id,
    is_key,
    is_number,
    is_octets,
    is_prompt,
)

T = TypeVar("T")
Seconds = Annotated[float, at_least(0)]
IS_DELAY = at_least(0)
Delay = Annotated[float, IS_DELAY]
"""Seconds that the module or its network takes, and --speed shortens."""
Count = Annotated[int, at_least(0)]
PromptText = Annotated[str, is_prompt]
"""A prompt for payload; for CR and LF the characters of S3 and S4 are sent."""


class Table(NamedTuple, Generic[T]):
    """A top-level table of a profile that belongs to a family, and its shape: a NamedTuple, or ``dict[str, …]``.

    title: for a reader; own: only ``show MODEL COMMAND`` prints it.
    """

    name: str
    shape: type[T]
    title: str
    own: bool = False


class ParamSection(NamedTuple):
    """One parameter of a command on this model.

    available false: a given value is refused. inert: accepted, checked and read back, but changes nothing.
    range: the integers accepted; shown: what a test command prints instead of it ("" prints nothing).
    default: what an omitted value means. max_length: of a string, in bytes; choices: the strings accepted.
    out_of_range: whether an integer outside its range is refused, answered with the bare ERROR, or ignored in favour
    of the default. A parameter that many commands have takes its range from there if it has none here.
    """

    available: bool = True
    inert: bool = False
    range: Range | None = None
    shown: str | None = None
    default: int | str | None = None
    max_length: Count | None = None
    choices: tuple[str, ...] = ()
    out_of_range: Literal["refuse", "ignore", "error"] = "refuse"


class KeySection(NamedTuple):
    """One key of a keyed setting (MIPCFG): its parameters. nv false: it ends with the boot cycle whatever others do."""

    params: Mapping[str, ParamSection] = {}
    nv: bool = True


class CommandSection(NamedTuple):
    """One command on this model. available false: the bare ERROR of an unknown command.

    nv: what is set outlives the boot cycle. refuses: parameters that do not fit are answered with the error of the
    family, or with the bare ERROR. readable false: a keyed setting, or what tells something, has no read form here.
    offers: the keys of a keyed setting that exist here, in the order in which a test command lists them.
    test: "rows" prints a line for each key, "summary" the list of keys and the ids of instances, "summary_comma" the
    same with a comma behind it.
    shown: what a test command prints instead of the ranges of the parameters ("" prints nothing).
    """

    available: bool = True
    nv: bool = False
    refuses: Literal["cme", "error"] = "cme"
    readable: bool = True
    params: Mapping[str, ParamSection] = {}
    keys: Mapping[str, KeySection] = {}
    offers: tuple[str, ...] | None = None
    test: Literal["rows", "summary", "summary_comma"] | None = None
    shown: str | None = None


class IdentitySection(NamedTuple):
    """The module's names and numbers. revision: {sub_model} is replaced; msisdn: international, ``+`` and digits."""

    manufacturer: str
    model: str
    revision: str
    serial: str
    imei: Annotated[str, digits(15)]
    imeisv: Annotated[str, digits(16)]
    svn: Annotated[str, digits(2)]
    imsi: Annotated[str, digits(15)]
    iccid: Annotated[str, digits(20)]
    msisdn: Annotated[str, is_number]


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
    lf_window: Seconds
    """How long after a line's CR an LF still belongs to it; at least three characters of a line held to its speed."""
    prompt: PromptText
    """The > of a payload entry, where a command has no other."""


class PowerSection(NamedTuple):
    """Start and restart."""

    boot_time: Delay
    register_time: Delay
    """From power-on until the module is registered."""
    banner: str
    autobaud: bool
    """At AT+IPR=0, where the model has that, the banner comes with the answer to the first command line."""
    reboot_notice: str
    off_notice: str


class SleepSection(NamedTuple):
    """Sleep and power saving."""

    release_time: Delay
    """Silence that it takes at least: the network's connection is released after it."""
    wake_time: Seconds
    """How long after the input that woke the module input is lost."""
    wake_rate: Count
    """The fastest line (AT+IPR, bit/s) whose input ends deep sleep; 0: any."""
    mode_at_start: Count
    """MLPMCFG "sleepmode" at a start as the guide has it, which counts with starts_asleep alone."""
    starts_asleep: bool
    """A start begins with mode_at_start; else the module never sleeps unless it is told to."""
    drops_tcp: bool
    """TCP connections do not outlive deep sleep."""
    permanent_required: bool
    """MLPMCFG "sleepmode" has to be given <permanent>."""
    level: Literal[1, 2]
    """The sleep that shows on the line: 1 light, in which nothing is lost; 2 deep."""
    paging_window: str
    """The window of eDRX, in binary digits (24.008 10.5.5.32)."""


class SimSection(NamedTuple):
    """The card in the slot."""

    present: bool
    pin: Annotated[str, digits(4, 8)]
    puk: Annotated[str, digits(8)]
    locked: bool
    """The PIN is asked for at the start."""
    pin_tries: Count
    puk_tries: Count
    removed: str
    """The text of the +CPIN URC when the card is taken out; "": no such URC, neither when it is put back."""


class CellSection(NamedTuple):
    """A cell on the air. sinr, tx_power: in tenths of dB and of dBm."""

    earfcn: Count
    """Its downlink frequency, from which its band follows."""
    pci: Annotated[int, between(0, 503)]
    sinr: int
    tx_power: int
    ci: Annotated[str, is_cell_identity] = ""
    """Eight hexadecimal digits; "": the first cell has that of [radio], the others have their band as its end."""


FileId = Annotated[str, is_file_id]
FileContent = Annotated[str, is_octets]
Key128 = Annotated[str, is_key]
"""A key; no command of the emulator shows it."""


class CardSection(NamedTuple):
    """The files of the card and its keys; files by identifier, 2F.. under the MF, all others under the USIM.

    What files lacks and every card has (ICCID, IMSI, SPN, MSISDN) comes from [identity] and [radio]; messages, their
    centre and the location are the module's own.
    """

    eid: Annotated[str, is_eid]
    """The number of an eUICC; "": the card is none."""
    k: Key128
    opc: Key128
    """The keys of MILENAGE (35.206)."""
    channels: Annotated[int, between(1, 19)]
    """Most logical channels that are open at once."""
    usim: Annotated[str, is_octets]
    """The AID of the USIM."""
    open: tuple[FileId, ...]
    """Files that are read without the PIN."""
    updated: tuple[FileId, ...]
    """Files that are written with the PIN; all others only by whoever issued the card."""
    records: Mapping[FileId, Annotated[int, between(14, 255)]]
    """The octets of a record, of files that have records; all others are transparent."""
    short: Mapping[FileId, Annotated[int, between(1, 30)]]
    """The short identifiers of files that have one, of each directory for itself."""
    files: Mapping[FileId, FileContent]
    """What files hold, in hex; records follow one another."""


class RadioSection(NamedTuple):
    """The cell and the operator. rssi, ber as AT+CSQ prints them; rxlev, rsrq, rsrp as AT+CESQ does."""

    search_time: Delay
    """From CFUN=1, CGATT=1, COPS=0, the PIN or returning coverage until the module is registered."""
    scan_time: Delay
    """How long AT+COPS=? takes."""
    tac: Annotated[str, capitals(4)]
    ci: Annotated[str, capitals(8)]
    act: Count
    rssi: Count
    ber: Count
    rxlev: Count
    rsrq: Count
    rsrp: Count
    operator: str
    operator_short: str
    plmn: Annotated[str, digits(5, 6)]
    others: tuple[str, ...]
    """The numbers of other operators, which AT+COPS=? finds and which take nobody."""
    name_format: Count
    """<format> of AT+COPS at the start."""
    refusal: Count
    """The cause with which a network refuses the module (24.301 9.9.3.9), for AT+CEREG=3."""
    resets_contexts: bool
    """AT+CFUN=0 deletes the definitions of AT+CGDCONT."""
    full_reboots: bool
    """Going from AT+CFUN=0 to 1 restarts the module."""
    full_scan: Count
    """How many times as long a search takes that cannot begin with frequencies of before (AT+MCSEARFCN)."""
    bands: Mapping[Annotated[str, digits(1, 2)], Range]
    """The downlink frequencies (EARFCN) of each band."""


class GivenContextSection(NamedTuple):
    """A context that the module defines itself, as AT+CGDCONT? prints it."""

    pdp_type: str
    apn: str
    ipv4_addr_alloc: Count
    request_type: Count
    p_cscf_discovery: Count
    im_cn_signalling: Count


class ContextsSection(NamedTuple):
    """PDP contexts."""

    default: Count
    pdp_type: str
    apn: str
    needs_call: bool
    """Connections need a data call (AT+MIPCALL), not only an active context."""
    without_autoconn: Literal["no_call", "minimum", "camps"]
    """AT+MUECONFIG="autoconn",0: no call comes by itself; it stays at AT+CFUN=0; it registers for AT+MIPCALL alone."""
    announces_call: bool
    """The call that comes up by itself is announced by a URC."""
    most_active: Count
    cids_a_command: Count
    """Most cids that one AT+CGACT takes."""
    bare_deactivation: bool
    """AT+CGACT=0 may be given without a cid."""
    given: Mapping[Annotated[str, digits(1, 2)], GivenContextSection]
    """Contexts beside the default one that the module defines itself, by cid."""
    reserved: tuple[int, ...]
    """Cids that the module keeps for itself."""
    last_context: Literal["ends", "returns", "stays"]
    """The last active context, deactivated by AT+CGACT: it ends; it comes back by itself; it is refused."""
    return_time: Delay
    """How long it takes to come back."""
    keeps_default: bool
    """What was set of the default context outlives power-off; else only a restart."""
    only_call: Literal["ends", "stays"]
    """AT+MIPCALL=0 of the only call: it ends; CME 3."""
    call_without_cid: Literal["error", "all"]
    """AT+MIPCALL without a cid: the bare ERROR, or every defined one."""
    given_apn: str
    """The APN that the network gives to a context without one."""
    masks: bool
    """AT+CGCONTRDP prints the subnet masks."""
    mask_ipv4: str
    mask_ipv6: str
    """The subnet masks that AT+CGCONTRDP prints behind the addresses."""
    events: Count
    """Most events of AT+CGEREP=0 that are kept for later; more push out the oldest."""


class DnsSection(NamedTuple):
    """Names (manual 3.10, 3.11)."""

    ipv4: tuple[str, str]
    """The servers where neither the user nor the network names any."""
    ipv6: tuple[str, str]
    operator_ipv4: Mapping[str, str]
    """The first of ipv4 for the SIM cards of some operators, by the first digits of their IMSI."""
    empty_between: bool
    """AT+MDNSCFG prints an empty field between the two servers."""
    listed: Count
    """Most addresses in one +MDNSGIP."""
    every_family: bool
    """Both families are listed; else only the preferred one's, or the other's where that has none."""


class ClockSection(NamedTuple):
    """The module's own clock."""

    zone: int
    """Quarters of an hour east of UTC."""
    zones: Range
    """How many quarters of an hour AT+CCLK takes, east or west."""
    last_year: Count
    """The last that AT+CCLK takes; the first is 1970."""
    start: str
    """The time that it shows at power-on, as AT+CCLK prints it; "": AT+CCLK? is ERROR until it is set."""
    quoted: bool
    """AT+CCLK? prints it in quotes."""


class ErrorSection(NamedTuple):
    """One error of a final result code: its number and its text (AT+CMEE=2)."""

    number: Count
    text: str


class AnswerSection(NamedTuple):
    """An answer of the profile's own, to a command that no family has on this model; its name is the whole line.

    lines: its information responses; pattern: the name is a pattern of lines, whose groups stand in lines as {1} and
    {name}. result: its final result code, "" for none. delay: from the command until all of it comes.
    """

    lines: tuple[str, ...] = ()
    result: str = "OK"
    delay: Delay = 0.0
    pattern: bool = False


class Profile(NamedTuple):
    """One model: the tables of the device, and those of the families that were read.

    params, commands, cme, cms, cis: by name; they grow as families are read. lacks: the families of which it has no
    command. answers: its own, by the line. tables: those of families, by name.
    """

    series: str
    sub_model: str
    family: Literal["NB", "Cat.1", "5G"]
    identity: IdentitySection
    line: LineSection
    power: PowerSection
    sleep: SleepSection
    sim: SimSection
    card: CardSection
    radio: RadioSection
    contexts: ContextsSection
    dns: DnsSection
    clock: ClockSection
    cells: tuple[CellSection, ...]
    params: dict[str, ParamSection]
    commands: dict[str, CommandSection]
    cme: dict[str, ErrorSection]
    cms: dict[str, ErrorSection]
    cis: dict[str, ErrorSection]
    lacks: tuple[str, ...] = ()
    answers: Mapping[str, AnswerSection] = {}
    tables: Mapping[str, Any] = {}

    def table(self, table: Table[T]) -> T:
        """Return a family's own table."""
        return self.tables[table.name]  # type: ignore[no-any-return]


BY_NAME = ("params", "commands", "cme", "cms", "cis")  # the tables of named entries that every family adds to
