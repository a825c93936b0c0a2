"""The routes of a module's traffic: the targets of addresses and names, and what is denied.

It decides, it opens nothing.

A route is written PATTERN=TARGET, for example ``*.example.com:443=127.0.0.1:8443``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple, NoReturn, Protocol

from onemo.errors import NetError, NetFailure, UsageError
from onemo.net.host.addresses import destination, reaches_loopback
from onemo.net.interface import AddressFamily, Pinger, Transport

_PLACE = re.compile(r"(\[[^\[\]]*\]|[^\[\]:]*)(?::([^:]*))?")
_NAME_CHARACTERS = re.compile(r"[A-Za-z0-9_*.-]*", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_GROUP = re.compile(r"[0-9A-Fa-f]{1,4}", re.ASCII)
_IPV6_CHARACTERS = re.compile(r"[0-9A-Fa-f:*]*", re.ASCII)
_DOTTED = frozenset("0123456789.*")
_LONGEST_NAME = 255
_IPV6_GROUPS = 8
_SANDBOX_TLS = "sandbox+tls"
_REMEMBERED = 1 << 14  # patterns: the modules of a lab often share theirs
_SHOWN = 80  # characters of a malformed text in a message
_EXAMPLE = {
    "route": "a route is PATTERN=TARGET, for example '*.example.com:443=127.0.0.1:8443', '[2001:db8::1]=[::1]:8080' "
    "or '*=sandbox'",
    "pattern": "a pattern is HOST or HOST:PORT, for example '*.example.com:443', '10.0.*', '[2001:db8::1]' or '*:25'",
}


class SandboxNetwork(Protocol):
    """A network without the world: servers on loopback that stand for every peer, and addresses for every name."""

    def endpoint(self, transport: Transport, port: int, *, tls: bool = False) -> tuple[str, int]:
        """Return the loopback address and port of the server that stands for this port.

        It is started when it is first asked for. UDP and TCP 53 are its DNS server, UDP 123 its time server. tls: over
        TCP the others echo in TLS.
        """
        ...

    def addresses(self, name: str, family: AddressFamily) -> list[str]:
        """Return the addresses of a name, which may be none. Raises NetError(NAME)."""
        ...

    def pinger(self, address: str, size: int) -> Pinger:
        """Return a pinger of the address, as Network.ping does."""
        ...

    def holds(self, address: str) -> bool:
        """Tell whether the sandbox gave this address out."""
        ...

    def name_servers(self) -> tuple[str, ...]:
        """Return the addresses of the sandbox's name server."""
        ...


class TargetKind(Enum):
    """The kind of a target."""

    DIRECT = "direct"  # the host's network as it is
    SANDBOX = "sandbox"
    ELSEWHERE = "elsewhere"  # another host, or another port


class Target(NamedTuple):
    """The target of a route.

    host: an address or a name, of ELSEWHERE alone; port None: the one that was asked for. tls: the sandbox's servers
    speak TLS.
    """

    kind: TargetKind
    host: str = ""
    port: int | None = None
    tls: bool = False

    @property
    def sandbox(self) -> bool:
        """True if the target is the sandbox."""
        return self.kind is TargetKind.SANDBOX


class Pattern(NamedTuple):
    """A pattern of hosts and a port.

    text: as it was written; hosts: matches the keys that ``_keys`` makes of a host; port None: any.
    """

    text: str
    hosts: re.Pattern[str]
    port: int | None

    def matches(self, keys: frozenset[str], port: int | None) -> bool:
        """Tell whether the pattern means this traffic. port None: it has none, and ports do not tell it apart."""
        return (self.port is None or port is None or self.port == port) and any(map(self.hosts.fullmatch, keys))


class Route(NamedTuple):
    """A route: traffic of the pattern goes to the target."""

    pattern: Pattern
    target: Target


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes of one module's network. routes: the first that matches wins; denied is asked before them.

    offline: nothing goes anywhere but to loopback and to the sandbox. Raises UsageError: a route leads to the sandbox,
    and there is none.
    """

    routes: tuple[Route, ...] = ()
    denied: tuple[Pattern, ...] = ()
    offline: bool = False
    sandbox: SandboxNetwork | None = None

    def __post_init__(self) -> None:
        if self.sandbox is None and any(route.target.sandbox for route in self.routes):
            raise UsageError("a route leads to the sandbox, and there is no sandbox: give Routes one")

    def find(self, host: str, port: int | None) -> Target | None:
        """Return the target of what the firmware wrote, or of an address that a name was resolved to; None: no route.

        port None (ping, a name by itself): the port of a route's pattern does not matter, and a pattern that denies one
        port denies nothing. An address that the sandbox gave out goes there where no route, or only a direct one, has
        it. Raises NetError(OTHER): denied.
        """
        keys = _keys(host)
        for pattern in self.denied:
            if (port is not None or pattern.port is None) and pattern.matches(keys, port):
                raise NetError(NetFailure.OTHER, f"{host}: denied by --deny {pattern.text}")
        target = next((route.target for route in self.routes if route.pattern.matches(keys, port)), None)
        if (target is None or target.kind is TargetKind.DIRECT) and self.holds(host):
            return Target(TargetKind.SANDBOX)
        return target

    def holds(self, address: str) -> bool:
        """Tell whether this is an address, and the sandbox gave it out."""
        return self.sandbox is not None and is_address(address) and self.sandbox.holds(address)

    def require_reachable(self, address: str) -> None:
        """Raise NetError(OTHER) if the routes are offline, and this address is not loopback.

        address: one that traffic is really sent to.
        """
        if self.offline and not reaches_loopback(address):
            raise NetError(NetFailure.OTHER, f"{address}: not reachable with --offline")

    @property
    def all_to_sandbox(self) -> bool:
        """True if the sandbox is the network: the route of everything (``*``) leads there."""
        everything = (route.target.kind for route in self.routes if route.pattern.text in ("*", "*:*"))
        return next(everything, None) is TargetKind.SANDBOX


def parse_route(text: str) -> Route:
    """Read the route PATTERN=TARGET. Raises UsageError.

    TARGET: HOST:PORT or [IPv6]:PORT; HOST or HOST:* keeps the port; ``sandbox``, with TLS ``sandbox+tls``; ``direct``.
    """
    pattern, equals, target = text.partition("=")
    try:
        if not equals:
            raise _Malformed("there is no '='")
        return Route(_pattern(pattern), _target(target))
    except _Malformed as problem:
        _refuse("route", text, problem)


@lru_cache(_REMEMBERED)
def parse_pattern(text: str) -> Pattern:
    """Read the pattern HOST or HOST:PORT. Raises UsageError.

    HOST: an IPv4 address, an IPv6 address in brackets, or a name, with ``*`` for anything; in an IPv6 address ``*``
    stands for whole groups. PORT: a number or ``*``.
    """
    try:
        return _pattern(text)
    except _Malformed as problem:
        _refuse("pattern", text, problem)


class _Malformed(Exception):
    """A malformed text. Its argument: the problem."""


def _refuse(kind: str, text: str, problem: _Malformed) -> NoReturn:
    raise UsageError(f"{kind} {text[:_SHOWN]!r}: {problem}; {_EXAMPLE[kind]}") from None


def _pattern(text: str) -> Pattern:
    host, port = _place(text)
    return Pattern(text, re.compile(_hosts(host), re.DOTALL), port)


def _target(text: str) -> Target:
    if text.lower() == _SANDBOX_TLS:
        return Target(TargetKind.SANDBOX, tls=True)
    for kind in (TargetKind.DIRECT, TargetKind.SANDBOX):
        if text.lower() == kind.value:
            return Target(kind)
        if text.lower().startswith((f"{kind.value}:", f"{kind.value}+")):
            raise _Malformed(f"as a target, '{kind.value}' stands alone")
    host, port = _place(text)
    if "*" in host:
        raise _Malformed("the target's host cannot have a '*'; only its port can, to keep the one asked for")
    _hosts(host)
    return Target(TargetKind.ELSEWHERE, host.strip("[]"), port)


def _place(text: str) -> tuple[str, int | None]:
    """Split HOST, in its brackets, and PORT; None for ``*`` and for none."""
    match = _PLACE.fullmatch(text)
    if match is None:
        bare = "[" not in text and text.count(":") > 1
        raise _Malformed("an IPv6 address goes in brackets" if bare else "it is not HOST:PORT")
    host, port = match.groups()
    if not host:
        raise _Malformed("there is no host")
    if port is None or port == "*":
        return host, None
    if _PORT.fullmatch(port) is None or not 1 <= int(port) <= 65535:
        raise _Malformed(f"the port {port[:_SHOWN]!r} is neither 1-65535 nor '*'")
    return host, int(port)


def _hosts(host: str) -> str:
    """Make the expression for the keys of the hosts that are meant."""
    if host.startswith("["):
        return _ipv6_hosts(host[1:-1])
    if host == "*":
        return ".*"
    if len(host) > _LONGEST_NAME or _NAME_CHARACTERS.fullmatch(host) is None:
        raise _Malformed(f"{host[:_SHOWN]!r} is no host; a name has letters, digits, '-', '_' and '.'")
    if _DOTTED.issuperset(host) and not set(host) <= set("*."):
        return _ipv4_hosts(host)
    labels = host.removesuffix(".").split(".")
    if not all(_LABEL.fullmatch(label.replace("*", "") or "x") for label in labels) or not all(labels):
        raise _Malformed(f"{host[:_SHOWN]!r} has a part that is empty or longer than 63 characters")
    return _glob(".".join(labels).lower(), "[^:]")


def _ipv4_hosts(host: str) -> str:
    if "*" not in host:
        try:
            return re.escape(_key(str(ip_address(host))))
        except ValueError:
            raise _Malformed(f"{host[:_SHOWN]!r} is no IPv4 address") from None
    parts = host.split(".")
    if len(parts) > 4 or not all(parts) or any(len(p) > 3 or int(p) > 255 for p in parts if p.isdigit()):
        raise _Malformed(f"{host[:_SHOWN]!r} fits no IPv4 address")
    return _glob(host, "[0-9.]")


def _ipv6_hosts(host: str) -> str:
    if "*" not in host:
        try:
            return re.escape(_key(str(IPv6Address(host) if "%" not in host else _no_scope(host))))
        except ValueError:
            raise _Malformed(f"{host[:_SHOWN]!r} is no IPv6 address") from None
    if host == "*":
        return "(?:[0-9a-f]{4}:){8}"
    if _IPV6_CHARACTERS.fullmatch(host) is None:
        raise _Malformed(f"{host[:_SHOWN]!r} is no IPv6 address")
    gaps = host.replace("::", ":-:")
    gaps = gaps[1:] if host.startswith("::") else gaps
    groups = (gaps[:-1] if host.endswith("::") else gaps).split(":")
    if len(groups) > _IPV6_GROUPS or groups.count("-") > 1:
        raise _Malformed(f"{host[:_SHOWN]!r} fits no IPv6 address")
    return "".join(map(_ipv6_group, groups))


def _ipv6_group(group: str) -> str:
    if group == "-":
        return "(?:0000:)+"
    if group == "*":
        return "(?:[0-9a-f]{4}:)+"
    if _GROUP.fullmatch(group) is None:
        raise _Malformed(f"{group[:_SHOWN]!r} is no group of an IPv6 address; a '*' stands for whole groups")
    return f"{group.lower():0>4}:"


def _no_scope(host: str) -> NoReturn:
    raise _Malformed(f"{host[:_SHOWN]!r} has a scope id, which belongs to one host")


def _glob(text: str, any_character: str) -> str:
    """Make an expression of text, with ``*`` for any run of any_character.

    Atomic groups keep it linear, however many there are.
    """
    first, *rest = [re.escape(part) for part in re.sub(r"\*+", "*", text).split("*")]
    if not rest:
        return first
    return first + "".join(f"(?>{any_character}*?{part})" for part in rest[:-1]) + f"{any_character}*{rest[-1]}"


def is_address(host: str) -> bool:
    """Tell whether this is an IPv4 or IPv6 literal, and so no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _keys(host: str) -> frozenset[str]:
    """Return the texts of a host: as it is spelled, and of the address that the kernel takes it for."""
    return frozenset({_key(host), _key(destination(host))} if is_address(host) else {_key(host)})


def _key(host: str) -> str:
    """Return one text for all spellings of a host. IPv6: eight groups, a ":" after each; an IPv4-mapped one is IPv4."""
    try:
        address = ip_address(host)
    except ValueError:
        return host.lower().removesuffix(".")
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return IPv6Address(int(address)).exploded + ":"
