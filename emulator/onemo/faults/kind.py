"""The declaration of a kind of fault: its layer, its keys, the scopes and keys that kinds share.

A kind belongs to a layer; its scope keys say which occasions of that layer concern it, its own keys what it does there.
Kinds of the layer EVENT happen to the module: at a time, or on an occasion of another layer (``on``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import NamedTuple

from onemo.families import BEYOND_FAULTS, FAMILIES

Value = int | float | str | bytes


class Layer(Enum):
    """The place where a fault acts."""

    LINE = "the line"
    COMMAND = "commands"
    URC = "URCs"
    NETWORK = "the network"
    NAMES = "names"
    HTTP = "HTTP"
    MQTT = "MQTT"
    FTP = "FTP"
    LWM2M = "LwM2M"
    TEXT = "short messages"
    CARD = "the card"
    EVENT = "radio and power"


class Type(Enum):
    """The type of a key's value: how it is written, and which Python type it becomes."""

    INTEGER = auto()  # int
    NUMBER = auto()  # float
    SECONDS = auto()  # float: 2.5, 2.5s or 200ms
    MOMENT = auto()  # int: so many matches; float: so many seconds, written 2.5s
    TEXT = auto()  # str
    CHOICE = auto()  # str
    BYTES = auto()  # bytes: text with \r \n \t \\ \xHH


class FaultKey(NamedTuple):
    """A key of a fault.

    default None: it has no value unless one is given; low, high: the accepted range, for numbers. of_index: the name of
    the index whose number it is, "": of none; the model's own range holds for it, too. pattern: a regular expression
    that the whole of a text matches, as about says it.
    """

    name: str
    type: Type
    about: str
    default: Value | None = None
    low: float = 0
    high: float = math.inf
    choices: tuple[str, ...] = ()
    required: bool = False
    of_index: str = ""
    pattern: str = ""


MOST_INSTANCES = 99
INDICES = tuple(family.instances for family in FAMILIES if family.instances is not None)
"""The indices by whose numbers a fault is confined to an instance; each model has a range of its own."""
TRACED_INDICES = (*INDICES, *BEYOND_FAULTS)
"""Those whose numbers a trace may tell."""


class FaultKind(NamedTuple):
    """A kind of fault.

    scope: names in SCOPES; once: it fires one time unless told otherwise; undo: the kind that takes it back when its
    for_seconds have passed; example: as it is typed; operations: of its layer, those that concern it, (): what is none
    of them. misfit: says what is wrong with the values together, of its keys and of its scope; "": nothing. seam: the
    file of onemo.faults.seams whose ``require`` refuses a fault that a module can never have; "": every one can.
    """

    name: str
    layer: Layer
    about: str
    keys: tuple[FaultKey, ...] = ()
    scope: tuple[str, ...] = ()
    once: bool = False
    undo: str = ""
    example: str = ""
    operations: tuple[str, ...] = ()
    misfit: Callable[[Mapping[str, Value]], str] = lambda values: ""
    seam: str = ""

    @property
    def word(self) -> str:
        """What it is called in messages: an event or a fault."""
        return "event" if self.layer is Layer.EVENT else "fault"

    @property
    def title(self) -> str:
        """What it is and its name, for messages."""
        return f"{self.word} {self.name}"

    @property
    def all_keys(self) -> dict[str, FaultKey]:
        """The kind's own keys, its scope's and those of every fault, in the order in which they are told."""
        scope = (SCOPES[name] for name in (*self.scope, "module"))
        return {key.name: key for key in (*self.keys, *scope, *COMMON)}


COMMON = (
    FaultKey("probability", Type.NUMBER, "How likely it is to fire at each match.", 1.0, 0, 1),
    FaultKey("after", Type.MOMENT, "So many matches pass first (3), or so many seconds since it was armed and the "
        "module was ready (2.5s).", 0),
    FaultKey("times", Type.INTEGER, "How often it fires; without it as often as it matches, and an event once.", None,
             1),
    FaultKey("for_seconds", Type.SECONDS, "How long it lives from its first chance; an event is then undone, where "
        "there is a way back.", None, 0.001),
)  # fmt: skip

OPERATIONS = ("open", "send", "receive", "lookup", "ping", "time")
NAMED_OPERATIONS = ("open", "lookup", "ping", "time")
FORMS = ("test", "read", "set", "execute")
PACKETS = ("connect", "connack", "publish", "puback", "pubrec", "pubrel", "pubcomp", "subscribe", "suback",
           "unsubscribe", "unsuback", "pingreq", "pingresp", "disconnect")  # fmt: skip
MOMENTS = ("boot", "fota-download", "fota-apply")
"""The occasions that the module makes by itself."""
DIRECTIONS = ("from-dte", "to-dte")

SCOPES: Mapping[str, FaultKey] = {
    key.name: key
    for key in (
        FaultKey("module", Type.TEXT, "Only on the module of this name."),
        *(FaultKey(each.name, Type.INTEGER, each.about, None, 0, MOST_INSTANCES, of_index=each.name)
          for each in INDICES),
        FaultKey("transport", Type.CHOICE, "Only over this transport.", choices=("TCP", "UDP")),
        FaultKey("host", Type.TEXT, "Only with this host, as the firmware wrote it; * stands for anything."),
        FaultKey("port", Type.INTEGER, "Only with this port of the peer.", None, 1, 65535),
        FaultKey("path", Type.TEXT, "Only requests for this path; * stands for anything."),
        FaultKey("verb", Type.TEXT, "Only replies to this command of FTP (STOR), or to none (GREETING).",
            pattern="[A-Z]{1,16}"),
        FaultKey("packet", Type.CHOICE, "Only packets of this type.", choices=PACKETS),
        FaultKey("command", Type.TEXT, "Only this command: MIPOPEN, AT+MIPOPEN, E; custom:NAME for another."),
        FaultKey("form", Type.CHOICE, "Only this form of it: =?, ?, = or none of them.", choices=FORMS),
        FaultKey("direction", Type.CHOICE, "Only this way along the line.", choices=DIRECTIONS),
        FaultKey("operation", Type.CHOICE, "Only this operation on the network.", choices=OPERATIONS),
        FaultKey("urc", Type.TEXT, "Only this URC: its name (MIPOPEN), or what it tells (rtcp, disconn); custom:NAME "
            "for another."),
        FaultKey("contains", Type.BYTES, "Only where this is in what passes at once; * stands for anything."),
        FaultKey("to", Type.TEXT, "Only messages to this number; * stands for anything."),
        FaultKey("file", Type.TEXT, "Only about this file of the card, four hex digits like 6F07.",
            pattern=r"[0-9A-Fa-f]{4}"),
        FaultKey("ins", Type.TEXT, "Only this instruction to the card, two hex digits: B0 reads, D6 writes, A4 "
            "selects.", pattern=r"[0-9A-Fa-f]{2}"),
        FaultKey("on", Type.TEXT, "The occasion: command:MIPSEND, urc:MIPOPEN, boot, fota-download, fota-apply, or "
            "open, send, receive, lookup, ping, time on the network. Without it the time alone decides."),
    )
}  # fmt: skip


_EVENT = ("on", *(index.name for index in INDICES), "form")


def event_kind(name: str, about: str, *keys: FaultKey, undo: str = "", example: str = "") -> FaultKind:
    """Declare an event, which happens once."""
    return FaultKind(
        name, Layer.EVENT, about, keys, _EVENT, once=True, undo=undo, example=example or f"{name} after=2s"
    )


def of_seam(seam: str, *kinds: FaultKind) -> tuple[FaultKind, ...]:
    """Have a seam refuse kinds of faults on a module that can never have them."""
    return tuple(kind._replace(seam=seam) for kind in kinds)
