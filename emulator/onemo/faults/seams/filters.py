"""What an application of the module hears of its server: the place where faults of HTTP, MQTT, FTP and LwM2M act."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from onemo.families import FIRMWARE_DOWNLOAD, FTP, HTTP, LWM2M_DEVICES, MQTT_CLIENTS
from onemo.faults.plan import ArmedFault, FaultChooser
from onemo.net.interface import OpenRequest


class StreamFilter(Protocol):
    """The bytes of one connection between a client and its server. Pure.

    ended: the server is heard no more, and closes.
    """

    ended: bool

    def sent(self, data: bytes) -> None:
        """Take note of bytes for the server, before they go."""
        ...

    def received(self, data: bytes) -> list[tuple[bytes, float]]:
        """Return what comes in the place of bytes of the server: pieces, and the seconds by which each is late."""
        ...

    def rest(self) -> bytes:
        """Return what was kept back for more to come, which will not."""
        ...


def filter_of(request: OpenRequest, faults: FaultChooser, strike: Callable[[ArmedFault], None]) -> StreamFilter | None:
    """Make the filter of a connection; None: of a socket. strike: lets a fault happen to the whole connection."""
    index = "" if request.label is None else request.label.index_name
    if index in (HTTP.name, FIRMWARE_DOWNLOAD.name):
        from onemo.faults.seams.http import HttpFilter

        return HttpFilter(request, faults)
    if index == MQTT_CLIENTS.name:
        from onemo.faults.seams.mqtt import MqttFilter

        return MqttFilter(request, faults, strike)
    if index == FTP.name:
        from onemo.faults.seams.ftp import FtpFilter

        return FtpFilter(request, faults)
    if index == LWM2M_DEVICES.name:
        from onemo.faults.seams.lwm2m import Lwm2mFilter

        return Lwm2mFilter(request, faults)
    return None
