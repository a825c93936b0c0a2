"""An LwM2M client of aiocoap, in a process of its own: client.py HOST PORT. It serves until stdin ends.

/3300/0/5700 counts how often /3300/0/5605 was executed, and tells so if it is observed; /3300/0/5750 is what was
written there, in blocks where it is large; /3300/0 is a temperature and that in TLV.
"""

from __future__ import annotations

import asyncio  # noqa: TID251 - of aiocoap, which has no other loop
import sys

import aiocoap
from aiocoap import resource

TLV = 11542


class Value(resource.Resource):
    """A text that is read and written."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self.text = text

    async def render_get(self, request: aiocoap.Message) -> aiocoap.Message:
        return aiocoap.Message(code=aiocoap.CONTENT, payload=self.text, content_format=0)

    async def render_put(self, request: aiocoap.Message) -> aiocoap.Message:
        self.text = request.payload
        return aiocoap.Message(code=aiocoap.CHANGED)


class Count(resource.ObservableResource):
    """A number that is counted up."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    async def render_get(self, request: aiocoap.Message) -> aiocoap.Message:
        return aiocoap.Message(code=aiocoap.CONTENT, payload=b"%d" % self.count, content_format=0)


class Instance(resource.Resource):
    """Both in TLV."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self._value = value

    async def render_get(self, request: aiocoap.Message) -> aiocoap.Message:
        payload = bytes((0xE4, 0x16, 0x44)) + b"\x41\xac\0\0" + bytes((0xE8, 0x16, 0x76, len(self._value.text)))
        return aiocoap.Message(code=aiocoap.CONTENT, payload=payload + self._value.text, content_format=TLV)


class Reset(resource.Resource):
    """Counts up, so late enough that its answer is a separate one."""

    def __init__(self, count: Count) -> None:
        super().__init__()
        self._count = count

    async def render_post(self, request: aiocoap.Message) -> aiocoap.Message:
        await asyncio.sleep(0.5)
        self._count.count += 1
        self._count.updated_state()
        return aiocoap.Message(code=aiocoap.CHANGED)


async def main(host: str, port: str) -> None:
    site, value, count = resource.Site(), Value(b"meter"), Count()
    site.add_resource(["3300", "0"], Instance(value))
    site.add_resource(["3300", "0", "5700"], count)
    site.add_resource(["3300", "0", "5750"], value)
    site.add_resource(["3300", "0", "5605"], Reset(count))
    context = await aiocoap.Context.create_server_context(site, bind=("127.0.0.1", 0), transports=["simple6"])
    server = f"coap://{host}:{port}"
    links = b'</>;rt="oma.lwm2m",</3300/0>'
    request = aiocoap.Message(
        code=aiocoap.POST, uri=f"{server}/rd?ep=other;1&lt=60&lwm2m=1.0&b=U", payload=links, content_format=40
    )
    answer = await context.request(request).response
    print(answer.code, "/".join(answer.opt.location_path), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    gone = aiocoap.Message(code=aiocoap.DELETE, uri=f"{server}/{'/'.join(answer.opt.location_path)}")
    print((await context.request(gone).response).code, flush=True)
    await context.shutdown()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
