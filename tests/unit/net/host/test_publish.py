"""``--publish``: where on the host the ports of a module are."""

from __future__ import annotations

import pytest
from onemo.errors import UsageError
from onemo.net.host.connect import Place
from onemo.net.host.publish import is_published, parse_publication, places
from onemo.net.interface import AddressFamily, ListenRequest, Transport
from onemo.runtime.network import require_publications

WEB = ListenRequest(Transport.TCP, AddressFamily.IPV4, 80)
WEB_6 = WEB._replace(family=AddressFamily.IPV6)
COAP = ListenRequest(Transport.UDP, AddressFamily.IPV4, 5683)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("80", "write [HOST:]PORT=MODULE_PORT"),
        ("", "write [HOST:]PORT=MODULE_PORT"),
        ("x=80", "write [HOST:]PORT=MODULE_PORT"),
        ("1=80/sctp", "write [HOST:]PORT=MODULE_PORT"),
        ("1=80/", "write [HOST:]PORT=MODULE_PORT"),
        ("70000=80", "ports are 1 to 65535"),
        ("-1=80", "ports are 1 to 65535"),
        ("*=*", "ports are 1 to 65535"),
        ("*=80", "ports are 1 to 65535"),
        ("1=0", "ports are 1 to 65535"),
        ("host.example:1=80", "HOST is an address"),
        ("::1:1=80", "in brackets"),
        ("[127.0.0.1]:1=80", "in brackets"),
        ("[fe80::1%lo]:1=80", "without a scope"),
    ],
)
def test_what_cannot_be_published(text: str, told: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_publication(text)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "request_", "place"),
    [
        ("8080=80", WEB, Place("127.0.0.1", 8080)),
        ("8080=80", WEB_6, Place("::1", 8080)),
        ("0=80/tcp", WEB, Place("127.0.0.1", 0)),
        ("0.0.0.0:8080=80", WEB, Place("0.0.0.0", 8080)),
        ("[::]:8080=80", WEB_6, Place("::", 8080)),
        ("127.0.0.5:*=*", COAP, Place("127.0.0.5", 5683)),
        ("[::1]:5=5683/UDP", COAP._replace(family=AddressFamily.IPV6), Place("::1", 5)),
    ],
)
def test_a_published_place_is_the_only_one(text: str, request_: ListenRequest, place: Place) -> None:
    found = [parse_publication(text)]
    assert places(found, request_) == ([place], [])
    assert is_published(found, request_)


@pytest.mark.parametrize("text", ["8080=81", "8080=80/udp", "[::1]:8080=80"])
def test_else_it_is_on_loopback_where_there_is_room(text: str) -> None:
    found = [parse_publication(text)]
    tried, passed = places(found, WEB)
    assert tried == [Place("127.0.0.1", 80), Place("127.0.0.1", 0)]
    assert passed == (found if text.startswith("[") else [])
    assert not is_published(found, WEB)


def test_offline_nothing_can_be_reached_from_outside() -> None:
    require_publications(["127.0.0.1:1=80", "[::1]:1=80", "2=81"], offline=True)
    require_publications(["0.0.0.0:1=80"], offline=False)
    for text in ("0.0.0.0:1=80", "[::]:1=80", "192.0.2.1:*=*"):
        with pytest.raises(UsageError, match="others can reach"):
            require_publications([text], offline=True)
