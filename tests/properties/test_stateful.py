"""One module, driven at random by its DTE and by the world, says what a plain model of it says."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from onemo.errors import NetFailure
from onemo.families.sockets.connection import Loss
from onemo.net.interface import CloseResult

from tests.support.driver import Driver
from tests.support.plain import Model

IDS = st.integers(0, 2)
TEXT = st.text("abc+,", min_size=1, max_size=12)
LOSSES = {Loss.PEER_CLOSED: 1, Loss.BROKEN: 2, Loss.PDP_DOWN: 3}


class Module(RuleBasedStateMachine):
    """series, and what it has: packets held at most, transparent mode and a ``>`` entry, MIPSACK."""

    series: ClassVar[str]
    packets: ClassVar[int]
    cat1: ClassVar[bool]

    @initialize(
        opened=st.lists(st.tuples(st.sampled_from(["TCP", "UDP"]), st.sampled_from([0, 1, 1, 2, 3])), max_size=3)
    )
    def start(self, opened: list[tuple[str, int]]) -> None:
        self.driver = Driver(self.series).boot()
        self.models = [Model(number) for number in range(3)]
        self.online: Model | None = None
        self.held: list[str] = []
        for number, (protocol, mode) in enumerate(opened):
            if self.online is None:
                self.open(number, protocol, mode, "at once")

    # What is expected.

    def said(self, *lines: str, raw: str = "") -> None:
        expected = "".join(f"\r\n{line}\r\n" for line in lines) + raw
        assert self.driver.take().decode() == expected

    def ask(self, command: str, *lines: str) -> None:
        self.driver.type(f"AT{command}\r".encode())
        self.said(*lines)

    def urc(self, line: str) -> None:
        if self.online is None:
            self.said(line)
        else:
            self.held.append(line)
            self.said()

    def got(self, model: Model, data: str) -> None:
        model.sent += len(data)
        assert self.driver.world.got(model.number).decode() == data

    # Opening and closing.

    @precondition(lambda self: self.online is None)
    @rule(number=IDS, protocol=st.sampled_from(["TCP", "UDP"]), mode=st.integers(0, 4),
          how=st.sampled_from(["at once", "at once", "held", "refused"]))  # fmt: skip
    def open(self, number: int, protocol: str, mode: int, how: str) -> None:
        model = self.models[number]
        command = f'+MIPOPEN={number},"{protocol}","h",80,,{mode}'
        if mode == 4 or not model.fits(protocol, mode) or (mode == 1 and not self.cat1):
            return self.ask(command, "+CME ERROR: 50")
        if model.state != "INITIAL":
            return self.ask(command, "+CME ERROR: 552")
        if mode == 1 and any(each.wants_line for each in self.models):
            return self.ask(command, "+CME ERROR: 3")
        if how == "refused":
            self.driver.world.fail_open(number, NetFailure.REFUSED)
            return self.ask(command, "OK", f"+MIPOPEN: {number},{557 if self.cat1 else 1}")
        model.protocol, model.mode, model.state = protocol, mode, "CONNECTING"
        if how == "held":
            self.driver.world.hold("open", number)
            return self.ask(command, "OK")
        self.driver.type(f"AT{command}\r".encode())
        return self.connected(model, "OK")

    def connected(self, model: Model, *before: str) -> None:
        model.state = "CONNECTED"
        if model.mode == 1:
            self.online = model
            self.said(*before, "CONNECT")
        elif self.online is not None:
            self.held.append(f"+MIPOPEN: {model.number},0")
        else:
            self.said(*before, f"+MIPOPEN: {model.number},0")

    @rule(number=IDS, succeeds=st.booleans())
    def opening_ends(self, number: int, succeeds: bool) -> None:
        model = self.models[number]
        if model.state != "CONNECTING" or (self.online is not None and model.mode == 1):
            return
        if succeeds:
            self.driver.world.finish_open(number)
            self.connected(model)
        else:
            self.driver.world.fail_open(number, NetFailure.TIMED_OUT)
            model.free()
            self.urc(f"+MIPOPEN: {number},{558 if self.cat1 else 1}")

    @precondition(lambda self: self.online is None)
    @rule(number=IDS, held=st.booleans())
    def close(self, number: int, held: bool) -> None:
        model = self.models[number]
        refusal = {"INITIAL": 551, "CONNECTING": 4, "CLOSING": 4}.get(model.state)
        if refusal:
            return self.ask(f"+MIPCLOSE={number}", f"+CME ERROR: {refusal}")
        if held and model.connected:
            self.driver.world.hold("close", number)
            model.state = "CLOSING"
            return self.ask(f"+MIPCLOSE={number}", "OK")
        model.free()
        return self.ask(f"+MIPCLOSE={number}", "OK", f"+MIPCLOSE: {number}")

    @rule(number=IDS)
    def closing_ends(self, number: int) -> None:
        if self.models[number].state == "CLOSING":
            self.models[number].free()
            self.driver.world.end_close(number, CloseResult.NORMAL)
            self.urc(f"+MIPCLOSE: {number}")

    # Data.

    @precondition(lambda self: self.online is None)
    @rule(number=IDS, data=TEXT)
    def send(self, number: int, data: str) -> None:
        model, command = self.models[number], f'+MIPSEND={number},{len(data)},"{data}"'
        if not model.connected:
            return self.ask(command, "+CME ERROR: 550")
        self.ask(command, f"+MIPSEND: {number},{len(data)}", "OK")
        return self.got(model, data)

    @precondition(lambda self: self.online is None)
    @rule(number=IDS, data=TEXT, end=st.sampled_from(["\x1a", "\x1b", "", "length"]))
    def prompt(self, number: int, data: str, end: str) -> None:
        model, length = self.models[number], f",{len(data)}" if end == "length" else ""
        if not model.connected:
            return self.ask(f"+MIPSEND={number}{length}", "+CME ERROR: 550")
        if not self.cat1:
            return self.ask(f"+MIPSEND={number}{length}", "+CME ERROR: 50")
        self.driver.type(f"AT+MIPSEND={number}{length}\r\n".encode())
        self.said(raw="\r\n>")
        self.driver.type(data.encode() + end.removeprefix("length").encode())
        if not end:
            self.driver.wait(11)
            return self.said("ERROR")
        if end == "\x1b":
            return self.said("OK")
        self.said(f"+MIPSEND: {number},{len(data)}", "OK")
        return self.got(model, data)

    @rule(number=IDS, data=TEXT)
    def peer_sends(self, number: int, data: str) -> None:
        model = self.models[number]
        if not model.connected:
            return None
        waits = (model.mode == 0 and self.online is not None) or (model.mode == 2 and len(model.unread) >= self.packets)
        if model.tcp and waits:
            return None  # the peer waits, too; tests of back-pressure see to that
        self.driver.world.peer_sends(number, data.encode())
        model.received += len(data)
        if model.mode == 1:
            return self.said(raw=data)
        kind = "rtcp" if model.tcp else "rudp"
        if model.mode == 0:
            return self.urc(f'+MIPURC: "{kind}",{number},{len(data)},{data}')
        if len(model.unread) >= self.packets:
            return self.urc(f'+MIPURC: "drop",{number},{len(data)}')
        model.unread.append(data)
        return self.urc(f'+MIPURC: "{kind}",{number},{f"{len(data)}," if model.tcp else ""}{model.count}')

    @rule(number=IDS, loss=st.sampled_from(Loss))
    def peer_ends(self, number: int, loss: Loss) -> None:
        model = self.models[number]
        if not model.connected:
            return
        self.driver.world.peer_ends(number, loss)
        line = f'+MIPURC: "disconn",{number},{LOSSES[loss]}'
        if model is self.online:
            self.online = None
            self.said(*self.held, line)
            self.held = []
            self.driver.type(b"AT\r")
            self.driver.wait(0.3)
            self.said()
        else:
            self.urc(line)
        model.state = "CLOSED"
        if not model.autofree:
            model.free()

    # Reading and modes.

    @precondition(lambda self: self.online is None)
    @rule(number=IDS, length=st.one_of(st.none(), st.integers(0, 20)))
    def read(self, number: int, length: int | None) -> None:
        model = self.models[number]
        if length is not None:
            return self.ask(f"+MIPRD={number},{length}", *model.read(length), "OK")
        line = [] if model.state == "INITIAL" else [f"+MIPRD: {number},{model.count}"]
        return self.ask(f"+MIPRD={number}", *line, "OK")

    @precondition(lambda self: self.online is None)
    @rule(number=IDS, mode=st.one_of(st.none(), st.integers(0, 3)))
    def switch(self, number: int, mode: int | None) -> None:
        model, command = self.models[number], f"+MIPMODE={number}" + ("" if mode is None else f",{mode}")
        if mode == 1 and not self.cat1:
            return self.ask(command, "+CME ERROR: 50")
        if not model.connected:
            return self.ask(command, "+CME ERROR: 553")
        if mode is None:
            return self.ask(command, f"+MIPMODE: {number},{model.mode}", "OK")
        if not model.fits(model.protocol, mode):
            return self.ask(command, "+CME ERROR: 50")
        if mode == model.mode:
            return self.ask(command, "OK")
        if mode != 1:
            lines, model.mode = model.read(0), mode
            return self.ask(command, *lines, "OK")
        if any(each.wants_line for each in self.models):
            return self.ask(command, "+CME ERROR: 3")
        self.driver.type(f"AT{command}\r\n".encode())
        self.said("OK", "CONNECT", raw="".join(model.unread))
        model.mode, model.unread, self.online = 1, [], model
        return None

    @precondition(lambda self: self.online is not None)
    @rule(data=TEXT.filter(lambda text: text.strip("+")))
    def type_online(self, data: str) -> None:
        assert self.online is not None
        self.driver.type(data.encode())
        self.driver.wait(0.5)
        self.said()
        self.got(self.online, data)

    @precondition(lambda self: self.online is not None)
    @rule()
    def escape(self) -> None:
        assert self.online is not None
        self.driver.wait(0.2)
        self.driver.type(b"+++")
        self.driver.wait(0.2)
        self.said("OK", *self.held)
        self.held, self.online.mode, self.online = [], 0, None

    # Settings, figures, and starting anew.

    @precondition(lambda self: self.online is None)
    @rule(number=IDS, on=st.integers(0, 1))
    def configure(self, number: int, on: int) -> None:
        model = self.models[number]
        model.autofree = on
        self.ask(f'+MIPCFG="autofree",{number},{on}', "OK")
        result = "OK" if model.state == "INITIAL" else "+CME ERROR: 552"
        self.ask(f'+MIPCFG="rcvbuf",{number},4096', result)
        self.ask(f"+MIPTKA={number},{on}", result)

    @precondition(lambda self: self.online is None)
    @rule(number=IDS)
    def figures(self, number: int) -> None:
        model = self.models[number]
        acknowledged = model.sent if model.tcp else 0
        line = f"+MIPSACK: {model.sent},{acknowledged},{model.sent - acknowledged},{model.received}"
        answer = [line, "OK"] if model.connected else ["+CME ERROR: 553"]
        self.ask(f"+MIPSACK={number}", *(answer if self.cat1 else ["ERROR"]))

    @precondition(lambda self: self.online is None)
    @rule(chance=st.integers(0, 4))
    def restart(self, chance: int) -> None:
        if chance:
            return
        self.ask("+MREBOOT", "OK", "REBOOTING")
        self.models = [Model(model.number) for model in self.models]
        self.driver.wait(1)
        self.driver.type(b"ATE0\r")
        self.driver.take()

    @invariant()
    def states(self) -> None:
        if hasattr(self, "driver") and self.online is None:
            for model in self.models:
                self.ask(f"+MIPSTATE={model.number}", model.line, "OK")


class Nb(Module):
    series, packets, cat1 = "MN316", 12, False


class Cat1(Module):
    series, packets, cat1 = "ML307R", 256, True


TestNb = Nb.TestCase
TestCat1 = Cat1.TestCase
TestNb.settings = TestCat1.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
