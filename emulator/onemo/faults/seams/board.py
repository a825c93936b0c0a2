"""Events of the board around a module: cells, pins, voltages, its place, Wi-Fi."""

from __future__ import annotations

from collections.abc import Callable

from onemo.errors import FaultError
from onemo.faults.plan import Fault
from onemo.modem.cells import RadioCell, band_of, cells_of
from onemo.modem.modem import Modem
from onemo.profile.index import Label

_MOST_CELLS = 64


def require(modem: Modem, fault: Fault) -> None:
    """Raise FaultError for an event of a pin, a channel or a frequency that the module has not."""
    if (check := _CHECKS.get(fault.kind.name)) is not None:
        check(modem, fault)


# Cells.


def set_cell(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Put a cell on the air."""
    require(modem, fault)
    cells, earfcn = modem.cell.cells, fault.whole("earfcn")
    band = band_of(modem.profile, earfcn)
    assert band is not None
    place = next((place for place, cell in enumerate(cells) if cell.band == band), None)
    usual = _usual(modem, earfcn, band) if place is None else cells[place]
    given = {key: fault.values[key] for key in ("pci", "sinr", "tx_power", "ci") if key in fault.values}
    cell = usual._replace(earfcn=earfcn, **given)  # type: ignore[arg-type]
    same = next((place for place, each in enumerate(cells) if (each.earfcn, each.pci) == (earfcn, cell.pci)), None)
    if same is not None:
        cells[same] = cell
    elif place is not None and fault.text("beside") == "no":
        cells[place] = cell
    elif len(cells) < _MOST_CELLS:
        cells.append(cell)
    else:
        raise FaultError(f"{fault}: there are {_MOST_CELLS} cells already; take some away with cells-back")
    modem.radio.reselect(now)


def _usual(modem: Modem, earfcn: int, band: int) -> RadioCell:
    """Make the cell of a band that had none, with the figures of the first of the profile."""
    sinr, tx_power = next(((cell.sinr, cell.tx_power) for cell in modem.profile.cells), (0, 0))
    return RadioCell(
        earfcn=earfcn, pci=0, sinr=sinr, tx_power=tx_power, ci=f"{modem.profile.radio.ci[:-2]}{band:02X}", band=band
    )


def hand_over(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Have the cell of a band serve the module. Raises FaultError: there is none, or the module may not use it."""
    band, cells = fault.whole("band"), modem.cell.cells
    cell = next((cell for cell in cells if cell.band == band), None)
    if cell is None:
        there = ", ".join(sorted({str(each.band) for each in cells}, key=int)) or "none"
        raise FaultError(f"{fault}: no cell of band {band} is on the air, bands are {there}; add one with cell earfcn=")
    if not modem.radio.choice.allows(cell):
        raise FaultError(f"{fault}: the lock or the bands of the module rule it out")
    cells.remove(cell)
    cells.insert(0, cell)
    modem.radio.serve_with(cell, now)


def reset_cells(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Put the cells of the profile on the air again."""
    modem.cell.cells[:] = cells_of(modem.profile)
    modem.radio.reselect(now)


def start_timer(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Start or stop a timer of 24.301; a module that is off has none."""
    from onemo.families.cell import EmmTimers

    if modem.power.ready or modem.power.asleep:
        modem.part(EmmTimers).start(fault.whole("id"), fault.number("seconds"))


# Pins, converter, chip.


def drive_pin(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Drive a pin from outside, or let it go."""
    require(modem, fault)
    if fault.kind.name == "pin":
        modem.board.levels[fault.whole("id")] = fault.whole("level")
    else:
        modem.board.levels.pop(fault.whole("id"), None)


def set_voltage(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Put a voltage at a channel of the converter."""
    require(modem, fault)
    modem.board.adc[fault.whole("channel")] = fault.whole("mv")


def set_noise(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Make what the converter tells noisy, or not (without the key)."""
    modem.board.noise = fault.whole("mv") if "mv" in fault.values else 0


def set_chip(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Change the temperature or the supply of the chip."""
    board = modem.board
    board.temp = fault.whole("temp") if "temp" in fault.values else board.temp
    board.vbat = fault.whole("vbat") if "vbat" in fault.values else board.vbat


def reset_chip(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Make temperature and supply those of the profile."""
    modem.board.temp = modem.board.vbat = None


# The place, Wi-Fi.


def move(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Take the module elsewhere."""
    from onemo.families.place import place_of

    where, keep = place_of(modem), fault.text("keep") == "yes"
    place = where.value._replace(longitude=fault.number("lon"), latitude=fault.number("lat"))
    if "radius" in fault.values:
        place = place._replace(radius=fault.whole("radius"))
    if "text" in fault.values:
        place = place._replace(description=fault.text("text"))
    _change(modem, lambda: where.set(place, keep=keep))


def move_back(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Take the module to where the profile has it."""
    from onemo.families.place import place_of

    _change(modem, place_of(modem).reset)


def set_air(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Put other access points on the air."""
    from onemo.families.wifi import air_of, read_points

    entries = [entry.split(",") for entry in fault.text("points").split(";") if entry]
    try:
        points = read_points(
            [
                {"bssid": bssid.upper(), "rssi": int(rssi), "channel": int(channel), "ssid": "".join(name)}
                for bssid, rssi, channel, *name in entries
            ]
        )
    except ValueError as error:
        raise FaultError(f"{fault}: rssi is -127 to 0 and channel 1 to 196") from error
    _change(modem, lambda: air_of(modem).set(points, keep=fault.text("keep") == "yes"))


def reset_air(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Put the access points of the profile on the air again."""
    from onemo.families.wifi import air_of

    _change(modem, air_of(modem).reset)


def cut_scan(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Have a line of the next Wi-Fi scans cut."""
    modem.board.cut_scans = fault.whole("scans")


def answer_requests(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Have the next requests for the place fail, or never be answered (without a status)."""
    status = fault.whole("status") if "status" in fault.values else None
    modem.board.location.extend([status] * fault.whole("requests"))


def answer_as_usual(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Have requests for the place answered as usual."""
    modem.board.location.clear()


def _change(modem: Modem, change: Callable[[], None]) -> None:
    """Change what may be in the NV, which is written down."""
    modem.keeping.note(change)


def _has_pin(modem: Modem, fault: Fault) -> None:
    from onemo.families.pins import pins_of

    _require_one_of("pin", fault, fault.whole("id"), pins_of(modem), modem)


def _has_channel(modem: Modem, fault: Fault) -> None:
    from onemo.families.pins import channels_of

    _require_one_of("channel", fault, fault.whole("channel"), channels_of(modem), modem)


def _has_band(modem: Modem, fault: Fault) -> None:
    earfcn = fault.whole("earfcn")
    if band_of(modem.profile, earfcn) is None:
        bands = ", ".join(f"B{band} {earfcns.text}" for band, earfcns in modem.profile.radio.bands.items())
        raise FaultError(f"{fault}: earfcn {earfcn} is in no band; there are {bands}")


def _require_one_of(what: str, fault: Fault, number: int, there: tuple[int, ...], modem: Modem) -> None:
    if number not in there:
        told = f"has {what}s {', '.join(map(str, there))}" if there else f"has no {what}s"
        raise FaultError(f"{fault}: {modem.profile.sub_model} {told}")


_CHECKS: dict[str, Callable[[Modem, Fault], None]] = {
    "pin": _has_pin,
    "pin-release": _has_pin,
    "adc": _has_channel,
    "cell": _has_band,
}
