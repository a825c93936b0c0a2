"""MQTT brokers on loopback: mosquitto, where it is installed, with paho as its other client; one that a test plays."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from queue import Empty, Queue
from typing import Self

import paho.mqtt.client as paho
import pytest
from onemo.net.mqtt.decoder import Decoder
from onemo.net.mqtt.packets import ConnAck, Connect, Packet, PublishPart, PublishStart, encode
from paho.mqtt.enums import CallbackAPIVersion

from tests.e2e.dte import WAIT
from tests.e2e.peers import IPV4, Peers, port_of

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


class Mosquitto:
    """A mosquitto of one's own, whose sessions outlive a restart. more: lines for its configuration."""

    def __init__(self, folder: Path, *more: str) -> None:
        with socket.socket() as sock:
            sock.bind((IPV4, 0))
            self.port = port_of(sock)
        self._file, self._log = folder / "mosquitto.conf", folder / "mosquitto.log"
        self._file.write_text(
            "\n".join(
                [
                    f"listener {self.port} {IPV4}",
                    "allow_anonymous true",
                    f"user {getpass.getuser()}",
                    "persistence true",
                    f"persistence_location {folder}/",
                    "max_queued_messages 0",
                    "max_inflight_messages 0",
                    *more,
                    "",
                ]
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and return once it listens."""
        assert MOSQUITTO is not None
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._file)], stdout=log, stderr=log)
        end = time.monotonic() + WAIT
        while True:
            try:
                socket.create_connection((IPV4, self.port), WAIT).close()
            except ConnectionRefusedError:
                assert time.monotonic() < end, self._log.read_text()
                assert self._process.poll() is None, self._log.read_text()
                threading.Event().wait(0.02)
            else:
                return

    @property
    def runs(self) -> bool:
        """True between start and its end."""
        return self._process is not None

    def save(self) -> None:
        """Have it write down the sessions that there are; once."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)
        end = time.monotonic() + WAIT
        while not self._file.with_name("mosquitto.db").exists():
            assert time.monotonic() < end, self._log.read_text()
            threading.Event().wait(0.02)

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(WAIT)
        self._process = None

    def stop(self) -> None:
        """End it; what it has to remember is written down."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(WAIT)
            self._process = None


class Other:
    """The other client of a broker: it collects what it receives. clean: it begins a new session."""

    def __init__(self, port: int, name: str = "other", *, clean: bool = True) -> None:
        self.received: Queue[paho.MQTTMessage] = Queue()
        self._subscribed: Queue[int] = Queue()
        self._connected: Queue[None] = Queue()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean)
        self.client.on_message = lambda client, data, message: self.received.put(message)
        self.client.on_subscribe = lambda client, data, mid, codes, properties: self._subscribed.put(mid)
        self.client.on_connect = lambda client, data, flags, code, properties: self._connected.put(None)
        self.client.reconnect_delay_set(1, 1)
        self.client.connect(IPV4, port)

    def __enter__(self) -> Self:
        self.client.loop_start()
        self._connected.get(timeout=WAIT)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def subscribe(self, topic: str, qos: int = 2) -> Self:
        """Subscribe, and wait until that is granted."""
        self.client.subscribe(topic, qos)
        self._subscribed.get(timeout=WAIT)
        return self

    def publish(self, topic: str, payload: bytes | str, qos: int = 0, *, retain: bool = False) -> None:
        """Publish; of QoS 1 and 2 return once it is settled."""
        self.client.publish(topic, payload, qos, retain).wait_for_publish(WAIT)

    def next(self) -> paho.MQTTMessage:
        """The next message that it has received."""
        return self.received.get(timeout=WAIT)

    def nothing(self, seconds: float = 0.3) -> bool:
        """Tell whether nothing is received for so many seconds."""
        try:
            self.received.get(timeout=seconds)
        except Empty:
            return True
        return False


class ScriptedBroker:
    """The broker's end of one connection after another, that a test plays packet by packet."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._listener = peers.tcp(window=4096)
        self.port = port_of(self._listener)
        self.sock: socket.socket

    def accept(self, *, session: bool = False, code: int = 0, over: socket.socket | None = None) -> Connect:
        """Take a connection, or the one that is given, and answer its CONNECT."""
        self.sock = over or self._peers.accept(self._listener)
        self._decoder = Decoder(1 << 20)
        self._packets: list[Packet | PublishStart | PublishPart] = []
        introduction = self.next()
        assert isinstance(introduction, Connect)
        self.send(ConnAck(session, code))
        return introduction

    def send(self, *packets: Packet) -> None:
        self.sock.sendall(b"".join(map(encode, packets)))

    def next(self) -> Packet | PublishStart | PublishPart:
        """The next packet that the module sends."""
        while not self._packets:
            data = self.sock.recv(65536)
            assert data, "the module closed the connection"
            self._packets += self._decoder.receive(data)
        return self._packets.pop(0)

    def over(self) -> bool:
        """Tell whether the module has closed the connection."""
        return not self._packets and self.sock.recv(1) == b""
