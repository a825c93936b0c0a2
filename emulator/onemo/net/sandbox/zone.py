"""The sandbox's zone: every name there is, and its addresses.

They come from the networks that no real host has: 198.18.0.0/15 (RFC 2544) and 2001:db8::/32 (RFC 3849).
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from onemo.errors import NetError, NetFailure
from onemo.net.interface import AddressFamily
from onemo.net.names import require_name

IPV4_NETWORK = IPv4Network("198.18.0.0/15")
IPV6_NETWORK = IPv6Network("2001:db8::/32")
NAME_SERVERS = ("198.18.0.53", "2001:db8::35")
"""Where the sandbox's own name server is."""
BOTH = frozenset(AddressFamily)
"""Every family of addresses."""

_LOOPBACK = {"localhost": ("127.0.0.1", "::1")}
_REVERSE = (".in-addr.arpa", ".ip6.arpa")
_FIRST_IPV4 = int(IPV4_NETWORK[256])  # 198.18.0.x is left to the sandbox's own hosts
_HOSTS = 254  # of each 256: none ends in .0 or .255, which firmware may take for a network or for broadcast
_IPV4_COUNT = _HOSTS * (IPV4_NETWORK.num_addresses // 256 - 1)
_FIRST_IPV6 = int(IPV6_NETWORK[1 << 95])  # the lower half is left to the sandbox's own hosts


def canonical(name: str) -> str:
    """Return the name in lower case, without the final dot. Raises NetError(NAME): malformed.

    A last label of digits alone would be an address (RFC 3696 2).
    """
    require_name(name)
    text = name.removesuffix(".").lower()
    if text.rpartition(".")[2].isdigit():
        raise NetError(NetFailure.NAME, f"{name!r} is no name")
    return text


def in_sandbox(address: str) -> bool:
    """Tell whether it is an address of one of the two networks; False for what is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return parsed in (IPV4_NETWORK if parsed.version == 4 else IPV6_NETWORK)


class Zone:
    """The names of a table, and any other name, which gets addresses that are the same on every machine.

    hosts: the addresses of each name, none for a name that does not exist; families: those of which names have any.
    """

    def __init__(self, hosts: Mapping[str, Sequence[str]], families: Container[AddressFamily] = BOTH) -> None:
        self._families = families
        self._hosts = _LOOPBACK | {
            canonical(name): tuple(str(ip_address(address)) for address in addresses)
            for name, addresses in hosts.items()
        }

        everybody = (ip_address(address) for addresses in self._hosts.values() for address in addresses)
        self._given = frozenset(address for address in everybody if not address.is_loopback)

    def has(self, address: str) -> bool:
        """Tell whether the table gives this address to a name; loopback is the host's own. False for what is none."""
        try:
            return ip_address(address) in self._given
        except ValueError:
            return False

    def addresses(self, name: str, family: AddressFamily) -> list[str]:
        """Return the name's addresses in this family, may be none.

        Raises NetError(NAME): malformed, or no such name.
        """
        name = canonical(name)
        known = self._hosts.get(name)
        if known is None and f".{name}".endswith(_REVERSE):
            raise NetError(NetFailure.NAME, f"{name}: no reverse names here")
        if known == ():
            raise NetError(NetFailure.NAME, f"{name}: no such name")
        if family not in self._families:
            return []
        if known is None:
            return [_derived(name, family)]
        return [address for address in known if (":" in address) == (family is AddressFamily.IPV6)]


def _derived(name: str, family: AddressFamily) -> str:
    digest = sha256(name.encode("ascii")).digest()
    if family is AddressFamily.IPV6:
        return str(IPv6Address(_FIRST_IPV6 + (int.from_bytes(digest[:12]) >> 1)))
    row, column = divmod(int.from_bytes(digest[-8:]) % _IPV4_COUNT, _HOSTS)
    return str(IPv4Address(_FIRST_IPV4 + 256 * row + 1 + column))
