"""The client of the control, beside something that is none."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from onemo.control import client
from onemo.control.client import Client, ControlError

HEAD = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n\r\n"


@pytest.fixture
def endless(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that begins with these bytes, and goes on with blanks for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError), server.accept()[0] as peer:
                peer.recv(4096)
                peer.sendall(request.param)
                while True:
                    peer.sendall(b" " * 65536)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


@pytest.mark.parametrize("endless", [HEAD % b"200 OK", HEAD % b"500 No"], indirect=True, ids=["well", "error"])
@pytest.mark.parametrize("follow", [False, True], ids=["ask", "follow"])
def test_an_answer_without_an_end_is_not_kept(endless: str, follow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_MOST", 1 << 20)
    with (
        Client(endless) as asking,
        pytest.raises(ControlError, match="what it says does not end"),
    ):
        list(asking.follow("x", 0)) if follow else asking.ask("GET", "/v1/modules")
