"""Wi-Fi scans: AT+MWIFISCANCFG, MWIFISCANSTART, MWIFISCANSTOP, MWIFISCANQUERY (vendor's Wi-Fi guide)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, NamedTuple

from onemo.at.command import Action, Key, KeyedSetting, NoParameters, print_line
from onemo.at.family import FamilyDefinition, StateField
from onemo.at.params import Defaulted, MaybeText
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.at.store import Slot
from onemo.modem.console import Console
from onemo.modem.modem import Modem
from onemo.modem.part import Part
from onemo.modem.surroundings import Surroundings
from onemo.profile.schema import Delay, Table
from onemo.profile.shape import between, capitals, shaped


def _is_name(value: str) -> str | None:
    fits = len(value.encode()) <= 32 and value.isprintable() and not set(value) & set('",;')
    return None if fits else f"is {value!r}, not up to 32 bytes of text without quotes, commas and semicolons"


class AccessPoint(NamedTuple):
    """An access point on the air. bssid: its address; rssi: in dBm; ssid: its name, "" for a hidden one."""

    bssid: Annotated[str, capitals(12)]
    rssi: Annotated[int, between(-127, 0)]
    channel: Annotated[int, between(1, 196)]
    ssid: Annotated[str, _is_name] = ""


class ScanTable(NamedTuple):
    """A scan."""

    round: Delay
    """How long one round of it takes."""
    shows_ssid: bool
    """The names of access points are told."""


WIFI = Table("wifi", tuple[AccessPoint, ...], "The access points on the air")
SCAN = Table("wifi_scan", ScanTable, "How long a Wi-Fi scan takes")


class ScanPriority(NamedTuple):
    """MWIFISCANCFG "priority": 1 comes before what the cellular radio does."""

    priority: Defaulted


class ScanLimit(NamedTuple):
    """MWIFISCANCFG "max": the most access points that are told."""

    max: Defaulted


class ScanStart(NamedTuple):
    """AT+MWIFISCANSTART; timeout in seconds; channel: that one alone, 255 every one."""

    round: Defaulted
    timeout: Defaulted
    ssid: MaybeText
    channel: Defaulted


class ScanQuery(NamedTuple):
    """AT+MWIFISCANQUERY."""

    sorted: Defaulted


_OF = "MWIFISCANCFG"
PRIORITY = Slot("priority", ScanPriority, of=_OF)
LIMIT = Slot("max", ScanLimit, of=_OF)
_EVERY_CHANNEL = 255
_ONE, _END = 1, 0
"""The first field of +MWIFISCANINFO: an access point, the end."""
_CUT = b"SCANINFO: 1"
"""What is missing in a line that is cut, as it was seen on hardware."""


def _fields(device: Modem, point: AccessPoint) -> tuple[int | str | bytes, ...]:
    """Return the fields of an access point: no encryption, no hidden flag, and the SSID on few models."""
    name = b'"' + point.ssid.encode() + b'"' if device.profile.table(SCAN).shows_ssid else b""
    return _ONE, name, point.bssid, b"", point.rssi, point.channel, b""


class Scanner(Part):
    """The scans of one boot cycle, one at a time. found: by the last, the strongest first."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self.found: tuple[AccessPoint, ...] = ()
        self._channel = _EVERY_CHANNEL
        self._console: Console | None = None

    @property
    def busy(self) -> bool:
        return self._console is not None

    def start(self, rounds: int, timeout: int, channel: int) -> None:
        """Begin a scan; while one runs, nothing. timeout: in seconds, after which it ends at the latest."""
        if self._console is None:
            device = self._device
            self._console, self._channel = device.console, channel
            self.deadline = device.now + min(rounds * device.profile.table(SCAN).round, timeout)

    def stop(self) -> None:
        """End the scan that runs. Raises CommandError(NOT_SUPPORTED): none does."""
        if self._console is None:
            raise CommandError(Cme.NOT_SUPPORTED)
        self._end()

    def on_deadline(self, now: float) -> None:
        device, console = self._device, self._console
        assert console is not None
        heard = [each for each in air_of(device).value if self._channel in (each.channel, _EVERY_CHANNEL)]
        points = sorted(heard, key=lambda point: -point.rssi)
        self.found = tuple(points[: device.settings.get(LIMIT).max])
        lines = [print_line("MWIFISCANINFO", *_fields(device, point)) for point in self.found]
        if lines and device.board.cuts_scan():
            middle = len(lines) // 2
            lines[middle] = lines[middle].replace(_CUT, b"")
        for line in lines:
            device.notify_on(console, line)
        self._end()

    def _end(self) -> None:
        console, self._console, self.deadline = self._console, None, math.inf
        assert console is not None
        self._device.notify_on(console, print_line("MWIFISCANINFO", _END))


def air_of(modem: Modem) -> Surroundings[tuple[AccessPoint, ...]]:
    """Return the access points that are on the air."""
    return modem.keeping.keeper("air")  # type: ignore[no-any-return]


def _make_air(modem: Modem) -> Surroundings[tuple[AccessPoint, ...]]:
    return Surroundings(modem.profile.table(WIFI), lambda points: [point._asdict() for point in points], read_points)


def read_points(entries: object) -> tuple[AccessPoint, ...]:
    """Read access points, each a table. Raises ValueError."""
    if not isinstance(entries, Iterable):
        raise ValueError(entries)
    points = [shaped(AccessPoint, entry if isinstance(entry, dict) else {})[0] for entry in entries]
    if None in points:
        raise ValueError(entries)
    return tuple(point for point in points if point is not None)


def _start(modem: Modem, record: ScanStart) -> Reply:
    """Begin a scan (AT+MWIFISCANSTART)."""
    modem.part(Scanner).start(record.round, record.timeout, record.channel)
    return DONE


def _stop(modem: Modem, record: NoParameters) -> Reply:
    """End the scan (AT+MWIFISCANSTOP). Raises CommandError as Scanner.stop."""
    modem.part(Scanner).stop()
    return DONE


def _query(modem: Modem, record: ScanQuery) -> Reply:
    """Tell what the last scan found (AT+MWIFISCANQUERY)."""
    found = modem.part(Scanner).found
    shown = [print_line("", *_fields(modem, point)).removeprefix(b"+: ") for point in found]
    return Reply((print_line("MWIFISCANQUERY", len(found)), *shown))


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        KeyedSetting("MWIFISCANCFG", (Key(PRIORITY), Key(LIMIT))),
        Action("MWIFISCANSTART", ScanStart, _start, bare=True, tested=False),
        Action("MWIFISCANSTOP", NoParameters, _stop, tested=False),
        Action("MWIFISCANQUERY", ScanQuery, _query, bare=True, tested=False),
    ),
    tables=(WIFI, SCAN),
    keepers={"air": _make_air},
    shows=dict.fromkeys(("MWIFISCANSTART", "MWIFISCANQUERY"), ("wifi", "wifi_scan")),
    state=(StateField("wifi", tuple[AccessPoint, ...], lambda modem: air_of(modem).value),),
    remarks={"MWIFISCANCFG": "priority makes no difference: a scan takes nothing from the cellular radio"},
)
