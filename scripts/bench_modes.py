"""The cost of options of ``run``: CPU time of a round trip and of a MB on a network line, wake-ups of an idle one."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from scripts import bench_bulk
from scripts.bench_bulk import Running, running

RUN = bench_bulk.MODULE[:-1]
PATIENCE = 20.0
WATCHED = 2.0
"""Seconds for which an idle module is watched."""
BLOCKS = 10
UNSET = 38400
"""Speed in bit/s of a pseudo-terminal for which nobody has set one."""
WARM = 100
"""Round trips before each block of which no times are told."""
Trips = Callable[[str, int, str], list[float]]
Figures = dict[str, float]
MODES: dict[str, tuple[str, ...]] = {
    "trace": ("--trace", "{folder}/trace"),
    "verbose": ("-v",),
    "control": ("--control", "127.0.0.1:0"),
    "watched": ("--trace", "{folder}/trace", "-v", "--control", "127.0.0.1:0"),
    "pace": ("--pace",),
}
"""Options of which a round trip is measured, by the name of the measurement."""


def ready(*options: str) -> AbstractContextManager[Running]:
    """Run a module with these options, and yield it at its ready line."""
    return running((*RUN, *options), quiet=True)


def round_trips(trips: Trips, count: int, name: str) -> tuple[Figures, Figures]:
    """CPU of an AT round trip with the options of a mode, beside the same without any, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        options = [each.format(folder=folder) for each in MODES[name]]
        with ready(*options) as ours, ready() as plain:
            return _in_turns(trips, count, ours, plain)


def paced(trips: Trips, count: int, reference: Sequence[str]) -> tuple[Figures, Figures]:
    """CPU of an AT round trip with --pace, beside a bare trio loop that sleeps as long, in turns.

    To sleep costs more than an answer: the processor and its caches have gone on to something else.
    """
    with ready("--pace") as ours, running((*reference, str(UNSET))) as sleeper:
        return _in_turns(trips, count, ours, sleeper)


def _in_turns(trips: Trips, count: int, *programs: Running) -> tuple[Figures, Figures]:
    """Measure the CPU of a round trip of two programs."""
    before = [bench_bulk.cpu(each.pid) for each in programs]
    for _ in range(BLOCKS):
        for each in programs:
            trips(each.port, max(1, count // BLOCKS), "AT\r")
    made = BLOCKS * (WARM + max(1, count // BLOCKS))
    ours, theirs = (
        {"cpu_us": (bench_bulk.cpu(each.pid) - start) * 1000 / made}
        for start, each in zip(before, programs, strict=True)
    )
    return ours, theirs


def network_line(pump: bench_bulk.Pump, kind: str, count: int, *, up: bool) -> tuple[Figures, Figures]:
    """Transparent mode over --tcp or --rfc2217, beside socat between two TCP connections."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        ready(f"--{kind}", "127.0.0.1:0") as module,
        _connected(int(module.port.rpartition(":")[2])) as dte,
    ):
        bench_bulk.ask(dte.fileno(), b"ATE0\r", b"OK\r\n")
        number = listener.getsockname()[1]
        bench_bulk.ask(dte.fileno(), b'AT+MIPOPEN=0,"TCP","127.0.0.1",%d,60,1\r' % number, b"CONNECT\r\n")
        with listener.accept()[0] as peer:
            source, sink = (dte, peer) if up else (peer, dte)
            emulator = bench_bulk.poured(pump, module.pid, source.fileno(), sink.fileno(), count)
    number = _free()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = f"TCP:127.0.0.1:{listener.getsockname()[1]}"
        command = ("socat", f"TCP-LISTEN:{number},bind=127.0.0.1", target)
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
            os.sched_setaffinity(process.pid, bench_bulk.PROCESSORS[-1:])
            try:
                with _connected(number) as dte, listener.accept()[0] as peer:
                    source, sink = (dte, peer) if up else (peer, dte)
                    return emulator, bench_bulk.poured(pump, process.pid, source.fileno(), sink.fileno(), count)
            finally:
                process.terminate()


def idle_wakeups() -> tuple[Figures, None]:
    """Wake-ups a second of an idle module while a neighbour opens and closes pseudo-terminals."""
    over = threading.Event()

    def open_and_close() -> None:
        while not over.is_set():
            for descriptor in os.openpty():
                os.close(descriptor)
            over.wait(0.002)

    with ready() as module:
        over.wait(1.0)  # what the start leaves to do
        neighbour = threading.Thread(target=open_and_close)
        neighbour.start()
        try:
            before, began = _switches(module.pid), time.monotonic()
            over.wait(WATCHED)
            return {"wakeups_per_s": (_switches(module.pid) - before) / (time.monotonic() - began)}, None
        finally:
            over.set()
            neighbour.join()


def _switches(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])


def _free() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        number: int = one.getsockname()[1]
        return number


@contextmanager
def _connected(number: int) -> Iterator[socket.socket]:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            dte = socket.create_connection(("127.0.0.1", number), timeout=PATIENCE)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise SystemExit("bench: socat does not listen") from None
            select.select([], [], [], 0.01)
            continue
        with dte:
            dte.settimeout(None)
            yield dte
        return
