"""The settings of an HTTP instance, which AT+MHTTPCFG holds."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from onemo.at.params import Defaulted, Maybe, Param, ParamKind, Required
from onemo.at.store import Slot

HTTPID = "httpid"


class CommonFields(NamedTuple):
    """MHTTPCFG "header": fields of every request, each ended by CR LF. A command sets one."""

    httpid: Required
    fields: Annotated[str, Param(ParamKind.STRING, allow_empty=True, momentary=True)]


class BodyMode(NamedTuple):
    """MHTTPCFG "chunked": 0 the body before the request with its length, 1 after it in chunks."""

    httpid: Required
    chunked: Defaulted


class HttpCachedMode(NamedTuple):
    """MHTTPCFG "cached": 1 keeps an answer for MHTTPREAD; size in bytes."""

    httpid: Required
    cached: Defaulted
    size: Defaulted


class HttpTimeouts(NamedTuple):
    """MHTTPCFG "timeout", in seconds: of the connection, of the answer's silence (0 none for both), of an entry."""

    httpid: Required
    connect: Defaulted
    response: Defaulted
    entry: Defaulted


class TextForms(NamedTuple):
    """MHTTPCFG "encoding": of text in commands (0 as typed, 1 HEX, 2 escaped), and of URCs (0 raw, 1 HEX)."""

    httpid: Required
    input_format: Defaulted
    output_format: Defaulted


class TlsOf(NamedTuple):
    """MHTTPCFG "ssl": 1 speaks TLS, with the settings of <ssl_id>; None until it was set."""

    httpid: Required
    ssl_enable: Defaulted
    ssl_id: Maybe


class BearerOf(NamedTuple):
    """MHTTPCFG "cid": the PDP context; None: the default one."""

    httpid: Required
    cid: Maybe


class Fragments(NamedTuple):
    """MHTTPCFG "fragment": most bytes of a "content" URC, 0 as received, and milliseconds between two."""

    httpid: Required
    size: Defaulted
    interval: Defaulted


class PathCoding(NamedTuple):
    """MHTTPCFG "urlencode": 1 writes bytes of the path that a URL does not have as %XX."""

    httpid: Required
    urlencode: Defaulted


COMMON_FIELDS = Slot("header", CommonFields, of="MHTTPCFG", indexed_by=HTTPID)
BODY_MODE = Slot("chunked", BodyMode, of="MHTTPCFG", indexed_by=HTTPID)
CACHED_MODE = Slot("cached", HttpCachedMode, of="MHTTPCFG", indexed_by=HTTPID)
TIMEOUTS = Slot("timeout", HttpTimeouts, of="MHTTPCFG", indexed_by=HTTPID)
TEXT_FORMS = Slot("encoding", TextForms, of="MHTTPCFG", indexed_by=HTTPID)
TLS_OF = Slot("ssl", TlsOf, of="MHTTPCFG", indexed_by=HTTPID)
BEARER_OF = Slot("cid", BearerOf, of="MHTTPCFG", indexed_by=HTTPID)
FRAGMENTS = Slot("fragment", Fragments, of="MHTTPCFG", indexed_by=HTTPID)
PATH_CODING = Slot("urlencode", PathCoding, of="MHTTPCFG", indexed_by=HTTPID)
