"""Measures the emulator, in rounds that take turns with a bare trio loop, and prints the figures.

A machine is never quiet, so what counts are the ratios: each is of two figures of one round, and the median of all
rounds is given. The client waits for each answer; it is compiled if there is a C compiler, else it is Python and
slower, and the ratios come out lower than they are.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from scripts import bench_bulk, bench_ftp, bench_lwm2m, bench_modes, bench_mqtt
from scripts.bench_bulk import Running, running
from scripts.bench_modes import WARM
from scripts.bench_results import compare, read_earlier, summary, table

ROOT = Path(__file__).resolve().parent.parent
EMULATOR = (
    str(Path(sys.executable).with_name("onemo-emulator")),
    "run",
    "ML307R",
    "--boot-time",
    "0",
    "--register-time",
    "0",
)
REFERENCE = (sys.executable, str(ROOT / "scripts" / "bench_reference.py"))
PATIENCE = 20.0
STARTS = 5
"""Starts of each program a round."""
BLOCKS = 10
"""Turns that the two programs take in a measurement: a machine changes its pace from one second to the next."""
PAYLOAD = 1460
PARTS = 4096
"""Bytes of which a bulk measurement takes a multiple: a quarter of them is whole packets, too."""
LAB = 1000
"""Modules of a lab."""
FILE = 4 << 20
"""Bytes of a file that is stored, and of a firmware package."""

Figures = dict[str, float]


class Client:
    """The DTE. name: which of the two it is."""

    def __init__(self, folder: Path) -> None:
        compiler, self._program = shutil.which("cc"), folder / "bench_client"
        self.name = "python"
        if compiler is not None:
            source = str(ROOT / "scripts" / "bench_client.c")
            subprocess.run([compiler, "-O2", "-o", str(self._program), source], check=True)
            self.name = "c"

    def trips(self, port: str, count: int, command: str, end: str = "OK\r\n") -> list[float]:
        """Measure so many round trips, each in microseconds."""
        if self.name == "c":
            asked = [str(self._program), port, str(WARM), str(count), command, end]
            done = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True)
            return [int(line) / 1e3 for line in done.stdout.split()]
        descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
        try:
            return [trip(descriptor, command.encode(), end.encode()) for _ in range(WARM + count)][WARM:]
        finally:
            os.close(descriptor)


def trip(descriptor: int, command: bytes, end: bytes) -> float:
    """One round trip, in microseconds."""
    began, answer = time.perf_counter(), b""
    os.write(descriptor, command)
    while not answer.endswith(end):
        if not select.select([descriptor], [], [], PATIENCE)[0]:
            raise SystemExit("bench: the port is silent")
        answer += os.read(descriptor, 65536)
    return (time.perf_counter() - began) * 1e6


def ask(port: str, command: str, end: str) -> None:
    """One command, before what is measured."""
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        trip(descriptor, command.encode(), end.encode())
    finally:
        os.close(descriptor)


def spread(taken: list[float]) -> Figures:
    """Median and 99th percentile, in microseconds."""
    taken = sorted(taken)
    return {"median_us": median(taken), "p99_us": taken[len(taken) * 99 // 100]}


def memory(pid: int) -> float:
    """Return the memory of a process, in MB (10^6 bytes)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


@contextmanager
def sink() -> Iterator[int]:
    """Listen on loopback, read one connection and throw it away; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def swallow() -> None:
            peer = listener.accept()[0]
            with peer, suppress(ConnectionResetError):  # the emulator is ended with its connection open
                while peer.recv(1 << 16):
                    pass

        thread = threading.Thread(target=swallow, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(PATIENCE)


@dataclass(frozen=True, slots=True)
class Bench:
    """The measurements, each of one round: figures of the emulator, and of the reference where it has them."""

    client: Client
    count: int
    folder: Path
    bulk: int

    def at(self) -> tuple[Figures, Figures]:
        """AT, answered OK."""
        return self._in_turns("AT\r")

    def at_c(self) -> tuple[Figures, Figures]:
        """AT, beside a program in C that answers OK."""
        program = self.folder / "bench_reference"
        source = str(ROOT / "scripts" / "bench_reference.c")
        subprocess.run(["cc", "-O2", "-o", str(program), source], check=True)
        return self._in_turns("AT\r", (str(program),))

    def mipstate(self) -> tuple[Figures, Figures]:
        """AT+MIPSTATE=0 of an instance that is free."""
        return self._in_turns("AT+MIPSTATE=0\r")

    def start(self) -> tuple[Figures, Figures]:
        """From the start of the process to the ready line."""
        taken: dict[Sequence[str], list[float]] = {EMULATOR: [], REFERENCE: []}
        for _ in range(STARTS):
            for command, times in taken.items():
                with running(command) as program:
                    times.append(program.start_ms)
        return {"median_ms": median(taken[EMULATOR])}, {"median_ms": median(taken[REFERENCE])}

    def memory(self) -> tuple[Figures, Figures]:
        """Measure a module that has answered once and waits."""
        with running(EMULATOR) as program:
            ask(program.port, "AT\r", "OK\r\n")
            emulator = memory(program.pid)
        with running(REFERENCE) as program:
            ask(program.port, "AT\r", "OK\r\n")
            return {"rss_mb": emulator}, {"rss_mb": memory(program.pid)}

    def send(self) -> tuple[Figures, None]:
        """MIPSEND with 1,460 bytes in the command line to a server on loopback."""
        with sink() as peer, running(EMULATOR) as program:
            ask(program.port, f'AT+MIPOPEN=0,"TCP","127.0.0.1",{peer}\r', "+MIPOPEN: 0,0\r\n")
            taken = self.client.trips(program.port, self.count, f'AT+MIPSEND=0,{PAYLOAD},"{"x" * PAYLOAD}"\r')
        return {**spread(taken), "per_s": len(taken) / sum(taken) * 1e6}, None

    def idle(self) -> tuple[Figures, Figures]:
        """AT while five connections are open and idle, beside AT without any."""
        with bench_bulk.module([0] * 5) as (port, _, _):
            crowded = spread(self.client.trips(os.ttyname(port), self.count, "AT\r"))
        return crowded, self._trips("AT\r", EMULATOR)

    def lab(self) -> tuple[Figures, Figures]:
        """AT of one of 1,000 modules in one process, beside AT of a module alone.

        Also the seconds from the start of the process until all are ready, and the KB (1,024 bytes) of each further
        idle module.
        """
        taken: dict[int, list[float]] = {1: [], LAB: []}
        with self._lab(1) as one, self._lab(LAB) as many:
            for _ in range(BLOCKS):
                for count, program in ((1, one), (LAB, many)):
                    taken[count] += self.client.trips(program.port, max(1, self.count // BLOCKS), "AT\r")
            further = (memory(many.pid) - memory(one.pid)) * 1e6 / 1024 / (LAB - 1)
            told = {"ready_s": many.start_ms / 1e3, "further_kb": further}
        return {**spread(taken[LAB]), **told}, spread(taken[1])

    @contextmanager
    def _lab(self, count: int) -> Iterator[Running]:
        """Start a lab of so many modules; once all are ready, yield the port of one in the middle."""
        file = self.folder / f"lab-{count}.toml"
        file.write_text(f"[[module]]\ncount = {count}\n")
        command = [EMULATOR[0], "lab", str(file)]
        began = time.perf_counter()
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
            os.sched_setaffinity(process.pid, bench_bulk.PROCESSORS[-1:])
            try:
                assert process.stdout is not None
                ports = [json.loads(process.stdout.readline())["port"] for _ in range(count)]
                yield Running(process.pid, ports[count // 2], (time.perf_counter() - began) * 1e3)
            finally:
                process.terminate()

    def up(self) -> tuple[Figures, Figures]:
        """Transparent mode, DTE to peer, beside socat."""
        return bench_bulk.up(self.pump(), self.bulk)

    def down(self) -> tuple[Figures, Figures]:
        """Transparent mode, peer to DTE, beside socat."""
        return bench_bulk.down(self.pump(), self.bulk)

    def buffered(self) -> tuple[Figures, Figures]:
        """Stream-buffered mode read with AT+MIPRD, beside socat's raw bytes."""
        return bench_bulk.buffered(self.pump(), self.bulk)

    def six(self) -> tuple[Figures, Figures]:
        """AT+MIPRD as in read, over six connections at once."""
        return bench_bulk.six(self.pump(), self.bulk)

    def http(self) -> tuple[Figures, Figures]:
        """Measure a download in URCs, beside bytes read with AT+MIPRD."""
        return bench_bulk.http(self.bulk)

    def http_file(self) -> tuple[Figures, Figures]:
        """Measure a download into a file, beside the same."""
        return bench_bulk.http_file(self.bulk // 4)

    def ftp_down(self) -> tuple[Figures, Figures]:
        """Measure 50 MB in AT+MFTPRETR's lines, beside transparent mode."""
        return bench_ftp.down(self.bulk // 4)

    def ftp_up(self) -> tuple[Figures, Figures]:
        """Measure 50 MB of a transparent AT+MFTPSTOR, beside transparent mode on a socket."""
        return bench_ftp.up(self.bulk // 4)

    def mqtt_up(self) -> tuple[Figures, Figures]:
        """AT+MQTTPUB of 1,000 messages to mosquitto, beside AT+MIPSEND of as many payloads."""
        return bench_mqtt.up(self.folder)

    def mqtt_down(self) -> tuple[Figures, Figures]:
        """Measure 10,000 messages from mosquitto in URCs, beside AT+MIPSEND."""
        return bench_mqtt.down(self.folder)

    def tls(self) -> tuple[Figures, Figures]:
        """Transparent mode over TLS, DTE to peer, beside plain TCP."""
        return bench_bulk.tls(self.bulk // 4)

    def pump(self) -> bench_bulk.Pump:
        """Make the pump of the bulk measurements."""
        return bench_bulk.Pump(self.folder)

    def mode(self, name: str) -> tuple[Figures, Figures]:
        """CPU of AT with options, beside AT without any."""
        return bench_modes.round_trips(self.client.trips, self.count, name)

    def paced(self) -> tuple[Figures, Figures]:
        """CPU of AT with --pace, beside a bare trio loop that sleeps as long."""
        return bench_modes.paced(self.client.trips, self.count, REFERENCE)

    def network(self, kind: str, *, up: bool) -> tuple[Figures, Figures]:
        """Transparent mode over a network line, beside socat's."""
        return bench_modes.network_line(self.pump(), kind, self.bulk, up=up)

    def _in_turns(self, command: str, server: Sequence[str] = REFERENCE) -> tuple[Figures, Figures]:
        """Measure the emulator's round trips with command and the reference's with AT, in turns."""
        ours: list[float] = []
        theirs: list[float] = []
        count = max(1, self.count // BLOCKS)
        with running(EMULATOR) as emulator, running(server) as reference:
            for _ in range(BLOCKS):
                ours += self.client.trips(emulator.port, count, command)
                theirs += self.client.trips(reference.port, count, "AT\r")
        return spread(ours), spread(theirs)

    def _trips(self, command: str, server: Sequence[str]) -> Figures:
        with running(server) as program:
            return spread(self.client.trips(program.port, self.count, command))


MEASUREMENTS: dict[str, Callable[[Bench], tuple[Figures, Figures | None]]] = {
    "at": Bench.at,
    "mipstate": Bench.mipstate,
    "start": Bench.start,
    "memory": Bench.memory,
    "send": Bench.send,
    "idle": Bench.idle,
    "lab": Bench.lab,
    "up": Bench.up,
    "down": Bench.down,
    "buffered": Bench.buffered,
    "six": Bench.six,
    "http": Bench.http,
    "http_file": Bench.http_file,
    "ftp_down": Bench.ftp_down,
    "ftp_up": Bench.ftp_up,
    "ftp_into_store": lambda bench: bench_ftp.stored(FILE, out=False),
    "ftp_from_store": lambda bench: bench_ftp.stored(FILE, out=True),
    "firmware": lambda bench: bench_ftp.package(FILE),
    "tls": Bench.tls,
    "mqtt_up": Bench.mqtt_up,
    "mqtt_down": Bench.mqtt_down,
    "lwm2m": lambda bench: bench_lwm2m.registered(bench.folder, LAB),
    "at_c": Bench.at_c,
    "tcp_up": partial(Bench.network, kind="tcp", up=True),
    "tcp_down": partial(Bench.network, kind="tcp", up=False),
    "rfc2217_up": partial(Bench.network, kind="rfc2217", up=True),
    "rfc2217_down": partial(Bench.network, kind="rfc2217", up=False),
    **{name: partial(Bench.mode, name=name) for name in bench_modes.MODES},
    "paced": Bench.paced,
    "wakeups": lambda bench: bench_modes.idle_wakeups(),
}
NEED_C = ("at_c",)
NEED_MOSQUITTO = ("mqtt_up", "mqtt_down")
NEED_BOTH = ("up", "down", "buffered", "six", "tcp_up", "tcp_down", "rfc2217_up", "rfc2217_down")
"""Measurements that need a C compiler, and one and socat."""


def main() -> None:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="how often everything is measured (7)")
    parser.add_argument("--count", type=int, default=5000, help="round trips a measurement (5000)")
    parser.add_argument("--bytes", type=int, default=200 * 1024 * 1024, help="bytes of a bulk measurement (200 MiB)")
    parser.add_argument("--only", metavar="NAMES", help=f"some of {','.join(MEASUREMENTS)}, with commas between")
    parser.add_argument("--json", action="store_true", help="print JSON, for --compare")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="also the ratios to an earlier run's --json")
    options = parser.parse_args()
    earlier = {} if options.compare is None else read_earlier(options.compare)
    names = options.only.split(",") if options.only else list(MEASUREMENTS)
    if unknown := [name for name in names if name not in MEASUREMENTS]:
        parser.error(f"--only {unknown[0]}: there are {', '.join(MEASUREMENTS)}")
    if options.rounds < 1 or options.count < 1:
        parser.error("--rounds and --count begin at 1")
    if options.bytes < 1 or options.bytes % PARTS:
        parser.error(f"--bytes {options.bytes}: give a multiple of {PARTS}: a shorter last packet waits 200 ms")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each start would compile the emulator again
    os.sched_setaffinity(0, bench_bulk.PROCESSORS[:1])
    missing = bench_bulk.missing()
    lacking = (*NEED_BOTH, *(NEED_C if shutil.which("cc") is None else ()))
    left_out = [name for name in names if missing and name in lacking]
    if bench_mqtt.program() is None:
        missing = missing or "mosquitto is not installed"
        left_out += [name for name in names if name in NEED_MOSQUITTO]
    names = [name for name in names if name not in left_out]
    results: dict[str, list[tuple[Figures, Figures | None]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Client(Path(folder)), options.count, Path(folder), options.bytes)
        for number in range(options.rounds):
            for name in names:
                print(f"bench: round {number + 1} of {options.rounds}: {name}", file=sys.stderr)
                results[name].append(MEASUREMENTS[name](bench))
    told: dict[str, object] = {
        "rounds": options.rounds,
        "count": options.count,
        "client": bench.client.name,
        "python": platform.python_version(),
        "processors": os.cpu_count(),
    }
    if left_out:
        told["left_out"] = dict.fromkeys(left_out, missing)
    told |= {name: summary(name, rounds) for name, rounds in results.items()}
    compare(told, earlier)
    print(json.dumps(told, indent=2) if options.json else table(told))


if __name__ == "__main__":
    main()
