"""Bulk: how fast payload moves through a module, beside socat between a pty and the same TCP peer."""

from __future__ import annotations

import os
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import tty
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
MODULE = (
    str(Path(sys.executable).with_name("onemo-emulator")),
    "run",
    "ML307R",
    "--boot-time",
    "0",
    "--register-time",
    "0",
    "--link",
)
PATIENCE = 20.0
CONNECTIONS = 6
READ = 4096
_STORE = 64 << 20
_SCHEDULED = 2
"""The kind of a process's clock that counts nanoseconds as they are scheduled (CPUCLOCK_SCHED of Linux)."""


PROCESSORS = sorted(os.sched_getaffinity(0))
"""The client has the first and each program the last: else the figures of one and the same program differ twofold,
as the two happen to share one or not."""


class Running(NamedTuple):
    """A program that is ready: its pid, its port, and the milliseconds from its start to its ready line."""

    pid: int
    port: str
    start_ms: float


@contextmanager
def running(command: Sequence[str], *, quiet: bool = False) -> Iterator[Running]:
    """Run a program, and yield it at its ready line; it is ended by its pid. quiet: its stderr is dropped."""
    began = time.perf_counter()
    errors = subprocess.DEVNULL if quiet else None
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL
    ) as process:
        os.sched_setaffinity(process.pid, PROCESSORS[-1:])
        try:
            assert process.stdout is not None
            if not select.select([process.stdout], [], [], PATIENCE)[0]:
                raise SystemExit(f"bench: {' '.join(command)} does not get ready")
            ready = process.stdout.readline().decode().split()
            start_ms = (time.perf_counter() - began) * 1e3
            if len(ready) < 4:
                raise SystemExit(f"bench: {' '.join(command)} did not start")
            yield Running(process.pid, ready[3], start_ms)
        finally:
            process.terminate()


class Pump:
    """Pushes a checked pattern through a path. Needs a C compiler: Python would measure itself."""

    def __init__(self, folder: Path) -> None:
        self._program = folder / "bench_bulk"
        source = str(ROOT / "scripts" / "bench_bulk.c")
        subprocess.run(["cc", "-O2", "-o", str(self._program), source], check=True)

    def run(self, source: int, sink: int, count: int) -> float:
        """MB (10^6 bytes) per second. Raises CalledProcessError when a byte is wrong."""
        asked = [str(self._program), str(source), str(sink), str(count)]
        done = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True, pass_fds=(source, sink))
        return count * 1e3 / int(done.stdout)


def cpu(pid: int) -> float:
    """Return the milliseconds of CPU time that a process has used, by itself and in the kernel.

    Asked of its own clock, whose number is clock_getcpuclockid(3)'s: the ticks of /proc/PID/stat are 10 ms, which is
    all that a short transfer takes.
    """
    return time.clock_gettime_ns(~pid << 3 | _SCHEDULED) / 1e6


def poured(pump: Pump, pid: int, source: int, sink: int, count: int) -> dict[str, float]:
    """Measure a path through a process: MB per second, and the CPU time of a MB."""
    before = cpu(pid)
    speed = pump.run(source, sink, count)
    return {"mb_per_s": speed, "cpu_ms_per_mb": (cpu(pid) - before) * 1e6 / count}


def missing() -> str | None:
    """Name what these measurements lack on this host; None: nothing."""
    return next((f"{name} is not installed" for name in ("cc", "socat") if shutil.which(name) is None), None)


@contextmanager
def module(modes: Sequence[int]) -> Iterator[tuple[int, list[socket.socket], int]]:
    """Run a module with a connection in each of these access modes: its port, the peers, its pid."""
    with _started(MODULE) as (port, pid), socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as stack:
        ask(port, b"ATE0\r", b"OK\r\n")
        peers = []
        number = listener.getsockname()[1]
        for connect_id, mode in enumerate(modes):
            expected = b"CONNECT\r\n" if mode == 1 else b"+MIPOPEN: %d,0\r\n" % connect_id
            ask(port, b'AT+MIPOPEN=%d,"TCP","127.0.0.1",%d,60,%d\r' % (connect_id, number, mode), expected)
            peers.append(stack.enter_context(listener.accept()[0]))
        yield port, peers, pid


@contextmanager
def plain_module() -> Iterator[int]:
    """Run a module without a connection: its port."""
    with _started(MODULE) as (port, _):
        ask(port, b"ATE0\r", b"OK\r\n")
        yield port


@contextmanager
def socat() -> Iterator[tuple[int, socket.socket, int]]:
    """Run socat between a pty and a peer: its port, the peer, its pid."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = f"TCP:127.0.0.1:{listener.getsockname()[1]}"
        with _started(("socat", "PTY,raw,echo=0,link=", target)) as (port, pid), listener.accept()[0] as peer:
            yield port, peer, pid


def up(pump: Pump, count: int) -> tuple[dict[str, float], dict[str, float]]:
    """DTE to peer in transparent mode."""
    with module([1]) as (port, (peer,), pid):
        before = _memory(pid)
        emulator = {**poured(pump, pid, port, peer.fileno(), count), "grown_mb": _memory(pid) - before}
    with socat() as (port, peer, pid):
        return emulator, poured(pump, pid, port, peer.fileno(), count)


def down(pump: Pump, count: int) -> tuple[dict[str, float], dict[str, float]]:
    """Peer to DTE in transparent mode."""
    with module([1]) as (port, (peer,), pid):
        before = _memory(pid)
        emulator = {**poured(pump, pid, peer.fileno(), port, count), "grown_mb": _memory(pid) - before}
    with socat() as (port, peer, pid):
        return emulator, poured(pump, pid, peer.fileno(), port, count)


def buffered(pump: Pump, count: int) -> tuple[dict[str, float], dict[str, float]]:
    """Peer to DTE in stream-buffered mode, read with AT+MIPRD as fast as the answers come."""
    return _read_buffered(pump, 1, count // 10)


def six(pump: Pump, count: int) -> tuple[dict[str, float], dict[str, float]]:
    """Peer to DTE in stream-buffered mode, over six connections at once."""
    return _read_buffered(pump, CONNECTIONS, count // 10)


def tls(count: int) -> tuple[dict[str, float], dict[str, float]]:
    """DTE to peer in transparent mode over TLS, beside the same over plain TCP; both ends are Python's."""
    import trustme

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("bench.example.com").configure_cert(context)
    secured = {"mb_per_s": _poured(count, context)}
    return secured, {"mb_per_s": _poured(count, None)}


def _poured(count: int, context: ssl.SSLContext | None) -> float:
    """MB per second through a module to a peer that reads it all; with TLS if there is a context for it."""
    with _started(MODULE) as (port, _), socket.create_server(("127.0.0.1", 0)) as listener:
        ask(port, b"ATE0\r", b"OK\r\n")
        if context is not None:
            ask(port, b'AT+MIPCFG="ssl",0,1,0\r', b"OK\r\n")
        ends: list[socket.socket] = []

        def accept() -> None:
            peer = listener.accept()[0]
            ends.append(peer if context is None else context.wrap_socket(peer, server_side=True))

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        number = listener.getsockname()[1]
        ask(port, b'AT+MIPOPEN=0,"TCP","127.0.0.1",%d,60,1\r' % number, b"CONNECT\r\n")
        accepting.join(PATIENCE)
        with ends[0] as peer:
            began = time.perf_counter()
            threading.Thread(target=pour, args=(port, count), daemon=True).start()
            left, buffer = count, bytearray(1 << 16)
            while left:
                left -= peer.recv_into(buffer)
            return count / (time.perf_counter() - began) / 1e6


def http(count: int) -> tuple[dict[str, float], dict[str, float]]:
    """Download in "content" URCs, beside a buffered connection that AT+MIPRD reads."""
    create, request = b'AT+MHTTPCREATE="http://127.0.0.1:%d"\r', b"AT+MHTTPREQUEST=0,1,0,/\r"
    return _downloaded(count, create, request, b'"content",0,%d,%d,' % (count, count))


def http_file(count: int) -> tuple[dict[str, float], dict[str, float]]:
    """Download into a file of a store of 64 MiB, with a URC for each piece, beside the same."""
    count = min(count, _STORE)
    create, request = b'AT+MHTTPCREATE="http://127.0.0.1:%d"\r', b'AT+MHTTPREQUEST=0,1,0,"/","/f"\r'
    return _downloaded(count, create, request, b'"download",%d,%d\r\n' % (count, count))


def _downloaded(count: int, create: bytes, request: bytes, end: bytes) -> tuple[dict[str, float], dict[str, float]]:
    """Measure a download up to its last URC, and the same bytes read with AT+MIPRD. create: with the port's place."""
    command = (*MODULE[:-1], "--file-store", str(_STORE), *MODULE[-1:])
    with _started(command) as (port, pid), socket.create_server(("127.0.0.1", 0)) as listener:
        ask(port, b"ATE0\r", b"OK\r\n")
        ask(port, create % listener.getsockname()[1], b"OK\r\n")
        before = _memory(pid)
        began = time.perf_counter()
        os.write(port, request)
        with listener.accept()[0] as peer:
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % count
            thread = threading.Thread(target=peer.sendall, args=(answer + bytes(count),), daemon=True)
            thread.start()
            read_to(port, end)
            taken = time.perf_counter() - began
            thread.join(PATIENCE)
        figures = {"mb_per_s": count / taken / 1e6, "grown_mb": _memory(pid) - before}
    return figures, {"mb_per_s": _read_connections(1, count // 10)}


def read_to(port: int, end: bytes) -> None:
    """Read up to the bytes that come near the end."""
    seen = b""
    while end not in seen:
        if not select.select([port], [], [], PATIENCE)[0]:
            raise SystemExit(f"bench: {end!r} does not come")
        seen = seen[-len(end) :] + os.read(port, 65536)


def pour(port: int, count: int) -> None:
    """Write so many bytes to a port."""
    piece = bytes(1 << 16)
    while count:
        count -= os.write(port, piece[:count])


def _read_buffered(pump: Pump, connections: int, count: int) -> tuple[dict[str, float], dict[str, float]]:
    read = {"mb_per_s": _read_connections(connections, count)}
    with socat() as (port, peer, _):
        return read, {"mb_per_s": pump.run(peer.fileno(), port, count)}


def _read_connections(connections: int, count: int) -> float:
    """MB per second of so many buffered connections, read with AT+MIPRD."""
    share = count // connections
    with module([2] * connections) as (port, peers, _):
        threads = [threading.Thread(target=peer.sendall, args=(bytes(share),), daemon=True) for peer in peers]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        _read_all(port, dict.fromkeys(range(connections), share))
        taken = time.perf_counter() - began
        for thread in threads:
            thread.join(PATIENCE)
    return share * connections / taken / 1e6


def _read_all(port: int, left: dict[int, int]) -> None:
    """Read every connection in turn until nothing is left of any."""
    while any(left.values()):
        for connect_id in left:
            answer = ask(port, b"AT+MIPRD=%d,%d\r" % (connect_id, READ), b"\r\nOK\r\n")
            head = b"+MIPRD: %d," % connect_id
            start = answer.find(head)
            if start >= 0:
                left[connect_id] -= int(answer[start + len(head) :].split(b",", 2)[1])


@contextmanager
def _started(command: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Start a program that puts its port at the symlink it is told: the open port and the pid."""
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "port"
        arguments = [*command[:1], *(a + str(link) if a.endswith("link=") else a for a in command[1:])]
        if arguments == list(command):
            arguments.append(str(link))
        with subprocess.Popen(arguments, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
            os.sched_setaffinity(process.pid, PROCESSORS[-1:])
            try:
                yield _open(link), process.pid
            finally:
                process.terminate()


def _open(link: Path) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if link.exists():
            port = os.open(link, os.O_RDWR | os.O_NOCTTY)
            tty.setraw(port)
            return port
        select.select([], [], [], 0.001)
    raise SystemExit("bench: a program does not get ready")


def ask(port: int, command: bytes, end: bytes) -> bytes:
    """Send a command, and return what comes up to its end."""
    os.write(port, command)
    answer = b""
    while end not in answer:
        if not select.select([port], [], [], PATIENCE)[0]:
            raise SystemExit(f"bench: {command!r} is answered {answer[:80]!r}")
        answer += os.read(port, 65536)
    return answer


def _memory(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6
