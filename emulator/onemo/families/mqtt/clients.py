"""The MQTT clients of a boot cycle together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from onemo.at.payload import BadPayload
from onemo.families.mqtt.client import MqttClient
from onemo.families.mqtt.settings import MQTT_ID, WILL_PAYLOAD, decoded_will
from onemo.modem.modem import Modem
from onemo.modem.part import Part


class MqttClients(Part):
    """Every client of one boot cycle."""

    def __init__(self, device: Modem) -> None:
        self._device = device
        ids = device.profile.params[MQTT_ID].range or ()
        self._clients = {number: MqttClient(device, number, self.arm) for number in ids}
        for number, client in self._clients.items():  # there is one where a snapshot had it
            with suppress(BadPayload):
                client.will_message = decoded_will(device.settings, device.settings.get(WILL_PAYLOAD, number))

    def __getitem__(self, number: int) -> MqttClient:
        return self._clients[number]

    def __contains__(self, number: object) -> bool:
        return number in self._clients

    def __iter__(self) -> Iterator[MqttClient]:
        return iter(self._clients.values())

    def arm(self) -> None:
        """Find out anew when something is due."""
        self.deadline = min(client.deadline for client in self)

    def on_deadline(self, now: float) -> None:
        """Act on time that has passed."""
        for client in self:
            if now >= client.deadline:
                client.on_deadline(now)
        self.arm()

    @property
    def busy(self) -> bool:
        """True while a client does what a sleep would stop."""
        return any(client.busy for client in self)

    @property
    def connections(self) -> int:
        """The number of clients that are in use."""
        return sum(client.in_use for client in self)

    @property
    def tls_connections(self) -> int:
        """The number of those that are in TLS."""
        return sum(client.secured for client in self)

    def context_down(self, cid: int) -> None:
        """End every connection on a PDP context that ended, and every attempt at one."""
        for client in self:
            if client.on_context == cid:
                client.network_down(self._device.now)

    def fall_asleep(self) -> None:
        """Let connections go that do not outlive deep sleep."""
        if self._device.profile.sleep.drops_tcp:
            for client in self:
                client.sleep()

    def wake(self, now: float) -> None:
        """Tell of those connections."""
        for client in self:
            client.wake(now)
