"""Where on the host the ports of a module are on which it listens: ``--publish [HOST:]PORT=MODULE_PORT[/tcp|/udp]``."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from onemo.errors import UsageError
from onemo.net.host.connect import Place
from onemo.net.interface import AddressFamily, ListenRequest, Transport

_LOOPBACK = {AddressFamily.IPV4: "127.0.0.1", AddressFamily.IPV6: "::1"}
_MOST = 65535
_FORM = "write [HOST:]PORT=MODULE_PORT, with /tcp or /udp behind it if it is for one of them, or HOST:*=*"


class Publication(NamedTuple):
    """Where ports of a module are. host: an address, "" for loopback; port: there, 0 any free one.

    module_port 0: every one, each under its own number. transport None: both.
    """

    text: str
    host: str
    port: int
    module_port: int
    transport: Transport | None = None

    def meets(self, request: ListenRequest) -> bool:
        """Tell whether it is about the port."""
        return self.transport in (None, request.transport) and self.module_port in (0, request.port)

    def fits(self, request: ListenRequest) -> bool:
        """Tell whether its host is of the server's family."""
        return not self.host or (":" in self.host) is (request.family is AddressFamily.IPV6)

    def place(self, request: ListenRequest) -> Place:
        """Return the place on the host."""
        return Place(self.host or _LOOPBACK[request.family], self.port if self.module_port else request.port)

    @property
    def reaches_out(self) -> bool:
        """True where others than programs of this host can reach it."""
        return bool(self.host) and not ip_address(self.host).is_loopback


def parse_publication(text: str) -> Publication:
    """Read ``[HOST:]PORT=MODULE_PORT[/tcp|/udp]`` or ``HOST:*=*``. Raises UsageError, which says how to write it."""
    place, equals, module = text.partition("=")
    module, slash, protocol = module.partition("/")
    host, _, port = place.rpartition(":")
    transport = {"tcp": Transport.TCP, "udp": Transport.UDP}.get(protocol.lower())
    if not equals or (slash and transport is None):
        raise UsageError(f"{text!r}: {_FORM}")
    every = (port, module) == ("*", "*")
    numbers = (0, 0) if every else (_number(port, 0), _number(module, 1))
    if None in numbers or (every and not host):
        raise UsageError(f"{text!r}: {_FORM}; ports are 1 to {_MOST}, PORT may be 0 for any free one")
    return Publication(text, _address(host, text), numbers[0] or 0, numbers[1] or 0, transport)


def require_local(published: Sequence[Publication]) -> None:
    """Require that none can be reached from outside. Raises UsageError."""
    for each in published:
        if each.reaches_out:
            raise UsageError(f"--publish {each.text}: others can reach {each.host}, and --offline is on; leave one out")


def places(published: Sequence[Publication], request: ListenRequest) -> tuple[list[Place], list[Publication]]:
    """Return the places to try for a port, and the publications that were passed over, for their family is another.

    A published place is the only one; else it is the port of loopback, or any free one.
    """
    about = [each for each in published if each.meets(request)]
    chosen = next((each for each in about if each.fits(request)), None)
    passed = [each for each in about if not each.fits(request)]
    if chosen is not None:
        return [chosen.place(request)], passed
    host = _LOOPBACK[request.family]
    return [Place(host, request.port), Place(host, 0)], passed


def is_published(published: Sequence[Publication], request: ListenRequest) -> bool:
    """Tell whether the user said where the port is."""
    return any(each.meets(request) and each.fits(request) for each in published)


def _number(text: str, low: int) -> int | None:
    fits = text.isascii() and text.isdecimal() and len(text) <= len(str(_MOST)) and low <= int(text) <= _MOST
    return int(text) if fits else None


def _address(text: str, whole: str) -> str:
    """Read the host, an address; IPv6 in brackets. Raises UsageError."""
    if not text:
        return ""
    bare = text.removeprefix("[").removesuffix("]")
    try:
        address = ip_address(bare)
    except ValueError:
        raise UsageError(f"{whole!r}: HOST is an address of this host, like 0.0.0.0 or [::]; {_FORM}") from None
    scoped = isinstance(address, IPv6Address) and address.scope_id is not None
    if scoped or isinstance(address, IPv6Address) is not (text == f"[{bare}]"):
        raise UsageError(f"{whole!r}: write an IPv6 address in brackets, without a scope, like [::]; {_FORM}")
    return str(address)
