"""An LwM2M server of aiocoap, in a process of its own: server.py PORT. It bootstraps, and greets as OneNET does.

Of what registers it observes each instance, discovers each object and reads /3/0. It tells all that comes in lines. One
of stdin is a request: ``GET 1 /3/0 accept=11542``, ``PUT 1 /3200/0 11542 HEX``, ``POST 1 /3200/0/5505 0 HEX``.
"""

from __future__ import annotations

import asyncio  # noqa: TID251 - of aiocoap, which has no other loop
import re
import sys
from typing import Any

import aiocoap
from aiocoap import resource
from aiocoap.numbers.codes import Code

TLV, LINKS = 11542, 40
TASKS = set[asyncio.Task[None]]()


def said(*words: object) -> None:
    print(*words, flush=True)


def soon(work: Any) -> None:
    """Do something once the answer has gone."""
    task = asyncio.get_running_loop().create_task(work)
    TASKS.add(task)
    task.add_done_callback(TASKS.discard)


class Asking:
    """Asks things of clients. remotes: by the number of the registration."""

    def __init__(self) -> None:
        self.context: aiocoap.Context
        self.remotes: dict[str, Any] = {}

    async def ask(self, remote: Any, code: Code, path: str, **more: Any) -> aiocoap.Message:
        message = aiocoap.Message(code=code, **more)
        message.remote = remote
        message.opt.uri_path = tuple(path.strip("/").split("/"))
        request = self.context.request(message)
        if message.opt.observe is not None:
            soon(self.hear(path, request.observation))
        answer = await request.response
        said(code.name, path, f"{answer.code.class_}.{answer.code & 31:02}", int(answer.opt.content_format or 0),
             answer.payload.hex())  # fmt: skip
        return answer

    async def hear(self, path: str, observation: Any) -> None:
        async for notification in observation:
            said("notified", path, int(notification.opt.content_format or 0), notification.payload.hex())

    async def greet(self, remote: Any, links: str) -> None:
        for path in re.findall(r"</(\d+/\d+)>", links):
            if not path.startswith("3/"):
                await self.ask(remote, aiocoap.GET, path, observe=0)
                await self.ask(remote, aiocoap.GET, path.split("/")[0], accept=LINKS)
        await self.ask(remote, aiocoap.GET, "3/0")

    async def bootstrap(self, remote: Any) -> None:
        uri = b"coap://nbiotacc.heclouds.com:5683"
        account = bytes((0xC8, 0, len(uri))) + uri + bytes.fromhex("c10100c10203c10a01")
        await self.ask(remote, aiocoap.DELETE, "0")
        await self.ask(remote, aiocoap.PUT, "0/1", content_format=TLV, payload=account)
        await self.ask(remote, aiocoap.POST, "bs")


class Bootstrap(resource.Resource):
    """The path /bs."""

    def __init__(self, asking: Asking) -> None:
        super().__init__()
        self._asking = asking

    async def render_post(self, request: aiocoap.Message) -> aiocoap.Message:
        said("bootstrap", *request.opt.uri_query)
        soon(self._asking.bootstrap(request.remote))
        return aiocoap.Message(code=aiocoap.CHANGED)


class Registration(resource.Resource):
    """The path of a registration."""

    async def render_post(self, request: aiocoap.Message) -> aiocoap.Message:
        said("updated", *request.opt.uri_query, request.payload.decode())
        return aiocoap.Message(code=aiocoap.CHANGED)

    async def render_delete(self, request: aiocoap.Message) -> aiocoap.Message:
        said("gone")
        return aiocoap.Message(code=aiocoap.DELETED)


class Registrations(resource.Resource):
    """The path /rd."""

    def __init__(self, site: resource.Site, asking: Asking) -> None:
        super().__init__()
        self._site, self._asking = site, asking

    async def render_post(self, request: aiocoap.Message) -> aiocoap.Message:
        number = str(len(self._asking.remotes) + 1)
        self._asking.remotes[number] = request.remote
        self._site.add_resource(["rd", number], Registration())
        said("registered", *request.opt.uri_query, request.payload.decode())
        soon(self._asking.greet(request.remote, request.payload.decode()))
        return aiocoap.Message(code=aiocoap.CREATED, location_path=("rd", number))


async def main(port: str) -> None:
    site, asking = resource.Site(), Asking()
    site.add_resource(["bs"], Bootstrap(asking))
    site.add_resource(["rd"], Registrations(site, asking))
    bind = "127.0.0.1", int(port)
    asking.context = await aiocoap.Context.create_server_context(site, bind=bind, transports=["simplesocketserver"])
    said("ready")
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        method, number, path, *rest = line.split()
        more: dict[str, Any] = {}
        if rest and rest[0].startswith("accept="):
            more = {"accept": int(rest[0].removeprefix("accept="))}
        elif rest:
            more = {"content_format": int(rest[0]), "payload": bytes.fromhex(rest[1])}
        soon(asking.ask(asking.remotes[number], Code[method], path, **more))
    await asking.context.shutdown()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
