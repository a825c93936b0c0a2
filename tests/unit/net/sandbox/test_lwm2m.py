"""The sandbox's LwM2M server: what clients ask of it, and whatever else comes."""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncIterator

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import UsageError
from onemo.net.coap.blocks import CoapBlock
from onemo.net.coap.message import (
    CoapCode,
    CoapMessage,
    CoapOption,
    CoapType,
    encode,
    uint_option,
)
from onemo.net.interface import Transport
from onemo.net.sandbox import Sandbox, SandboxConfig
from onemo.net.sandbox.config import EchoConfig, Lwm2mConfig
from onemo.net.sandbox.lwm2m import SERVER, Lwm2mServer

from tests.unit.net.sandbox.conftest import datagrams, running
from tests.unit.net.sandbox.lwm2m_client import ACK, CON, NON, PATIENCE, RST, Client, Options


@pytest.fixture
def server(sandbox: Sandbox) -> Lwm2mServer:
    return sandbox.lwm2m


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    with await datagrams(sandbox, 5683) as sock:
        yield Client(sock)


async def test_a_registration_its_update_and_its_end(server: Lwm2mServer, client: Client) -> None:
    location = await client.registers("869975030000461;460064826326459")
    (known,) = server.clients()
    assert (known.endpoint, known.lifetime, known.version, known.binding) == (
        "869975030000461;460064826326459", 300, "1.0", "U",
    )  # fmt: skip
    assert known.paths == ("/3/0", "/3200/0", "/3200/1")
    assert location == f"rd/{known.location}"
    assert (await client.asks(CoapCode.POST, location, "lt=600&b=UQ")).code == CoapCode.CHANGED
    assert [known.lifetime, known.binding, known.paths[-1]] == [600, "UQ", "/3200/1"]
    answer = await client.asks(CoapCode.POST, location, "", b"</3/0>", uint_option(CoapOption.CONTENT_FORMAT, 40))
    assert [answer.code, known.lifetime, *known.paths] == [CoapCode.CHANGED, 600, "/3/0"]
    assert (await client.asks(CoapCode.DELETE, location)).code == CoapCode.DELETED
    assert server.clients() == []
    assert (await client.asks(CoapCode.POST, location)).code == CoapCode.NOT_FOUND
    assert (await client.asks(CoapCode.DELETE, location)).code == CoapCode.NOT_FOUND


async def test_a_second_registration_takes_the_place_of_the_first(server: Lwm2mServer, client: Client) -> None:
    first = await client.registers(more="")
    assert server.clients()[0].lifetime == 86400
    await client.registers()
    assert [each.lifetime for each in server.clients()] == [300]
    assert (await client.asks(CoapCode.POST, first)).code == CoapCode.NOT_FOUND


async def test_a_lifetime_ends(server: Lwm2mServer, client: Client) -> None:
    location = await client.registers(more="&lt=1")
    await trio.sleep(1.05)
    assert (await client.asks(CoapCode.POST, location)).code == CoapCode.NOT_FOUND
    assert server.clients() == []
    with pytest.raises(UsageError, match=r"meter is not registered.*nobody"):
        await server.read("meter", "/3/0", None, 1)


@pytest.mark.parametrize(
    ("code", "path", "query", "payload", "options", "answer"),
    [
        (CoapCode.POST, "rd", "", b"", (), "4.00"),
        (CoapCode.POST, "rd", f"ep={'x' * 256}", b"", (), "4.00"),
        (CoapCode.POST, "rd", "ep=x&lt=soon", b"", (), "4.00"),
        (CoapCode.POST, "rd", "ep=x&lt=0", b"", (), "4.00"),
        (CoapCode.POST, "rd", "ep=x&lwm2m=2.0", b"", (), "4.12"),
        (CoapCode.POST, "rd", "ep=x", b"<", (), "4.00"),
        (CoapCode.POST, "rd", "ep=x", b"</3>", (uint_option(CoapOption.CONTENT_FORMAT, 0),), "4.15"),
        (CoapCode.POST, "rd", "ep=x", b"", ((9, b""),), "4.02"),
        (CoapCode.POST, "rd", "ep=x", b"", ((CoapOption.BLOCK1, b"\7"),), "4.00"),
        (CoapCode.POST, "rd", "ep=x", b"", ((CoapOption.BLOCK1, b"\x1e"),), "4.08"),
        (CoapCode.POST, "bs", "", b"", (), "4.00"),
        (CoapCode.GET, "bs", "ep=x", b"", (), "4.05"),
        (CoapCode.GET, "rd", "", b"", (), "4.05"),
        (CoapCode.GET, "rd/1", "", b"", (), "4.05"),
        (CoapCode.GET, "", "", b"", (), "4.04"),
        (7, "rd/1/2", "", b"", (), "4.04"),
    ],
)
async def test_what_is_refused(
    client: Client, server: Lwm2mServer, code: int, path: str, query: str, payload: bytes, options: Options, answer: str
) -> None:
    said = await client.asks(code, path, query, payload, *options)
    assert f"{said.code >> 5}.{said.code & 31:02d}" == answer
    assert server.clients() == []


async def test_the_authentication_value_of_a_login_is_taken(client: Client, server: Lwm2mServer) -> None:
    assert (await client.asks(CoapCode.POST, "rd", "ep=x", b"", (63, b"secret"))).code == CoapCode.CREATED


async def test_a_list_in_blocks(client: Client, server: Lwm2mServer) -> None:
    links = ",".join(f"</3200/{number}>" for number in range(100)).encode()
    for number in range(math.ceil(len(links) / 512)):
        part, more = links[number * 512 : number * 512 + 512], (number + 1) * 512 < len(links)
        block = CoapBlock(number, more, 512)
        answer = await client.asks(CoapCode.POST, "rd", "ep=x", part, (CoapOption.BLOCK1, block.encode()))
        assert answer.code == (CoapCode.CONTINUE if more else CoapCode.CREATED)
        assert answer.all(CoapOption.BLOCK1) == [block.encode()]
    assert len(server.clients()[0].paths) == 100


async def test_a_list_that_is_too_large(client: Client, server: Lwm2mServer) -> None:
    for number in range(17):
        block = (CoapOption.BLOCK1, CoapBlock(number, True, 1024).encode())
        answer = await client.asks(CoapCode.POST, "rd", "ep=x", b"x" * 1024, block)
    assert answer.code == CoapCode.TOO_LARGE


async def test_a_repeated_request_has_the_same_answer(client: Client, server: Lwm2mServer) -> None:
    await client.send(CoapCode.POST, "rd", "ep=x")
    first = await client.hears()
    client.mid -= 1
    await client.send(CoapCode.POST, "rd", "ep=x")
    assert await client.hears() == first
    assert len(server.clients()) == 1
    await client.send(CoapCode.POST, "rd", "ep=y", kind=NON)
    answer = await client.hears()
    assert (answer.type, answer.code) == (NON, CoapCode.CREATED)
    client.mid -= 1
    await client.send(CoapCode.POST, "rd", "ep=y", kind=NON)
    await client.hears_nothing()


async def test_what_is_no_message_is_reset_or_ignored(client: Client) -> None:
    await client.sock.send(b"\x40\x01\x12\x34\xff")
    assert await client.hears() == CoapMessage(RST, CoapCode.EMPTY, 0x1234)
    for data in (
        b"",
        b"\x00",
        b"\x50\x01\x12\x34\xff",
        b"\xff" * 20,
        encode(CoapMessage(ACK, CoapCode.CONTENT, 7, b"a")),
    ):
        await client.sock.send(data)
    await client.hears_nothing()
    await client.sock.send(encode(CoapMessage(CON, CoapCode.CONTENT, 0x4321, b"none")))
    assert await client.hears() == CoapMessage(RST, CoapCode.EMPTY, 0x4321)


async def test_a_bootstrap(server: Lwm2mServer, client: Client) -> None:
    assert (await client.asks(CoapCode.POST, "bs", "ep=meter")).code == CoapCode.CHANGED
    write = await client.hears()
    assert (write.code, write.path, write.uint(CoapOption.CONTENT_FORMAT)) == (CoapCode.PUT, ("0", "1"), 11542)
    uri = SERVER.encode()
    assert write.payload == bytes((0xC8, 0, len(uri))) + uri + bytes.fromhex("c10100 c10203 c10a01")
    await client.answers(write, CoapCode.CHANGED)
    finish = await client.hears()
    assert (finish.code, finish.path, finish.payload) == (CoapCode.POST, ("bs",), b"")
    await client.answers(finish, CoapCode.CHANGED)
    await client.hears_nothing()
    assert (await client.asks(CoapCode.POST, "bs", "ep=meter")).code == CoapCode.CHANGED
    await client.answers(await client.hears(), CoapCode.BAD_REQUEST)
    await client.hears_nothing()


async def test_a_server_that_greets() -> None:
    async with running(SandboxConfig(lwm2m=Lwm2mConfig(greets=True))) as sandbox:
        sock = await datagrams(sandbox, 5683)
        client = Client(sock)
        await client.registers()
        heard = []
        for _ in range(4):
            request = await client.hears()
            heard.append(
                ("/".join(request.path), bool(request.all(CoapOption.OBSERVE)), request.uint(CoapOption.ACCEPT))
            )
            await client.answers(request, CoapCode.NOT_FOUND)
        assert heard == [("3200/0", True, None), ("3200/1", True, None), ("3200", False, 40), ("3/0", False, None)]
        await client.hears_nothing()
        sock.close()


@pytest.mark.parametrize("links", [b"<3200/0>,<>,</>,</x/y>,<\\>,</3200/0/1/2/3>,</99999/0>", b"<//>,</3200/>"])
async def test_a_server_that_greets_takes_whatever_is_listed(links: bytes) -> None:
    async with running(SandboxConfig(lwm2m=Lwm2mConfig(greets=True))) as sandbox:
        with await datagrams(sandbox, 5683) as sock:
            client = Client(sock)
            assert (await client.asks(CoapCode.POST, "rd", "ep=x", links)).code == CoapCode.CREATED
            heard: list[str] = []
            while not heard or heard[-1] != "3/0":
                request = await client.hears()
                heard.append("/".join(request.path))
                await client.answers(request, CoapCode.NOT_FOUND)
            assert heard in (["3200/0", "3200", "3/0"], ["3/0"])
            await client.hears_nothing()


async def test_the_port_echoes_if_the_file_says_so() -> None:
    async with running(SandboxConfig(echo=EchoConfig((5683,)))) as sandbox:
        sock = await datagrams(sandbox, 5683)
        await sock.send(b"hello")
        with trio.fail_after(PATIENCE):
            assert await sock.recv(100) == b"hello"
        sock.close()
    async with running() as sandbox:
        assert sandbox.endpoint(Transport.UDP, 5683) != sandbox.endpoint(Transport.UDP, 5684)


MESSAGES = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda *fields: encode(CoapMessage(*fields)),
        st.sampled_from(CoapType),
        st.sampled_from([0, 1, 2, 3, 4, 0x41, 0x44, 0x45, 0x84, 0xE0]),
        st.integers(0, 3),
        st.binary(max_size=8),
        st.lists(
            st.tuples(
                st.sampled_from([6, 9, 11, 11, 11, 12, 15, 15, 23, 27, 27, 60, 63]),
                st.sampled_from(
                    [
                        b"",
                        b"rd",
                        b"bs",
                        b"1",
                        b"ep=x",
                        b"lt=1",
                        b"lt=x",
                        b"\x00",
                        b"\x08",
                        b"\x0e",
                        b"\x16",
                        b"\xff" * 4,
                    ]
                ),
            ),
            max_size=5,
        ).map(tuple),
        st.sampled_from([b"", b"</3/0>", b"\xff", b"<", b"x" * 16]),
    ),
)


@given(st.lists(MESSAGES, max_size=30))
def test_nothing_that_comes_ends_it(messages: list[bytes]) -> None:
    """Whatever comes, in whatever order, a client can register afterwards."""

    async def main() -> None:
        async with running() as sandbox:
            sock = await datagrams(sandbox, 5683)
            with sock:
                for message in messages:
                    await sock.send(message)
                client = Client(sock)
                client.mid = 40_000
                mid = await client.send(CoapCode.POST, "rd", "ep=last")
                with trio.fail_after(PATIENCE):
                    while True:
                        with contextlib.suppress(Exception):
                            answer = await client.hears()
                            if answer.mid == mid and answer.type is ACK:
                                break
                assert answer.code == CoapCode.CREATED
                assert "last" in [each.endpoint for each in sandbox.lwm2m.clients()]

    trio.run(main)
