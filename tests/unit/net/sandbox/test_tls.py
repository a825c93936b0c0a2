"""The sandbox's TLS echo, between two ends of a pair of sockets."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest
import trio
from onemo.net.sandbox.tls import TlsServer

NAME = "name.example.com"


def greeting(name: str) -> bytes:
    """Make the first message of a client who asks for a server of this name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    there = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), there, server_hostname=name).do_handshake()
    return there.read()


@pytest.mark.parametrize("name", [b"*.e ample.com/\x01'", b"-" * 16])
async def test_a_name_that_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: bytes) -> None:
    """It ends that conversation at most: no exception gets out, and others are served."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    echo, hello = TlsServer(), greeting(NAME)
    for said in (hello.replace(NAME.encode(), name), hello):
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        with trio.fail_after(10), ours, theirs:
            ours.sendall(said)
            ours.shutdown(socket.SHUT_WR)
            await echo.converse(theirs)
            theirs.close()
            answer = ours.recv(100)
    assert answer.startswith(b"\x16"), "a handshake"
