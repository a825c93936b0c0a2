"""A client of the sandbox's LwM2M server, which a test plays."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio
from onemo.errors import UsageError
from onemo.net.coap.message import (
    CoapCode,
    CoapMessage,
    CoapOption,
    CoapType,
    decode,
    encode,
    text_options,
    uint_option,
)

PATIENCE = 5.0
CON, NON, ACK, RST = CoapType
LINKS = b'</>;rt="oma.lwm2m",</3/0>,</3200/0>,</3200/1>'
Options = tuple[tuple[int, bytes], ...]


class Client:
    """A client of the server, over a socket of its own."""

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self.sock = sock
        self.mid = 100

    async def send(
        self,
        code: int,
        path: str = "",
        query: str = "",
        payload: bytes = b"",
        *more: tuple[int, bytes],
        kind: CoapType = CON,
    ) -> int:
        """Send a request; return its mid."""
        self.mid += 1
        options: Options = (
            *text_options(CoapOption.URI_PATH, path.split("/") if path else ()),
            *text_options(CoapOption.URI_QUERY, query.split("&") if query else ()),
            *more,
        )
        await self.sock.send(encode(CoapMessage(kind, code, self.mid, b"tk", options, payload)))
        return self.mid

    async def hears(self) -> CoapMessage:
        with trio.fail_after(PATIENCE):
            return decode(await self.sock.recv(65535))

    async def asks(
        self, code: int, path: str = "", query: str = "", payload: bytes = b"", *more: tuple[int, bytes]
    ) -> CoapMessage:
        """Send a request, and return its answer."""
        mid = await self.send(code, path, query, payload, *more)
        answer = await self.hears()
        assert (answer.type, answer.mid, answer.token) == (ACK, mid, b"tk")
        return answer

    async def answers(
        self, request: CoapMessage, code: int, payload: bytes = b"", *options: tuple[int, bytes], kind: CoapType = ACK
    ) -> None:
        message = CoapMessage(kind, code, request.mid, request.token, tuple(options), payload)
        await self.sock.send(encode(message))

    async def registers(self, endpoint: str = "meter", more: str = "&lt=300&lwm2m=1.0&b=U") -> str:
        """Register; return the path of the registration."""
        link = uint_option(CoapOption.CONTENT_FORMAT, 40)
        answer = await self.asks(CoapCode.POST, "rd", f"ep={endpoint}{more}", LINKS, link)
        assert answer.code == CoapCode.CREATED
        return "/".join(answer.texts(CoapOption.LOCATION_PATH))

    async def hears_nothing(self) -> None:
        """Hear the answer to a ping, and nothing before it."""
        self.mid += 1
        await self.sock.send(encode(CoapMessage(CON, CoapCode.EMPTY, self.mid)))
        assert await self.hears() == CoapMessage(RST, CoapCode.EMPTY, self.mid)


class Asked:
    """Something that is asked in a task of its own."""

    def __init__(self, nursery: trio.Nursery, work: Callable[[], Awaitable[CoapMessage]]) -> None:
        self._work = work
        self._done = trio.Event()
        self.result: CoapMessage | UsageError | None = None
        nursery.start_soon(self._run)

    async def _run(self) -> None:
        try:
            self.result = await self._work()
        except UsageError as error:
            self.result = error
        self._done.set()

    async def answer(self) -> CoapMessage:
        await self._over()
        assert isinstance(self.result, CoapMessage), self.result
        return self.result

    async def fails(self) -> UsageError:
        await self._over()
        assert isinstance(self.result, UsageError), self.result
        return self.result

    async def _over(self) -> None:
        with trio.fail_after(PATIENCE):
            await self._done.wait()
