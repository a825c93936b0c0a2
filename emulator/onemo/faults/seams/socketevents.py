"""Events that happen to the module's sockets. Pure."""

from __future__ import annotations

from itertools import cycle, islice

from onemo.families.sockets.connection import ConnectionEvent, Loss, State
from onemo.families.sockets.connections import Connections
from onemo.families.sockets.instance import Instance
from onemo.faults.plan import Fault
from onemo.modem.modem import Modem
from onemo.net.interface import OpenRequest, Transport
from onemo.profile.index import CONNECT_ID, Label


def stale(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Mark an instance connected with nobody behind it: what is sent on it fails, and it can be closed."""
    instance = _instance(modem, fault, label)
    if instance is None or instance.state is not State.INITIAL:
        return
    transport = Transport(fault.text("transport"))
    instance.request = OpenRequest(transport, fault.text("host"), fault.whole("port"), 0.0)
    instance.on(ConnectionEvent.OPEN)
    instance.on(ConnectionEvent.OPENED)


def disconnect(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Lose a connection, behind data that is unread."""
    instance = _instance(modem, fault, label)
    if instance is None or instance.state is not State.CONNECTED:
        return
    _receive(instance, fault.data("unread"), now)
    instance.fail(Loss(fault.text("state").replace("-", "_")))


def burst(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Receive data as far as a buffer takes it; where there is none, whole, beside all credit."""
    instance = _instance(modem, fault, label)
    if instance is None or instance.state is not State.CONNECTED:
        return
    data = bytes(islice(cycle(b"0123456789"), fault.whole("size")))
    piece = fault.whole("piece")
    for start in range(0, len(data), piece):
        _receive(instance, data[start : start + piece], now)


def _receive(instance: Instance, data: bytes, now: float) -> None:
    if instance.buffer is not None and instance.transport is Transport.TCP:
        data = data[: instance.credit()]
    if data:
        instance.on_data(data, now)


def _instance(modem: Modem, fault: Fault, label: Label | None) -> Instance | None:
    """Return the instance that is meant; None where the model has no such one, or is off."""
    of_socket = label.number if label is not None and label.index_name == CONNECT_ID else 0
    wanted = fault.whole("id") if "id" in fault.values else of_socket
    return modem.part(Connections)[wanted] if modem.power.ready and wanted in modem.part(Connections) else None


def opening_timeout(modem: Modem, number: int) -> float:
    """Return the seconds that MIPOPEN of an instance was given; 0: there is none."""
    connections = modem.part(Connections)
    request = connections[number].request if number in connections else None
    return request.timeout if request is not None else 0.0
