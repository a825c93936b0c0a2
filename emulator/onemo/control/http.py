"""An HTTP/1.1 server for an ASGI application, on trio: everything in it is bounded, and all of it can be cancelled.

It has the part of HTTP that the control needs: one request after the other on a connection, no upgrades. A reader that
has stopped reading, or a writer that has stopped writing, is let go after a while.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from typing import Any

import h11
import trio

_log = logging.getLogger(__name__)
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
MostBody = Callable[[str, str], int]

MOST_CONNECTIONS = 128
"""Connections on which a request has come; where a further one comes, the longest idle of them goes."""
MOST_NEWCOMERS = 64
"""Connections on which none has come yet; the oldest goes first."""
ALWAYS = b"/health"
"""The path that is answered however many connections there are."""
MOST_BODY = 1 << 16
"""Bytes of a request's body, unless the application takes more of it."""
MOST_HEAD = 1 << 14
COMES = 10.0
"""Seconds that a request may take to come, from the end of the one before."""
SOON = 1.0
"""The same, while there is no room for more."""
TAKEN = 60.0
"""Seconds that a piece of an answer may take to be taken."""
_READ = 1 << 16
_PAUSE = 0.1
"""Seconds after which accepting is tried again."""


class Server:
    """The server of an application on one listener.

    most_body: returns the bytes that a body may have, of the method and the path of a request.
    """

    def __init__(
        self, app: App, listener: trio.SocketListener, most_body: MostBody = lambda method, path: MOST_BODY
    ) -> None:
        self._app = app
        self._listener = listener
        self._most_body = most_body
        self._room = _Room()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled."""
        async with self._listener, trio.open_nursery() as nursery:
            task_status.started()
            while True:
                nursery.start_soon(self._serve, await self._accept())

    async def _accept(self) -> trio.SocketStream:
        """Return the next connection; that the process has no descriptor left for it is told once."""
        told = False
        while True:
            try:
                return await self._listener.accept()
            except OSError as error:
                if not told:
                    _log.warning("the control takes no connection for now: %s", error.strerror)
                told = True
            await trio.sleep(_PAUSE)

    async def _serve(self, stream: trio.SocketStream) -> None:
        """Serve one connection. Whatever happens in it ends it alone."""
        connection = _Connection(self._app, stream, self._room, self._most_body)
        self._room.enter(connection)
        try:
            async with stream:
                with connection.scope:
                    await connection.run()
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError, OSError):
            pass
        except Exception:
            _log.exception("a bug in the control API; the modules go on")
        finally:
            self._room.leave(connection)


class _Room:
    """The connections of a server: those who say nothing make room for those who do."""

    def __init__(self) -> None:
        self._newcomers: dict[_Connection, None] = {}
        self._idle: dict[_Connection, None] = {}
        self._admitted: set[_Connection] = set()

    @property
    def patience(self) -> float:
        """Seconds that the request of a newcomer may take to come."""
        return COMES if len(self._admitted) < MOST_CONNECTIONS else SOON

    def enter(self, connection: _Connection) -> None:
        """Let one in that has said nothing yet."""
        self._newcomers[connection] = None
        if len(self._newcomers) > MOST_NEWCOMERS:
            self._hang_up(next(iter(self._newcomers)))

    def spoke(self, connection: _Connection) -> bool:
        """Admit a connection whose request has come; return False where there is no room for it."""
        self._newcomers.pop(connection, None)
        self._idle.pop(connection, None)
        if connection not in self._admitted and len(self._admitted) >= MOST_CONNECTIONS:
            if not self._idle:
                return False
            self._hang_up(next(iter(self._idle)))
        self._admitted.add(connection)
        return True

    def rests(self, connection: _Connection) -> None:
        """Note that a connection has been answered, and says nothing for now."""
        self._idle[connection] = None

    def leave(self, connection: _Connection) -> None:
        """Forget a connection. Does nothing again."""
        self._newcomers.pop(connection, None)
        self._idle.pop(connection, None)
        self._admitted.discard(connection)

    def _hang_up(self, connection: _Connection) -> None:
        self.leave(connection)
        connection.scope.cancel()


class _Refused(Exception):
    """A request that is no good. Its arguments: the status, and the problem."""


class _Connection:
    def __init__(self, app: App, stream: trio.SocketStream, room: _Room, most_body: MostBody) -> None:
        self.scope = trio.CancelScope()
        self._app = app
        self._stream = stream
        self._room = room
        self._most_body = most_body
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEAD)

    async def run(self) -> None:
        """Serve requests until the client has no more, or one was no good."""
        patience = self._room.patience
        while True:
            try:
                with trio.fail_after(patience):
                    request = await self._event()
                    if not isinstance(request, h11.Request):
                        return
                    if request.http_version not in (b"1.0", b"1.1"):
                        raise _Refused(505, "only HTTP/1.1 is spoken here")
                    path = request.target.partition(b"?")[0].decode("ascii")
                    body = await self._body(self._most_body(request.method.decode("ascii"), path))
                admitted = self._room.spoke(self)
                if not admitted and request.target.partition(b"?")[0] != ALWAYS:
                    raise _Refused(503, "there are too many connections: end some, and try again")
            except _Refused as refused:
                await self._refuse(*refused.args)
                return
            except h11.RemoteProtocolError as error:
                await self._refuse(error.error_status_hint, f"this is no HTTP/1.1 request: {error}")
                return
            await _Exchange(self._app, self, request, body).run()
            if not admitted or self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()
            self._room.rests(self)
            patience = COMES

    async def send(self, event: h11.Event) -> None:
        """Send part of an answer. Raises TooSlowError when the client does not take it."""
        data = self._http.send(event)
        if data:
            with trio.fail_after(TAKEN):
                await self._stream.send_all(data)

    async def gone(self) -> None:
        """Return when the client has gone, or sends bytes that nobody asked it for."""
        if self._http.trailing_data[0]:
            return
        try:
            data = await self._stream.receive_some(_READ)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return
        if data:
            self._http.receive_data(data)

    async def _event(self) -> object:
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    await self.send(h11.InformationalResponse(status_code=100, headers=[]))
                self._http.receive_data(await self._stream.receive_some(_READ))
            elif event is h11.PAUSED:
                return h11.ConnectionClosed()
            else:
                return event

    async def _body(self, most: int) -> bytes:
        body = bytearray()
        while isinstance(event := await self._event(), h11.Data):
            body += event.data
            if len(body) > most:
                raise _Refused(413, f"the body is too long: at most {most} bytes are taken")
        return bytes(body)

    async def _refuse(self, status: int, problem: str) -> None:
        """Send the last answer on this connection; the rest of the request is not waited for long."""
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        import json

        data = json.dumps({"error": problem}).encode()
        headers = [*_common(), (b"content-type", b"application/json"), (b"connection", b"close"),
                   (b"content-length", b"%d" % len(data))]  # fmt: skip
        await self.send(h11.Response(status_code=status, headers=headers))
        await self.send(h11.Data(data=data))
        await self.send(h11.EndOfMessage())
        await self._stream.send_eof()
        with trio.move_on_after(0.5):  # a close with bytes unread would reset the connection before the answer is read
            while await self._stream.receive_some(_READ):
                pass


class _Exchange:
    """One request and its answer."""

    def __init__(self, app: App, connection: _Connection, request: h11.Request, body: bytes) -> None:
        self._app = app
        self._connection = connection
        self._request = request
        self._body: bytes | None = body
        self._begun = False
        self._ended = False

    async def run(self) -> None:
        path, _, query = self._request.target.partition(b"?")
        from urllib.parse import unquote

        scope: Message = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": self._request.http_version.decode(),
            "method": self._request.method.decode(),
            "scheme": "http",
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": list(self._request.headers),
        }
        try:
            await self._app(scope, self._receive, self._send)
        except Exception as error:
            if _lost(error):
                raise trio.BrokenResourceError from error
            _log.exception("a bug in the control API; the modules go on")
            if not self._begun:
                await self._say_sorry()

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._connection.gone()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        send = self._connection.send
        if message["type"] == "http.response.start":
            self._begun = True
            headers = [*_common(), *message.get("headers", ())]
            await send(h11.Response(status_code=message["status"], headers=headers))
        elif not self._ended:
            if message.get("body") and self._request.method != b"HEAD":
                await send(h11.Data(data=message["body"]))
            if not message.get("more_body"):
                self._ended = True
                await send(h11.EndOfMessage())

    async def _say_sorry(self) -> None:
        data = b'{"error": "a bug in the control API, which the log tells of; the modules go on"}'
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(data))]
        await self._send({"type": "http.response.start", "status": 500, "headers": headers})
        await self._send({"type": "http.response.body", "body": data})


def _lost(error: BaseException) -> bool:
    """Tell whether the error only says that the client has gone, or takes nothing."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(_lost, error.exceptions))
    return isinstance(error, trio.BrokenResourceError | trio.ClosedResourceError | trio.TooSlowError)


def _common() -> list[tuple[bytes, bytes]]:
    return [(b"date", formatdate(time.time(), usegmt=True).encode())]
