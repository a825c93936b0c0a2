"""Lets a driver talk to a module whose faults are random, for minutes, over a real pty and with real sockets.

The module runs in this process, so that its tasks and descriptors can be counted. It goes in rounds. In a rough one
any faults are armed, whatever becomes of the driver's work is taken as it comes, and then all is put back. In a fair
one there are only faults that lose nothing, and what a peer sends back must be what was sent, byte for byte. After
each round the module answers AT, echoes a payload in every mode, and has as many tasks and descriptors as before.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import serial
import trio
from onemo.errors import FaultError
from onemo.faults.kind import Layer
from onemo.faults.plan import ArmedFault
from onemo.faults.presets import parse_faults
from onemo.faults.say import parse_fault
from onemo.faults.seams.attach import Faults
from onemo.runtime.faulty import faults_of
from onemo.runtime.hosted import Hosted
from onemo.runtime.keywords import ModuleKeywords, options_of
from onemo.runtime.models import load_model
from onemo.runtime.spec import spec_of

from scripts.fuzz_cases import Maker
from tests.e2e.driver import Driver, Refused
from tests.e2e.dte import Transcript
from tests.e2e.peers import IPV4, IPV6, Peers

PATIENCE = 20.0
"""Seconds within which a module that has no fault any more answers."""
SHORT = 0.5
"""Seconds for which a driver in a rough round waits for an answer."""
SETTLED = 10.0
"""Seconds within which tasks and descriptors are as before."""
GROWTH = 24.0
"""MB by which the process may grow after its first round."""
LOSSLESS = (
    "line-slice direction=to-dte size=3 gap=1ms probability=0.5",
    "line-slice direction=from-dte size=5 gap=1ms probability=0.5",
    "line-delay direction=to-dte seconds=5ms jitter=20ms probability=0.5",
    "line-delay direction=from-dte seconds=5ms jitter=20ms",
    "command-delay seconds=10ms jitter=100ms probability=0.5",
    "urc-split split=9 gap=10ms",
    "urc-place at=echo wait=200ms",
    "urc-place at=before-answer wait=200ms probability=0.5",
    "urc-place at=before-final wait=200ms",
    "urc-place at=glued wait=200ms",
    "urc-place at=prompt wait=200ms",
    "urc-delay urc=MIPOPEN seconds=50ms jitter=200ms",
    "net-latency seconds=20ms jitter=50ms",
    "net-bandwidth rate=20000",
    "net-loss transport=TCP probability=0.05",
    "dns-delay seconds=100ms",
    "http-slow seconds=50ms jitter=300ms",
    "mqtt-late seconds=20ms jitter=200ms probability=0.5",
    "hostile",
)
"""Faults that delay, and lose no byte."""
_WEB, _BROKER = "web.example.com", "broker.example.com"
"""Names that lead to the sandbox."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
PUT_BACK = ("power-on", "sim-insert", "registration-back", "home", "signal-back", "dtr")


class Leak(Exception):
    """Something is not as before that should be, or bytes are lost that no fault took. Says which."""


@dataclass
class Bench:
    """One module on its pty, its driver and the peers."""

    hosted: Hosted
    name: str
    driver: Driver
    port: serial.Serial
    echo: dict[tuple[str, str], int]
    random: Random
    faults: Faults
    echoed: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)

    # Faults.

    def arm(self, text: str) -> None:
        """Arm what the text says; what the random text cannot say, or the model has not, is left out."""
        try:
            faults = parse_faults(text)
            self.hosted.call(lambda: [self.faults.arm(fault) for fault in faults])
        except FaultError:
            return

    def put_back(self) -> None:
        """No fault is left, and what happened is undone."""
        self.hosted.call(self._reset)

    def _reset(self) -> None:
        for armed in self.faults.reset():
            self.fired[armed.fault.kind.name] += armed.fired
        for kind in PUT_BACK:
            self.faults.happen(parse_fault(kind))
        module = self.hosted.lab.modules[self.name].module
        module.guarded(lambda: module.modem.on_deadline(trio.current_time()))

    # What a driver does.

    def rough(self, until: float) -> None:
        """Any work, whatever becomes of it."""
        while time.monotonic() < until:
            number, way = self.random.randrange(3), self.random.choice(("TCP", "UDP"))
            host = self.random.choice((IPV4, IPV6))
            line = self.random.choice((
                "AT", "AT+CSQ", "AT+CEREG?", f"AT+MIPSTATE={number}", f"AT+MIPCLOSE={number}", "AT+CPIN?",
                f'AT+MIPOPEN={number},"{way}","{host}",{self.echo[way, host]},5,{self.random.choice((0, 0, 2))}',
                f'AT+MIPOPEN={number},"{way}","{host}",{self.echo[way, host]},5',
                f'AT+MIPSEND={number},5,"hello"', f'AT+MIPSEND={number},500,"{"x" * 500}"',
                f"AT+MIPRD={number},100", f"AT+MIPMODE={number},1", f'AT+MPING="{IPV4}",1,1', 'AT+MDNSGIP="localhost"',
                "AT+CFUN=1", "AT+CREG=1;+CEREG=1", f'AT+MHTTPCREATE="http://{_WEB}"', 'AT+MHTTPREQUEST=0,1,0,"/get"',
                'AT+MHTTPREQUEST=0,1,0,"/stream/5000"', "AT+MHTTPTERM", "AT+MHTTPDEL=0", "AT+MQTTDISC=0",
                f'AT+MQTTCONN=0,"{_BROKER}"', 'AT+MQTTSUB=0,"t",2', 'AT+MQTTPUB=0,"t",1,0,0,2,"hi"',
                'AT+MQTTPUB=0,"t",2,0,0,2,"hi"',
            ))  # fmt: skip
            try:
                self.driver.command(line, within=SHORT)
                self.answered["OK"] += 1
            except Refused as refused:
                self.answered[str(refused)] += 1
            except (AssertionError, ValueError, serial.SerialTimeoutException) as error:
                self.answered[type(error).__name__] += 1
                self.port.write(self.random.choice((b"\x1b", b"+++", b"\r", b"data\x1a")))
            self.driver.urcs.clear()

    def recover(self) -> None:
        """Restart, from whatever the line and the module are left at."""
        end = time.monotonic() + PATIENCE
        heard = b""
        while b"REBOOTING" not in heard:
            if time.monotonic() > end:
                raise Leak(f"the module does not restart: it said {heard[-500:]!r}")
            heard = self._tell(b"\x1b", 0.4) + self._tell(b"+++", 0.4) + self._tell(b"\rAT+MREBOOT\r", 0.3)
        self.driver.take()
        while True:
            try:
                self.driver.command("ATE0", within=SHORT)
                break
            except (AssertionError, ValueError, Refused):
                if time.monotonic() > end:
                    raise Leak("the module does not answer after its restart") from None
        self._quiet()

    def _tell(self, data: bytes, wait: float) -> bytes:
        self.port.write(data)
        return self._quiet(wait)

    def _quiet(self, wait: float = 0.2) -> bytes:
        """Return all that comes until nothing has come for so long."""
        self.port.timeout = wait
        heard = bytearray()
        while len(heard) < 1 << 20 and (data := self.port.read(max(1, self.port.in_waiting))):
            heard += data
        return bytes(heard)

    # What must be right.

    def fair(self) -> None:
        """Payload goes to a peer and comes back whole, in every mode. Raises Leak."""
        driver = self.driver
        driver.urcs.clear()
        driver.until("AT+CEREG?", lambda told: told.split(",")[1] in "15", within=PATIENCE)
        for number, (way, host) in enumerate(self.echo):
            driver.command(f'AT+MIPOPEN={number},"{way}","{host}",{self.echo[way, host]},8,0')
            told = driver.urc(f"+MIPOPEN: {number},", PATIENCE)
            if told != f"+MIPOPEN: {number},0":
                raise Leak(f"{way} to {host} is not opened: {told}")
            for _ in range(self.random.randrange(1, 6)):
                self._echoes(number, way)
            if way == "TCP":
                self._transparent(number)
            driver.command(f"AT+MIPCLOSE={number}")
            driver.urc(f"+MIPCLOSE: {number}", PATIENCE)
        self._asks_web()
        self._asks_broker()
        if driver.urcs:
            raise Leak(f"these URCs should not be there: {driver.urcs}")
        if driver.command("AT"):
            raise Leak("AT has an answer beside OK")

    def _echoes(self, number: int, way: str) -> None:
        """Up to three payloads on their way at once."""
        payloads = [self._payload() for _ in range(self.random.choice((1, 1, 3)))]
        for payload in payloads:
            self.driver.command(f'AT+MIPSEND={number},{len(payload)},"{payload}"', within=PATIENCE)
        sent, back, kind = "".join(payloads), "", "rtcp" if way == "TCP" else "rudp"
        while len(back) < len(sent):
            line = self.driver.urc(f'+MIPURC: "{kind}",{number},', PATIENCE)
            _, _, length, part = line.split(",", 3)
            if len(part) != int(length):
                raise Leak(f"a URC of {length} bytes carries {len(part)}: {line!r}")
            back += part
        if back != sent:
            raise Leak(f"{sent!r} came back as {back!r}")
        self.echoed += len(sent)

    def _asks_web(self) -> None:
        """Have the sandbox's web server send a body back. The URCs are in hexadecimal: a header has line ends."""
        payload, driver = self._payload(), self.driver
        driver.command(f'AT+MHTTPCREATE="http://{_WEB}"')
        for line in ('AT+MHTTPCFG="encoding",0,0,1', f'AT+MHTTPCONTENT=0,0,{len(payload)},"{payload}"',
                     'AT+MHTTPREQUEST=0,2,0,"/post"'):  # fmt: skip
            driver.command(line, within=PATIENCE)
        driver.urc('+MHTTPURC: "header",0,200,', PATIENCE)
        back = ""
        while len(back) < len(payload):
            back += bytes.fromhex(driver.urc('+MHTTPURC: "content",0,', PATIENCE).split(",")[5]).decode()
        if back != payload:
            raise Leak(f"{payload!r} came back as {back!r} over HTTP")
        driver.command("AT+MHTTPDEL=0")
        self.echoed += len(payload)

    def _asks_broker(self) -> None:
        """Have the sandbox's broker send messages back."""
        driver = self.driver
        driver.command(f'AT+MQTTCONN=0,"{_BROKER}"')
        driver.urc('+MQTTURC: "conn",0,0', PATIENCE)
        driver.command('AT+MQTTSUB=0,"t",0')
        driver.urc('+MQTTURC: "suback",0,', PATIENCE)
        for _ in range(self.random.randrange(1, 4)):
            payload = self._payload()[:1000]
            driver.command(f'AT+MQTTPUB=0,"t",0,0,0,{len(payload)},"{payload}"', within=PATIENCE)
            back = ""
            while len(back) < len(payload):
                back += driver.urc('+MQTTURC: "publish",0,0,"t",', PATIENCE).split(",")[6]
            if back != payload:
                raise Leak(f"{payload!r} came back as {back!r} over MQTT")
            self.echoed += len(payload)
        driver.command("AT+MQTTDISC=0")
        driver.urc('+MQTTURC: "conn",0,2', PATIENCE)

    def _payload(self) -> str:
        return "".join(self.random.choices(_LETTERS, k=self.random.choice((1, 10, 100, 1000, 1400))))

    def _transparent(self, number: int) -> None:
        """Send some kilobytes of any byte, the first no LF (that of the command line), and go back to commands."""
        self.driver.command(f"AT+MIPMODE={number},1")
        self.driver.urc("CONNECT", PATIENCE)
        sent, end = b"x" + self.random.randbytes(self.random.randrange(8000)), time.monotonic() + PATIENCE
        self.port.write(sent)
        back = self.driver.take()
        while len(back) < len(sent) and time.monotonic() < end:
            self.port.timeout = 0.1
            back += self.port.read(max(1, self.port.in_waiting))
        if back != sent:
            raise Leak(f"of {len(sent)} bytes in transparent mode {len(back)} came back, or others")
        self._quiet(0.4)
        self.port.write(b"+++")
        self.driver.urc("OK", PATIENCE)
        self.echoed += len(sent)


# What may leak.


def _descriptors() -> list[str]:
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.append(os.readlink(entry).split(":")[0])
        except FileNotFoundError:
            pass  # that of the list itself
    return sorted(found)


def memory() -> float:
    """Resident, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def settled(hosted: Hosted, wanted: tuple[int, list[str]] | None) -> tuple[int, list[str]]:
    """Return the tasks and the descriptors, once they are those that are wanted. Raises Leak."""
    end = time.monotonic() + SETTLED
    while True:
        tasks = hosted.call(lambda: trio.lowlevel.current_statistics().tasks_living)
        found = tasks, _descriptors()
        if found == wanted or (wanted is None and time.monotonic() > end - SETTLED + 1):
            return found
        if wanted is not None and time.monotonic() > end:
            more = Counter(found[1]) - Counter(wanted[1])
            raise Leak(f"{tasks} tasks, before {wanted[0]}; descriptors more: {dict(more)}")
        hosted.settle()
        trio.run(trio.sleep, 0.05)


# The run.


def soak(bench: Bench, maker: Maker, minutes: float) -> tuple[int, float]:
    """Run rounds until the time is over; return how many, and by how many MB the process has grown since the first."""
    end = time.monotonic() + 60 * minutes
    for text in ("line-drop probability=0", "net-latency probability=0"):  # their wrappers stay
        bench.arm(text)
    bench.put_back()
    bench.recover()
    bench.fair()
    before, size, told = settled(bench.hosted, None), memory(), time.monotonic()
    rounds = 0
    while time.monotonic() < end:
        rounds += 1
        if rough := bool(rounds % 3):
            for _ in range(bench.random.randrange(2, 9)):
                bench.arm(maker.fault(tuple(Layer)))
            bench.rough(min(end, time.monotonic() + bench.random.uniform(2, 5)))
        else:
            for text in bench.random.sample(LOSSLESS, 3):
                bench.arm(text)
            bench.fair()
        bench.put_back()
        bench.recover()
        bench.fair()
        settled(bench.hosted, before)
        if memory() - size > GROWTH:
            raise Leak(f"{memory():.1f} MB after round {rounds}, {size:.1f} after the first")
        if time.monotonic() - told > 30:
            told = time.monotonic()
            print(f"round {rounds} ({'rough' if rough else 'fair'}): {sum(bench.fired.values())} faults of "
                  f"{len(bench.fired)} kinds fired, {bench.echoed:,} bytes echoed, {memory():.1f} MB, "
                  f"{before[0]} tasks, {len(before[1])} descriptors", flush=True)  # fmt: skip
    return rounds, memory() - size


def main() -> int:
    """Soak, and return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of all dice (%(default)s)")
    parser.add_argument("--model", default="ML307R", help="%(default)s")
    given = parser.parse_args()
    random = Random(given.seed)
    maker = Maker(load_model(given.model), random)
    options: ModuleKeywords = {
        "boot_time": 0.0,
        "register_time": 0.0,
        "offline": True,
        "route": [f"{_WEB}:80=sandbox", f"{_BROKER}:1883=sandbox"],
        "seed": given.seed,
        "fault": ["dtr"],
    }
    transcript = Transcript(lambda: "(in this process)")
    with ExitStack() as stack:
        peers = Peers(stack).echo()
        echo = {(way, host): peers.port(way, host) for way in ("TCP", "UDP") for host in (IPV4, IPV6)}
        hosted = stack.enter_context(Hosted())
        running = hosted.wait(partial(hosted.lab.start, spec_of(options_of(given.model, options)), None))
        driver = stack.enter_context(Driver(running.port, transcript))
        bench = Bench(hosted, running.name, driver, driver.serial, echo, random, faults_of(running.module))
        fired: list[ArmedFault] = []
        bench.faults.fired.append(fired.append)
        try:
            rounds, grown = soak(bench, maker, given.minutes)
        except (Leak, AssertionError, Refused) as error:
            print(transcript.failure("the dialogue"))
            print(f"soak --seed {given.seed}: {error}\nlast fired: {[str(armed.fault) for armed in fired[-12:]]}")
            return 1
        print(f"{rounds} rounds in {given.minutes} min, seed {given.seed}: {sum(bench.fired.values())} faults of "
              f"{len(bench.fired)} kinds fired, {bench.echoed:,} bytes echoed whole, grown by {grown:.1f} MB\n"
              f"answers in rough rounds: {dict(bench.answered)}\nfired: {dict(bench.fired.most_common())}")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
