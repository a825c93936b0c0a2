"""The dialogues of scripts/fuzz: they follow the grammar of a model's commands, and then do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from onemo.at.grammar import Form
from onemo.at.params import BoundParam, ParamKind
from onemo.families.sockets.connection import Loss
from onemo.faults.kind import FORMS, SCOPES, FaultKey, Layer, Type
from onemo.faults.kinds import KINDS
from onemo.faults.presets import PRESETS
from onemo.runtime.models import Model

STEPS = 80
_STRINGS = (
    b"TCP", b"UDP", b"h", b"192.0.2.1", b"2001:db8::1", b"a.pem", b"", b"x" * 70, b"24/02/29,12:00:00+32", b"0000",
    b"01010101", b"\\", b'\\"', b"4142", b"414", b"\xff\x00", b"IPV4V6", b"SC", b"autofree",
)  # fmt: skip
_NUMBERS = (b"0", b"1", b"2", b"5", b"6", b"10", b"1460", b"65535", b"65536", b"-1", b"4294967296", b"01", b"1.5", b"x")
_BYTES = (
    b"\r", b"\n", b"\x1a", b"\x1b", b"+++", b"A/", b"a/", b'"', b",", b";", b"=", b"?", b"\x08", b"\0", b"\\", b" ",
    b"AT", b"\xff",
)  # fmt: skip
_ENDS = (b"\r",) * 8 + (b"\r\n", b"\n", b"", b"\x1a")
_WAITS = (0.005, 0.05, 0.2, 0.3, 1.0, 1.0, 5.0, 11.0, 70.0)
_SHAPES = {Form.TEST: b"=?", Form.READ: b"?", Form.EXECUTE: b"", Form.SET: b"="}
_POOLS = {
    Layer.COMMAND: "command",
    Layer.URC: "urc",
    Layer.HTTP: "HTTP",
    Layer.EVENT: "event",
}
_URCS = ("MIPOPEN", "MIPURC", "MIPCLOSE", "rtcp", "rudp", "disconn", "CEREG", "CREG", "MPING", "MDNSGIP", "MATREADY")


class Step(NamedTuple):
    """A step: ``type`` data, ``wait`` number, ``arm`` text, or another act of the world (connect_id, data).

    ``console``: the DTE turns to the one of that number.
    """

    what: str
    data: bytes = b""
    number: float = 0.0
    text: str = ""

    def __str__(self) -> str:
        given = [repr(value) for value in (self.data, self.text) if value]
        return " ".join([self.what, *given, *([f"{self.number:g}"] if self.number or self.what == "wait" else [])])


class Case(NamedTuple):
    """A dialogue with one module. chunk: the most bytes that the line carries at once; consoles: how many there are."""

    model: str
    chunk: int
    dice: int
    steps: Sequence[Step]
    consoles: int = 1


class Maker:
    """A maker of the steps of one dialogue with a model."""

    def __init__(self, model: Model, random: Random) -> None:
        self._model = model
        self._random = random
        self._names = sorted(model.whole().commands)
        self._ways: tuple[tuple[int, Callable[[], list[Step]]], ...] = (
            (50, self._typed), (12, self._opened), (10, self._sent), (8, self._transparent), (10, self._waited),
            (8, self._of_the_peer), (8, self._faulty), (3, self._of_the_world),
        )  # fmt: skip

    def steps(self) -> list[Step]:
        """Make the steps of a dialogue."""
        random = self._random
        steps: list[Step] = []
        while len(steps) < STEPS:
            (way,) = random.choices([way for _, way in self._ways], [weight for weight, _ in self._ways])
            steps += way()
        return steps

    # Steps.

    def _typed(self) -> list[Step]:
        return [Step("type", self._spoilt(self._line()) + self._random.choice(_ENDS))]

    def _opened(self) -> list[Step]:
        random = self._random
        protocol = random.choice((b"TCP", b"TCP", b"UDP"))
        number, mode = self._id(), random.choice((b"", b"", b",60,0", b",60,1", b",,2"))
        return [Step("type", b'AT+MIPOPEN=%d,"%s","h",80%s\r' % (number, protocol, mode))]

    def _sent(self) -> list[Step]:
        """Answer the > entry: whole, cancelled, too long, or not at all."""
        random = self._random
        size = random.choice((b"", b"", b",5", b",0", b",1460", b",%d" % random.randrange(2000)))
        payload = random.choice((random.randbytes(random.randrange(40)), b"x" * 1500, b"12345"))
        steps = [Step("type", b"AT+MIPSEND=%d%s\r" % (self._id(), size))]
        if random.random() < 0.8:
            steps.append(Step("type", payload))
        if random.random() < 0.8:
            steps.append(Step("type", random.choice((b"\x1a", b"\x1b", b"\x1a\x1a", b"\r"))))
        return steps

    def _transparent(self) -> list[Step]:
        random = self._random
        steps = [Step("type", b"AT+MIPMODE=%d,%d\r" % (self._id(), random.randrange(4)))]
        if random.random() < 0.6:
            steps.append(Step("type", random.randbytes(random.choice((3, 30, 3000)))))
            guard = Step("wait", number=random.choice((0.05, 0.25, 1.1)))
            steps += [guard, Step("type", random.choice((b"+++", b"+++", b"++", b"+++\r"))), guard]
        return steps

    def _waited(self) -> list[Step]:
        return [Step("wait", number=self._random.choice(_WAITS))]

    def _of_the_peer(self) -> list[Step]:
        random = self._random
        if random.random() < 0.2:
            return [Step("ends", text=random.choice(list(Loss)).name, number=self._id())]
        data = random.randbytes(random.choice((1, 5, 100, 1460, 5000)))
        return [Step("sends", data, self._id())]

    def _of_the_world(self) -> list[Step]:
        random = self._random
        whole = ("supply off", "supply on", "dtr", "hold open", "hold send", "hold close", "hold lookup", "hold ping",
                 "hold asktime", "fail open", "let go", "nv full", "nv free")  # fmt: skip
        return [Step(random.choice(whole), number=self._id())]

    def _faulty(self) -> list[Step]:
        random = self._random
        if random.random() < 0.3:
            return [Step("disarm", number=random.randrange(8))]
        return [Step("arm", text=self.fault())]

    def _id(self) -> int:
        return self._random.choice((0, 0, 0, 1, 1, 2, 5))

    # Command lines.

    def _line(self) -> bytes:
        random = self._random
        chance = random.random()
        if chance < 0.04:
            return random.randbytes(random.choice((1, 20, 300, 9000)))
        if chance < 0.08:
            return b"".join(random.choices(_BYTES, k=random.randrange(12)))
        commands = [self._command() for _ in range(random.choice((1, 1, 1, 1, 2, 3)))]
        return random.choice((b"AT", b"AT", b"AT", b"at", b" aT ")) + b";".join(commands)

    def _command(self) -> bytes:
        random = self._random
        name = random.choice(self._names)
        if name[:1] == b"&" or len(name) == 1 or (name[:1] == b"S" and name[1:].isdigit()):
            return name + random.choice((b"", b"0", b"1", b"?", b"=?", b"=%d" % random.randrange(256), b"9999"))
        forms = tuple(self._model.commands[name].forms) if random.random() < 0.95 else tuple(_SHAPES)
        form = Form.SET if Form.SET in forms and random.random() < 0.6 else random.choice(forms)
        values = self._values(name) if form is Form.SET else b""
        return b"+" + (name if random.random() < 0.95 else name.lower()) + _SHAPES[form] + values

    def _values(self, name: bytes) -> bytes:
        random = self._random
        key, record = random.choice(list(self._model.commands[name].records.items()))
        count = random.choice((len(record.params), len(record.params), random.randrange(len(record.params) + 2)))
        values = [self._value(param) for param in record.params[:count]]
        if key:
            values.insert(0, b'"%s"' % key.encode())
        if random.random() < 0.05:
            values += random.choices(_NUMBERS, k=random.choice((1, 3, 300)))
        return b",".join(values)

    def _value(self, param: BoundParam) -> bytes:
        random = self._random
        chance = random.random()
        if chance < 0.04:
            return random.choice((b"", *_NUMBERS))
        if param.param.kind is ParamKind.INTEGER:
            if param.name == "connect_id":
                return b"%d" % self._id()
            accepted = param.accepted
            if accepted is None or chance < 0.08:
                return random.choice(_NUMBERS)
            low, high = random.choice(accepted.spans)
            edges = (*accepted.boundaries, *accepted.neighbours) if chance < 0.3 else (random.randint(low, high),)
            return b"%d" % random.choice(edges)
        choices = [choice.encode() for choice in param.choices]
        return b'"%s"' % random.choice((*choices, *_STRINGS) if chance < 0.2 or not choices else choices)

    def _spoilt(self, line: bytes) -> bytes:
        """Lose, double or replace some of the line, in one of six."""
        random = self._random
        while random.random() < 0.16 and line:
            start = random.randrange(len(line))
            end = min(len(line), start + random.choice((0, 1, 1, 3, 20)))
            middle = random.choice((b"", line[start:end] * 2, random.choice(_BYTES), random.randbytes(1)))
            line = line[:start] + middle + line[end:]
        return line

    # Faults.

    def fault(self, layers: Sequence[Layer] = tuple(_POOLS)) -> str:
        """Make a fault of one of those layers, as it is typed, with random keys."""
        random = self._random
        if random.random() < 0.1 and len(layers) > 1:
            return random.choice([name for name in PRESETS if name != "hostile"])
        kind = random.choice([kind for kind in KINDS.values() if kind.layer in layers])
        words = [kind.name]
        for key in kind.keys:
            if key.required or random.random() < 0.5:
                words.append(f"{key.name}={self._key(key)}")
        timed = kind.layer is Layer.EVENT
        if timed and random.random() < 0.6:
            timed = False
            words.append("on=" + random.choice(("boot", f"urc:{random.choice(_URCS)}", f"command:{self._some()}")))
        for name in kind.scope:
            concerns = name in ("command", "form", "urc", "connect_id") and kind.layer is not Layer.EVENT
            if concerns and random.random() < 0.3:
                words.append(f"{name}={self._key(SCOPES[name])}")
        return " ".join((*words, *self._limits(timed=timed)))

    def _limits(self, *, timed: bool) -> Iterator[str]:
        """Yield keys that every fault has. timed: it is an event that happens at a time."""
        random = self._random
        if timed:
            yield f"after={random.choice((0.5, 2, 30))}s"
        elif random.random() < 0.3:
            yield f"after={random.choice(('1', '3', '2s'))}"
        if random.random() < 0.4:
            yield f"probability={random.choice((0.1, 0.5))}"
        if random.random() < 0.5:
            yield f"times={random.choice((1, 2, 5))}"
        if random.random() < 0.3:
            yield f"for_seconds={random.choice((0.5, 5, 60))}"

    def _some(self) -> str:
        return self._random.choice(self._names).decode()

    def _key(self, key: FaultKey) -> str:
        random = self._random
        if key.name == "command":
            return self._some()
        if key.name == "urc":
            return random.choice(_URCS)
        if key.name == "form":
            return random.choice(FORMS)
        match key.type:
            case Type.CHOICE:
                return random.choice(key.choices)
            case Type.INTEGER:
                return str(random.randint(int(key.low), int(min(key.high, max(key.low, 0) + 20))))
            case Type.SECONDS:
                return f"{max(key.low, random.choice((0.01, 0.3, 2, 20)))}s"
            case _:
                return random.choice(("'+CEREG: 2'", "x", "'\\r\\nOK'", "'{id}'", "192.0.2.9", "'NO CARRIER'"))
