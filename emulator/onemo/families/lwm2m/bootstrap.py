"""What a bootstrap server writes to the device before its first login (OMA-TS-LightweightM2M-V1_0 5.2)."""

from __future__ import annotations

from dataclasses import dataclass

from onemo.families.lwm2m.target import Lwm2mTarget, read_uri
from onemo.net.coap.message import CoapCode, CoapMessage, CoapOption
from onemo.net.lwm2m.links import object_path
from onemo.net.lwm2m.tlv import Tlv, TlvKind, decode_tlv
from onemo.net.lwm2m.values import Lwm2mFormat, Lwm2mMalformed

_SECURITY, _WRITABLE = 0, (0, 1)
_URI, _BOOTSTRAP, _IDENTITY, _KEY = 0, 1, 3, 5
_MOST_ACCOUNTS = 8
_FINISH = ("bs",)


@dataclass(slots=True)
class _Account:
    uri: str = ""
    bootstrap: bool = False
    key: str = ""


class Lwm2mBootstrap:
    """One bootstrap. port, secure_port: of a URI without one. finished: the server has said so."""

    def __init__(self, port: int, secure_port: int) -> None:
        self._ports = port, secure_port
        self._accounts: dict[int, _Account] = {}
        self.finished = False

    def take(self, message: CoapMessage) -> CoapCode:
        """Take a request of the server; return the code of its answer."""
        if message.code == CoapCode.POST and message.path == _FINISH:
            self.finished = True
            return CoapCode.CHANGED if self.server else CoapCode.NOT_ACCEPTABLE
        path = object_path(message.path) if any(message.path) else ()
        if path is None or len(path) > 2:
            return CoapCode.NOT_FOUND
        if message.code == CoapCode.DELETE:
            if path[:1] in ((), (_SECURITY,)):
                for number in [number for number in self._accounts if path[1:] in ((), (number,))]:
                    del self._accounts[number]
            return CoapCode.DELETED
        if message.code != CoapCode.PUT or not path:
            return CoapCode.METHOD_NOT_ALLOWED
        if path[0] not in _WRITABLE:
            return CoapCode.NOT_FOUND
        if message.uint(CoapOption.CONTENT_FORMAT) not in (Lwm2mFormat.TLV, Lwm2mFormat.OLD_TLV, None):
            return CoapCode.UNSUPPORTED_FORMAT
        try:
            return self._write(path, decode_tlv(message.payload))
        except Lwm2mMalformed:
            return CoapCode.BAD_REQUEST

    @property
    def server(self) -> Lwm2mTarget | None:
        """The LwM2M server that was handed out, the first if there are more; None: there is none to be used."""
        for _, account in sorted(self._accounts.items()):
            target = None if account.bootstrap else read_uri(account.uri, *self._ports)
            if target is not None:
                return target._replace(psk=account.key)
        return None

    def _write(self, path: tuple[int, ...], entries: tuple[Tlv, ...]) -> CoapCode:
        """Take the resources of an instance, or instances with theirs. Raises Lwm2mMalformed."""
        for entry in entries:
            if entry.kind is TlvKind.OBJECT_INSTANCE and isinstance(entry.value, tuple):
                self._write_instance(path[0], entry.id, entry.value)
        resources = tuple(entry for entry in entries if entry.kind is not TlvKind.OBJECT_INSTANCE)
        if resources and len(path) < 2:
            raise Lwm2mMalformed("resources of no instance")
        if resources:
            self._write_instance(path[0], path[1], resources)
        return CoapCode.CHANGED

    def _write_instance(self, number: int, instance: int, resources: tuple[Tlv, ...]) -> None:
        if number != _SECURITY:
            return
        if instance not in self._accounts and len(self._accounts) >= _MOST_ACCOUNTS:
            raise Lwm2mMalformed("too many accounts")
        account = self._accounts[instance] = _Account()
        for _, resource, value in resources:
            if not isinstance(value, bytes):
                continue
            match resource:
                case 0:
                    account.uri = value.decode("latin-1")
                case 1:
                    account.bootstrap = any(value)
                case 5:
                    account.key = value.decode("latin-1")
