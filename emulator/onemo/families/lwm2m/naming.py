"""The name of the server that a device is created for, on models that resolve it before the device is there."""

from __future__ import annotations

from onemo.at.command import print_line
from onemo.at.reply import CommandError
from onemo.errors import NetFailure
from onemo.families.lwm2m.client import Lwm2mClient
from onemo.families.lwm2m.states import Lwm2mError
from onemo.families.lwm2m.target import Lwm2mTarget
from onemo.modem.asking import Asking
from onemo.modem.modem import Modem
from onemo.modem.names import name_policy
from onemo.net.interface import LookupRequest

_FAILED = b"FAIL"


class Lwm2mNaming(Asking[list[str]]):
    """The lookup before a device is created, one at a time."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self._device = device

    def create(self, command: str, target: Lwm2mTarget) -> None:
        """Create the device once its server's name is resolved. Raises CommandError(RESOURCE): it comes already."""
        if self.running is not None:
            raise CommandError(Lwm2mError.RESOURCE)
        self._command, self._target = command, target
        if self._device.contexts.refusal(None) is not None:
            self._device.report(print_line(command, _FAILED))
            return
        self.ask(LookupRequest(name=target.host, names=name_policy(self._device), every=False), None)

    def answered(self, result: list[str] | NetFailure, now: float) -> bool:
        """Create the device, or tell that its server has no address."""
        found = not isinstance(result, NetFailure) and bool(result)
        if found:
            self._device.part(Lwm2mClient).create(self._target)
        self.tell(print_line(self._command, 0 if found else _FAILED))
        return False
