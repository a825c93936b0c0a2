"""The kinds of faults of the MQTT client. Pure data."""

from __future__ import annotations

from collections.abc import Mapping

from onemo.families import MQTT_CLIENTS
from onemo.faults.kind import FaultKey, FaultKind, Layer, Type, Value

SEND, RECEIVE, ACCEPT, REPEATABLE = "send", "receive", "accept", "message"
"""The operations: a packet for the broker; one of the broker's, among them a CONNACK and a message of QoS 1 or 2."""
_FROM_BROKER = (RECEIVE, ACCEPT, REPEATABLE)
_SCOPE = (MQTT_CLIENTS.name, "host")
_SENT = ("connack", "publish", "puback", "pubrec", "pubrel", "pubcomp", "suback", "unsuback", "pingresp")


def _sent_by_a_broker(values: Mapping[str, Value]) -> str:
    """Tell that no broker sends such a packet."""
    packet = values.get("packet", _SENT[0])
    return "" if packet in _SENT else f"no broker sends a {packet!s}: packet is one of {', '.join(_SENT)}"


MQTT_KINDS = (
    FaultKind("mqtt-refuse", Layer.MQTT, "The broker refuses a client.", (
        FaultKey("code", Type.INTEGER, "The code of its CONNACK: 1 the version, 2 the client id, 3 unavailable, 4 user "
            "or password, 5 not authorized.", 5, 1, 5),
    ), _SCOPE, example="mqtt-refuse code=3 times=2", operations=(ACCEPT,)),
    FaultKind("mqtt-silence", Layer.MQTT, "A packet of the broker's never comes.", (), (*_SCOPE, "packet"),
         example="mqtt-silence packet=puback times=1", operations=_FROM_BROKER,
         misfit=_sent_by_a_broker),
    FaultKind("mqtt-duplicate", Layer.MQTT, "A message of QoS 1 or 2 comes twice, the second time as a duplicate.", (),
         _SCOPE, example="mqtt-duplicate probability=0.5", operations=(REPEATABLE,)),
    FaultKind("mqtt-late", Layer.MQTT, "A packet of the broker's comes late; what follows it waits.", (
        FaultKey("seconds", Type.SECONDS, "How late.", 2.0),
        FaultKey("jitter", Type.SECONDS, "Up to so much more, evenly spread.", 0.0),
    ), (*_SCOPE, "packet"), example="mqtt-late packet=suback seconds=3s", operations=_FROM_BROKER,
         misfit=_sent_by_a_broker),
    FaultKind("mqtt-vanish", Layer.MQTT, "The broker vanishes when a packet passes, either way: nothing reaches it, "
         "nothing comes, that packet neither, and nobody says so.", (), (*_SCOPE, "packet"), once=True,
         example="mqtt-vanish mqtt_id=0 packet=publish", operations=(SEND, *_FROM_BROKER)),
)  # fmt: skip
