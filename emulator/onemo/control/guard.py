"""The guard of the control: it admits programs of this host, and those that have the token; no page of another site."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import NamedTuple

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.-]+))(?::[0-9]{1,5})?", re.ASCII)
OPEN = ("/", "/static/", "/docs/", "/favicon.ico", "/health")
"""The paths that need no token: the page, which then asks for it, the guides, and whether the process lives.

Paths that end in / stand for all below.
"""

_SHOWN = 80  # characters of a host in a message


class Refusal(NamedTuple):
    """A refused request. status: of HTTP; problem: what was wrong, and what to do."""

    status: int
    problem: str


class Guard:
    """The check of every request.

    host: the address that is listened on; token: None where that is loopback and none is asked for.
    """

    def __init__(self, host: str, token: str | None) -> None:
        self._host = host.lower()
        self._token = token

    def refusal(self, method: str, path: str, headers: Mapping[str, str]) -> Refusal | None:
        """Return the reason why a request is not served; None: it is."""
        return (
            self._wrong_host(headers.get("host", ""))
            or _from_elsewhere(method, path, headers)
            or self._unknown(path, headers.get("authorization", ""))
            or _no_json(method, headers)
        )

    def _wrong_host(self, host: str) -> Refusal | None:
        """Refuse a Host that is not ours.

        With a name of somebody else's that leads here a page elsewhere gets past the rule of the same origin. Who has
        the token needs no such protection, and may come by any name.
        """
        name = _name(host)
        if self._token is not None or name == self._host or name == "localhost" or is_loopback(name):
            return None
        names = ", ".join({"localhost": None, "127.0.0.1": None, self._host: None})
        return Refusal(421, f"this is not the host {host[:_SHOWN]!r}: open one of {names}")

    def _unknown(self, path: str, authorization: str) -> Refusal | None:
        if self._token is None or any(path == one or (one[1:] and path.startswith(one)) for one in OPEN):
            return None
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token.encode()):
            return None
        problem = "the token is another one" if authorization else "a token is needed"
        return Refusal(401, f"{problem}: send Authorization: Bearer and what --control-token says")


def _from_elsewhere(method: str, path: str, headers: Mapping[str, str]) -> Refusal | None:
    """Refuse pages of other sites, which browsers name. Following a link to the page is not forbidden."""
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower():
        return Refusal(403, f"a page of {origin} may not speak to the control: open its own page at /")
    site, mode = headers.get("sec-fetch-site", ""), headers.get("sec-fetch-mode", "")
    linked = path == "/" and method in ("GET", "HEAD") and mode == "navigate"
    if site in ("cross-site", "same-site") and not linked:
        return Refusal(403, "a page of another site may not speak to the control: open its own page at /")
    return None


def _no_json(method: str, headers: Mapping[str, str]) -> Refusal | None:
    """Refuse changes that are no JSON, for a form of another site can send anything else."""
    if method in ("GET", "HEAD"):
        return None
    kind = headers.get("content-type")
    empty = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
    if (kind is None and empty) or (kind or "").partition(";")[0].strip().lower() == "application/json":
        return None
    return Refusal(415, f"the body is {kind or 'of no type'}: send Content-Type: application/json")


def _name(host: str) -> str:
    """Return the name in a Host header, without its port and brackets; empty where the header is no host."""
    match = _HOST.fullmatch(host)
    return (match[1] or match[2]).lower() if match is not None else ""


def is_loopback(host: str) -> bool:
    """Tell whether an address is of this host alone; a name is none but localhost."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
