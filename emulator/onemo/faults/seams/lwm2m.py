"""Faults of LwM2M: what comes in the place of a server's messages. Pure."""

from __future__ import annotations

from onemo.faults.kind import Layer
from onemo.faults.kinds_lwm2m import ANSWER, RECEIVE, UPDATE
from onemo.faults.plan import FaultChooser, Occasion
from onemo.net.coap.message import CoapCode, CoapMalformed, CoapMessage, decode, encode
from onemo.net.interface import OpenRequest

_REMEMBERED = 64
"""Requests whose answers are still to come, of one connection."""
_REGISTRATION = "/rd"


class Lwm2mFilter:
    """A device's connection with its server. Implements StreamFilter."""

    def __init__(self, request: OpenRequest, faults: FaultChooser) -> None:
        self.ended = False
        self._faults = faults
        self._occasion = Occasion(label=request.label, host=request.host, port=request.port)
        self._asked: dict[bytes, CoapMessage] = {}

    def sent(self, data: bytes) -> None:
        """Remember the requests of the module, for their answers."""
        message = _read(data)
        if message is not None and message.is_request:
            self._asked[message.token] = message
            while len(self._asked) > _REMEMBERED:
                del self._asked[next(iter(self._asked))]

    def received(self, data: bytes) -> list[tuple[bytes, float]]:
        """Return what comes in the place of a datagram; one that is no CoAP passes."""
        message = _read(data)
        if message is None:
            return [(data, 0.0)]
        asked = self._asked.get(message.token) if message.is_answer else None
        operation = RECEIVE if asked is None else UPDATE if _is_update(asked) else ANSWER
        path = _path(message if asked is None else asked)
        late, copies = 0.0, [data]
        for armed in self._faults.chosen(
            Layer.LWM2M, self._occasion._replace(operation=operation, path=path, data=data)
        ):
            match armed.fault.kind.name:
                case "lwm2m-refuse":
                    copies = [_refusal(message, _code(armed.fault.text("code")))] * bool(copies)
                case "lwm2m-forget":
                    copies = [_refusal(message, CoapCode.NOT_FOUND)] * bool(copies)
                case "lwm2m-silence":
                    copies = []
                case "lwm2m-duplicate":
                    copies += copies[:1]
                case _:
                    late += armed.seconds()
        return [(each, late if number == 0 else 0.0) for number, each in enumerate(copies)]

    def rest(self) -> bytes:
        """Return nothing: a datagram is whole."""
        return b""


def _read(data: bytes) -> CoapMessage | None:
    try:
        return decode(data)
    except CoapMalformed:
        return None


def _path(message: CoapMessage) -> str:
    """Return the path of a request, "" of what is none."""
    return "/" + "/".join(message.path) if message.is_request else ""


def _is_update(asked: CoapMessage) -> bool:
    return asked.code == CoapCode.POST and _path(asked).startswith(f"{_REGISTRATION}/")


def _refusal(message: CoapMessage, code: int) -> bytes:
    """Return an answer with another code, on the same message."""
    return encode(CoapMessage(message.type, code, message.mid, message.token))


def _code(text: str) -> int:
    """Read a code as people write it: 4.03."""
    kind, _, detail = text.partition(".")
    return int(kind) << 5 | int(detail)
