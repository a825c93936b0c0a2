"""The sandbox's web server, on h11: services for a first request, and answers of the sandbox file's own.

/get tells the request in JSON, /post sends its body back, /bytes/N and /stream/N send bytes and lines, /status/N that
status, /delay/S waits, /redirect/N leads to /get, /drip comes byte by byte. /firmware/MODEL/REVISION is a package that
upgrades a module of that sub-model to that revision.
"""

from __future__ import annotations

import json
import logging
import re
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import repeat
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

import h11
import trio

from onemo.net.firmware import ANY, USUAL_SIZE, BadPackage, make_package
from onemo.net.sandbox.config import WebAnswer

_log = logging.getLogger(__name__)
_RECEIVE = 65536
_LARGEST_REQUEST = 16 << 20  # bytes of a body, which is held until it is answered
_LARGEST = 1 << 30  # of /bytes/N, /stream/N and /drip/N
_LARGEST_PACKAGE = 1 << 26  # bytes of /firmware
_GOES_ON = re.compile(r"bytes=(\d{1,10})-", re.ASCII)
_LONGEST_WAIT = 300.0  # seconds of /delay/S
_MOST_REDIRECTS = 100
_MOST_REMEMBERED = 100  # requests
_MOST_HELD = 1 << 26  # bytes of their bodies: all that came with it, but for the newest, are forgotten first
_IDLE = 60.0  # seconds that a client may be silent
_ENDED = 2.0  # seconds that a client which says no more is taken to wait for its answer
_DRIP = 0.1  # seconds between two bytes
_PATTERN = bytes(range(256)) * 256
_TEXT, _JSON, _BYTES = "text/plain; charset=utf-8", "application/json", "application/octet-stream"
_PATHS = "/get /post /bytes/N /stream/N /status/N /delay/S /redirect/N /drip /firmware/MODEL/REVISION"
Fields = Sequence[tuple[str, str]]


class WebRequest(NamedTuple):
    """A request that came, and the status of its answer, 0 where the client broke off before.

    host: of its field, without a port; headers: by name.
    """

    method: str
    host: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    status: int = 0


class Response(NamedTuple):
    """An answer. body: its bytes, or pieces of them; size: of all pieces, None: they are sent in chunks.

    gap: seconds before each piece.
    """

    status: int
    body: bytes | Iterator[bytes] = b""
    headers: Fields = (("Content-Type", _TEXT),)
    size: int | None = None
    gap: float = 0.0


class WebRefusal(Exception):
    """A request that is answered with a status and some words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.response = Response(status, f"{words}\n".encode())


class WebServer:
    """One server for every name. answers: those of the user's own, which come before its services, the first first.

    requests: the newest that came, with their status.
    """

    def __init__(self, answers: Iterable[WebAnswer] = ()) -> None:
        self.answers = list(answers)
        self.requests: deque[WebRequest] = deque(maxlen=_MOST_REMEMBERED)

    async def converse(self, sock: socket.socket) -> None:
        """Serve one client until its end, as a streams.Conversation."""
        await self.talk(trio.SocketStream(trio.socket.from_stdlib_socket(sock)))

    async def talk(self, stream: trio.abc.Stream) -> None:
        """Serve one client over a stream, until either has enough of the other."""
        client = h11.Connection(h11.SERVER)
        try:
            while True:
                try:
                    request = await _received(stream, client)
                except h11.RemoteProtocolError as error:
                    words = str(error).partition(": bytearray")[0]
                    await _send(stream, client, WebRefusal(error.error_status_hint, words).response)
                    return
                except WebRefusal as refused:
                    await _send(stream, client, refused.response)
                    return
                if request is None:
                    return
                response = await self._respond_unless_broken(stream, client, request)
                if response is None:
                    return
                await _send(stream, client, response, head=request.method == "HEAD")
                if client.our_state is not h11.DONE or client.their_state is not h11.DONE:
                    return
                client.start_next_cycle()
        except (trio.BrokenResourceError, trio.ClosedResourceError, h11.LocalProtocolError):
            pass  # the client's end; or it ended in the midst of an answer

    async def _respond_unless_broken(
        self, stream: trio.abc.Stream, client: h11.Connection, request: WebRequest
    ) -> Response | None:
        """Respond; None: the client broke off before, or ended and was not answered soon.

        What it says meanwhile, a piece at most, is kept for later.
        """
        response: Response | None = None
        async with trio.open_nursery() as nursery:

            async def listen() -> None:
                try:
                    if data := await stream.receive_some(_RECEIVE):
                        client.receive_data(bytes(data))
                        return
                    await trio.sleep(_ENDED)
                except trio.BrokenResourceError:
                    pass
                nursery.cancel_scope.cancel()

            nursery.start_soon(listen)
            response = await self._respond(request)
            nursery.cancel_scope.cancel()
        return response

    async def _respond(self, request: WebRequest) -> Response:
        status = 0
        try:
            own = next((answer for answer in self.answers if _meant(answer, request)), None)
            response = await (_serve(request) if own is None else _own(own))
            status = response.status
        except WebRefusal as refused:
            response, status = refused.response, refused.response.status
        finally:
            self._remember(request._replace(status=status))
        return response

    def _remember(self, request: WebRequest) -> None:
        self.requests.append(request)
        while len(self.requests) > 1 and sum(len(each.body) for each in self.requests) > _MOST_HELD:
            self.requests.popleft()


def _meant(answer: WebAnswer, request: WebRequest) -> bool:
    """Tell whether an answer is for a request."""
    path = request.path.partition("?")[0]
    host = answer.host is None or answer.host.lower() == request.host.lower()
    return host and path == answer.path and (answer.method is None or answer.method == request.method)


async def _own(answer: WebAnswer) -> Response:
    """Return an answer of the user's own. Raises WebRefusal: its file cannot be read now."""
    body = (answer.body or "").encode()
    if answer.file is not None:
        try:
            body = await trio.Path(answer.file).read_bytes()
        except OSError as error:
            _log.warning("the sandbox cannot answer %s: %s", answer.path, error)
            raise WebRefusal(500, f"{Path(answer.file).name} cannot be read: {error.strerror}") from error
    usual = _TEXT if answer.file is None else _BYTES
    named = {name.lower() for name in answer.headers}
    types = () if "content-type" in named else (("Content-Type", usual),)
    return Response(answer.status, body, (*types, *answer.headers.items()))


# The services.


async def _serve(request: WebRequest) -> Response:
    """Answer a request by its path. Raises WebRefusal: there is no such service, or not with such a number."""
    name, _, value = unquote(request.path.partition("?")[0]).removeprefix("/").partition("/")
    service = _SERVICES.get(name)
    if service is not None:
        return service(request, value)
    if name == "delay":
        await trio.sleep(_number(value, float, 0, _LONGEST_WAIT))
        return _get(request, "")
    if name == "":
        return Response(200, f"The web server of the sandbox: {_PATHS}\n".encode())
    raise WebRefusal(404, f"there is no {request.path} here; there are {_PATHS}")


def _get(request: WebRequest, value: str) -> Response:
    told = {
        "method": request.method,
        "host": request.host,
        "path": request.path,
        "headers": dict(request.headers),
        "body": request.body.decode("utf-8", "replace"),
    }
    return Response(200, json.dumps(told, indent=1).encode() + b"\n", (("Content-Type", _JSON),))


def _post(request: WebRequest, value: str) -> Response:
    fields = {name.lower(): text for name, text in request.headers.items()}
    return Response(200, request.body, (("Content-Type", fields.get("content-type", _BYTES)),))


def _bytes(request: WebRequest, value: str) -> Response:
    size = _number(value, int, 0, _LARGEST)
    return Response(200, _pattern(size), (("Content-Type", _BYTES),), size)


def _stream(request: WebRequest, value: str) -> Response:
    return Response(200, _lines(_number(value, int, 0, _LARGEST)))


def _status(request: WebRequest, value: str) -> Response:
    status = _number(value, int, 200, 599)
    return Response(status, f"{status} {_phrase(status)}".rstrip().encode() + b"\n")


def _phrase(status: int) -> str:
    """Return the reason phrase of a status; "": it has none."""
    return next((each.phrase for each in HTTPStatus if each.value == status), "")


def _redirect(request: WebRequest, value: str) -> Response:
    left = _number(value, int, 0, _MOST_REDIRECTS)
    location = f"/redirect/{left - 1}" if left > 1 else "/get"
    return Response(302, headers=(("Location", location),))


def _drip(request: WebRequest, value: str) -> Response:
    size = _number(value or "10", int, 0, _LARGEST)
    return Response(200, repeat(b".", size), (("Content-Type", _BYTES),), size, _DRIP)


def _firmware(request: WebRequest, value: str) -> Response:
    """Make a package on the fly: ``?mini`` of the minimal system; ``size=``, ``fail=`` as a package has them.

    It answers a range that goes on from a byte. Raises WebRefusal: there can be no such.
    """
    model, _, revision = value.partition("/")
    query = {name: values[0] for name, values in parse_qs(request.path.partition("?")[2], True).items()}
    if unknown := query.keys() - {"mini", "size", "fail"}:
        raise WebRefusal(404, f"a package has no {', '.join(sorted(unknown))}; there are mini, size, fail")
    size = _number(query.get("size", str(USUAL_SIZE)), int, 1, _LARGEST_PACKAGE)
    try:
        data = make_package(model, ANY, revision, mini="mini" in query, size=size, failure=query.get("fail", ""))
    except BadPackage as error:
        raise WebRefusal(404, str(error)) from error
    fields = {name.lower(): text for name, text in request.headers.items()}
    start = _GOES_ON.fullmatch(fields.get("range", ""))
    if start is None:
        return Response(200, data, (("Content-Type", _BYTES),))
    first = int(start[1])
    if first >= len(data):
        raise WebRefusal(416, f"there are {len(data)} bytes")
    told = f"bytes {first}-{len(data) - 1}/{len(data)}"
    return Response(206, data[first:], (("Content-Type", _BYTES), ("Content-Range", told)))


_SERVICES: dict[str, Callable[[WebRequest, str], Response]] = {
    "get": _get,
    "post": _post,
    "bytes": _bytes,
    "stream": _stream,
    "status": _status,
    "redirect": _redirect,
    "drip": _drip,
    "firmware": _firmware,
}


def _number(text: str, kind: type[int] | type[float], low: float, high: float) -> int:
    """Read the number in a path. Raises WebRefusal: it is none, or out of range."""
    try:
        value = kind(text) if text.isascii() and len(text) <= 10 else kind("x")
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise WebRefusal(404, f"{text!r} is no number from {low} to {high:.0f}")
    return value  # type: ignore[return-value]


def _pattern(size: int) -> Iterator[bytes]:
    """Yield so many bytes: 0 to 255, again and again."""
    for start in range(0, size, len(_PATTERN)):
        yield _PATTERN[: min(len(_PATTERN), size - start)]


def _lines(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield b'{"id": %d}\n' % number


# The wire.


async def _received(stream: trio.abc.Stream, client: h11.Connection) -> WebRequest | None:
    """Receive a request; None: the client has ended, or said nothing for long.

    Raises WebRefusal, h11.RemoteProtocolError.
    """
    request: h11.Request | None = None
    body = bytearray()
    while True:
        event = client.next_event()
        if event is h11.NEED_DATA:
            if client.they_are_waiting_for_100_continue:
                await stream.send_all(client.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            with trio.move_on_after(_IDLE) as waiting:
                data = await stream.receive_some(_RECEIVE)
            if waiting.cancelled_caught or (not data and request is None and not client.trailing_data[0]):
                return None
            client.receive_data(bytes(data))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _LARGEST_REQUEST:
                raise WebRefusal(413, f"more than {_LARGEST_REQUEST} bytes are not taken")
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            return _request(request, bytes(body))
        else:
            return None


def _request(request: h11.Request, body: bytes) -> WebRequest:
    raw = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw_items()]
    host = next((value for name, value in raw if name.lower() == "host"), "")
    name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    return WebRequest(request.method.decode("ascii"), name, request.target.decode("latin-1"), _by_name(raw), body)


def _by_name(fields: Fields) -> dict[str, str]:
    """Return fields by name; those of one name are joined (RFC 9110 5.3)."""
    found: dict[str, str] = {}
    for name, value in fields:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


async def _send(stream: trio.abc.Stream, client: h11.Connection, response: Response, *, head: bool = False) -> None:
    """Send a response, as fast as the client takes it. head: without its body."""
    if client.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        return
    body = response.body
    size = len(body) if isinstance(body, bytes) else response.size
    empty = response.status in (204, 304)
    named = {name.lower() for name, _ in response.headers}
    says_it = empty or size is None or named & {"content-length", "transfer-encoding"}
    headers = [*response.headers, *([] if says_it else [("Content-Length", str(size))])]
    begun = h11.Response(status_code=response.status, headers=headers, reason=_phrase(response.status).encode())
    waiting = client.send(begun) or b""  # goes with the first piece, as of other servers
    for piece in () if head or empty else (body,) if isinstance(body, bytes) else body:
        if response.gap:
            await stream.send_all(waiting)
            await trio.sleep(response.gap)
            waiting = b""
        await stream.send_all(waiting + (client.send(h11.Data(data=piece)) or b""))
        waiting = b""
    await stream.send_all(waiting + (client.send(h11.EndOfMessage()) or b""))
