"""The sandbox's MQTT broker from outside: what was published, who is there, and messages of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from onemo.errors import UsageError
from onemo.faults.kind import FaultKey, Type
from onemo.faults.kinds_broker import PUBLISH
from onemo.runtime.desk.operation import DeskOperation, Table, Values

if TYPE_CHECKING:
    from onemo.net.sandbox.broker import Broker
    from onemo.runtime.controls import ModuleControls

_LARGEST = 1 << 20
"""Bytes of a payload."""
_MOST_BODY = 1 << 22
"""Bytes of a request: a payload of 1 MB, and what JSON may add to it."""


class PublishedMessage(NamedTuple):
    """A message that the broker had. client_id: of the client that published it, "" for one of the sandbox's own."""

    client_id: str
    topic: str
    payload: bytes
    qos: int
    retain: bool


class SeenMessage(NamedTuple):
    """A message that the broker had. client_id: "" for one of the sandbox's own.

    payload: as text, as many of its bytes as were asked for; size: all of them.
    """

    client_id: str
    topic: str
    payload: str
    qos: int
    retain: bool
    size: int


class BrokerSubscription(NamedTuple):
    """A subscription of a client, with the QoS that was granted."""

    client_id: str
    filter: str
    qos: int


class BrokerClient(NamedTuple):
    """A client that the broker knows. clean: its session ends with its connection; waiting: messages for it."""

    client_id: str
    connected: bool
    clean: bool
    subscriptions: int
    waiting: int


class PublishResult(NamedTuple):
    """What came of a message. clients: how many subscribe to its topic, those that are away too."""

    topic: str
    clients: int


class BrokerDesk:
    """The MQTT broker of the sandbox that a module's routes lead to.

    Modules with the same network options share it. Each raises UsageError where nothing leads to a sandbox.
    """

    def __init__(self, controls: ModuleControls) -> None:
        self._controls = controls

    @property
    def published(self) -> list[PublishedMessage]:
        """The newest hundred messages that the broker had, the last at the end."""

        def tell() -> list[PublishedMessage]:
            return [
                PublishedMessage(_text(each.client_id), _text(each.topic), each.payload, each.qos, each.retain)
                for each in self._broker().published
            ]

        return self._controls.do(tell)

    @property
    def subscriptions(self) -> list[BrokerSubscription]:
        """The subscriptions of all clients, of those that are away too."""

        def tell() -> list[BrokerSubscription]:
            return [
                BrokerSubscription(_text(session.client_id), _text(name), qos)
                for session in self._broker().sessions.values()
                for name, qos in session.subscriptions.items()
            ]

        return self._controls.do(tell)

    @property
    def clients(self) -> list[BrokerClient]:
        """The clients that are connected, and those whose sessions last."""

        def tell() -> list[BrokerClient]:
            return [
                BrokerClient(
                    client_id=_text(each.client_id),
                    connected=each.link is not None,
                    clean=each.clean,
                    subscriptions=len(each.subscriptions),
                    waiting=each.waiting,
                )
                for each in self._broker().sessions.values()
            ]

        return self._controls.do(tell)

    def publish(self, topic: str, payload: str | bytes, qos: int = 0, retain: bool = False) -> PublishResult:
        """Publish a message; every client that subscribes to its topic has it. A text is sent in UTF-8.

        retain: it is kept for those that subscribe later; an empty one takes that away. Raises UsageError: it is none.
        """
        if not isinstance(payload, str | bytes | bytearray | memoryview):
            raise UsageError(f"{type(payload).__name__} is no payload: give bytes or a text")
        data = payload.encode("utf-8", "surrogatepass") if isinstance(payload, str) else bytes(payload)

        def say() -> PublishResult:
            broker = self._broker()
            broker.say(topic, data, qos, bool(retain))
            return PublishResult(topic, sum(each.has(topic.encode()) for each in broker.sessions.values()))

        return self._controls.do(say)

    def restart(self) -> None:
        """Break every connection off, as a broker that is killed and started anew; sessions that are to last do.

        What it had not acknowledged is lost with it. No will is published.
        """
        self._controls.do(lambda: self._broker().restart())

    def _broker(self) -> Broker:
        from onemo.net.sandbox import Sandbox

        sandbox = self._controls.sandbox
        if not isinstance(sandbox, Sandbox):
            raise UsageError("nothing leads to the sandbox: start the module with --sandbox, or a route to it")
        return sandbox.broker


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _publish(controls: ModuleControls, values: Values) -> PublishResult:
    from onemo.faults.seams.broker import payload_of

    payload = payload_of(values["payload"], values["encoding"])
    return BrokerDesk(controls).publish(values["topic"], payload, values["qos"], bool(values["retain"]))


def _published(controls: ModuleControls, values: Values) -> tuple[SeenMessage, ...]:
    return tuple(
        SeenMessage(
            client_id=each.client_id,
            topic=each.topic,
            payload=_text(each.payload[: values["bytes"]]),
            qos=each.qos,
            retain=each.retain,
            size=len(each.payload),
        )
        for each in BrokerDesk(controls).published
    )


def _restart(controls: ModuleControls, values: Values) -> tuple[BrokerClient, ...]:
    desk = BrokerDesk(controls)
    desk.restart()
    return tuple(desk.clients)


def _messages(found: Sequence[dict[str, Any]]) -> Table:
    rows = [[each[name] for name in ("client_id", "topic", "qos", "retain", "payload")] for each in found]
    return ("Client", "Topic", "QoS", "Retain", "Payload"), rows


def _filters(found: Sequence[dict[str, Any]]) -> Table:
    return ("Client", "Filter", "QoS"), [list(each.values()) for each in found]


def _clients(found: Sequence[dict[str, Any]]) -> Table:
    return ("Client", "Connected", "Clean", "Subscriptions", "Waiting"), [list(each.values()) for each in found]


OPERATIONS = (
    DeskOperation(
        command="broker publish",
        about="Publish a message at the sandbox's MQTT broker, and tell how many clients subscribe to its topic.",
        method="POST",
        path="/broker/publish",
        keys=PUBLISH.keys,
        act=_publish,
        result=PublishResult,
        example="broker publish lamp/set on",
        arguments=("topic", "payload"),
        table=lambda said: (("Topic", "Clients"), [(said["topic"], said["clients"])]),
        most_body=_MOST_BODY,
    ),
    DeskOperation(
        command="broker published",
        about="List the newest messages that the sandbox's MQTT broker had.",
        method="GET",
        path="/broker/published",
        keys=(FaultKey("bytes", Type.INTEGER, "The bytes that are told of each payload.", _LARGEST, 0, _LARGEST),),
        act=_published,
        result=tuple[SeenMessage, ...],
        example="broker published",
        table=_messages,
    ),
    DeskOperation(
        command="broker clients",
        about="List the clients that the sandbox's MQTT broker knows.",
        method="GET",
        path="/broker/clients",
        keys=(),
        act=lambda controls, values: tuple(BrokerDesk(controls).clients),
        result=tuple[BrokerClient, ...],
        example="broker clients",
        table=_clients,
    ),
    DeskOperation(
        command="broker subscriptions",
        about="List the subscriptions at the sandbox's MQTT broker.",
        method="GET",
        path="/broker/subscriptions",
        keys=(),
        act=lambda controls, values: tuple(BrokerDesk(controls).subscriptions),
        result=tuple[BrokerSubscription, ...],
        example="broker subscriptions",
        table=_filters,
    ),
    DeskOperation(
        command="broker restart",
        about="Break every connection to the sandbox's MQTT broker off, as if it were killed and started anew.",
        method="POST",
        path="/broker/restart",
        keys=(),
        act=_restart,
        result=tuple[BrokerClient, ...],
        example="broker restart",
        table=_clients,
    ),
)
