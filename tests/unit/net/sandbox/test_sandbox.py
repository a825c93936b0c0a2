"""The sandbox as a whole: when its servers come and go, and what it costs."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.net.interface import Transport
from onemo.net.sandbox import Sandbox

from tests.unit.net.conftest import open_files
from tests.unit.net.sandbox.conftest import connect, datagrams, read_exactly, running

PORTS = (9, 19, 53, 7, 123, 80)


async def test_nothing_is_open_before_it_is_needed() -> None:
    before = open_files()
    async with running():
        assert open_files() == before


async def test_one_server_stands_for_all_ports_of_its_kind(sandbox: Sandbox) -> None:
    endpoints = {sandbox.endpoint(transport, port) for transport in Transport for port in (*PORTS, 8080, 0)}
    assert len(endpoints) == len(PORTS)
    assert {address for address, _ in endpoints} == {"127.0.0.1"}


async def test_a_cancelled_sandbox_leaves_no_socket_open() -> None:
    before = open_files()
    async with running() as sandbox:
        streams = [await connect(sandbox, port) for port in PORTS]
        sockets = [await datagrams(sandbox, port) for port in PORTS]
        await streams[3].send_all(b"x")
        assert await read_exactly(streams[3], 1) == b"x"
        fresh = sandbox.endpoint(Transport.TCP, 7)
    for stream in streams:
        await stream.aclose()
    for sock in sockets:
        sock.close()
    assert open_files() == before
    with pytest.raises(ConnectionRefusedError), socket.socket() as late:
        late.connect(fresh)


async def test_a_server_that_was_just_asked_for_is_closed_too() -> None:
    before = open_files()
    async with running() as sandbox:
        sandbox.endpoint(Transport.UDP, 53)
    assert open_files() == before


async def test_a_sandbox_that_does_not_run_has_no_servers() -> None:
    sandbox = Sandbox()
    for _ in range(2):
        with pytest.raises(NetError) as refusal:
            sandbox.endpoint(Transport.TCP, 7)
        assert refusal.value.failure is NetFailure.OTHER
        async with trio.open_nursery() as nursery:
            await nursery.start(sandbox.run)
            async with await connect(sandbox, 7) as stream:
                await stream.send_all(b"x")
                assert await read_exactly(stream, 1) == b"x"
            nursery.cancel_scope.cancel()


async def test_a_host_without_sockets_is_a_network_error(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_files()

    class Refused(socket.socket):
        def bind(self, address: object) -> None:
            raise OSError(98, "Address already in use")

    with monkeypatch.context() as patch:
        patch.setattr("onemo.net.sandbox.network.socket.socket", Refused)
        with pytest.raises(NetError) as refusal:
            sandbox.endpoint(Transport.TCP, 7)
    assert refusal.value.failure is NetFailure.SOCKET
    assert open_files() == before
    assert sandbox.endpoint(Transport.TCP, 7)


def test_what_answers_names_and_times_is_loaded_with_the_first_question() -> None:
    code = (
        "import sys, trio\n"
        "from onemo.net.sandbox import Sandbox\n"
        "from onemo.net.interface import Transport\n"
        "async def main():\n"
        "    async with trio.open_nursery() as nursery:\n"
        "        sandbox = Sandbox()\n"
        "        await nursery.start(sandbox.run)\n"
        "        sandbox.endpoint(Transport.UDP, 53), sandbox.endpoint(Transport.UDP, 123)\n"
        "        nursery.cancel_scope.cancel()\n"
        "trio.run(main)\n"
        "sys.exit(any(name.partition('.')[0] in ('dns', 'ntplib') for name in sys.modules))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=20, check=False).returncode == 0
