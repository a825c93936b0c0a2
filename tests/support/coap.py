"""CoAP messages in words, for transcripts and tests: ``CON POST /rd?ep=meter cf=40 text:</3/0>``.

TYPE MID CODE [/PATH[?QUERY]] [t=TOKEN] [observe=N] [accept=N] [cf=N] [block1=NUMBER/MORE/SIZE] [block2=...]
[location=/PATH] [option=NUMBER:TEXT] [text:TEXT | hex:HEX | N*LETTER]

TYPE is CON, NON, ACK or RST, CODE a method, 2.05 and so on, or empty; TEXT has a transcript's escapes, and is the last.
Of what the module sends its own mids and tokens are left out: those of its requests and notifications. IMEI and IMSI
stand for its own.
"""

from __future__ import annotations

from onemo.dialogue.escapes import escaped, unescaped
from onemo.net.coap.blocks import CoapBlock, decode_block
from onemo.net.coap.message import CoapCode, CoapMessage, CoapOption, CoapType, decode, encode, label, uint_option

from tests.support.driver import Driver
from tests.support.world import Key

KEY: Key = ("ref", 0)
_NUMBERS = {"observe": CoapOption.OBSERVE, "accept": CoapOption.ACCEPT, "cf": CoapOption.CONTENT_FORMAT}
_BLOCKS = {"block1": CoapOption.BLOCK1, "block2": CoapOption.BLOCK2}
_CODES = {label(code): int(code) for code in CoapCode}
_KNOWN = {*_NUMBERS.values(), *_BLOCKS.values(), CoapOption.LOCATION_PATH, CoapOption.URI_PATH, CoapOption.URI_QUERY}


def read(text: str) -> bytes:
    """The bytes of a message in words."""
    kind, mid, rest = text.split(" ", 2)
    return encode(_message(CoapType[kind], int(mid), b"", rest))


def answer_to(request: bytes, text: str) -> bytes:
    """The bytes of a piggy-backed answer to a request: the code and what follows it."""
    asked = decode(request)
    return encode(_message(CoapType.ACK, asked.mid, asked.token, text))


def empty(kind: CoapType, message: bytes) -> bytes:
    """The bytes of an acknowledgement or a reset of a message."""
    return encode(CoapMessage(kind, CoapCode.EMPTY, decode(message).mid))


def _message(kind: CoapType, mid: int, token: bytes, text: str) -> CoapMessage:
    head, payload = text, b""
    for each in (" text:", " hex:"):
        if each in head:
            head, _, said = head.partition(each)
            payload = unescaped(said) if each == " text:" else bytes.fromhex(said)
    code, *words = head.split(" ")
    options: list[tuple[int, bytes]] = []
    for word in words:
        name, equals, value = word.partition("=")
        if word.startswith("/"):
            path, _, query = word.partition("?")
            options += [(CoapOption.URI_PATH, each.encode()) for each in path[1:].split("/") if each]
            options += [(CoapOption.URI_QUERY, each.encode()) for each in query.split("&") if each]
        elif not equals:
            count, _, letter = word.partition("*")
            payload = letter.encode() * int(count)
        elif name == "t":
            token = bytes.fromhex(value)
        elif name in _NUMBERS:
            options.append(uint_option(_NUMBERS[name], int(value)))
        elif name in _BLOCKS:
            number, more, size = map(int, value.split("/"))
            options.append((_BLOCKS[name], CoapBlock(number, bool(more), size).encode()))
        elif name == "location":
            options += [(CoapOption.LOCATION_PATH, each.encode()) for each in value[1:].split("/")]
        else:
            number_of, _, said = value.partition(":")
            options.append((int(number_of), unescaped(said)))
    return CoapMessage(kind, _CODES[code], mid, token, tuple(options), payload)


def told(data: bytes) -> str:
    """A message of the module in words; nothing for none."""
    if not data:
        return ""
    message = decode(data)
    parts = [message.type.name]
    parts += [str(message.mid)] if message.type in (CoapType.ACK, CoapType.RST) else []
    parts.append(label(message.code))
    if message.is_request:
        parts.append("/" + "/".join(message.path) + ("?" + "&".join(message.query) if message.query else ""))
    elif message.token:
        parts.append(f"t={message.token.hex()}")
    for name, number in _NUMBERS.items():
        if (value := message.uint(number)) is not None:
            parts.append(f"{name}={value}")
    for name, number in _BLOCKS.items():
        for raw in message.all(number):
            block = decode_block(raw)
            parts.append(f"{name}={block.number}/{int(block.more)}/{block.size}")
    parts += [f"option={number}:{escaped(value)}" for number, value in message.options if number not in _KNOWN]
    if message.payload:
        payload = message.payload
        if len(payload) > 100 and payload == payload[:1] * len(payload):
            parts.append(f"{len(payload)}*{payload[:1].decode()}")
        elif all(0x20 <= byte < 0x7F for byte in payload):
            parts.append(f"text:{escaped(payload)}")
        else:
            parts.append(f"hex:{payload.hex()}")
    return " ".join(parts)


class Server:
    """The LwM2M server of a test, which does what it is told."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.last = b""

    def got(self) -> str:
        """The next message of the module, in words; its mid is remembered."""
        data = self._driver.world.got(KEY) if KEY in self._driver.world.last_peers else b""
        self.last = data or self.last
        modem = self._driver.modem
        return told(data).replace(modem.profile.identity.imei, "IMEI").replace(modem.imsi, "IMSI")

    def all(self) -> list[str]:
        """Every message that came since the last look."""
        found = []
        while words := self.got():
            found.append(words)
        return found

    def sends(self, text: str) -> None:
        """Send a message in words."""
        self._driver.world.peer_sends(KEY, read(text))

    def raw(self, data: bytes) -> None:
        """Send a datagram."""
        self._driver.world.peer_sends(KEY, data)

    def answers(self, text: str) -> None:
        """Answer the last request of the module."""
        self._driver.world.peer_sends(KEY, answer_to(self.last, text))

    def acknowledges(self) -> None:
        """Acknowledge the module's last message."""
        self._driver.world.peer_sends(KEY, empty(CoapType.ACK, self.last))

    def resets(self) -> None:
        """Reset the module's last message."""
        self._driver.world.peer_sends(KEY, empty(CoapType.RST, self.last))


def server_of(driver: Driver) -> Server:
    """The one server of a driver."""
    found = getattr(driver, "lwm2m_server", None)
    if not isinstance(found, Server):
        found = Server(driver)
        driver.lwm2m_server = found
    return found
