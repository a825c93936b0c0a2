"""The event of the sandbox's MQTT broker. Pure data."""

from __future__ import annotations

from onemo.faults.kind import FaultKey, Type, event_kind

PUBLISH = event_kind(
    "mqtt-publish", "The sandbox's MQTT broker publishes a message for all that subscribe to its topic.",
    FaultKey("topic", Type.TEXT, "Its topic, without + and #.", required=True,
             pattern="(?s)[^+#\\0\ud800-\udfff]{1,65535}"),
    FaultKey("payload", Type.TEXT, "The message; nothing with retain=1 takes the retained one away.", "",
             pattern="(?s)[^\ud800-\udfff]*"),
    FaultKey("encoding", Type.CHOICE, "How the payload is given: text, which is sent in UTF-8, or hex.", "text",
             choices=("text", "hex")),
    FaultKey("qos", Type.INTEGER, "Its QoS.", 0, 0, 2),
    FaultKey("retain", Type.INTEGER, "1: it is kept for those that subscribe later.", 0, 0, 1),
    example="mqtt-publish topic=lamp/set payload=on after=2s",
)  # fmt: skip
