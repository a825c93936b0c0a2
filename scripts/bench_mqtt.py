"""Messages of MQTT through a module and mosquitto, beside as many payloads through AT+MIPSEND on a plain socket."""

from __future__ import annotations

import getpass
import os
import select
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from onemo.net.mqtt.packets import Connect, Publish, Subscribe, encode

from scripts.bench_bulk import PATIENCE, PROCESSORS, ask, plain_module

PAYLOAD = 100
UP, DOWN = 1000, 10_000
"""Messages from the DTE to the broker, and from the broker to the DTE."""

Figures = dict[str, float]


def program() -> str | None:
    """Return the path of mosquitto; None: it is not installed."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    """Run mosquitto; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
    file = folder / "mosquitto.conf"
    lines = (
        f"listener {number} 127.0.0.1",
        "allow_anonymous true",
        f"user {getpass.getuser()}",
        "max_queued_messages 0",
    )
    file.write_text("\n".join((*lines, "")))
    path = program()
    assert path is not None
    with subprocess.Popen([path, "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        os.sched_setaffinity(process.pid, PROCESSORS[:1])
        try:
            yield number
        finally:
            process.terminate()


def up(folder: Path) -> tuple[Figures, Figures]:
    """Publish with QoS 0, each once the one before is answered; every message is there in the end."""
    payload = b"x" * PAYLOAD
    with mosquitto(folder) as number, plain_module() as port, client(number, b"up") as other:
        connect(port, number)
        received = Counter(other, UP * len(encode(Publish(b"up", payload))))
        began = time.perf_counter()
        for _ in range(UP):
            ask(port, b'AT+MQTTPUB=0,"up",0,0,0,%d,"%b"\r' % (PAYLOAD, payload), b"OK\r\n")
        received.wait()
        return {"per_s": UP / (time.perf_counter() - began)}, sent(UP)


def down(folder: Path) -> tuple[Figures, Figures]:
    """Receive messages of QoS 0 in URCs as fast as the broker has them; every message is there in the end."""
    payload = b"y" * PAYLOAD
    line = b'\r\n+MQTTURC: "publish",0,0,"down",%d,%d,%b\r\n' % (PAYLOAD, PAYLOAD, payload)
    with mosquitto(folder) as number, plain_module() as port, client(number, b"") as other:
        connect(port, number)
        ask(port, b'AT+MQTTSUB=0,"down",0\r', b'"suback",0,1,0\r\n')
        data = encode(Publish(b"down", payload)) * DOWN
        thread = threading.Thread(target=other.sendall, args=(data,), daemon=True)
        began, left = time.perf_counter(), DOWN * len(line)
        thread.start()
        while left > 0:
            if not select.select([port], [], [], PATIENCE)[0]:
                raise SystemExit(f"bench: {left // len(line)} messages do not come")
            left -= len(os.read(port, 65536))
        taken = time.perf_counter() - began
        thread.join(PATIENCE)
        return {"per_s": DOWN / taken}, sent(UP)


def sent(count: int) -> Figures:
    """Send as many payloads of the same size with AT+MIPSEND over a plain socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener, plain_module() as port:
        ask(port, b'AT+MIPOPEN=0,"TCP","127.0.0.1",%d\r' % listener.getsockname()[1], b"+MIPOPEN: 0,0\r\n")
        with listener.accept()[0] as peer:
            received = Counter(peer, count * PAYLOAD)
            began = time.perf_counter()
            for _ in range(count):
                ask(port, b'AT+MIPSEND=0,%d,"%b"\r' % (PAYLOAD, b"x" * PAYLOAD), b"OK\r\n")
            received.wait()
            return {"per_s": count / (time.perf_counter() - began)}


class Counter:
    """Reads so many bytes in a thread of its own."""

    def __init__(self, sock: socket.socket, size: int) -> None:
        self._sock, self._left = sock, size
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with suppress(OSError):
            while self._left > 0 and (data := self._sock.recv(65536)):
                self._left -= len(data)

    def wait(self) -> None:
        """Wait until all are there."""
        self._thread.join(PATIENCE)
        if self._left:
            raise SystemExit(f"bench: {self._left} bytes are missing")


def connect(port: int, number: int) -> None:
    """Have the module connect to the broker."""
    ask(port, b'AT+MQTTCONN=0,"127.0.0.1",%d,"module"\r' % number, b'"conn",0,0\r\n')


@contextmanager
def client(number: int, name: bytes) -> Iterator[socket.socket]:
    """Another client of the broker. name: what it subscribes to; b"": nothing."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            sock = socket.create_connection(("127.0.0.1", number))
            break
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise SystemExit("bench: mosquitto does not get ready") from None
            threading.Event().wait(0.02)
    with sock:
        sock.settimeout(PATIENCE)
        sock.sendall(encode(Connect(b"bench", True, 0)))
        answer = 4
        if name:
            sock.sendall(encode(Subscribe(((name, 0),), 1)))
            answer += 5
        while answer:
            answer -= len(sock.recv(answer))
        yield sock
