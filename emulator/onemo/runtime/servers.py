"""The servers of a running module: each has one socket of the host, and over TCP one task that accepts."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import trio

from onemo.errors import NetError, NetFailure
from onemo.modem.channel import Drop, Listen, Listener, Unlisten
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, Connection, OpenRequest, Transport
from onemo.profile.index import Label
from onemo.runtime.peers import Peers
from onemo.runtime.sending import Shell

if TYPE_CHECKING:
    from onemo.net.host.connect import Place
    from onemo.net.host.listening import Accepting, Opened
    from onemo.net.host.publish import Publication

_log = logging.getLogger(__name__)
_PAUSE = 0.1
"""Seconds after which a host that is short of something, or a line that is full, is asked again."""


class ServerFaults(Protocol):
    """What stands in the way of servers and their clients."""

    def listens(self, label: Label) -> NetFailure | None:
        """Return why a server cannot listen; None: it can."""
        ...

    async def admits(self, label: Label, host: str, port: int) -> bool:
        """Tell whether a server takes a client, as soon as it does."""
        ...


class ServerTasks:
    """Every server of one module. published: what ``--publish`` says; faults: None while there are none."""

    def __init__(self, shell: Shell, peers: Peers, name: str, published: Sequence[str]) -> None:
        self._shell = shell
        self._peers = peers
        self._name = name
        self._texts = published
        self.faults: ServerFaults | None = None
        self._published: list[Publication] | None = None
        self._open: dict[Listener, tuple[Opened, trio.CancelScope]] = {}
        self._nursery: trio.Nursery

    def start(self, nursery: trio.Nursery) -> None:
        """Run servers in nursery from now on."""
        self._nursery = nursery

    def carry_out(self, intent: Listen | Unlisten) -> None:
        """Do what the core asks; never waits."""
        if isinstance(intent, Unlisten):
            self._close(intent.listener)
            intent.listener.on_closed(CloseResult.NORMAL, trio.current_time())
            return
        listener, request = intent
        if self.faults is not None and (failure := self.faults.listens(listener.label)) is not None:
            listener.on_listen_failed(failure, trio.current_time())
            return
        from onemo.net.host.listening import open_listening
        from onemo.net.host.publish import is_published, parse_publication, places

        if self._published is None:
            self._published = list(map(parse_publication, self._texts))
        tried, passed = places(self._published, request)
        for each in passed:
            self._say(listener, f"--publish {each.text} is of another family than the server", warn=True)
        try:
            opened = open_listening(request, tried)
        except NetError as error:
            where = " is published" if is_published(self._published, request) else ""
            text = f"module port {_port(request.port, request.transport)}{where}, and cannot be had: {error.detail}"
            self._say(listener, text, warn=True)
            listener.on_listen_failed(error.failure, trio.current_time())
            return
        scope = trio.CancelScope()
        self._open[listener] = opened, scope
        host, port = opened.place
        self._say(listener, f"module port {_port(request.port, request.transport)} is at {opened.place}")
        listener.on_listening(host, port, trio.current_time())
        if opened.connection is not None:
            asked = OpenRequest(
                transport=Transport.UDP,
                host=host,
                port=request.port,
                timeout=math.inf,
                server_port=request.port,
                client=listener.client,
            )
            parting = ClosePlan(CloseMode.NOW, 0.0, 0.0)
            self._peers.adopt(listener, asked, parting, opened.connection)
        elif opened.accepting is not None:
            self._nursery.start_soon(self._accept, listener, opened.accepting, scope)

    def restart(self) -> None:
        """Close every server: the boot cycle ended."""
        for listener in list(self._open):
            self._close(listener)

    def _close(self, listener: Listener) -> None:
        found = self._open.pop(listener, None)
        if found is None:
            return
        opened, scope = found
        scope.cancel()
        if opened.accepting is not None:
            opened.accepting.close()
        else:
            self._peers.carry_out(Drop(listener))

    async def _accept(self, listener: Listener, accepting: Accepting, scope: trio.CancelScope) -> None:
        """Accept whoever comes, until the server is closed."""
        with scope:
            try:
                while True:
                    await accepting.wait()
                    while not listener.accepts:  # noqa: ASYNC110  (the line says when it has room to nobody else)
                        await trio.sleep(_PAUSE)
                    try:
                        found = accepting.accept_now()
                    except OSError as error:
                        self._say(listener, f"a connection cannot be accepted now: {error.strerror}", warn=True)
                        await trio.sleep(_PAUSE)
                        continue
                    if found is not None and await self._admitted(listener, *found):
                        self._take(listener, *found)
            except trio.ClosedResourceError:
                pass
            except Exception as error:
                self._shell.failed(error)
            finally:
                accepting.close()

    async def _admitted(self, listener: Listener, connection: Connection, peer: Place) -> bool:
        """Tell whether a fault lets a connection in; else it is reset, as it is when the server ends meanwhile."""
        if self.faults is None:
            return True
        admitted = False
        try:
            admitted = await self.faults.admits(listener.label, peer.address, peer.port)
        finally:
            if not admitted:
                connection.abort()
        return admitted

    def _take(self, listener: Listener, connection: Connection, peer: Place) -> None:
        """Give a connection to the core, or reset it."""
        taken = False

        def accept() -> None:
            nonlocal taken
            accepted = listener.accept(peer.address, peer.port, trio.current_time())
            if accepted is not None:
                taken = True
                self._peers.adopt(*accepted, connection)

        try:
            self._shell.report(accept)
        finally:
            if not taken:
                connection.abort()

    def _say(self, listener: Listener, text: str, *, warn: bool = False) -> None:
        """Tell it in the log and in the trace."""
        self._peers.tell(str(listener.label), text)
        _log.log(logging.WARNING if warn else logging.INFO, "%s: %s: %s", self._name, listener.label, text)


def _port(number: int, transport: Transport) -> str:
    return f"{number}/{transport.value.lower()}"
