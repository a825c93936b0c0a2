"""The host's own addresses, as its peers see them before any router changes them, and one of them as a module's."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

from onemo.errors import NetError, NetFailure, UsageError
from onemo.net.interface import AddressFamily

DOMAIN = {AddressFamily.IPV4: socket.AF_INET, AddressFamily.IPV6: socket.AF_INET6}
_SOMEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses in the networks for examples (RFC 5737, RFC 3849): the way there is the default route."""
_PORT = 9
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1", "::ffff:0.0.0.0": "::ffff:127.0.0.1"}
_UNSPECIFIED: dict[IPv4Address | IPv6Address, str] = {ip_address(none): own for none, own in _LOOPBACK.items()}


def destination(address: str) -> str:
    """Return the address that packets to the IPv4 or IPv6 literal really go to: loopback for an unspecified one.

    Linux would take the socket's own address for that, or else loopback (ip(7), connect to INADDR_ANY). A scope id
    makes no difference to it. Raises ValueError: it is no literal.
    """
    parsed = ip_address(address)
    bare = IPv6Address(int(parsed)) if isinstance(parsed, IPv6Address) else parsed
    return _UNSPECIFIED.get(bare, address)


def reaches_loopback(address: str) -> bool:
    """Tell whether packets to the IPv4 or IPv6 literal stay on this host's loopback; an IPv4-mapped one is IPv4."""
    parsed = ip_address(destination(address))
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


def family_of(address: str) -> AddressFamily:
    """Return the family of an IPv4 or IPv6 literal. Raises NetError(NAME): it is none."""
    try:
        return AddressFamily(ip_address(address).version)
    except ValueError:
        raise NetError(NetFailure.NAME, f"malformed address {address[:64]!r}") from None


def own_address(source: str | None, family: AddressFamily) -> str | None:
    """Return the address that a module's traffic of this family is to leave with; None: the host chooses.

    source, an IPv4 or IPv6 literal, holds for its own family.
    """
    return source if source is not None and (":" in source) == (family is AddressFamily.IPV6) else None


def require_own(source: str) -> None:
    """Raise UsageError unless the IPv4 or IPv6 literal is an address of this host."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((source, 0))
    except OSError as error:
        raise UsageError(
            f"cannot send from {source}: {error.strerror}: give it to an interface of this host, or choose one that an"
            " interface has; 127.0.0.1 to 127.255.255.254 are always there"
        ) from error


def outgoing_addresses() -> tuple[str | None, str | None]:
    """Return the IPv4 and the IPv6 address that packets to the Internet leave this host with. Nothing is sent.

    None where the host has no way there.
    """
    ipv4, ipv6 = (_outgoing(family, destination) for family, destination in _SOMEWHERE)
    return ipv4, ipv6


def _outgoing(family: socket.AddressFamily, destination: str) -> str | None:
    """Return the address that the host would send from; loopback and addresses of one link only do not count."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((destination, _PORT))
            address = ip_address(probe.getsockname()[0])
    except (OSError, ValueError):
        return None
    return None if address.is_loopback or address.is_link_local or address.is_unspecified else str(address)
