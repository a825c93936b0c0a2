"""What the module answers of itself: objects 3, 4 and 5, and the cell (OMA-TS-LightweightM2M-V1_0 appendix E)."""

from __future__ import annotations

from onemo.families.lwm2m.device import Lwm2mDevice
from onemo.families.lwm2m.objects import link_to
from onemo.families.lwm2m.readings import Path, Reading, ValueCode
from onemo.net.lwm2m.links import Lwm2mLink
from onemo.net.lwm2m.values import Lwm2mValue

SECURITY, SERVER, ACCESS, DEVICE, CONNECTIVITY, FIRMWARE = range(6)
REBOOT = (DEVICE, 0, 4)
_OWN = (DEVICE, CONNECTIVITY, FIRMWARE)
_UNKNOWN_RSSI = 99
_WEAKEST, _STEP = -113, 2
"""dBm of <rssi> 0, and of each step (27.007 8.5)."""


class Lwm2mBuiltin:
    """The module's own objects."""

    def __init__(self, device: Lwm2mDevice) -> None:
        self._device = device

    def has(self, number: int) -> bool:
        """Tell whether the module has an object of its own with that number."""
        return number in _OWN and (number != FIRMWARE or self._device.modem.has("MIPLFOTACFG"))

    def readings(self, path: Path) -> list[Reading]:
        """Return the values of a path; none: there is no such thing."""
        if not self.has(path[0]) or (len(path) > 1 and path[1] != 0):
            return []
        found = {DEVICE: self._of_device, CONNECTIVITY: self._of_connectivity, FIRMWARE: self._of_firmware}[path[0]]()
        return [reading for reading in found if len(path) < 3 or reading.resource == path[2]]

    def links(self, path: Path) -> list[Lwm2mLink]:
        """Return what a discovery of a path finds; none: there is no such thing."""
        readings = self.readings(path)
        if not readings:
            return []
        number = path[0]
        above: list[Path] = [(number,), (number, 0)]
        found = [each for each in above if len(each) >= len(path)]
        return [link_to(each) for each in (*found, *((number, 0, reading.resource) for reading in readings))]

    def cell(self) -> bytes | None:
        """Return what is told of the serving cell; None: there is none."""
        radio = self._device.modem.radio
        if not radio.registered:
            return None
        signal = radio.signal
        return f"rssi={signal.rssi},ber={signal.ber},rsrq={signal.rsrq},rsrp={signal.rsrp}".encode()

    def _of_device(self) -> list[Reading]:
        identity, table = self._device.modem.profile.identity, self._device.table
        return [
            _text(0, table.manufacturer),
            _text(1, self._device.modem.profile.series),
            _text(2, identity.imei),
            _text(3, self._device.modem.revision),
            _number(9, table.battery),
            _number(11, 0),
            _text(16, self._device.binding or "U"),
        ]

    def _of_connectivity(self) -> list[Reading]:
        modem = self._device.modem
        rssi = modem.radio.signal.rssi
        active = modem.contexts.active.get(modem.contexts.chosen(None))
        return [
            _number(0, self._device.table.bearer),
            _number(2, _WEAKEST + _STEP * (0 if rssi == _UNKNOWN_RSSI else rssi)),
            _text(4, (active and (active.ipv4 or active.ipv6)) or ""),
        ]

    def _of_firmware(self) -> list[Reading]:
        return [_number(3, 0), _number(5, 0)]


def _text(resource: int, text: str) -> Reading:
    return Reading(0, resource, ValueCode.STRING, Lwm2mValue(ValueCode.STRING.type, text.encode()))


def _number(resource: int, number: int) -> Reading:
    return Reading(0, resource, ValueCode.INTEGER, Lwm2mValue(ValueCode.INTEGER.type, b"%d" % number))
