"""Questions to the network, for names, echo replies and the time: each a task of its boot cycle."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import trio

from onemo.errors import NetError, NetFailure
from onemo.modem.channel import Ask, Cancel, EchoReply
from onemo.net.interface import LookupRequest, Network, Pinger, PingRequest, TimeRequest
from onemo.runtime.sending import Shell
from onemo.runtime.trace import Recent


class AskTasks:
    """The tasks that serve every Ask of one module. tell: (event, detail) for the trace."""

    def __init__(self, shell: Shell, network: Network, recent: Recent, tell: Callable[[str, str], None]) -> None:
        self._shell = shell
        self._network = network
        self._recent = recent
        self._tell = tell
        self._scopes: dict[trio.CancelScope, Ask] = {}
        self.nursery: trio.Nursery

    def behind(self, network: Network) -> None:
        """Ask another network from now on."""
        self._network = network

    def carry_out(self, ask: Ask) -> None:
        """Start a task for an Ask; never waits."""
        scope = trio.CancelScope()
        self._scopes[scope] = ask
        self.nursery.start_soon(self._serve, ask, scope)

    def cancel(self, intent: Cancel) -> None:
        """Drop an Ask without a report: the module does not wait for it any more."""
        for scope, running in self._scopes.items():
            if running is intent.operation:
                scope.cancel()

    def restart(self) -> None:
        """Drop whatever runs without a report: the boot cycle ended."""
        for scope in self._scopes:
            scope.cancel()
        self._scopes.clear()
        self._network.forget()

    async def _serve(self, ask: Ask, scope: trio.CancelScope) -> None:
        try:
            with scope:
                match ask.request:
                    case LookupRequest() as lookup:
                        await self._repeat(ask, scope, partial(self._look_up, lookup))
                    case TimeRequest() as time:
                        await self._repeat(ask, scope, partial(self._ask_time, time))
                    case PingRequest() as ping:
                        await self._ping(ask, scope, ping)
        except Exception as error:
            self._recent.report(error)
            if not scope.cancel_called:
                self._done(ask, NetFailure.OTHER)
        finally:
            self._scopes.pop(scope, None)

    async def _repeat(self, ask: Ask, scope: trio.CancelScope, once: Callable[[], Awaitable[object]]) -> None:
        """Ask until the module has heard enough."""
        while True:
            next_one = trio.current_time() + ask.every
            result = await once()
            if scope.cancel_called or not self._done(ask, result):
                return
            await trio.sleep_until(next_one)

    def _done(self, ask: Ask, result: object) -> bool:
        answer: list[bool] = []
        self._shell.report(lambda: answer.append(ask.done(result, trio.current_time())))
        return answer[0]

    async def _look_up(self, request: LookupRequest) -> list[str] | NetFailure:
        try:
            addresses = await self._network.lookup(request)
        except NetError as error:
            self._tell("not resolved", f"{request.name}: {error}")
            return error.failure
        self._tell("resolved", f"{request.name}: {', '.join(addresses)}")
        return addresses

    async def _ask_time(self, request: TimeRequest) -> float | NetFailure:
        where = f"{request.host}:{request.port}"
        try:
            utc = await self._network.ask_time(request)
        except NetError as error:
            self._tell("no time", f"{where}: {error}")
            return error.failure
        self._tell("time", where)
        return utc

    async def _ping(self, ask: Ask, scope: trio.CancelScope, request: PingRequest) -> None:
        """Send all echo requests of a run, for which there are one name and one socket."""
        while True:
            try:
                pinger = await self._network.ping(request)
                break
            except NetError as error:
                self._tell("ping failed", f"{request.host}: {error}")
                if scope.cancel_called or not self._done(ask, error.failure):
                    return
                await trio.sleep(ask.every)
        try:
            await self._repeat(ask, scope, partial(self._echo, pinger, request.timeout))
        finally:
            pinger.close()

    async def _echo(self, pinger: Pinger, timeout: float) -> EchoReply | NetFailure:
        try:
            echo = await pinger.echo(timeout)
        except NetError as error:
            self._tell("no echo reply", f"{pinger.address}: {error}")
            return error.failure
        self._tell("echo reply", pinger.address)
        return EchoReply(address=pinger.address, time=echo.time, ttl=echo.ttl)
