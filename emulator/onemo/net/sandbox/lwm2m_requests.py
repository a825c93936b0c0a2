"""Requests of the sandbox's LwM2M server to its clients. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from onemo.errors import UsageError
from onemo.net.coap.blocks import CoapBlock, decode_block
from onemo.net.coap.message import CoapCode, CoapMalformed, CoapMessage, CoapOption, CoapType, text_options, uint_option
from onemo.net.lwm2m.links import object_path


def ids(path: str) -> tuple[int, ...]:
    """Return the ids of a path. Raises UsageError."""
    ids = object_path(path.removeprefix("/").split("/"))
    if ids is None:
        raise UsageError(f"{path[:80]!r} is no path: give an object, an instance or a resource, as /3, /3/0 or /3/0/0")
    return ids


def path_options(path: str) -> tuple[tuple[int, bytes], ...]:
    """Return the options of a path. Raises UsageError."""
    return text_options(CoapOption.URI_PATH, [str(each) for each in ids(path)])


def request_of(code: CoapCode, options: Sequence[tuple[int, bytes]], payload: bytes = b"") -> CoapMessage:
    """Make a confirmable request; who sends it gives it its mid and token."""
    return CoapMessage(CoapType.CON, code, 0, options=tuple(options), payload=payload)


def get(path: str, accept: int | None) -> CoapMessage:
    """Make a GET. accept: the Content-Format that is wanted, None: any. Raises UsageError: it is no path."""
    more = () if accept is None else (uint_option(CoapOption.ACCEPT, accept),)
    return request_of(CoapCode.GET, (*path_options(path), *more))


def with_block(request: CoapMessage, number: CoapOption, block: CoapBlock, payload: bytes) -> CoapMessage:
    """Return the request for a block, or with one: without the blocks, and the Observe, of the one before."""
    gone = (CoapOption.BLOCK1, CoapOption.BLOCK2, CoapOption.OBSERVE)
    kept = tuple(option for option in request.options if option[0] not in gone)
    return request._replace(options=(*kept, (number, block.encode())), payload=payload, token=b"")


def block_of(answer: CoapMessage) -> CoapBlock | None:
    """Return which block of a whole an answer has; None: it is the whole, or what it says is no block."""
    found = answer.all(CoapOption.BLOCK2)
    try:
        return decode_block(found[0]) if found else None
    except CoapMalformed:
        return None
