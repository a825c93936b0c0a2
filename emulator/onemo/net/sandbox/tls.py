"""The sandbox's servers in TLS: whatever name a client asks for, it is that server."""

from __future__ import annotations

import logging
import socket
import ssl
import warnings
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import trio

from onemo.errors import UsageError
from onemo.net.pem import pem_file
from onemo.net.sandbox.authority import Authority

_log = logging.getLogger(__name__)
_MOST_NAMES = 64  # whose certificates are kept
_PIECE = 16384


Talk = Callable[[trio.abc.Stream], Awaitable[None]]
"""Talks to one client over a stream, until its end or a failure that trio tells."""


async def echo(stream: trio.abc.Stream) -> None:
    """Send back all that comes."""
    while data := await stream.receive_some(_PIECE):
        await stream.send_all(data)


class TlsServer:
    """A server in TLS. talk: what it does with a client. The authority is loaded with the first connection."""

    def __init__(self, talk: Talk = echo) -> None:
        self._talk = talk
        self._loading = trio.Lock()
        self._authority: Authority | None = None
        self._contexts: OrderedDict[str | None, ssl.SSLContext] = OrderedDict()

    async def converse(self, sock: socket.socket) -> None:
        """Serve one client until its end, as a streams.Conversation."""
        try:
            async with self._loading:
                if self._authority is None:
                    self._authority = await trio.to_thread.run_sync(Authority.load)
        except UsageError as error:
            _log.warning("the sandbox has no TLS: %s", error)
            return
        below = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
        stream = trio.SSLStream(below, self._context(None), server_side=True)
        try:
            await self._talk(stream)
            await stream.aclose()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the peer's end

    def _context(self, name: str | None) -> ssl.SSLContext:
        """Return the context of a name; it turns to another when the client says one."""
        known = self._contexts.get(name)
        if known is None:
            assert self._authority is not None
            known = self._contexts[name] = _loaded(self._authority.server_pem(name))
            if name is None:
                known.sni_callback = self._turn
            elif len(self._contexts) > _MOST_NAMES:
                del self._contexts[next(each for each in self._contexts if each is not None)]
        return known

    def _turn(self, tls: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        if name is not None:
            tls.context = self._context(name.lower())


def _loaded(pem: bytes) -> ssl.SSLContext:
    """Make a server's context, which takes old clients as well."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pem_file(pem) as path:
        context.load_cert_chain(path)
    return context
