"""What the sandbox's MQTT broker does to a module. Pure."""

from __future__ import annotations

from onemo.errors import FaultError, UsageError
from onemo.faults.plan import Fault
from onemo.modem.modem import Modem
from onemo.modem.registration import Publishing
from onemo.profile.index import Label


def publish(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Publish a message. Raises FaultError, and changes nothing: there is no broker, or it is no message."""
    publishing, payload = require(modem, fault)
    try:
        publishing(fault.text("topic"), payload, fault.whole("qos"), bool(fault.whole("retain")))
    except UsageError as error:
        raise FaultError(f"event mqtt-publish: {error}") from error


def require(modem: Modem, fault: Fault) -> tuple[Publishing, bytes]:
    """Return what publishes it, and the bytes of its payload. Raises FaultError, as publish."""
    if modem.cell.publish is None:
        told = "nothing leads to the sandbox: start the module with --sandbox, or a route to it"
        raise FaultError(f"event mqtt-publish: {told}")
    return modem.cell.publish, payload_of(fault.text("payload"), fault.text("encoding"))


def payload_of(text: str, encoding: str) -> bytes:
    """Return the bytes of a payload as it was given. Raises FaultError: it is no hex."""
    if encoding == "text":
        return text.encode()
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise FaultError(f"event mqtt-publish: payload={text[:80]} is no hex: give two digits for each byte") from error
