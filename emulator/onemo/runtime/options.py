"""The options of a module, said once: ``run``, labs, the pytest plugin, ``Hosted`` and the guides read them here.

Plain data, and quick to import: how a value is written, its range and default, its help, and where the option exists.
"""

# No postponed annotations: the options are in them, and nothing need evaluate them again.

import os
from collections.abc import Iterator
from enum import Enum
from itertools import combinations
from math import inf
from os import PathLike, fspath
from pathlib import Path
from typing import Annotated, Any, NamedTuple


class OptionType(Enum):
    """How a value is written; the value is how tables say it."""

    FLAG = "true or false"
    INTEGER = "whole number"
    NUMBER = "number"
    OCTAL = "octal digits"  # in TOML a text; for Python a whole number
    TEXT = "text"
    PATH = "path"
    PLACE = "path of a file or directory"  # kept as it is written, for a / at its end tells a directory
    DIRECTORY = "directory"
    LINE = "path or URL"  # of a pty's link, or of a line that is none, for which a command line has other options


FLAG, INTEGER, NUMBER, OCTAL, TEXT, PATH, PLACE, DIRECTORY, LINE = OptionType
_NUMBERS = (INTEGER, NUMBER, OCTAL)
_SAID = {
    FLAG: "True or False",
    TEXT: "a string",
    PATH: "a path",
    PLACE: "a path",
    DIRECTORY: "a directory",
    LINE: "a path, tcp://HOST:PORT, connect://HOST:PORT, rfc2217://HOST:PORT or uart:///dev/ttyUSB0",
}
_CLASSES: dict[OptionType, Any] = {
    FLAG: bool,
    INTEGER: int,
    NUMBER: (int, float),
    OCTAL: int,
    TEXT: str,
}
"""The classes of a value in Python; the others have a text or a path."""


class Option(NamedTuple):
    """One option.

    about: its help, whose first line the guides have. said: a value in words, where it has other ones than all of its
    type. low, high: the range of a number; choices: the texts that there are. several: it may be repeated. negative: a
    flag that may be refused too, as with --no-strict-baud. run, lab, python: its name on the command line of ``run``,
    in a lab's table and as a keyword; empty: as name, the field's; None: it does not exist there. short: another flag;
    variable: of the environment, which counts where it is left out. in_lab: a remark for the lab's table. group: the
    heading under which ``run --help`` has it.
    """

    type: OptionType
    about: str
    metavar: str = ""
    said: str = ""
    low: float = 0
    high: float = inf
    choices: tuple[str, ...] = ()
    several: bool = False
    negative: bool = False
    run: str | None = ""
    lab: str | None = ""
    python: str | None = ""
    short: str = ""
    variable: str = ""
    in_lab: str = ""
    name: str = ""
    default: object = None
    group: str = ""

    @property
    def flag(self) -> str:
        """How it is typed behind ``run``: the model is an argument."""
        return self.metavar if self.name == "model" else f"--{(self.run or self.name).replace('_', '-')}"

    @property
    def words(self) -> str:
        """A value, said in words."""
        return self.said or " or ".join(self.choices) or _SAID[self.type]

    def read(self, text: str) -> object:
        """Return the value that text on a command line is. Raises ValueError, which says what to write."""
        if self.type is LINE:
            return Path(text)
        value = _number(self.type, text) if self.type in _NUMBERS else text
        if value is None or not self._has(value):
            raise ValueError(f"write {self.words}")
        return self._placed(value)

    def take(self, value: object) -> object:
        """Return a value of Python's, or one of several, in its final type; of a LINE, its text.

        Raises ValueError, which says what to give.
        """
        given: Any = value
        fits = isinstance(value, _CLASSES.get(self.type, (str, PathLike))) and value != ""
        fits = fits and isinstance(value, bool) is (self.type is FLAG)
        fits = fits and self._has(given) and (self.type is not LINE or bool(line_of(fspath(given))))
        if not fits:
            words = "permissions, like 0o660" if self.type is OCTAL else self.words
            raise ValueError(f"give {words}{', or a list of them' if self.several else ''}")
        return self._placed(given)

    def _has(self, value: object) -> bool:
        """Tell whether a value of the right class is in the range, or one of the choices."""
        if isinstance(value, (int, float)) and self.type in _NUMBERS:
            return self.low <= value <= self.high and value != inf
        return not self.choices or value in self.choices

    def _placed(self, given: object) -> object:
        value: Any = given
        if self.type is DIRECTORY and not Path(value).is_dir():
            raise ValueError("is a file, not a directory" if Path(value).exists() else "there is no such directory")
        if self.type in (PATH, DIRECTORY):
            return Path(value)
        return fspath(value) if self.type in (PLACE, LINE) else value


def line_of(text: str) -> dict[str, Any]:
    """Return the line that a LINE names, by its field: the path of a pty's link, or a URL. Empty: it is neither."""
    scheme, separator, place = text.partition("://")
    if not separator or not scheme.isalnum():
        return {"link": Path(text)} if text else {}
    if scheme in ("tcp", "rfc2217"):
        return {scheme: place or "127.0.0.1:0"}
    if scheme == "connect" and place:
        return {scheme: place}
    return {"uart": place} if scheme == "uart" and place.startswith("/") else {}


def _number(type_: OptionType, text: str) -> int | float | None:
    """Return the number that text is; None: it is none of that type."""
    if type_ is NUMBER:
        try:
            return float(text)
        except ValueError:
            return None
    base, digits = (8, "01234567") if type_ is OCTAL else (10, "0123456789")
    unsigned = text.removeprefix("-")
    return int(text, base) if unsigned and not set(unsigned) - set(digits) and len(text) <= 20 else None


def _of_run(type_: OptionType, about: str, metavar: str = "", **more: Any) -> Option:  # noqa: ANN401  (its fields)
    """Declare an option of ``run`` alone."""
    return Option(type_, about, metavar=metavar, lab=None, python=None, **more)


MODEL = "ML307R"
"""The usual one."""
_SECONDS = "a number of seconds, 0 or more"
_OVERRULES = "it overrules the name's"


_WRITTEN = ("trace", "ready_file", "nv", "log")
_FILES = (*_WRITTEN, "scenario", "sandbox_file", "card", "restore")
"""Options that name one file each, of which those that are written would destroy another."""


class ModuleOptions(NamedTuple):
    """The options of a module, and those of the process of ``run`` around it.

    None: the profile decides, or there is none.
    """

    # fmt: off
    model: Annotated[str, Option(
        TEXT, 'A series (ML307R) or a sub-model (ML307A-GSLN), in any case; "onemo-emulator models" lists them. ML307R '
        "if left out.", metavar="MODEL", python=None)] = MODEL
    link: Annotated[Path | None, Option(
        LINE, "Make this path a symbolic link to the port, so that its name stays the same from run to run.\n"
        "It is gone at the end; one that a dead emulator left is replaced.", metavar="PATH",
        in_lab="or another line: `tcp://HOST:PORT`, `connect://HOST:PORT`, `rfc2217://HOST:PORT`, "
        "`uart:///dev/ttyUSB0`")] = None
    ports: Annotated[tuple[Path, ...], Option(
        PATH, "One more AT line of the module: a pseudo-terminal with this path as its symbolic link. May be repeated.",
        metavar="PATH", several=True, run="port")] = ()
    pty_mode: Annotated[int | None, Option(
        OCTAL, "Permissions of the port, like 660. The host decides if left out.", metavar="OCTAL",
        high=0o777, said="the permissions in octal, from 0 to 777, like 660", in_lab='in quotes, like `"660"`')] = None
    tcp: Annotated[str | None, _of_run(
        TEXT, "Listen there instead, for a DTE that opens socket://HOST:PORT. Port 0 lets the system choose.",
        metavar="HOST:PORT")] = None
    connect: Annotated[str | None, _of_run(
        TEXT, "Connect there instead, where a simulator or a terminal server listens, and again when it hangs up.",
        metavar="HOST:PORT")] = None
    rfc2217: Annotated[str | None, _of_run(
        TEXT, "The same with speed and modem lines, for rfc2217://HOST:PORT. DTR wakes a sleeping module.",
        metavar="HOST:PORT")] = None
    uart: Annotated[str | None, _of_run(
        TEXT, "Be at this serial device instead, like /dev/ttyUSB0, with the DTE at the other end of its cable.",
        metavar="DEVICE")] = None
    baud: Annotated[int | None, Option(
        INTEGER, "Speed of that device at the start, for a module that finds out its DTE's (AT+IPR=0): 115200 if left "
        "out. With any other module it is the module's own, and needs not be said. AT+IPR changes it.", metavar="BIT/S",
        low=1, high=99_999_999, said="a speed in bit/s, like 115200")] = None
    command: Annotated[str | None, _of_run(
        TEXT, "Start this command once the module is ready; its terminal is the line, or {port} in it is the port's "
        "path.\n"
        "Its exit status is ours, and the ready line goes to stderr.", metavar="COMMAND", run="exec")] = None
    exec_when: Annotated[str, _of_run(
        TEXT, "Start the command of --exec when the module is 'ready', or only once it is 'registered'. Ready if left "
        "out.", metavar="WHEN", choices=("ready", "registered"))] = "ready"
    pace: Annotated[bool, Option(
        FLAG, "Be as slow as the line's speed: that of AT+IPR, or that which the DTE set.")] = False
    strict_baud: Annotated[bool | None, Option(
        FLAG, "Let nothing but noise pass while the DTE's speed is known and is not that of AT+IPR. "
        "So it is over RFC 2217 if left out. With --no-strict-baud any speed will do, also as --baud.",
        negative=True)] = None
    profiles: Annotated[tuple[Path, ...], Option(
        DIRECTORY, "A directory with profiles of your own; they come before the built-in ones. May be repeated.",
        metavar="DIR", several=True, lab=None)] = ()
    boot_time: Annotated[float | None, Option(
        NUMBER, "Time from the start until the module answers. The profile decides if left out.",
        metavar="SECONDS", said=_SECONDS)] = None
    register_time: Annotated[float | None, Option(
        NUMBER, "Time from the start until the module is registered, and of every later search. "
        "The profile decides if left out.",
        metavar="SECONDS", said=_SECONDS)] = None
    early_input: Annotated[str, Option(
        TEXT, "What is typed before the first boot is over is 'kept' until then, or 'lost' as on hardware. Later boots "
        "lose it. Kept if left out.", metavar="HOW", choices=("kept", "lost"))] = "kept"
    power_on: Annotated[str, Option(
        TEXT, "The first boot begins at the 'start', or with the DTE that opens a port first, which hears all of it: "
        "'open'. At the start if left out.\n"
        "The ready line then comes before the boot.", metavar="WHEN", choices=("start", "open"))] = "start"
    sleep_default: Annotated[str, Option(
        TEXT, "The sleep mode at a start: 'off', no sleep unless asked for, or that of the 'model', which may be deep "
        "sleep. Off if left out.", metavar="MODE", choices=("off", "model"))] = "off"
    speed: Annotated[float, Option(
        NUMBER, "Let every emulated delay (boot, registration, 2 MSL, AT+COPS=?, pings) pass so many times faster.",
        metavar="N", low=0.001, high=1_000_000, said="how many times faster, from 0.001 to 1000000, like 10")] = 1.0
    trace: Annotated[Path | None, Option(
        PATH, "Write all that crosses the serial line and the network to this file, as JSON lines.\n"
        "A process that is killed (SIGKILL) loses the last 0.2 s of it at most.", metavar="FILE", python=None)] = None
    source: Annotated[str | None, Option(
        TEXT, "An address of this host, with which its traffic leaves. Two modules with different ones can have the "
        "same local port.", run=None)] = None
    routes: Annotated[tuple[str, ...], Option(
        TEXT, "Send what the firmware dials as PATTERN to TARGET: '1.2.3.4:80=127.0.0.1:8080'. May be repeated.\n"
        "The first match wins, of what was dialled, then of what that was resolved to.\n"
        "PATTERN is HOST or HOST:PORT, with * for anything: '*.example.com:443', '[2001:db8::1]'.\n"
        "TARGET is HOST, HOST:PORT, sandbox, sandbox+tls or direct.\n"
        "It holds for TCP, UDP, name servers, time servers and pings.",
        metavar="PATTERN=TARGET", several=True, run="route", python="route")] = ()
    denied: Annotated[tuple[str, ...], Option(
        TEXT, "What must not be reached: connections to PATTERN fail. May be repeated.",
        metavar="PATTERN", several=True, run="deny", lab="deny", python="deny")] = ()
    published: Annotated[tuple[str, ...], Option(
        TEXT, "Where on this host a port is on which the module listens: '8080=80', '0.0.0.0:5683=125/udp'. May be "
        "repeated.\n"
        "HOST alone decides who can reach it: loopback if left out. PORT 0 is any free one; 'HOST:*=*' is every port "
        "under its own number.",
        metavar="[HOST:]PORT=MODULE_PORT", several=True, run="publish", lab="publish", python="publish")] = ()
    offline: Annotated[bool, Option(FLAG, "Deny everything but loopback and the sandbox.")] = False
    sandbox: Annotated[bool, Option(
        FLAG, "A network inside the emulator: every name, ping and port answers. Short for --route '*:*=sandbox'.",
        )] = False
    sandbox_file: Annotated[Path | None, Option(
        PATH, "The sandbox's names, ping times and web answers, and the network's answers to USSD codes, in TOML.",
        metavar="FILE")] = None
    sandbox_family: Annotated[str, Option(
        TEXT, "The addresses that names have in the sandbox: 'ipv4' (A records alone), 'ipv6' (AAAA alone) or 'both'. "
        "Both if left out.", metavar="FAMILY", choices=("ipv4", "ipv6", "both"))] = "both"
    nv: Annotated[str | None, Option(
        PLACE, "Keep what outlives a restart in this file, or in this directory. Forgotten at the end if left out.",
        metavar="FILE", in_lab="a directory ends with `/`")] = None
    file_store: Annotated[int | None, Option(
        INTEGER, "The room of the module's file store. The profile decides if left out.",
        metavar="BYTES", high=1 << 28, said="bytes from 0 to 268435456, like 67108864")] = None
    restore: Annotated[Path | None, Option(
        PATH, "Start with all that a module had when \"ctl snapshot\" wrote this file.\n"
        "Its numbers, PIN and card are the file's too, unless other options say them; the NV of --nv has to be empty.",
        metavar="FILE")] = None
    zone: Annotated[int | None, Option(
        INTEGER, "The module's time zone in quarters of an hour, 32 for UTC+8. The profile decides if left out.",
        metavar="QUARTERS", low=-48, high=56, said="quarters of an hour from -48 to 56, like 32 for UTC+8")] = None
    name: Annotated[str | None, Option(
        TEXT, "The module's name: it has an IMEI, IMSI, ICCID, telephone and serial number of its own, the same "
        "at every start.",
        metavar="STR", in_lab="`ML307R-1`, `ML307R-2` … if left out. Every name has numbers of its own")] = None
    imei: Annotated[str | None, Option(
        TEXT, "Its IMEI, 15 digits.", metavar="DIGITS", in_lab=_OVERRULES)] = None
    imsi: Annotated[str | None, Option(
        TEXT, "The card's IMSI, 15 digits.", metavar="DIGITS", in_lab=_OVERRULES)] = None
    iccid: Annotated[str | None, Option(
        TEXT, "The card's ICCID, 20 digits.", metavar="DIGITS", in_lab=_OVERRULES)] = None
    msisdn: Annotated[str | None, Option(
        TEXT, "The card's own telephone number: + and 3 to 20 digits.", metavar="NUMBER", in_lab=_OVERRULES)] = None
    revision: Annotated[str | None, Option(
        TEXT, "The revision of its firmware, as AT+CGMR tells it.", metavar="TEXT")] = None
    pin: Annotated[str | None, Option(
        TEXT, "Lock the card: it asks for this PIN at every start.", metavar="DIGITS")] = None
    card: Annotated[Path | None, Option(
        PATH, "What is on the card, over the profile's, in TOML: eid, k, opc and, in [files], hex by identifier.",
        metavar="FILE")] = None
    no_sim: Annotated[bool, Option(FLAG, "Leave the card out.", python="sim")] = False
    fault: Annotated[tuple[str, ...], Option(
        TEXT,
        "Let this go wrong: 'net-reset operation=send after=2', 'sim-remove after=5s', hostile. May be repeated.\n"
        "docs/faults.md has every kind with its keys. At the end, stderr tells how often each fired.",
        metavar="'KIND KEY=VALUE ...'", several=True, lab=None)] = ()
    seed: Annotated[int | None, Option(
        INTEGER, "Let the faults' dice fall as they did with this seed, which is told at the end.",
        metavar="N", high=2**64 - 1, said="a number from 0 to 18446744073709551615")] = None
    scenario: Annotated[Path | None, Option(PATH, "Faults that follow one another, in TOML.", metavar="FILE")] = None
    json: Annotated[bool, _of_run(
        FLAG, "Print the ready line as a JSON object: name (if it has one), model, port, link, ports (if several).",
        )] = False
    ready_file: Annotated[Path | None, _of_run(
        PATH, "Have the ready line as JSON in this file while ready, touched every 5 s. ONEMO_READY_FILE if left out.",
        metavar="FILE", variable="ONEMO_READY_FILE")] = None
    control: Annotated[str | None, _of_run(
        TEXT, "Serve the control API and its page there, for programs of this host; port 0 lets the system choose.",
        metavar="HOST:PORT")] = None
    control_token: Annotated[str | None, _of_run(
        TEXT, "What every request to the control must carry; needed on an address that others reach. "
        "ONEMO_CONTROL_TOKEN if left out.", metavar="TOKEN", variable="ONEMO_CONTROL_TOKEN")] = None
    verbose: Annotated[bool, _of_run(FLAG, "Show the dialogue on stderr as it happens.", short="-v")] = False
    log: Annotated[Path | None, _of_run(
        PATH, "Write what stderr is told, but for the dialogue of -v, to the end of this file, each line with its "
        "time.", metavar="FILE")] = None
    # fmt: on

    def misfits(self, line: object, device: str) -> Iterator[tuple[str, str]]:
        """Yield each option that does not fit the line, and why.

        line: as it was named; device: how one names a serial device.
        """
        if self.strict_baud and (self.tcp or self.connect or self.uart) is not None and not self.ports:
            yield "strict_baud", f"needs a speed of the DTE, and {line} tells none: use RFC 2217 or leave it out"
        if self.baud is not None and self.uart is None:
            yield "baud", f"is the speed of a serial device: name that {device}, or use AT+IPR"
        if self.exec_when != "ready" and self.command is None:
            yield "exec_when", "is for the command of --exec: name one, or leave it out"
        if (self.tcp or self.connect or self.rfc2217 or self.uart) is not None:
            for name, value in (("link", self.link), ("pty_mode", None if self.ports else self.pty_mode)):
                if value is not None:
                    yield name, f"is for a pseudo-terminal, and {line} is none: leave one of them out"
        places = [Path(os.path.abspath(each)) for each in (self.link, *self.ports) if each is not None]
        if (place := next((place for place in places if places.count(place) > 1), None)) is not None:
            yield "ports", f"{place} is there twice: give each port a path of its own"
        files = {name: str(file) for name in _FILES if (file := getattr(self, name)) is not None}
        for name, other in combinations(files, 2):
            if name in _WRITTEN and os.path.realpath(files[other]) == os.path.realpath(files[name]):
                yield name, f"{files[name]} is the {other.replace('_', ' ')} as well: give each a file of its own"


GROUPS: dict[str, tuple[str, ...]] = {
    "Line": (
        *("link", "ports", "pty_mode", "tcp", "connect", "rfc2217", "uart", "baud", "command", "exec_when"),
        *("pace", "strict_baud"),
    ),
    "Network": ("routes", "denied", "published", "offline", "sandbox", "sandbox_file", "sandbox_family", "source"),
    "Identity and memory": (
        *("profiles", "name", "imei", "imsi", "iccid", "msisdn", "revision", "pin", "no_sim", "card"),
        *("nv", "file_store", "restore"),
    ),
    "Time": ("boot_time", "register_time", "early_input", "power_on", "sleep_default", "speed", "zone"),
    "Faults": ("fault", "seed", "scenario"),
    "Output": ("trace", "verbose", "log", "json", "ready_file", "control", "control_token"),
}
"""The headings of ``run --help``, and the options under each."""
_GROUP = {name: group for group, names in GROUPS.items() for name in names}


def _named(name: str, option: Option) -> Option:
    """Return the option with its name wherever it has no other, its default and its group."""
    run, lab, python = (name if said == "" else said for said in (option.run, option.lab, option.python))
    default, group = ModuleOptions._field_defaults[name], _GROUP.get(name, "")
    return option._replace(name=name, default=default, run=run, lab=lab, python=python, group=group)


OPTIONS = {name: _named(name, hint.__metadata__[0]) for name, hint in ModuleOptions.__annotations__.items()}
"""By the name of the field, in the order in which they are told."""
