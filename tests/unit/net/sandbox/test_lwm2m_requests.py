"""What the sandbox's LwM2M server asks of its clients: answers, their loss and order, observations, blocks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
from onemo.errors import UsageError
from onemo.net.coap.blocks import CoapBlock, decode_block
from onemo.net.coap.message import (
    CoapCode,
    CoapMessage,
    CoapOption,
    CoapType,
    encode,
    uint_option,
)
from onemo.net.sandbox import Sandbox
from onemo.net.sandbox.lwm2m import Lwm2mServer, Lwm2mSilent

from tests.unit.net.sandbox.conftest import datagrams
from tests.unit.net.sandbox.lwm2m_client import ACK, CON, NON, RST, Asked, Client


@pytest.fixture
def server(sandbox: Sandbox) -> Lwm2mServer:
    return sandbox.lwm2m


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    with await datagrams(sandbox, 5683) as sock:
        yield Client(sock)


async def test_a_read(nursery: trio.Nursery, server: Lwm2mServer, client: Client) -> None:
    await client.registers()
    results = Asked(nursery, lambda: server.read("meter", "/3200/0/5700", 0, 5))
    request = await client.hears()
    assert (request.type, request.code, request.path) == (CON, CoapCode.GET, ("3200", "0", "5700"))
    assert request.all(CoapOption.ACCEPT) == [b""]
    await client.answers(request, CoapCode.CONTENT, b"30.6", uint_option(CoapOption.CONTENT_FORMAT, 0))
    assert (await results.answer()).payload == b"30.6"


async def test_a_separate_answer(nursery: trio.Nursery, server: Lwm2mServer, client: Client) -> None:
    await client.registers()
    results = Asked(nursery, lambda: server.read("meter", "/3/0", None, 5))
    request = await client.hears()
    await client.answers(request._replace(token=b""), CoapCode.EMPTY)
    separate = request._replace(mid=0x7777)
    await client.answers(separate, CoapCode.CONTENT, b"x", kind=CON)
    assert (await results.answer()).payload == b"x"
    acknowledgement = CoapMessage(ACK, CoapCode.EMPTY, 0x7777)
    assert await client.hears() == acknowledgement
    await client.answers(separate, CoapCode.CONTENT, b"x", kind=CON)
    assert await client.hears() == acknowledgement


async def test_an_answer_before_its_acknowledgement(nursery: trio.Nursery, server: Lwm2mServer, client: Client) -> None:
    await client.registers()
    results = Asked(nursery, lambda: server.read("meter", "/3/0", None, 5))
    request = await client.hears()
    await client.answers(request._replace(mid=0x7777), CoapCode.CONTENT, b"x", kind=NON)
    assert (await results.answer()).payload == b"x"
    await client.answers(request._replace(token=b""), CoapCode.EMPTY)
    await client.hears_nothing()


async def test_a_lost_request_is_repeated(nursery: trio.Nursery, server: Lwm2mServer, client: Client) -> None:
    await client.registers()
    results = Asked(nursery, lambda: server.write("meter", "/3200/0/5750", b"test", 0, 10))
    began, first = trio.current_time(), await client.hears()
    second = await client.hears()
    assert second == first
    assert 1.9 < trio.current_time() - began < 3.5
    await client.answers(second, CoapCode.CHANGED)
    assert (await results.answer()).code == CoapCode.CHANGED
    await client.answers(second, CoapCode.CHANGED)
    await client.hears_nothing()


async def test_a_client_that_is_silent_and_one_that_resets(
    nursery: trio.Nursery, server: Lwm2mServer, client: Client
) -> None:
    await client.registers()
    results = Asked(nursery, lambda: server.read("meter", "/3/0", None, 0.05))
    request = await client.hears()
    silent = await results.fails()
    assert isinstance(silent, Lwm2mSilent)
    assert isinstance(silent, TimeoutError)
    await client.answers(request, CoapCode.CONTENT)
    results = Asked(nursery, lambda: server.read("meter", "/3/0", None, 5))
    request = await client.hears()
    await client.sock.send(encode(CoapMessage(RST, CoapCode.EMPTY, request.mid)))
    assert isinstance(await results.fails(), Lwm2mSilent)


async def test_answers_in_another_order(nursery: trio.Nursery, server: Lwm2mServer, client: Client) -> None:
    await client.registers()
    results = [
        Asked(nursery, lambda: server.read("meter", "/3/0/0", None, 5)),
        Asked(nursery, lambda: server.read("meter", "/3/0/1", None, 5)),
    ]
    requests = [await client.hears(), await client.hears()]
    for request in reversed(requests):
        await client.answers(request, CoapCode.CONTENT, request.path[-1].encode())
    assert [(await each.answer()).payload for each in results] == [b"0", b"1"]


async def test_an_observation(nursery: trio.Nursery, server: Lwm2mServer, client: Client) -> None:
    await client.registers()
    results = Asked(nursery, lambda: server.observe("meter", "/3200/0", None, 5))
    request = await client.hears()
    assert request.all(CoapOption.OBSERVE) == [b""]
    observe = [uint_option(CoapOption.OBSERVE, number) for number in range(5)]
    await client.answers(request, CoapCode.CONTENT, b"now", observe[1])
    mids = iter(range(1000, 1100))

    async def notifies(number: int, payload: bytes, kind: CoapType) -> CoapMessage:
        message = CoapMessage(kind, CoapCode.CONTENT, next(mids), request.token, (observe[number],), payload)
        await client.sock.send(encode(message))
        return message

    await notifies(2, b"2", NON)  # at once: it may be there before who asked has the answer
    assert (await results.answer()).payload == b"now"
    last = await notifies(4, b"4", CON)
    assert await client.hears() == CoapMessage(ACK, CoapCode.EMPTY, last.mid)
    await client.sock.send(encode(last))
    assert await client.hears() == CoapMessage(ACK, CoapCode.EMPTY, last.mid)
    await notifies(3, b"3", NON)
    await client.hears_nothing()
    told = [(each.path, each.number, each.payload, each.confirmable) for each in server.notifications]
    assert told == [("/3200/0", 2, b"2", False), ("/3200/0", 4, b"4", True)]
    again = Asked(nursery, lambda: server.observe("meter", "3200/0", None, 5))
    request = await client.hears()
    assert request.token == last.token
    await client.answers(request, CoapCode.CONTENT, b"", observe[0])
    await again.answer()
    cancelled = Asked(nursery, lambda: server.cancel("meter", "/3200/0", 5))
    request = await client.hears()
    assert (request.token, request.all(CoapOption.OBSERVE)) == (last.token, [b"\1"])
    await client.answers(request, CoapCode.CONTENT)
    await cancelled.answer()
    assert server.clients()[0].observations == {}
    late = await notifies(4, b"late", NON)
    assert await client.hears() == CoapMessage(RST, CoapCode.EMPTY, late.mid)
    with pytest.raises(UsageError, match="/3200/0 of meter is not observed; observed is nothing"):
        await server.cancel("meter", "/3200/0", 5)


async def test_observations_end_with_the_registration(
    nursery: trio.Nursery, server: Lwm2mServer, client: Client
) -> None:
    await client.registers()
    results = Asked(nursery, lambda: server.observe("meter", "/3200/0", None, 5))
    request = await client.hears()
    await client.answers(request, CoapCode.CONTENT, b"", uint_option(CoapOption.OBSERVE, 0))
    await results.answer()
    await client.registers()
    assert server.clients()[0].observations == {}
    notification = CoapMessage(NON, CoapCode.CONTENT, 9, request.token, (uint_option(CoapOption.OBSERVE, 1),))
    await client.sock.send(encode(notification))
    assert await client.hears() == CoapMessage(RST, CoapCode.EMPTY, 9)


async def test_blocks_to_a_client_and_from_it(nursery: trio.Nursery, server: Lwm2mServer, client: Client) -> None:
    await client.registers()
    results = Asked(nursery, lambda: server.write("meter", "/3200/0/5750", b"x" * 1200, 0, 5))
    sizes = []
    for number in range(3):
        request = await client.hears()
        block = decode_block(request.all(CoapOption.BLOCK1)[0])
        assert (block.number, block.more, block.size) == (number, number < 2, 512)
        sizes.append(len(request.payload))
        code = CoapCode.CONTINUE if block.more else CoapCode.CHANGED
        await client.answers(request, code, b"", (CoapOption.BLOCK1, block.encode()))
    assert sizes == [512, 512, 176]
    assert (await results.answer()).code == CoapCode.CHANGED
    results = Asked(nursery, lambda: server.read("meter", "/3200/0/5750", None, 5))
    for number in range(3):
        request = await client.hears()
        wanted = [decode_block(each) for each in request.all(CoapOption.BLOCK2)]
        assert wanted == ([CoapBlock(number, False, 512)] if number else [])
        option = CoapOption.BLOCK2, CoapBlock(number, number < 2, 512).encode()
        await client.answers(request, CoapCode.CONTENT, bytes([48 + number]) * (512 if number < 2 else 10), option)
    assert (await results.answer()).payload == b"0" * 512 + b"1" * 512 + b"2" * 10


async def test_blocks_that_do_not_go_together(nursery: trio.Nursery, server: Lwm2mServer, client: Client) -> None:
    await client.registers()
    results = Asked(nursery, lambda: server.read("meter", "/3/0", None, 5))
    option = CoapOption.BLOCK2, CoapBlock(3, True, 512).encode()
    await client.answers(await client.hears(), CoapCode.CONTENT, b"", option)
    assert "has no place" in str(await results.fails())


@pytest.mark.parametrize("path", ["", "/", "/a", "/3/0/0/0/0", "/65536", "/3//0", "/-1"])
async def test_what_is_no_path(server: Lwm2mServer, client: Client, path: str) -> None:
    await client.registers()
    with pytest.raises(UsageError, match="is no path"):
        await server.read("meter", path, None, 5)


async def test_a_path_that_is_asked_about_twice_at_once(
    nursery: trio.Nursery, server: Lwm2mServer, client: Client
) -> None:
    await client.registers()
    first = Asked(nursery, lambda: server.observe("meter", "/3200/0", None, 5))
    await client.answers(await client.hears(), CoapCode.CONTENT, b"", uint_option(CoapOption.OBSERVE, 0))
    await first.answer()
    again = Asked(nursery, lambda: server.observe("meter", "/3200/0", None, 5))
    request = await client.hears()
    for work in (lambda: server.observe("meter", "/3200/0", None, 5), lambda: server.cancel("meter", "/3200/0", 5)):
        assert "/3200/0 of meter is being asked about" in str(await Asked(nursery, work).fails())
    await client.answers(request, CoapCode.CONTENT, b"x", uint_option(CoapOption.OBSERVE, 1))
    assert (await again.answer()).payload == b"x"


@pytest.mark.parametrize("attributes", ["pmin=" + "1" * 70_000, "pmin=\u0663", "pmin=\ud800"])
async def test_attributes_that_no_client_could_take(server: Lwm2mServer, client: Client, attributes: str) -> None:
    await client.registers()
    with pytest.raises(UsageError, match="attributes"):
        await server.attributes("meter", "/3200/0", attributes, 5)
