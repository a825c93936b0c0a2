"""The codec of requests: URLs, fields, the head, chunks, and where a redirect leads. Written to the byte, as a module.

A library refuses or rewrites some of what modules send: a path with blanks, a field twice, chunk sizes in upper case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import IntEnum
from ipaddress import IPv6Address
from typing import NamedTuple
from urllib.parse import quote_from_bytes, urljoin, urlsplit

_URL = re.compile(
    r"(https?)://(?:\[([^\]]*)\]|([^\[\]:/?#@%\s]{1,255}))(?::(\d{1,5}))?([/?].*?)?(?:#.*)?", re.ASCII | re.IGNORECASE
)
_PORTS = {"http": 80, "https": 443}
_LARGEST_PORT = 65535
_FIELD = re.compile(rb"[^\s:]+:[^\r\n]*")
_PLAIN_PATH = "-_.!~*'();/?:@&=+$,#"
REDIRECTS = (301, 302, 303, 307, 308)
_SEE_OTHER = 303
_TURN_POST = (301, 302)


class Method(IntEnum):
    """<method> of AT+MHTTPREQUEST."""

    GET = 1
    POST = 2
    PUT = 3
    DELETE = 4
    HEAD = 5


class Url(NamedTuple):
    """The server of a URL. host: a name or an address, without brackets."""

    scheme: str
    host: str
    port: int

    @property
    def secure(self) -> bool:
        """True for https."""
        return self.scheme == "https"

    @property
    def authority(self) -> bytes:
        """The value of the field Host: the port only where it is not the scheme's."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}").encode("latin-1")


class HttpTarget(NamedTuple):
    """What a URL names. path: as the request line has it, the query included."""

    url: Url
    path: bytes


def read_url(text: str) -> Url | None:
    """Read the server of a URL, whatever follows it; None: it is none of HTTP, or has user information."""
    target = read_target(text)
    return None if target is None else target.url


def read_target(text: str) -> HttpTarget | None:
    """Read a URL; None: as read_url."""
    match = _URL.fullmatch(text)
    if match is None:
        return None
    scheme, address, name, port, path = match.groups()
    scheme = scheme.lower()
    if address is not None and not _is_ipv6(address):
        return None
    number = _PORTS[scheme] if port is None else int(port)
    if not 1 <= number <= _LARGEST_PORT:
        return None
    absolute = _absolute((path or "").encode("latin-1", "replace"))
    return HttpTarget(Url(scheme, address or name, number), absolute.encode("latin-1"))


def _is_ipv6(text: str) -> bool:
    try:
        return IPv6Address(text).scope_id is None
    except ValueError:
        return False


def fields_of(text: bytes) -> list[bytes] | None:
    """Split text into its fields, each without its CR LF; the last may lack that. None: one is no field."""
    fields = text.removesuffix(b"\r\n").split(b"\r\n")
    return fields if all(_FIELD.fullmatch(field) for field in fields) else None


def name_of(field: bytes) -> bytes:
    """Return the name of a field, in lower case."""
    return field.partition(b":")[0].lower()


def with_field(fields: Sequence[bytes], field: bytes) -> list[bytes]:
    """Return fields with one more, in the place of the first of its name where there is one."""
    names = [name_of(each) for each in fields]
    if name_of(field) not in names:
        return [*fields, field]
    place = names.index(name_of(field))
    return [*fields[:place], field, *fields[place + 1 :]]


def coded_path(path: bytes) -> bytes:
    """Write the bytes that a URL does not have as %XX, the percent sign too (guide fn 25)."""
    # Of all that it may quote the function leaves "~" too, which is plain here as well.
    return quote_from_bytes(path, safe=_PLAIN_PATH).encode("ascii")


class HttpOrder(NamedTuple):
    """One request to one server. fields: the user's; body: None where it comes in chunks.

    secure: over TLS; redirects: those that led here.
    """

    method: Method
    url: Url
    secure: bool
    path: bytes
    fields: tuple[bytes, ...]
    body: bytes | None
    redirects: int = 0

    @property
    def head(self) -> bytes:
        """The request line and the fields, up to the empty line: the defaults first, but for those of the user's own.

        Nothing is added but those (guide 4.1).
        """
        size = b"Transfer-Encoding: chunked" if self.body is None else b"Content-Length: %d" % len(self.body)
        own = {name_of(field) for field in self.fields}
        defaults = [field for field in (b"Host: " + self.url.authority, size) if name_of(field) not in own]
        line = b"%b %b HTTP/1.1" % (self.method.name.encode(), self.path)
        return b"\r\n".join([line, *defaults, *self.fields, b"", b""])

    def redirected(self, code: int, location: bytes) -> HttpOrder | None:
        """Return the request that follows an answer with this code and Location; None: it leads nowhere.

        As browsers do: 303, and 301 and 302 after POST, go on as GET without a body (RFC 9110 15.4).
        """
        base = f"{self.url.scheme}://{self.url.authority.decode('latin-1')}{_absolute(self.path)}"
        try:
            target = urljoin(base, location.decode("latin-1"))
            parts = urlsplit(target)
        except ValueError:
            return None
        url = read_url(target)
        path = (f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/").encode("latin-1")
        if url is None or self.body is None or any(byte <= 0x20 for byte in path):
            return None
        method, body, dropped = self.method, self.body, {b"host"}
        turned = code in _TURN_POST and method is Method.POST
        if turned or (code == _SEE_OTHER and method is not Method.HEAD):
            method, body, dropped = Method.GET, b"", {b"host", b"content-length"}
        fields = tuple(field for field in self.fields if name_of(field) not in dropped)
        secure = self.secure if url == self.url else url.secure
        return HttpOrder(method, url, secure, path, fields, body, self.redirects + 1)


def _absolute(path: bytes) -> str:
    text = path.decode("latin-1")
    return text if text.startswith("/") else f"/{text}"


def merged_fields(common: Iterable[bytes], own: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the common fields and then a request's own, which stand for common ones of their names."""
    names = {name_of(field) for field in own}
    return (*(field for field in common if name_of(field) not in names), *own)


def chunk(data: bytes, *, last: bool) -> bytes:
    """Frame data as one chunk (RFC 9112 7.1); with the last comes the end of the body."""
    return b"%X\r\n%b\r\n" % (len(data), data) + (b"0\r\n\r\n" if last else b"")
