"""Peers that speak TLS, with certificates that trustme makes, and firmware that stores its own."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Queue

import trustme

from tests.e2e.dte import WAIT, Dte
from tests.e2e.peers import Peers, port_of

HOST = "tls.example.com"


Served = Queue[ssl.SSLSocket]
"""The server's ends of what the module has opened."""


def context(certificate: trustme.LeafCert | None) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate is not None:
        certificate.configure_cert(made)
    return made


@contextmanager
def serving(
    peers: Peers, made: ssl.SSLContext, turns: int = 1, window: int | None = None
) -> Iterator[tuple[int, Served]]:
    """A server that shakes hands so many times, whether or not that succeeds: its port, and what it has.

    window: its SO_RCVBUF.
    """
    listener, served = peers.tcp(window=window), Served()

    def serve() -> None:
        with suppress(OSError):  # nobody came
            for _ in range(turns):
                sock = peers.accept(listener)
                try:
                    secured = made.wrap_socket(sock, server_side=True)
                    peers.keep(secured)
                    served.put(secured)
                except (OSError, ValueError):
                    sock.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield port_of(listener), served
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def accepted(served: Served) -> ssl.SSLSocket:
    """The next; the module may know of it a moment earlier."""
    return served.get(timeout=WAIT)


def store(dte: Dte, kind: str, name: str, pem: bytes) -> None:
    """kind: CERT or KEY."""
    dte.line(f'AT+MSSL{kind}WR="{name}",0,{len(pem)}')
    dte.reads(b"\r\n>")
    dte.write(pem)
    dte.hears("OK")


def switch_on(dte: Dte, *settings: str, connect_id: int = 0) -> None:
    """TLS on a connection, by the settings of <ssl_id> 0: ``auth,1``."""
    dte.ask(f'AT+MIPCFG="ssl",{connect_id},1,0', "OK")
    for setting in settings:
        key, _, value = setting.partition(",")
        dte.ask(f'AT+MSSLCFG="{key}",0,{value}', "OK")
