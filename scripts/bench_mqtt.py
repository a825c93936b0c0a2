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
from contextlib import contextmanager
from pathlib import Path

from onemo.net.mqtt.packets import Connect, Publish, Subscribe, encode

from scripts.bench_bulk import PATIENCE, PROCESSORS, ask, plain_module

UP, DOWN = 1000, 10_000
"""Messages from the DTE to the broker, and from the broker to the DTE."""
TURNS = 20
PAYLOAD = b"x" * 100
SEND = b'AT+MIPSEND=0,%d,"%b"\r' % (len(PAYLOAD), PAYLOAD)
PUBLISH = b'AT+MQTTPUB=0,"up",0,0,0,%d,"%b"\r' % (len(PAYLOAD), PAYLOAD)
URC = b'\r\n+MQTTURC: "publish",0,0,"down",%d,%d,%b\r\n' % (len(PAYLOAD), len(PAYLOAD), PAYLOAD)

Figures = dict[str, float]


def program() -> str | None:
    """Return the path of mosquitto; None: it is not installed."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def up(folder: Path) -> tuple[Figures, Figures]:
    """Publish with QoS 0, and send on a plain socket, in turns, each once the one before is answered."""
    with _mosquitto(folder) as (port, broker), _client(broker, b"up") as other, _socket() as (plain, peer):
        ours = theirs = 0.0
        for _ in range(TURNS):
            ours += _taken(port, PUBLISH, UP // TURNS)
            theirs += _taken(plain, SEND, UP // TURNS)
        _drain(other, UP * len(encode(Publish(b"up", PAYLOAD))))
        _drain(peer, UP * len(PAYLOAD))
        return {"per_s": UP / ours}, {"per_s": UP / theirs}


def down(folder: Path) -> tuple[Figures, Figures]:
    """Receive messages of QoS 0 in URCs, as fast as the broker has them, beside sending on a plain socket."""
    with _mosquitto(folder) as (port, broker), _client(broker, b"") as other, _socket() as (plain, peer):
        ask(port, b'AT+MQTTSUB=0,"down",0\r', b'"suback",0,1,0\r\n')
        theirs = _taken(plain, SEND, UP)
        _drain(peer, UP * len(PAYLOAD))
        data = encode(Publish(b"down", PAYLOAD)) * DOWN
        thread = threading.Thread(target=other.sendall, args=(data,), daemon=True)
        began, left = time.perf_counter(), DOWN * len(URC)
        thread.start()
        while left > 0:
            if not select.select([port], [], [], PATIENCE)[0]:
                raise SystemExit(f"bench: {left // len(URC)} messages do not come")
            left -= len(os.read(port, 65536))
        ours = time.perf_counter() - began
        thread.join(PATIENCE)
        return {"per_s": DOWN / ours}, {"per_s": UP / theirs}


def _taken(port: int, command: bytes, count: int) -> float:
    """Give a command so many times, each once the one before is answered; return the seconds."""
    began = time.perf_counter()
    for _ in range(count):
        ask(port, command, b"OK\r\n")
    return time.perf_counter() - began


def _drain(sock: socket.socket, size: int) -> None:
    """Read what waits in the host's buffers. A thread that read meanwhile would be measured too."""
    sock.settimeout(PATIENCE)
    while size:
        try:
            size -= len(sock.recv(min(size, 65536)))
        except TimeoutError:
            raise SystemExit(f"bench: {size} bytes were lost") from None


@contextmanager
def _mosquitto(folder: Path) -> Iterator[tuple[int, int]]:
    """Run mosquitto, and a module that is connected to it: its port, and the broker's."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
    file = folder / "mosquitto.conf"
    lines = f"listener {number} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
    file.write_text(f"{lines}user {getpass.getuser()}\n")
    path = program()
    assert path is not None
    with subprocess.Popen([path, "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        os.sched_setaffinity(process.pid, PROCESSORS[:1])
        try:
            _dial(number).close()
            with plain_module() as port:
                ask(port, b'AT+MQTTCONN=0,"127.0.0.1",%d,"module"\r' % number, b'"conn",0,0\r\n')
                yield port, number
        finally:
            process.terminate()


@contextmanager
def _socket() -> Iterator[tuple[int, socket.socket]]:
    """Run a module with a plain socket: its port, and the peer."""
    with socket.create_server(("127.0.0.1", 0)) as listener, plain_module() as port:
        ask(port, b'AT+MIPOPEN=0,"TCP","127.0.0.1",%d\r' % listener.getsockname()[1], b"+MIPOPEN: 0,0\r\n")
        with listener.accept()[0] as peer:
            yield port, peer


@contextmanager
def _client(number: int, topic: bytes) -> Iterator[socket.socket]:
    """Connect another client to the broker. topic: what it subscribes to; b"": nothing."""
    with _dial(number) as sock:
        sock.sendall(encode(Connect(b"bench", True, 0)))
        _drain(sock, 4)
        if topic:
            sock.sendall(encode(Subscribe(((topic, 0),), 1)))
            _drain(sock, 5)
        yield sock


def _dial(number: int) -> socket.socket:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", number))
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise SystemExit("bench: mosquitto does not get ready") from None
            select.select([], [], [], 0.02)
