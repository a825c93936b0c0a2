"""The module's name servers: the user's before the network's before the defaults (manual 3.10)."""

from __future__ import annotations

from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from onemo.at.params import OptionalText
from onemo.at.store import Slot
from onemo.modem.host import Host
from onemo.modem.slots import (
    NAME_CACHE,
    NAME_PRIORITY,
    NAME_TIMEOUT,
)
from onemo.net.interface import AddressFamily, NamePolicy


class Servers(NamedTuple):
    """MDNSCFG "ip" and "ipv6": the user's name servers; "" where the user set none (manual 3.10)."""

    address1: OptionalText
    address2: OptionalText


def require_addresses(family: AddressFamily, servers: Servers) -> None:
    """Raise ValueError unless each server is an address of the family, or ""."""
    address = IPv6Address if family is AddressFamily.IPV6 else IPv4Address
    for server in servers:
        if "%" in server:  # an interface of the host means nothing to a module
            raise ValueError(server)
        if server:
            address(server)


NAME_SERVERS_IPV4 = Slot("ip", Servers, of="MDNSCFG", check=partial(require_addresses, AddressFamily.IPV4))
NAME_SERVERS_IPV6 = Slot("ipv6", Servers, of="MDNSCFG", check=partial(require_addresses, AddressFamily.IPV6))
SERVER_SLOTS = {AddressFamily.IPV4: NAME_SERVERS_IPV4, AddressFamily.IPV6: NAME_SERVERS_IPV6}
_FAMILIES = (AddressFamily.IPV4, AddressFamily.IPV6)


def name_policy(host: Host, cid: int | None = None) -> NamePolicy:
    """Tell how names are resolved now on a PDP context (None: the default one), which may be of one family only.

    If the user set any server, only the user's are asked, else the network's if it names any, else the defaults. A
    records are asked for at the "ip" servers and AAAA at the "ipv6" ones, at the other ones where there are none
    (manual 3.10). [decided]
    """
    user = {
        family: [server for server in host.settings.effective(SERVER_SLOTS[family]) if server] for family in _FAMILIES
    }
    network = {family: _of(family, host.name_servers) for family in _FAMILIES}
    defaults = {family: list(_defaults(host, family)) for family in _FAMILIES}
    asked = next(servers for servers in (user, network, defaults) if any(servers.values()))
    ipv4, ipv6 = asked[AddressFamily.IPV4], asked[AddressFamily.IPV6]
    timeout = host.settings.effective(NAME_TIMEOUT)
    cached = host.settings.effective(NAME_CACHE)
    families = _FAMILIES[::-1] if host.settings.effective(NAME_PRIORITY).priority else _FAMILIES
    return NamePolicy(
        tuple(family for family in families if host.contexts.carries(cid, family)),
        tuple(ipv4 or ipv6),
        tuple(ipv6 or ipv4),
        timeout.time,
        timeout.retries,
        None if cached.cached_mode else cached.cached_period,
    )


def given_servers(host: Host, family: AddressFamily) -> tuple[str, ...]:
    """Return the servers that a context is told on its way up: the network's, or else the defaults."""
    return tuple(_of(family, host.name_servers)) or _defaults(host, family)


def servers_in_force(host: Host, family: AddressFamily) -> tuple[str, str]:
    """Return the servers that MDNSCFG reads back, each the user's, or else the network's, or else the default."""
    user = host.settings.get(SERVER_SLOTS[family])
    network = _of(family, host.name_servers)
    defaults = _defaults(host, family)
    first, second = (
        own or (network[place] if place < len(network) else defaults[place]) for place, own in enumerate(user)
    )
    return first, second


def made_up_address(imei: str, cid: int) -> str:
    """Make up an IPv4 address of 10.0.0.0/8, the same for the same module and cid."""
    number = int(imei) * 16 + cid
    return f"10.{number // 64516 % 254 + 1}.{number // 254 % 254 + 1}.{number % 254 + 1}"


def shown_address(address: str) -> str:
    """Write an address as a module prints it: IPv6 compressed and in upper case (manual 3.11)."""
    parsed = ip_address(address)
    return parsed.compressed.upper() if isinstance(parsed, IPv6Address) else address


def _of(family: AddressFamily, servers: tuple[str, ...]) -> list[str]:
    return [server for server in servers if ip_address(server).version == family.value]


def _defaults(host: Host, family: AddressFamily) -> tuple[str, str]:
    """Return the default servers; the operator of the SIM card may have a first one of its own (fn 34)."""
    dns = host.profile.dns
    if family is AddressFamily.IPV6:
        return dns.ipv6
    own = next((server for plmn, server in dns.operator_ipv4.items() if host.imsi.startswith(plmn)), dns.ipv4[0])
    return own, dns.ipv4[1]
