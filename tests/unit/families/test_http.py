"""The HTTP client beyond its dialogues: what a command leaves behind, what is held, and lines that are half typed."""

from __future__ import annotations

import pytest
from onemo.families.http.request import HttpOrder, Method, Url, read_url, with_field
from onemo.families.http.states import REFUSALS, TRANSITIONS, HttpEvent, HttpOperation, HttpState

from tests.support.driver import Driver

KEY = ("httpid", 0)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"


def requested(*lines: str, model: str = "ML307R") -> Driver:
    """A module that has sent a request, set up by these lines before it."""
    driver = Driver(model).boot()
    for line in ('AT+MHTTPCREATE="http://h"', *lines, 'AT+MHTTPREQUEST=0,1,0,"/"'):
        assert driver.ask(line).endswith(b"\r\nOK\r\n"), line
    return driver


def test_every_state_can_be_left_and_is_idle_in_the_end() -> None:
    for state in HttpState:
        assert any(before is state for before, _ in TRANSITIONS)
    assert all(after is HttpState.IDLE for (_, event), after in TRANSITIONS.items() if event is HttpEvent.END)
    assert {operation for operation, _ in REFUSALS} == set(HttpOperation)
    assert not [
        operation for operation, state in REFUSALS if state is HttpState.IDLE and operation is not HttpOperation.CHUNK
    ]


@pytest.mark.parametrize("command", ["TERM", "TERM=0", "DEL=0"])
def test_no_urc_of_a_request_follows_its_end(command: str) -> None:
    """Not even one that was only kept back, by a line that is half typed."""
    driver = requested()
    driver.ask("ATE1")
    driver.type(f"AT+MHTTP{command}".encode())
    driver.world.peer_sends(KEY, ANSWER)
    driver.type(b"\r")
    assert driver.take() == f"AT+MHTTP{command}\r".encode() + b"\r\nOK\r\n"
    driver.wait(10)
    assert driver.take() == b""


def test_a_context_that_is_lost_takes_nothing_of_what_was_received() -> None:
    """An answer that was complete is told to its end, though its last pieces wait."""
    driver = requested('AT+MHTTPCFG="fragment",0,1,100')
    driver.world.peer_sends(KEY, ANSWER)
    driver.world.drop_context(1)
    driver.wait(1)
    told = driver.take()
    assert told.count(b'"content",0,3,') == 3
    assert b'"err"' not in told
    driver = requested('AT+MHTTPCFG="fragment",0,1,100')
    driver.world.peer_sends(KEY, ANSWER[:-1])
    driver.world.drop_context(1)
    driver.wait(1)
    told = driver.take()
    assert told.count(b'"content",0,3,') == 2
    assert told.endswith(b'\r\n+MHTTPURC: "err",0,5\r\n')


def test_a_request_holds_one_piece_while_the_dte_does_not_read() -> None:
    driver = requested()
    driver.line_room = 0
    driver.world.peer_sends(KEY, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + bytes(1_000_000))
    assert driver.modem.first.transmitter.size < 70_000
    assert sum(map(len, driver.world.peers[KEY].unread)) > 900_000
    driver.read_more(2_000_000)
    assert b'"content",0,1000000,1000000,' in driver.take()


def test_silence_is_not_counted_while_the_dte_does_not_read() -> None:
    driver = requested('AT+MHTTPCFG="timeout",0,60,1')
    driver.line_room = 0
    driver.world.peer_sends(KEY, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + bytes(200_000))
    driver.wait(30)
    driver.read_more(2_000_000)
    assert b'"content",0,1000000,200000,' in driver.take()
    driver.wait(2)
    assert driver.take() == b'\r\n+MHTTPURC: "err",0,6\r\n'


def test_settings_go_with_their_instance() -> None:
    driver = requested()
    driver.ask("AT+MHTTPDEL=0")
    driver.ask('AT+MHTTPCREATE="http://h"')
    driver.ask('AT+MHTTPCFG="header",0,"A: b"')
    driver.ask('AT+MHTTPCFG="timeout",0,1,2')
    driver.ask("AT+MHTTPDEL=0")
    driver.ask('AT+MHTTPCREATE="http://h"')
    assert driver.answer('AT+MHTTPCFG="timeout",0') == ['+MHTTPCFG: "timeout",0,60,0,10', "OK"]
    assert driver.answer('AT+MHTTPCFG="header",0') == ["OK"]


def test_the_request_ends_while_a_chunk_is_entered() -> None:
    driver = Driver("ML305M").boot()
    for line in ('AT+MHTTPCREATE="http://h"', 'AT+MHTTPCFG="chunked",0,1', "AT+MHTTPREQUEST=0,2,0,/"):
        driver.ask(line)
    assert driver.ask("AT+MHTTPCONTENT=0,1,3") == b"\r\n>"
    driver.world.drop_context(1)
    driver.type(b"abc")
    told = driver.take()
    assert told.startswith(b"\r\n+CME ERROR: 657\r\n")
    assert told.endswith(b'\r\n+MHTTPURC: "err",0,5\r\n')


def test_deep_sleep_forgets_every_instance() -> None:
    driver = Driver("MN316").boot()
    driver.ask('AT+MHTTPCREATE="http://h"')
    driver.ask('AT+MLPMCFG="sleepmode",2')
    driver.wait(600)
    driver.take()
    driver.raise_dtr()
    driver.wait(5)
    driver.take()
    driver.ask("ATE0")
    assert driver.answer("AT+MHTTPDEL=0") == ["+CME ERROR: 652"]


# The codec.


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://h", Url("http", "h", 80)),
        ("HTTPS://H.example/a?b#c", Url("https", "H.example", 443)),
        ("http://[::1]:8080/", Url("http", "::1", 8080)),
        ("http://h?x", Url("http", "h", 80)),
        ("http://" + "h" * 255, Url("http", "h" * 255, 80)),
        *((text, None) for text in (
            "h", "http:/h", "ftp://h", "http://", "http:///x", "http://:80", "http://h:", "http://h:0", "http://h:65536",
            "http://h:99999", "http://u@h", "http://u:p@h", "http://u:80@h", "http://[::1", "http://[h]", "http://[fe80::1%1]",
            "http://a b", "http://" + "h" * 256, "xhttp://h",
        )),
    ],
)  # fmt: skip
def test_urls(text: str, url: Url | None) -> None:
    assert read_url(text) == url


@pytest.mark.parametrize(
    ("url", "authority"),
    [(Url("http", "h", 80), b"h"), (Url("https", "h", 80), b"h:80"), (Url("https", "::1", 443), b"[::1]"),
     (Url("http", "::1", 8), b"[::1]:8")],
)  # fmt: skip
def test_the_host_has_its_port_where_it_is_not_the_scheme_s(url: Url, authority: bytes) -> None:
    assert url.authority == authority


def test_a_field_is_set_again_in_its_place() -> None:
    assert with_field([b"A: 1", b"B: 2"], b"a: 3") == [b"a: 3", b"B: 2"]
    assert with_field([b"A: 1"], b"B: 2") == [b"A: 1", b"B: 2"]


@pytest.mark.parametrize(
    ("code", "method", "location", "found"),
    [
        (301, Method.GET, b"/b", (Method.GET, "h", b"/b", b"x")),
        (302, Method.POST, b"b?c=d", (Method.GET, "h", b"/x/b?c=d", b"")),
        (307, Method.POST, b"//g", (Method.POST, "g", b"/", b"x")),
        (308, Method.PUT, b"https://g/#f", (Method.PUT, "g", b"/", b"x")),
        (303, Method.HEAD, b"", (Method.HEAD, "h", b"/x/y", b"x")),
        (303, Method.PUT, b"/", (Method.GET, "h", b"/", b"")),
        (301, Method.GET, b"ftp://g", None),
        (301, Method.GET, b"http://[", None),
        (301, Method.GET, b"http://g:99999/", None),
        (301, Method.GET, b"/a b", None),
    ],
)
def test_redirects(code: int, method: Method, location: bytes, found: tuple[object, ...] | None) -> None:
    order = HttpOrder(
        method, Url("http", "h", 80), False, b"/x/y", (b"Host: mine", b"Content-Length: 9", b"A: b"), b"x"
    )
    turned = order.redirected(code, location)
    if found is None:
        assert turned is None
        return
    assert turned is not None
    assert (turned.method, turned.url.host, turned.path, turned.body) == found
    assert turned.secure is (location == b"https://g/#f")
    assert b"Host: mine" not in turned.fields
    assert (b"Content-Length: 9" in turned.fields) is (turned.body == b"x")
    assert b"A: b" in turned.fields
    assert turned.redirects == 1
    assert order._replace(body=None).redirected(code, location) is None


def test_a_redirect_on_the_same_server_keeps_its_tls() -> None:
    """Which the instance has on whatever the scheme of its URL says."""
    order = HttpOrder(Method.GET, Url("http", "h", 80), True, b"/", (), b"")
    turned = order.redirected(301, b"/b")
    assert turned is not None
    assert (turned.secure, turned.url.port) == (True, 80)
    turned = order.redirected(301, b"http://g/b")
    assert turned is not None
    assert not turned.secure
