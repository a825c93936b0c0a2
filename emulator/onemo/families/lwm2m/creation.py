"""The creation of a device where it takes a lookup of the server's name (LwM2M manual 3.1, 3.2, fn 1 and 2)."""

from __future__ import annotations

from onemo.at.command import print_line
from onemo.errors import NetFailure
from onemo.families.lwm2m.client import Lwm2mClient
from onemo.modem.asking import Asking
from onemo.modem.channel import Cancel
from onemo.modem.modem import Modem
from onemo.modem.names import name_policy
from onemo.net.interface import LookupRequest


class Lwm2mCreation(Asking[list[str]]):
    """The lookup of the server of a device that is being created: without an address there is no device."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self._device = device
        self._name = ""

    def begin(self, server: str, name: str) -> None:
        """Look up a server; what comes of it is told in a line with the name of the command."""
        self._name = name
        if self._device.contexts.refusal(None) is None:
            names = name_policy(self._device, None)
            self.ask(LookupRequest(name=server, names=names, every=False), None)
        else:
            self.answered(NetFailure.NAME, self._device.now)

    def cancel(self) -> None:
        """Take up that the device is deleted meanwhile: nothing is told."""
        if self.running is not None:
            self._device.intents.append(Cancel(self.running))
            self.running = None

    def answered(self, result: list[str] | NetFailure, now: float) -> bool:
        """Tell that there is the device, or delete it and tell so."""
        failed = isinstance(result, NetFailure)
        if failed:
            self._device.part(Lwm2mClient).delete()
        self.tell(print_line(self._name, b"FAIL" if failed else 0))
        return False
