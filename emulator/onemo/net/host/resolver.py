"""Name resolution by a module's own name servers, with dnspython."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING

import trio

from onemo.errors import NetError, NetFailure
from onemo.net.host.addresses import own_address
from onemo.net.host.connect import Place
from onemo.net.interface import AddressFamily, NamePolicy, Transport
from onemo.net.names import require_name

if TYPE_CHECKING:
    from dns.message import Message

_RECORD = {AddressFamily.IPV4: "A", AddressFamily.IPV6: "AAAA"}
_PORT = 53
_MOST_KEPT = 512  # answers: both families of 256 names
_MOST_ADDRESSES = 64  # of one answer: a server must not fill the memory

PlaceOf = Callable[[Transport, str, int], Awaitable[Place]]
"""Where a server's address and port really are. Raises NetError: it must not or cannot be asked."""


async def _as_it_is(transport: Transport, address: str, port: int) -> Place:
    return Place(address, port)


class _ServerFailed(Exception):
    """The server answered, and the answer says nothing about the name."""


class Resolver:
    """A resolver of absolute names: no search list, no hosts file. place tells where each server really is.

    clock: seconds, by which kept answers grow old. source: as in HostNetwork.
    """

    def __init__(
        self, place: PlaceOf = _as_it_is, clock: Callable[[], float] = trio.current_time, source: str | None = None
    ) -> None:
        self._place = place
        self._clock = clock
        self._source = source
        self._kept: dict[tuple[str, AddressFamily], tuple[float, tuple[str, ...]]] = {}

    async def resolve(self, name: str, family: AddressFamily, policy: NamePolicy) -> list[str]:
        """Return the name's addresses in this family, in the order of the answer; at least one, at most 64.

        The family's servers are asked in order, each with policy.requests requests. That there is no such name, or no
        address, is an answer: no further server is asked. Raises NetError: NAME (malformed, no address, no server that
        may be asked, none that is able to say), NAME_TIMED_OUT (no server answered).
        """
        await trio.lowlevel.checkpoint()
        require_name(name)
        key = name.lower().removesuffix("."), family
        found = self._recall(key, policy.cache)
        if found is None:
            found = await self._ask_all(name, family, policy)
            if policy.cache is not None:
                self._keep(key, found)
        if not found:
            raise NetError(NetFailure.NAME, f"{name} {_RECORD[family]}: no such address")
        return list(found)

    def forget(self) -> None:
        """Drop every kept answer."""
        self._kept.clear()

    def _recall(self, key: tuple[str, AddressFamily], period: float | None) -> tuple[str, ...] | None:
        if period is None or key not in self._kept:
            return None
        came, found = self._kept[key]
        return found if self._clock() - came < period else None

    def _keep(self, key: tuple[str, AddressFamily], found: tuple[str, ...]) -> None:
        self._kept.pop(key, None)  # so that the first is always the oldest
        if len(self._kept) >= _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = self._clock(), found

    async def _ask_all(self, name: str, family: AddressFamily, policy: NamePolicy) -> tuple[str, ...]:
        """Return the answer of the first server that is able to give one; may be empty."""
        asked = answered = False
        for server in policy.ipv4 if family is AddressFamily.IPV4 else policy.ipv6:
            for _ in range(policy.requests):
                try:
                    with trio.move_on_after(policy.timeout):
                        return await self._ask(name, family, server)
                except NetError:
                    break
                except _ServerFailed:
                    answered = True
                # No way there, or a TCP connection that broke: to the module, silence.
                except (OSError, EOFError, trio.BrokenResourceError):
                    pass
                asked = True
        if asked and not answered:
            raise NetError(NetFailure.NAME_TIMED_OUT, f"{name} {_RECORD[family]}: no name server answered")
        reason = "every name server failed" if asked else "no name server that may be asked"
        raise NetError(NetFailure.NAME, f"{name} {_RECORD[family]}: {reason}")

    async def _ask(self, name: str, family: AddressFamily, server: str) -> tuple[str, ...]:
        """Send one request, and again over TCP when the answer is too long for a datagram.

        Packets of strangers, and answers to other questions, are passed over. Raises _ServerFailed, OSError, EOFError,
        trio.BrokenResourceError; NetError: the server must not or cannot be asked.
        """
        # Not at the top: loading dnspython takes as long as everything else that a ready port needs.
        import dns.asyncbackend
        import dns.asyncquery
        import dns.exception
        import dns.message
        import dns.name

        # Absolute, whether or not a dot ends it.
        query = dns.message.make_query(dns.name.from_text(name), _RECORD[family])
        backend = dns.asyncbackend.get_backend("trio")
        place = await self._place(Transport.UDP, server, _PORT)
        try:
            try:
                answer = await dns.asyncquery.udp(
                    query,
                    place.address,
                    port=place.port,
                    source=own_address(self._source, place.family),
                    backend=backend,
                    ignore_unexpected=True,
                    ignore_errors=True,
                    raise_on_truncation=True,
                )
            except dns.message.Truncated:
                # Not dnspython's own fallback: routes may lead UDP and TCP to different ports.
                place = await self._place(Transport.TCP, server, _PORT)
                own = own_address(self._source, place.family)
                answer = await dns.asyncquery.tcp(query, place.address, port=place.port, source=own, backend=backend)
            return _addresses(answer)
        except (dns.exception.DNSException, ValueError) as error:
            raise _ServerFailed(str(error)) from error


def host_name_servers(resolv_conf: str = "/etc/resolv.conf") -> tuple[str, ...]:
    """Read the name servers of the host's configuration, in its order; none if it cannot be read.

    Entries that are no address are left out, and so is an address with a scope id: a module does not have that
    interface.
    """
    try:
        with open(resolv_conf, encoding="ascii", errors="replace") as file:
            lines = [line.split() for line in file]
    except OSError:
        return ()
    return tuple(words[1] for words in lines if len(words) > 1 and words[0] == "nameserver" and _is_server(words[1]))


def _is_server(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _addresses(answer: Message) -> tuple[str, ...]:
    """Return the addresses at the end of the answer's chain of aliases. Raises _ServerFailed, DNSException."""
    import dns.message
    import dns.rcode

    if not isinstance(answer, dns.message.QueryMessage) or answer.rcode() not in (
        dns.rcode.NOERROR,
        dns.rcode.NXDOMAIN,
    ):
        raise _ServerFailed(dns.rcode.to_text(answer.rcode()))
    records = answer.resolve_chaining().answer or ()
    return tuple(record.address for record in records)[:_MOST_ADDRESSES]
