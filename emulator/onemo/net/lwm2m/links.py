"""The link format (RFC 6690), as registrations and discoveries have it: ``</3200/0>;ver=1.0,</3/0>``. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from onemo.net.lwm2m.values import Lwm2mMalformed

_TARGET = re.compile(r"\s*<([^<>]*)>\s*")
_ATTRIBUTE = re.compile(r';\s*([^\s=;,"<>]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]*))?\s*')


class Lwm2mLink(NamedTuple):
    """A link. attributes: name and value as they are written, quotes among them; None: there is no value."""

    target: str
    attributes: tuple[tuple[str, str | None], ...] = ()


def encode_links(links: Iterable[Lwm2mLink]) -> bytes:
    """Return the bytes of links."""
    return ",".join(
        f"<{link.target}>"
        + "".join(f";{name}" if value is None else f";{name}={value}" for name, value in link.attributes)
        for link in links
    ).encode()


def decode_links(data: bytes) -> tuple[Lwm2mLink, ...]:
    """Read links. Raises Lwm2mMalformed."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Lwm2mMalformed("links are no UTF-8") from error
    found: list[Lwm2mLink] = []
    position = 0
    while position < len(text):
        if found:
            if text[position] != ",":
                raise Lwm2mMalformed("no comma behind a link")
            position += 1
        target = _TARGET.match(text, position)
        if target is None:
            raise Lwm2mMalformed("no link")
        position = target.end()
        attributes = []
        while match := _ATTRIBUTE.match(text, position):
            attributes.append((match[1], match[2]))
            position = match.end()
        found.append(Lwm2mLink(target[1], tuple(attributes)))
    return tuple(found)


def object_path(segments: Iterable[str]) -> tuple[int, ...] | None:
    """Return the ids of a path, ``("3200", "0")``; None: it has others than ids, none, or more than four."""
    ids = tuple(int(each) if each.isascii() and each.isdigit() and len(each) <= 5 else -1 for each in segments)
    return ids if 0 < len(ids) <= 4 and all(0 <= each <= 0xFFFF for each in ids) else None
