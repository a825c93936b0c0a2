"""The sandbox's LwM2M server (OMA-TS-LightweightM2M-V1_0): bootstrap on /bs, registration on /rd, requests to clients.

Clients are taken with whatever authentication they bring. There is no DTLS.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import trio

from onemo.errors import UsageError
from onemo.net.coap.blocks import CoapBlock, CoapUpload, cut_block, decode_block
from onemo.net.coap.message import CoapCode, CoapMalformed, CoapMessage, CoapOption, text_options, uint_option
from onemo.net.lwm2m.links import object_path
from onemo.net.lwm2m.shown import plain_value, resources_payload
from onemo.net.lwm2m.values import Lwm2mFormat
from onemo.net.sandbox.lwm2m_clients import Lwm2mClients, Lwm2mObservation, Lwm2mPeer, Lwm2mRefusal, answered
from onemo.net.sandbox.lwm2m_exchange import CoapExchanges, SocketAddress
from onemo.net.sandbox.lwm2m_requests import block_of, get, ids, path_options, request_of, with_block

SERVER = "coap://nbiotacc.heclouds.com:5683"
"""The server that a bootstrap hands out: in the sandbox this one again."""
_ACCOUNT = resources_payload({0: plain_value(SERVER), 1: plain_value(False), 2: plain_value(3), 10: plain_value(1)})
"""The instance of object 0: its URI, that it is no bootstrap server, security mode NoSec, its short id."""
_AUTHENTICATION = 63
"""The option with an authentication value, which OneNET's clients send (no number of the OMA's)."""
_KNOWN = {*CoapOption, _AUTHENTICATION}
_TURNS = 16  # datagrams without a wait: senders that never stop must not keep everybody else waiting
_LARGEST_DATAGRAM = 65535
_LARGEST_LIST = 1 << 14  # bytes of a registration that comes in blocks
_MOST_UPLOADS = 100
_MOST_BOOTSTRAPS = 1000
_LARGEST_MESSAGE, _BLOCK = 1024, 512  # bytes of a payload that goes in one message, else of each block
_LARGEST_ANSWER = 1 << 20  # bytes of an answer in blocks
_MOST_OBSERVED = 100  # paths of a client
_LONGEST_ATTRIBUTES = 1000
_PATIENCE = 30.0  # seconds for each step that it takes by itself
_OWN_OBJECTS = range(6)
"""Objects of the protocol's own, which a platform that greets does not observe."""


class Lwm2mSilent(UsageError, TimeoutError):
    """A client did not answer a request in time, or reset it."""


class Lwm2mServer:
    """One server for every name. greets: it observes and discovers what a new client has, as OneNET does.

    Requests to clients raise UsageError where the client is not registered, or the path is none, and Lwm2mSilent where
    it does not answer in so many seconds.
    """

    def __init__(self, greets: bool = False) -> None:
        self._greets = greets
        self._clients = Lwm2mClients()
        self._exchanges = CoapExchanges(self._answer, self._clients.notify)
        self._uploads: dict[tuple[SocketAddress, tuple[str, ...]], CoapUpload] = {}
        self._bootstraps: set[SocketAddress] = set()
        self._waiting = trio.CancelScope()
        self._sock: socket.socket | None = None
        self._nursery: trio.Nursery | None = None
        self.notifications = self._clients.notifications
        """The newest hundred notifications of all clients."""

    def clients(self) -> list[Lwm2mPeer]:
        """Return the clients that are registered, in the order in which they came."""
        return self._clients.all(trio.current_time())

    async def serve(self, sock: socket.socket) -> None:
        """Serve for ever. Owns the socket, non-blocking; cancelled, closes it."""
        with sock:
            async with trio.open_nursery() as nursery:
                self._sock, self._nursery = sock, nursery
                turn = 0
                while True:
                    turn += 1
                    if turn % _TURNS == 0:
                        await trio.lowlevel.checkpoint()
                    await self._step(sock)

    # What is asked of a client.

    async def read(self, endpoint: str, path: str, accept: int | None, seconds: float) -> CoapMessage:
        """Read an object, an instance or a resource. accept: the Content-Format that is wanted, None: any."""
        return await self._ask(endpoint, get(path, accept), seconds)

    async def write(self, endpoint: str, path: str, payload: bytes, format_: int, seconds: float) -> CoapMessage:
        """Write a resource or an instance: a payload in a Content-Format."""
        options = (*path_options(path), uint_option(CoapOption.CONTENT_FORMAT, format_))
        return await self._ask(endpoint, request_of(CoapCode.PUT, options, payload), seconds)

    async def attributes(self, endpoint: str, path: str, attributes: str, seconds: float) -> CoapMessage:
        """Write attributes, like ``pmin=18&pmax=90``."""
        if not attributes.isascii() or len(attributes) > _LONGEST_ATTRIBUTES:
            raise UsageError(f"attributes are ASCII like pmin=18&pmax=90, at most {_LONGEST_ATTRIBUTES} characters")
        options = (*path_options(path), *text_options(CoapOption.URI_QUERY, attributes.split("&")))
        return await self._ask(endpoint, request_of(CoapCode.PUT, options), seconds)

    async def execute(self, endpoint: str, path: str, argument: bytes, seconds: float) -> CoapMessage:
        """Execute a resource."""
        return await self._ask(endpoint, request_of(CoapCode.POST, path_options(path), argument), seconds)

    async def discover(self, endpoint: str, path: str, seconds: float) -> CoapMessage:
        """Discover what an object, an instance or a resource has: links."""
        return await self._ask(endpoint, get(path, Lwm2mFormat.LINK), seconds)

    async def observe(self, endpoint: str, path: str, accept: int | None, seconds: float) -> CoapMessage:
        """Observe a path: what it has now is the answer, and notifications follow."""
        client, path = self._client(endpoint), f"/{'/'.join(map(str, ids(path)))}"
        known = client.observations.get(path)
        if known is None and len(client.observations) >= _MOST_OBSERVED:
            raise UsageError(f"{_MOST_OBSERVED} paths of {endpoint} are observed: cancel one")
        token = self._token() if known is None else self._free_token(client, known)

        def answered_(answer: CoapMessage) -> None:
            number = answer.uint(CoapOption.OBSERVE)
            if answer.code == CoapCode.CONTENT and number is not None:
                self._clients.observe(client, path, token, number, trio.current_time())

        options = (*get(path, accept).options, uint_option(CoapOption.OBSERVE, 0))
        return await self._ask(endpoint, request_of(CoapCode.GET, options)._replace(token=token), seconds, answered_)

    async def cancel(self, endpoint: str, path: str, seconds: float) -> CoapMessage:
        """Observe a path no longer. Raises UsageError: it is not observed."""
        client, path = self._client(endpoint), f"/{'/'.join(map(str, ids(path)))}"
        known = client.observations.get(path)
        if known is None:
            observed = ", ".join(client.observations) or "nothing"
            raise UsageError(f"{path} of {endpoint} is not observed; observed is {observed}")
        options = (*path_options(path), uint_option(CoapOption.OBSERVE, 1))
        token = self._free_token(client, known)
        answer = await self._ask(endpoint, request_of(CoapCode.GET, options)._replace(token=token), seconds)
        if answer.code >> 5 == 2:
            self._clients.cancel(client, path)
        return answer

    # Inside.

    async def _step(self, sock: socket.socket) -> None:
        """Take a datagram, or wait for one."""
        now = trio.current_time()
        if self._exchanges.deadline <= now:
            self._exchanges.due(now)
            self._flush()
        try:
            data, source = sock.recvfrom(_LARGEST_DATAGRAM)
        except BlockingIOError:
            with trio.CancelScope(deadline=self._exchanges.deadline) as self._waiting:
                await trio.lowlevel.wait_readable(sock)
        except OSError:
            pass  # what became of an earlier message
        else:
            self._exchanges.receive(data, source, now)
            self._flush()

    def _flush(self) -> None:
        """Send what is to be sent; the host may lose it, as datagrams are lost."""
        outbox = self._exchanges.outbox
        while outbox:
            data, to = outbox.popleft()
            if self._sock is not None:
                try:
                    self._sock.sendto(data, to)
                except OSError:
                    pass

    def _client(self, endpoint: str) -> Lwm2mPeer:
        client = self._clients.find(endpoint, trio.current_time())
        if client is None:
            names = [each.endpoint for each in self.clients()]
            known = f"{', '.join(names[:10])}{' …' if len(names) > 10 else ''}" if names else "nobody"
            raise UsageError(f"{endpoint} is not registered at the sandbox's LwM2M server; registered is {known}")
        return client

    def _token(self) -> bytes:
        """Return a token that is in no use."""
        token = self._exchanges.token()
        while self._clients.is_observed(token):
            token = self._exchanges.token()
        return token

    def _free_token(self, client: Lwm2mPeer, known: Lwm2mObservation) -> bytes:
        """Return the token of an observation, with which one request at a time can be told from others."""
        if self._exchanges.waits(known.token):
            raise UsageError(f"{known.path} of {client.endpoint} is being asked about: wait for that answer")
        return known.token

    async def _ask(
        self, endpoint: str, request: CoapMessage, seconds: float, heard: Callable[[CoapMessage], None] | None = None
    ) -> CoapMessage:
        client = self._client(endpoint)
        answer = None
        with trio.move_on_after(seconds):
            answer = await self._in_blocks(client.address, request, heard)
        if answer is None:
            raise Lwm2mSilent(f"{endpoint} did not answer within {seconds:g} s")
        return answer

    async def _in_blocks(
        self, to: SocketAddress, request: CoapMessage, heard: Callable[[CoapMessage], None] | None = None
    ) -> CoapMessage | None:
        """Send a request, in blocks where it is large, and return the answer, all blocks of it; None: there is none."""
        whole, number = request.payload, 0
        if len(whole) > _LARGEST_MESSAGE:
            while found := cut_block(whole, CoapBlock(number, False, _BLOCK)):
                request, number = with_block(request, CoapOption.BLOCK1, found[1], found[0]), number + 1
                answer = await self._once(to, request, heard)
                if answer is None or not found[1].more or answer.code != CoapCode.CONTINUE:
                    break
        else:
            answer = await self._once(to, request, heard)
        return answer if answer is None else await self._rest(to, request, answer)

    async def _rest(self, to: SocketAddress, request: CoapMessage, first: CoapMessage) -> CoapMessage | None:
        """Return an answer with all its blocks. Raises UsageError: they do not go together."""
        payload, answer = first.payload, first
        while (block := block_of(answer)) is not None and block.more:
            if len(payload) != block.start + block.size or len(payload) >= _LARGEST_ANSWER:
                raise UsageError(f"block {block.number} of the answer has no place in it, or it has more than 1 MiB")
            wanted = CoapBlock(block.number + 1, False, block.size)
            asked = with_block(request, CoapOption.BLOCK2, wanted, b"")._replace(token=b"")
            more = await self._once(to, asked, None)
            if more is None or more.code != first.code:
                return more
            payload, answer = payload + more.payload, more
        return first._replace(payload=payload)

    async def _once(
        self, to: SocketAddress, request: CoapMessage, heard: Callable[[CoapMessage], None] | None
    ) -> CoapMessage | None:
        """Send a request, and return its answer; None: there is none. heard: takes the answer as it comes."""
        done, answers = trio.Event(), []

        def take(answer: CoapMessage | None) -> None:
            if answer is not None and heard is not None:
                heard(answer)
            answers.append(answer)
            done.set()

        request = request if request.token else request._replace(token=self._token())
        self._exchanges.ask(request, to, take, trio.current_time())
        self._flush()
        self._waiting.deadline = self._exchanges.deadline
        try:
            await done.wait()
        finally:
            self._exchanges.forget(request.token)
        return answers[0]

    # What a client asks.

    def _answer(self, request: CoapMessage, source: SocketAddress, now: float) -> CoapMessage:
        try:
            if any(number & 1 and number not in _KNOWN for number, _ in request.options):
                raise Lwm2mRefusal(CoapCode.BAD_OPTION)
            if not (blocks := request.all(CoapOption.BLOCK1)):
                return self._carry_out(request, source, now)
            block = decode_block(blocks[0])
            whole = self._upload(request, block, source)
            if not isinstance(whole, bytes):
                return answered(whole, (CoapOption.BLOCK1, block.encode()))
            answer = self._carry_out(request._replace(payload=whole), source, now)
            return answer._replace(options=(*answer.options, (CoapOption.BLOCK1, block.encode())))
        except Lwm2mRefusal as refusal:
            return answered(refusal.code)
        except CoapMalformed:
            return answered(CoapCode.BAD_REQUEST)

    def _upload(self, request: CoapMessage, block: CoapBlock, source: SocketAddress) -> bytes | CoapCode:
        """Take a block of a request; return the whole payload, or the code that answers it."""
        key = source, request.path
        upload = self._uploads.pop(key, None) or CoapUpload(_LARGEST_LIST)
        code = upload.take(block, request.payload)
        if code is None:
            return bytes(upload.payload)
        if code is CoapCode.CONTINUE:
            self._uploads[key] = upload
            while len(self._uploads) > _MOST_UPLOADS:
                del self._uploads[next(iter(self._uploads))]
        return code

    def _carry_out(self, request: CoapMessage, source: SocketAddress, now: float) -> CoapMessage:
        """Do what a client asks, and return the answer. Raises Lwm2mRefusal."""
        match request.path, request.code:
            case ("rd",), CoapCode.POST:
                client, answer = self._clients.register(request, source, now)
                if self._greets and self._nursery is not None:
                    self._nursery.start_soon(self._greet, client)
                return answer
            case ("rd", location), CoapCode.POST | CoapCode.PUT:
                return self._clients.update(location, request, source, now)
            case ("rd", location), CoapCode.DELETE:
                return self._clients.deregister(location, now)
            case ("bs",), CoapCode.POST if any(each.startswith("ep=") for each in request.query):
                return self._begin_bootstrap(source)
            case ("bs",), CoapCode.POST:
                raise Lwm2mRefusal(CoapCode.BAD_REQUEST)
            case ("rd",) | ("rd", _) | ("bs",), _:
                raise Lwm2mRefusal(CoapCode.METHOD_NOT_ALLOWED)
        raise Lwm2mRefusal(CoapCode.NOT_FOUND)

    def _begin_bootstrap(self, source: SocketAddress) -> CoapMessage:
        if self._nursery is None or len(self._bootstraps) >= _MOST_BOOTSTRAPS:
            raise Lwm2mRefusal(CoapCode.UNAVAILABLE)
        if source not in self._bootstraps:
            self._bootstraps.add(source)
            self._nursery.start_soon(self._bootstrap, source)
        return answered(CoapCode.CHANGED)

    async def _bootstrap(self, to: SocketAddress) -> None:
        """Hand the server's account out, and finish; a client that does not take it is left to itself."""
        options = (*path_options("/0/1"), uint_option(CoapOption.CONTENT_FORMAT, Lwm2mFormat.TLV))
        steps = (
            request_of(CoapCode.PUT, options, _ACCOUNT),
            request_of(CoapCode.POST, text_options(CoapOption.URI_PATH, ["bs"])),
        )
        try:
            for step in steps:
                answer = None
                with trio.move_on_after(_PATIENCE):
                    answer = await self._once(to, step, None)
                if answer is None or answer.code != CoapCode.CHANGED:
                    return
        except UsageError:
            pass  # too much waits already
        finally:
            self._bootstraps.discard(to)

    async def _greet(self, client: Lwm2mPeer) -> None:
        """Observe each instance, discover each object, and read the device, one after the other."""
        listed = [object_path(path.removeprefix("/").split("/")) for path in client.paths]  # or whatever it sent
        paths = [path for path in listed if path is not None and path[0] not in _OWN_OBJECTS]
        instances = ["/{}/{}".format(*path) for path in paths if len(path) == 2]
        objects = dict.fromkeys(path[0] for path in paths)
        steps = [
            *((self.observe, path, (None,)) for path in instances),
            *((self.discover, f"/{each}", ()) for each in objects),
            (self.read, "/3/0", (None,)),
        ]
        for act, path, more in steps:
            if self._clients.find(client.endpoint, trio.current_time()) is not client:
                return
            try:
                await act(client.endpoint, path, *more, _PATIENCE)  # type: ignore[operator]
            except UsageError:
                pass  # it is silent, or its path is none
