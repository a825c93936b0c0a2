"""Names, asked of the host's resolvers with dnspython."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from emulator.errors import NetError, NetFailure
from emulator.net.interface import Family

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

_LONGEST_NAME = 255
_NAME = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?", re.ASCII)
_RECORD = {Family.IPV4: "A", Family.IPV6: "AAAA"}


class HostResolver:
    """Resolves names as absolute ones: no search list, no hosts file, no cache.

    nameservers (addresses) and port replace what ``/etc/resolv.conf`` says; the file is read again for each
    name, for it changes when the host moves to another network. request_timeout (seconds) is one request's
    to one server, lifetime (seconds) the most that one family of one name may take.
    """

    def __init__(
        self,
        nameservers: Sequence[str] | None = None,
        port: int = 53,
        *,
        request_timeout: float | None = None,
        lifetime: float | None = None,
        resolv_conf: str = "/etc/resolv.conf",
    ) -> None:
        self._nameservers = nameservers
        self._port = port
        self._request_timeout = request_timeout
        self._lifetime = lifetime
        self._resolv_conf = resolv_conf

    async def resolve(self, name: str, family: Family) -> list[str]:
        """The name's addresses in this family, in the order of the answer; at least one.

        Raises NetError(NAME): malformed name, no such name, no address of this family, no answer in time, or
        a host without resolvers.
        """
        if len(name) > _LONGEST_NAME or _NAME.fullmatch(name) is None:
            raise NetError(NetFailure.NAME, f"malformed name {name[:_LONGEST_NAME]!r}")
        # Not at the top: loading dnspython takes as long as everything else that a ready port needs.
        import dns.asyncbackend
        import dns.exception
        import dns.name

        try:
            answer = await self._configured().resolve(
                dns.name.from_text(name),  # absolute, whether or not a dot ends it
                _RECORD[family],
                search=False,
                lifetime=self._lifetime,
                backend=dns.asyncbackend.get_backend("trio"),
            )
        # ValueError: resolv.conf names something that is no address
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise NetError(NetFailure.NAME, f"{name} {_RECORD[family]}: {error}") from error
        return [record.address for record in answer]

    def _configured(self) -> Resolver:
        from dns.asyncresolver import Resolver

        if self._nameservers is None:
            resolver = Resolver(self._resolv_conf)
        else:
            resolver = Resolver(configure=False)
            resolver.nameservers = list(self._nameservers)
        resolver.port = self._port
        if self._request_timeout is not None:
            resolver.timeout = self._request_timeout
        return resolver
