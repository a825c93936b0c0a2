"""The ledger of local ports: no two instances of this process, in one module or in several, share one of an address.

TCP binds a given port with SO_REUSEADDR, so the host alone would let two of them have it.
"""

from __future__ import annotations

from threading import Lock

from onemo.errors import NetError, NetFailure
from onemo.net.interface import Transport


class PortClaim:
    """The right to one local port, until ``release``. Port 0, the system's choice, claims nothing."""

    __slots__ = ("_ledger", "port", "source", "transport")

    def __init__(self, ledger: PortLedger, transport: Transport, port: int, source: str | None) -> None:
        self._ledger = ledger
        self.transport = transport
        self.port = port
        self.source = source

    def release(self) -> None:
        """Give the port back. Idempotent: a port that another has claimed since stays the other's."""
        self._ledger.release(self)


class PortLedger:
    """The local ports in use; TCP and UDP apart. Threads may share one: a process may run a module in each."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._claims: dict[tuple[Transport, int], dict[str | None, PortClaim]] = {}

    def claim(self, transport: Transport, port: int, source: str | None = None) -> PortClaim:
        """Take the port of the address source, None: of every address, for this process.

        Raises NetError(PORT_TAKEN) when another instance has it.
        """
        claim = PortClaim(self, transport, port, source)
        if port:
            with self._lock:
                held = self._claims.setdefault((transport, port), {})
                if source in held or None in held or (source is None and held):
                    raise NetError(NetFailure.PORT_TAKEN, f"{transport.value} port {port} is another instance's")
                held[source] = claim
        return claim

    def release(self, claim: PortClaim) -> None:
        """Free the port of a claim, if it is still that claim's."""
        key = claim.transport, claim.port
        with self._lock:
            held = self._claims.get(key, {})
            if held.get(claim.source) is claim:
                del held[claim.source]
                if not held:
                    del self._claims[key]


LEDGER = PortLedger()
"""The process's own: every network that is not told otherwise shares it."""
