"""The addresses on which the control listens, and those on which it does not."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest
from onemo.control.server import open_control
from onemo.errors import EmulatorError


@pytest.mark.parametrize("where", ["0", "127.0.0.1:0", "[::1]:0", "localhost:0"])
def test_the_system_chooses_a_port_on_loopback(where: str) -> None:
    control = open_control(where, None, {})
    control.close()
    host = "[::1]" if "::1" in where else "127.0.0.1"
    assert control.url.rpartition(":")[0] in (f"http://{host}", "http://[::1]")
    assert int(control.url.rpartition(":")[2]) > 0


def test_with_a_token_anywhere() -> None:
    control = open_control("0.0.0.0:0", "s3cret", {})
    control.close()
    assert control.url.startswith("http://0.0.0.0:")


@pytest.mark.parametrize(
    ("where", "token", "says"),
    [
        ("0.0.0.0:0", None, "others can reach that address; add --control-token, or use 127.0.0.1"),
        ("[::]:0", None, "others can reach that address"),
        ("localhost", None, "write HOST:PORT"),
        ("192.0.2.1:0", "x", "choose an address of this host and a free port, or port 0"),
        ("no.such.host.invalid:0", "x", "choose an address of this host"),
        ("127.0.0.1:0", "", "--control-token is empty, or has a blank"),
        ("127.0.0.1:0", "a b", "has a blank"),
        ("127.0.0.1:0", "\xe9", "no ASCII"),
    ],
)
def test_what_cannot_be(where: str, token: str | None, says: str) -> None:
    with pytest.raises(EmulatorError) as error:
        open_control(where, token, {})
    assert says in str(error.value)


def test_a_port_that_is_taken() -> None:
    refused = pytest.raises(EmulatorError, match="Address already in use: choose an address")
    with socket.create_server(("127.0.0.1", 0)) as taken, refused:
        open_control(f"127.0.0.1:{taken.getsockname()[1]}", None, {})


def test_a_crowd_that_comes_at_once_need_not_wait() -> None:
    """Whoever finds the queue full is asked to try again after a second."""
    control = open_control("127.0.0.1:0", None, {})
    address = ("127.0.0.1", int(control.url.rpartition(":")[2]))
    with ExitStack() as stack:
        stack.callback(control.close)
        for _ in range(100):
            stack.enter_context(socket.create_connection(address, 0.5))
