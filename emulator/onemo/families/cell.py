"""The cell: AT+MUESTATS, MLOCKFREQ, MCSEARFCN, MBAND, MEMMTIMER (vendor's extended guide), CSCON (27.007 7.39)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from onemo.at.command import Action, Setting, print_line
from onemo.at.family import FamilyDefinition, StateField
from onemo.at.outcome import Outcome
from onemo.at.params import Defaulted, MaybeText
from onemo.at.reply import Cme, CommandError, Reply
from onemo.at.store import Slot
from onemo.modem.cells import BAND_SELECTION, FREQUENCY_LOCK, BandSelection, FrequencyLock, FrequencyMemory
from onemo.modem.intents import Tell
from onemo.modem.modem import Modem
from onemo.modem.part import Part
from onemo.modem.radio import Function
from onemo.profile.schema import Count, Table

_UNKNOWN = -32768
"""A figure that is not known."""
_NOWHERE: Mapping[str, int | bytes] = {"cellid": b"FFFFFFFF", "ecl": 255, "earfcn": -1, "pci": 65535}
"""The figures of no cell, beside times, which are 0, and figures that are not known."""
_BLOCK = 125
"""Bytes of a block of the radio."""
_RATES = 10_000
"""A rate of one."""


Figure = Literal["rsrp", "rssi", "tx_power", "tx_time", "rx_time", "cellid", "ecl", "sinr", "earfcn", "pci", "rsrq"]
"""The figures of "radio", in order."""
Kind = Literal["radio", "cell", "sband", "bler", "thp"]


class CellTable(NamedTuple):
    """What AT+MUESTATS tells. offset: of the frequency, as it is printed; times in ms."""

    rat: Count
    offset: str
    tx_time: Count
    rx_time: Count
    ecl: Count
    radio_fields: tuple[Figure, ...]
    """The figures of "radio" that the model has; the others are empty fields."""
    tells_neighbours: bool
    all: tuple[Kind, ...]
    """What "all" tells, in order."""
    rescan_needs_minimum: bool
    """AT+MCSEARFCN is for AT+CFUN=0."""
    priority: bool
    """The order of AT+MBAND is that of the search; else they are read back in ascending order."""


CELL = Table("cell", CellTable, "The cell as AT+MUESTATS tells it")


class Statistics(NamedTuple):
    """AT+MUESTATS; kind "radio", "cell", "sband", "bler", "thp" or "all"."""

    kind: MaybeText


class Rescan(NamedTuple):
    """AT+MCSEARFCN[=0]."""

    mode: Defaulted


class TimerReport(NamedTuple):
    """AT+MEMMTIMER: 1 tells of the timers of 24.301."""

    enable: Defaulted


class ConnectionReport(NamedTuple):
    """AT+CSCON (27.007 7.39): 1 tells when the connection to the network comes and goes."""

    n: Defaulted


TIMER_REPORT = Slot("MEMMTIMER", TimerReport)
CONNECTION_REPORT = Slot("CSCON", ConnectionReport)


# AT+MUESTATS.


def _levels(modem: Modem) -> tuple[int, int, int]:
    """Return rsrp, rsrq and rssi in tenths of dBm and dB, of the figures of AT+CESQ and AT+CSQ (27.007 8.5, 8.69)."""
    signal = modem.radio.signal
    return (
        _UNKNOWN if signal.rsrp > 97 else 10 * (signal.rsrp - 141),
        _UNKNOWN if signal.rsrq > 34 else 5 * signal.rsrq - 200,
        _UNKNOWN if signal.rssi > 31 else 10 * (2 * signal.rssi - 113),
    )


def _radio(modem: Modem) -> list[bytes]:
    table, cell = modem.profile.table(CELL), modem.radio.serving
    rsrp, rsrq, rssi = _levels(modem)
    values: dict[str, int | bytes] = {"rsrp": rsrp, "rssi": rssi, "rsrq": rsrq, "tx_time": 0, "rx_time": 0}
    if cell is None:
        values |= {"tx_power": _UNKNOWN, "sinr": _UNKNOWN, **_NOWHERE}
    else:
        values |= {"tx_power": cell.tx_power, "sinr": cell.sinr, "tx_time": table.tx_time, "rx_time": table.rx_time}
        values |= {"cellid": cell.ci.encode(), "ecl": table.ecl, "earfcn": cell.earfcn, "pci": cell.pci}
    shown = [values[name] if name in table.radio_fields else b"" for name in get_args(Figure)]
    return [print_line("MUESTATS", "radio", table.rat, *shown)]


def _cell(modem: Modem) -> list[bytes]:
    table, cell, plmn = modem.profile.table(CELL), modem.radio.serving, modem.profile.radio.plmn.encode()
    if cell is None:
        return []
    rsrp, rsrq, rssi = _levels(modem)
    network = table.rat, plmn[:3], plmn[3:]
    offset = table.offset.encode()
    own = (cell.earfcn, offset, cell.pci, rsrp, rsrq, rssi, cell.sinr)
    lines = [print_line("MUESTATS", "scell", *network, *own)]
    if table.tells_neighbours:
        others = [each for each in modem.cell.cells if each.band == cell.band and each != cell]
        lines += [print_line("MUESTATS", "ncell", *network, each.earfcn, offset, each.pci, rsrp) for each in others]
    return lines


def _band(modem: Modem) -> list[bytes]:
    cell = modem.radio.serving
    return [] if cell is None else [print_line("MUESTATS", "sband", cell.band)]


def _errors(modem: Modem) -> list[bytes]:
    """Tell bytes and blocks of the connections; what is lost is sent again, and the rates are its share."""
    traffic, rate = modem.cell.traffic, round(modem.cell.loss * _RATES)
    sent, received = -(-traffic.sent // _BLOCK), -(-traffic.received // _BLOCK)
    again = round(sent * modem.cell.loss)
    return [print_line("MUESTATS", "bler", *[rate] * 4, traffic.sent, traffic.received, sent, received, again, sent)]


def _throughput(modem: Modem) -> list[bytes]:
    sent, received = modem.cell.traffic.rate(modem.now)
    return [print_line("MUESTATS", "thp", sent, received, sent, received)]


_TOLD = {"radio": _radio, "cell": _cell, "sband": _band, "bler": _errors, "thp": _throughput}


def _tell(modem: Modem, record: Statistics) -> Reply:
    """Tell of the radio (AT+MUESTATS). Raises the bare CommandError for no kind, unless the model has a usual one."""
    kind = record.kind or modem.profile.commands["MUESTATS"].params["kind"].default
    if kind is None:
        raise CommandError
    kinds: Sequence[str] = modem.profile.table(CELL).all if kind == "all" else (str(kind),)
    if not _TOLD.keys() >= set(kinds):  # a profile of somebody's own has more of them
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    return Reply([line for each in kinds for line in _TOLD[each](modem)])


# Locks and bands.


def _shown_lock(modem: Modem, record: FrequencyLock) -> tuple[int | bytes, ...]:
    """Return the mode, and each frequency with its pci; what was left out at the end is no field."""
    fields = [b"" if value is None else value for pair in record.pairs for value in pair]
    while fields and fields[-1] == b"":
        fields.pop()
    return record.mode, *fields


def _trace_lock(modem: Modem, record: FrequencyLock) -> None:
    where = ", ".join(f"{earfcn} pci {'any' if pci is None else pci}" for earfcn, pci in record.pairs)
    modem.intents.append(Tell("lock", f"{('off', 'on', 'first')[record.mode]} {where}".rstrip()))


def _shown_bands(modem: Modem, record: BandSelection) -> tuple[int, ...]:
    """Return the bands in force; that is every one until some were chosen and the module has restarted."""
    bands = modem.radio.choice.bands
    if not bands:
        accepted = modem.model.parameters(BAND_SELECTION.name).params[1].accepted
        assert accepted is not None
        return tuple(accepted)
    return bands if modem.profile.table(CELL).priority else tuple(sorted(bands))


def _trace_bands(modem: Modem, record: BandSelection) -> None:
    modem.intents.append(Tell("bands", ", ".join(map(str, record.bands)) or "every one"))


def _without_priority(modem: Modem, record: BandSelection) -> BandSelection:
    """Put the bands in ascending order, where the model has no other; bands that do not fit stay, to be refused."""
    if modem.profile.table(CELL).priority or not BAND_SELECTION.fits(record):
        return record
    bands = sorted(record.bands)
    return BandSelection(*bands, *[None] * (len(record) - len(bands)))


def _rescan(modem: Modem, record: Rescan) -> Outcome:
    """Forget the frequencies (AT+MCSEARFCN). Raises CommandError(NOT_ALLOWED) outside AT+CFUN=0 on some models."""
    if modem.profile.table(CELL).rescan_needs_minimum and modem.radio.function is not Function.MINIMUM:
        raise CommandError(Cme.NOT_ALLOWED)
    memory: FrequencyMemory = modem.keeping.keeper("frequencies")
    modem.intents.append(Tell("frequencies", "forgotten"))
    return modem.keeping.write_down(memory.forget)


# Timers and the connection.


class EmmTimers(Part):
    """The timers of 24.301 that run, by id: their end and their period, in seconds."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self._running: dict[int, tuple[float, float]] = {}

    def start(self, number: int, seconds: float) -> None:
        """Start a timer; 0 seconds stop it."""
        running = self._running.pop(number, None)
        if seconds:
            self._running[number] = self._device.now + seconds, seconds
            self._report(number, _STARTED, seconds, seconds)
        elif running is not None:
            due, period = running
            self._report(number, _STOPPED, period, max(0.0, due - self._device.now))
        self._arm()

    def on_deadline(self, now: float) -> None:
        for number, (due, period) in list(self._running.items()):
            if due <= now:
                del self._running[number]
                self._report(number, _EXPIRED, period, 0)
        self._arm()

    def _arm(self) -> None:
        self.deadline = min((due for due, _ in self._running.values()), default=math.inf)

    def _report(self, number: int, event: int, period: float, left: float) -> None:
        device = self._device
        if device.has("MEMMTIMER") and device.settings.get(TIMER_REPORT).enable:
            times = round(1000 * period), round(1000 * left)
            device.notify(print_line("MEMMTIMER", number, event, *times), droppable=True)


_STARTED, _STOPPED, _EXPIRED = 0, 1, 2
"""<event> of +MEMMTIMER."""


class Connected(Part):
    """The connection to the network, which the network releases some time after the last traffic."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        device.cell.traffic.watch = self._carried
        self._told = self.mode

    @property
    def mode(self) -> int:
        """<mode> of AT+CSCON: 1 while there is a connection."""
        device, traffic = self._device, self._device.cell.traffic
        carried = not traffic.released and device.now < traffic.last + device.profile.sleep.release_time
        return int(device.registered and carried)

    def on_deadline(self, now: float) -> None:
        self.deadline = math.inf
        self._tell()

    def network_lost(self) -> None:
        self.deadline = self._device.now

    def _carried(self) -> None:
        self._device.now = max(self._device.now, self._device.cell.traffic.last)
        self._tell()

    def _tell(self) -> None:
        device, mode = self._device, self.mode
        if mode:
            self.deadline = device.cell.traffic.last + device.profile.sleep.release_time
        if mode != self._told:
            self._told = mode
            if device.settings.get(CONNECTION_REPORT).n:
                device.notify(print_line("CSCON", mode), droppable=True)


def _shown_connection(modem: Modem, record: ConnectionReport) -> tuple[int, int]:
    return record.n, modem.part(Connected).mode


def _watch_connection(modem: Modem, record: ConnectionReport) -> None:
    modem.part(Connected)


# State.


class CellInfo(NamedTuple):
    """A cell on the air. serving: the module uses it; ci: eight hexadecimal digits."""

    earfcn: int
    pci: int
    band: int
    ci: str
    sinr: int
    tx_power: int
    serving: bool


class SearchInfo(NamedTuple):
    """What the firmware lets the module search for. lock: the mode, and the pairs in force; bands (): every one."""

    lock: int
    locked_to: tuple[tuple[int | None, ...], ...]
    bands: tuple[int, ...]


def _cells(modem: Modem) -> tuple[CellInfo, ...]:
    return tuple(
        CellInfo(each.earfcn, each.pci, each.band, each.ci, each.sinr, each.tx_power, each == modem.radio.serving)
        for each in modem.cell.cells
    )


def _search(modem: Modem) -> SearchInfo:
    lock = modem.radio.choice.lock
    return SearchInfo(lock.mode if lock else 0, tuple(lock.pairs) if lock else (), modem.radio.choice.bands)


DEFINITION: FamilyDefinition[Modem] = FamilyDefinition(
    declarations=(
        Action("MUESTATS", Statistics, _tell, bare=True),
        Setting(FREQUENCY_LOCK, shown=_shown_lock, changed=_trace_lock),
        Action("MCSEARFCN", Rescan, _rescan, bare=True, tested=False),
        Setting(
            BAND_SELECTION,
            shown=_shown_bands,
            changed=_trace_bands,
            adjusted=_without_priority,
            bare=True,
        ),
        Setting(TIMER_REPORT, read=False),
        Setting(CONNECTION_REPORT, shown=_shown_connection, changed=_watch_connection),
    ),
    tables=(CELL,),
    keepers={"frequencies": lambda modem: FrequencyMemory()},
    shows=dict.fromkeys(("MUESTATS", "MLOCKFREQ", "MCSEARFCN", "MBAND"), ("cell", "radio")),
    state=(
        StateField("cells", tuple[CellInfo, ...], _cells),
        StateField("search", SearchInfo | None, _search, None),
    ),
    remarks={
        "MUESTATS": "times on the air are not counted: they are the profile's",
        "MEMMTIMER": "the timers are those of the event emm-timer alone",
    },
)
