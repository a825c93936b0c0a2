"""Echo requests that never leave the process."""

from __future__ import annotations

from ipaddress import ip_address

import trio

from onemo.errors import NetError, NetFailure
from onemo.net.interface import AddressFamily, Echo
from onemo.net.sandbox.config import PingConfig
from onemo.net.sandbox.zone import Zone


class SandboxPinger:
    """A pinger whose every request is answered after time (seconds) with this ttl."""

    def __init__(self, address: str, time: float, ttl: int) -> None:
        self._address = address
        self.time = time
        self.ttl = ttl
        self._closed = False

    @property
    def address(self) -> str:
        return self._address

    async def echo(self, timeout: float) -> Echo:
        """Wait for the reply; its time is exactly the one set. Raises NetError: TIMED_OUT; OTHER, closed."""
        if self._closed:
            raise NetError(NetFailure.OTHER, "closed by this side")
        if timeout < self.time:
            await trio.sleep(max(timeout, 0))
            raise NetError(NetFailure.TIMED_OUT, f"{self._address}: no reply in {timeout:g} s")
        echo = Echo(self.time, self.ttl)
        await trio.sleep(echo.time)
        return echo

    def close(self) -> None:
        self._closed = True


class PingTable:
    """The pings of each address: as its host says in the configuration, else as all are."""

    def __init__(self, config: PingConfig, zone: Zone) -> None:
        self._usual = config.time, config.ttl
        self._special: dict[str, tuple[float, int]] = {}
        for name, host in config.hosts.items():
            time = config.time if host.time is None else host.time
            ttl = config.ttl if host.ttl is None else host.ttl
            self._special.update(dict.fromkeys(_addresses(name, zone), (time, ttl)))

    def pinger(self, address: str) -> SandboxPinger:
        """Get ready to ping this address. Raises NetError(OTHER): it is no address."""
        try:
            address = str(ip_address(address))
        except ValueError:
            raise NetError(NetFailure.OTHER, f"malformed address {address[:64]!r}") from None
        return SandboxPinger(address, *self._special.get(address, self._usual))


def _addresses(name: str, zone: Zone) -> list[str]:
    try:
        return [address for family in AddressFamily for address in zone.addresses(name, family)]
    except NetError:
        return []  # a name that does not exist is not pinged
