"""The cells on the air around the module, and what its firmware lets it use of them (36.101 5.7.3).

Pure.
"""

# No postponed annotations: each start reads them, and nothing need evaluate them again.

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from onemo.at.params import Param, ParamKind, Required
from onemo.at.store import Settings, Slot
from onemo.modem.memory import put_back
from onemo.profile.schema import CellSection, Profile

_SLICE = 0.1
"""Seconds of traffic that are counted together."""


_Listed = Annotated[int | None, Param(ParamKind.INTEGER, nullable=True, momentary=True)]
"""One of a list, which is set as a whole."""


class RadioCell(NamedTuple):
    """A cell. ci: eight hexadecimal digits; sinr, tx_power: tenths of dB and of dBm, as AT+MUESTATS prints them."""

    earfcn: int
    pci: int
    sinr: int
    tx_power: int
    ci: str
    band: int


class FrequencyLock(NamedTuple):
    """AT+MLOCKFREQ. mode 0: none, 1: these cells alone, 2: these first. A pci left out: any of that frequency."""

    mode: Required
    earfcn: _Listed
    pci: _Listed
    earfcn2: _Listed
    pci2: _Listed
    earfcn3: _Listed
    pci3: _Listed
    earfcn4: _Listed
    pci4: _Listed
    earfcn5: _Listed
    pci5: _Listed
    earfcn6: _Listed
    pci6: _Listed
    earfcn7: _Listed
    pci7: _Listed
    earfcn8: _Listed
    pci8: _Listed

    @property
    def pairs(self) -> list[tuple[int | None, int | None]]:
        """The frequencies, each with its pci, as far as any was given."""
        found = list(zip(self[1::2], self[2::2], strict=True))
        while found and found[-1] == (None, None):
            found.pop()
        return found

    def names(self, cell: RadioCell) -> bool:
        """Tell whether a cell is one of these."""
        return any(earfcn == cell.earfcn and pci in (None, cell.pci) for earfcn, pci in self.pairs)


class BandSelection(NamedTuple):
    """AT+MBAND: the bands in their order; none, or 0 alone: every one."""

    band: _Listed
    band2: _Listed
    band3: _Listed
    band4: _Listed
    band5: _Listed
    band6: _Listed
    band7: _Listed
    band8: _Listed
    band9: _Listed

    @property
    def bands(self) -> tuple[int, ...]:
        """The bands that were given; (): every one."""
        return tuple(band for band in self if band)


_LOCKS = 1
"""<mode> of AT+MLOCKFREQ with which no other cell is used."""


def _require_lock(record: FrequencyLock) -> None:
    pairs = record.pairs
    if bool(record.mode) is not bool(pairs) or any(earfcn is None for earfcn, _ in pairs):
        raise ValueError(record)


def _require_bands(record: BandSelection) -> None:
    given = [band for band in record if band is not None]
    if len(set(given)) != len(given) or (0 in given and len(given) > 1) or list(record[: len(given)]) != given:
        raise ValueError(record)


FREQUENCY_LOCK = Slot("MLOCKFREQ", FrequencyLock, check=_require_lock)
BAND_SELECTION = Slot("MBAND", BandSelection, check=_require_bands)


def band_of(profile: Profile, earfcn: int) -> int | None:
    """Return the band that a downlink frequency is in; None: in none."""
    return next((int(band) for band, earfcns in profile.radio.bands.items() if earfcn in earfcns), None)


def cells_of(profile: Profile) -> list[RadioCell]:
    """Return the cells that a profile puts around the module.

    Raises ValueError: the frequency of one is in no band.
    """
    return [_cell(profile, section, first=not place) for place, section in enumerate(profile.cells)]


def _cell(profile: Profile, section: CellSection, *, first: bool) -> RadioCell:
    """Make a cell; without a ci of its own the first has the profile's, of the others the band is its last byte."""
    band = band_of(profile, section.earfcn)
    if band is None:
        raise ValueError(f"the frequency {section.earfcn} is in no band")
    own = section.ci or (profile.radio.ci if first else f"{profile.radio.ci[:-2]}{band:02X}")
    return RadioCell(section.earfcn, section.pci, section.sinr, section.tx_power, own, band)


def cell_problems(profile: Profile) -> Iterable[tuple[str, str]]:
    """Yield what is wrong with the cells of a profile: key path and problem."""
    for place, section in enumerate(profile.cells):
        if band_of(profile, section.earfcn) is None:
            yield f"cells.{place}.earfcn", f"is {section.earfcn}, which is in no band of [radio.bands]"


class CellChoice:
    """The choice among the cells on the air in one boot cycle.

    bands: those in force, in their order, (): every one; lock: the one in force.
    """

    def __init__(self, cells: Sequence[RadioCell], settings: Settings) -> None:
        self._cells = cells
        self._settings = settings
        kept = settings.values
        self.bands: tuple[int, ...] = kept[BAND_SELECTION, 0].bands if (BAND_SELECTION, 0) in kept else ()
        self.lock: FrequencyLock | None = None
        self.take_up_lock()

    def take_up_lock(self) -> None:
        """Put the lock in force that was set last."""
        self.lock = self._settings.values.get((FREQUENCY_LOCK, 0))

    def allows(self, cell: RadioCell) -> bool:
        """Tell whether the bands and the lock in force allow a cell."""
        return self._first_of([cell]) is not None

    @property
    def best(self) -> RadioCell | None:
        """The first cell that the bands, in their order, and the lock allow."""
        return self._first_of(self._cells)

    def _first_of(self, cells: Sequence[RadioCell]) -> RadioCell | None:
        found = [cell for band in self.bands for cell in cells if cell.band == band] if self.bands else list(cells)
        if self.lock is not None and self.lock.mode:
            named = [cell for cell in found if self.lock.names(cell)]
            found = named if self.lock.mode == _LOCKS else [*named, *found]
        return found[0] if found else None


class FrequencyMemory:
    """The frequencies that the module begins a search with, and whether they were forgotten. A keeper."""

    def __init__(self) -> None:
        self._records: dict[str, bool] = {}

    @property
    def forgotten(self) -> bool:
        """True from AT+MCSEARFCN until the next start."""
        return bool(self._records)

    def forget(self) -> None:
        """Forget them, for the next start."""
        self._records["forgotten"] = True

    def take(self) -> None:
        """Have them again, by a search."""
        self._records.clear()

    def save(self) -> Mapping[str, bool]:
        return self._records

    def put_back(self, records: Mapping[Any, Any]) -> None:
        put_back(self._records, records)

    def begin_cycle(self) -> None:
        """Keep all: it is for the next start."""

    def snapshot(self) -> object:
        return {"forgotten": True} if self.forgotten else None

    def restore(self, entry: object) -> list[str]:
        if entry != {"forgotten": True}:
            return [""]
        self.forget()
        return []


class Traffic:
    """The bytes that connections carried since the process began. watch: is told of each piece; last: its time.

    released: the module had its connection to the network end after that.
    """

    def __init__(self) -> None:
        self.sent = self.received = 0
        self.last = -math.inf
        self.released = False
        self.watch: Callable[[], None] | None = None
        self._slices: deque[tuple[float, int, int]] = deque()

    def carry(self, sent: int, received: int, now: float) -> None:
        """Count bytes."""
        self.sent += sent
        self.received += received
        self.last = now
        self.released = False
        if self._slices and now < self._slices[-1][0] + _SLICE:
            since, before_sent, before_received = self._slices[-1]
            self._slices[-1] = since, before_sent + sent, before_received + received
        else:
            self._slices.append((now, sent, received))
            self._forget(now)
        if self.watch is not None:
            self.watch()

    def release(self) -> None:
        """Have the connection to the network end at once: nothing more is to come (36.321 5.4.5)."""
        self.released = True
        if self.watch is not None:
            self.watch()

    def rate(self, now: float) -> tuple[int, int]:
        """Return the bits of the last second: sent, received."""
        self._forget(now)
        return 8 * sum(sent for _, sent, _ in self._slices), 8 * sum(received for *_, received in self._slices)

    def _forget(self, now: float) -> None:
        while self._slices and self._slices[0][0] < now - 1:
            self._slices.popleft()
