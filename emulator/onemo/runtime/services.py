"""Lookups, pings and questions for the time: each a task of its boot cycle."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import trio

from onemo.errors import NetError, NetFailure
from onemo.modem.intents import AskTime, Cancel, Lookup, Ping, ServiceIntent
from onemo.net.interface import Echo, Network, Pinger
from onemo.runtime.sending import Shell
from onemo.runtime.trace import Recent


class Services:
    """What the core asks of the network beside connections, for one module. tell: (event, detail) for the trace."""

    def __init__(self, shell: Shell, network: Network, recent: Recent, tell: Callable[[str, str], None]) -> None:
        self._shell = shell
        self._network = network
        self._recent = recent
        self._tell = tell
        self._scopes: dict[trio.CancelScope, ServiceIntent] = {}
        self.nursery: trio.Nursery

    def behind(self, network: Network) -> None:
        """Another network takes the place of the one before."""
        self._network = network

    def carry_out(self, intent: ServiceIntent) -> None:
        """Start it; never waits."""
        scope = trio.CancelScope()
        self._scopes[scope] = intent
        self.nursery.start_soon(self._serve, intent, scope)

    def cancel(self, intent: Cancel) -> None:
        """The module does not wait for it any more: it is dropped without a report."""
        for scope, running in self._scopes.items():
            if running is intent.operation:
                scope.cancel()

    def restart(self) -> None:
        """The boot cycle ended: whatever runs is dropped without a report."""
        for scope in self._scopes:
            scope.cancel()
        self._scopes.clear()
        self._network.forget()

    async def _serve(self, intent: ServiceIntent, scope: trio.CancelScope) -> None:
        services = self._shell.modem.services
        try:
            with scope:
                match intent:
                    case Lookup():
                        await self._look_up(intent, scope)
                    case Ping():
                        await self._ping(intent, scope)
                    case AskTime():
                        await self._ask_time(intent, scope)
        except Exception as error:
            self._recent.report(error)
            if not scope.cancel_called:
                self._shell.report(lambda: services.abandoned(intent, trio.current_time()))
        finally:
            self._scopes.pop(scope, None)

    async def _look_up(self, intent: Lookup, scope: trio.CancelScope) -> None:
        name = intent.request.name
        try:
            addresses = await self._network.lookup(intent.request)
            self._tell("resolved", f"{name}: {', '.join(addresses)}")
        except NetError as error:
            self._tell("not resolved", f"{name}: {error}")
            addresses = []
        if not scope.cancel_called:
            self._shell.report(partial(self._shell.modem.services.found, addresses))

    async def _ping(self, intent: Ping, scope: trio.CancelScope) -> None:
        try:
            pinger = await self._network.ping(intent.request)
        except NetError as error:
            self._tell("ping failed", f"{intent.request.host}: {error}")
            if not scope.cancel_called:
                self._pinged("", error.failure)
            return
        try:
            await self._echoes(intent, pinger, scope)
        finally:
            pinger.close()

    async def _echoes(self, intent: Ping, pinger: Pinger, scope: trio.CancelScope) -> None:
        goes_on = True
        while goes_on:
            next_one = trio.current_time() + intent.interval
            try:
                result: Echo | NetFailure = await pinger.echo(intent.timeout)
                self._tell("echo reply", pinger.address)
            except NetError as error:
                self._tell("no echo reply", f"{pinger.address}: {error}")
                result = error.failure
            if scope.cancel_called:
                return
            goes_on = self._pinged(pinger.address, result)
            if goes_on:
                await trio.sleep_until(next_one)

    def _pinged(self, address: str, result: Echo | NetFailure) -> bool:
        answer: list[bool] = []
        services = self._shell.modem.services
        self._shell.report(lambda: answer.append(services.pinged(address, result)))
        return answer[0]

    async def _ask_time(self, intent: AskTime, scope: trio.CancelScope) -> None:
        where = f"{intent.request.host}:{intent.request.port}"
        try:
            result: float | NetFailure = await self._network.ask_time(intent.request)
            self._tell("time", where)
        except NetError as error:
            self._tell("no time", f"{where}: {error}")
            result = error.failure
        if not scope.cancel_called:
            services = self._shell.modem.services
            self._shell.report(lambda: services.timed(result, trio.current_time()))
