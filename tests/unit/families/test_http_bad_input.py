"""What a DTE or a server gives the HTTP client that is wrong: a number, never a traceback, and no more memory."""

from __future__ import annotations

import gzip

import pytest
from onemo.families.http.clients import HttpClients
from onemo.families.sockets.connection import Loss

from tests.support.driver import Driver
from tests.support.httpurcs import told

KEY = ("httpid", 0)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def requested(*lines: str, model: str = "ML307R") -> Driver:
    driver = Driver(model).boot()
    for line in ('AT+MHTTPCREATE="http://h"', *lines, 'AT+MHTTPREQUEST=0,1,0,"/"'):
        assert driver.ask(line).endswith(b"\r\nOK\r\n"), line
    return driver


@pytest.mark.parametrize(
    "answer",
    [
        *(b"SSH-2.0-x\r\n", b"ICY 200 OK\r\n\r\n", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n", b"\r\n\r\n"),
        *(b"HTTP/1.1 2000 OK\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"\x16\x03\x01\x00"),
        *(OK + b"Content-Length: " + each + b"\r\n\r\n" for each in (b"-1", b"x", b"1_0", b"", b"9" * 30, b"9" * 5000)),
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        *(OK + b"Transfer-Encoding: " + each + b"\r\n\r\n" for each in (b"gzip", b"chunked, gzip")),
        *(
            OK + each + b"\r\n\r\n"
            for each in (b"no colon", b": no name", b"X : blank", b"X: \x00", b"X: " + b"a" * 8192)
        ),
        OK + b"X: a\r\n" * 2000,
    ],
)
def test_an_answer_that_cannot_be_read(answer: bytes) -> None:
    driver = requested()
    driver.world.peer_sends(KEY, answer)
    assert driver.take() == b'\r\n+MHTTPURC: "err",0,7\r\n'
    assert KEY not in driver.world.peers
    assert driver.answer('AT+MHTTPREQUEST=0,1,0,"/again"') == ["OK"]


@pytest.mark.parametrize(
    "size",
    [
        *(b"x\r\n", b"-1\r\n", b"\r\n", b"0x5\r\n", b"5 5\r\n", b"f" * 21 + b"\r\n"),
        *(b"5;" + b"a" * 20000, b"5\r\nhelloX\r\n"),
    ],
)
def test_a_chunk_with_a_bad_size(size: bytes) -> None:
    driver = requested()
    driver.world.peer_sends(KEY, CHUNKED + b"1\r\na\r\n" + size)
    header, *pieces, last = told(driver.take())
    assert header.numbers[0] == 200
    assert pieces[0].data.startswith(b"a")
    assert last == ("err", 0, (7,), b"")


@pytest.mark.parametrize(
    ("answer", "body", "last"),
    [
        (OK + b"Content-Length: 9\r\n\r\nabc", b"abc", ("err", 0, (5,), b"")),
        (CHUNKED + b"9\r\nabc", b"abc", ("err", 0, (5,), b"")),
        (OK + b"Content-Length: 3\r\n\r\nabcdef", b"abc", ("content", 0, (3, 3, 3), b"abc")),
        (OK + b"Content-Length: 3", b"", ("err", 0, (5,), b"")),
        (b"", b"", ("err", 0, (5,), b"")),
    ],
)
def test_a_server_that_lies_about_the_length(answer: bytes, body: bytes, last: tuple[object, ...]) -> None:
    driver = requested()
    if answer:
        driver.world.peer_sends(KEY, answer)
    if KEY in driver.world.peers:
        driver.world.peer_ends(KEY, Loss.PEER_CLOSED)
    urcs = list(told(driver.take()))
    assert urcs[-1] == last
    assert b"".join(urc.data for urc in urcs if urc.kind == "content") == body


def test_gzip_is_not_decoded() -> None:
    bomb = gzip.compress(bytes(10_000_000))
    driver = requested('AT+MHTTPCFG="cached",0,1,8192')
    driver.world.peer_sends(KEY, OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
    assert driver.take() == b'\r\n+MHTTPURC: "err",0,8\r\n'
    small = gzip.compress(bytes(100_000))
    driver = requested()
    driver.world.peer_sends(KEY, OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(small) + small)
    assert b"".join(urc.data for urc in told(driver.take()) if urc.kind == "content") == small


def test_headers_without_end_are_held_no_longer_than_may_be() -> None:
    driver = requested()
    driver.world.peer_sends(KEY, OK + b"X: ")
    for _ in range(8):
        driver.world.peer_sends(KEY, b"a" * 1024)
    assert driver.take() == b'\r\n+MHTTPURC: "err",0,7\r\n'
    driver = requested()
    for _ in range(1000):
        driver.world.peer_sends(KEY, b"HTTP/1.1 100 Continue\r\nX: " + b"a" * 1000 + b"\r\n\r\n")
    exchange = driver.modem.part(HttpClients)[0].exchange
    assert exchange is not None
    assert len(exchange._reader._begun) == 0
    driver.world.peer_sends(KEY, b"HTTP/1.1 204 None\r\n\r\n")
    assert b'"header",0,204,' in driver.take()


@pytest.mark.parametrize(
    "redirect", [b"/a\rb", b"/\x00", b"http://[", b"//", b"http://u:p@h/", b"\xff" * 300, b"/" + b"a" * 7000]
)
def test_a_redirect_to_anywhere(redirect: bytes) -> None:
    """It is followed or reported, or the answer is none."""
    driver = requested()
    driver.world.peer_sends(KEY, b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + redirect + b"\r\n\r\n")
    taken = driver.take()
    assert taken == b"" or taken.startswith((b'\r\n+MHTTPURC: "header",0,302,', b'\r\n+MHTTPURC: "err",0,7'))
    driver.ask("AT+MHTTPTERM")


@pytest.mark.parametrize("model", ["ML307R", "MN316"])
@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"X", b"X 1", b": 1", b" X: 1", b"X : 1", b"X\t: 1", b"X: 1\r\n\r\n", b"\r\nX: 1", b"\r\n"),
        *(b"X: 1\r\n\r\nY: 2", b"X: 1\nY: 2", b"X: 1\rY: 2", b"X: 1\n", b"X: 1\r"),
    ],
)
def test_a_header_that_is_none(text: bytes, model: str) -> None:
    driver = Driver(model).boot()
    driver.ask('AT+MHTTPCREATE="http://h"')
    driver.ask('AT+MHTTPCFG="encoding",0,1')
    assert driver.answer(f'AT+MHTTPHEADER=0,1,0,"{text.hex()}"') == ["+CME ERROR: 50"]
    assert driver.answer(f'AT+MHTTPCFG="header",0,"{text.hex()}"') == ["+CME ERROR: 50"]
    assert driver.answer("AT+MHTTPHEADER=0") == ["OK"]
    assert driver.answer('AT+MHTTPCFG="header",0') == ["OK"]
    if model == "ML307R" and text:
        assert driver.ask(f"AT+MHTTPHEADER=0,0,{len(text)}") == b"\r\n>"
        driver.wait(0.1)
        driver.type(text)
        assert driver.take() == b"\r\n+CME ERROR: 50\r\n"


@pytest.mark.parametrize("text", [b"X: 1\r\nY: 2", b"X: 1\r\nY: 2\r\n"])
def test_fields_in_one_piece(text: bytes) -> None:
    """Of MHTTPHEADER; MHTTPCFG takes one."""
    driver = Driver("ML307R").boot()
    driver.ask('AT+MHTTPCREATE="http://h"')
    driver.ask('AT+MHTTPCFG="encoding",0,1')
    assert driver.answer(f'AT+MHTTPCFG="header",0,"{text.hex()}"') == ["+CME ERROR: 50"]
    assert driver.answer(f'AT+MHTTPHEADER=0,0,0,"{text.hex()}"') == ["OK"]
    assert driver.ask("AT+MHTTPHEADER=0") == b"\r\n+MHTTPHEADER: 0,12,X: 1\r\nY: 2\r\n\r\n\r\nOK\r\n"


@pytest.mark.parametrize(("model", "most"), [("ML307R", 16384), ("ML307G", 4096), ("MN316", 16384)])
def test_common_fields_have_a_total(model: str, most: int) -> None:
    driver = Driver(model).boot()
    driver.ask('AT+MHTTPCREATE="http://h"')
    lines = [f'AT+MHTTPCFG="header",0,"X-{number:04}: {"x" * 990}"' for number in range(most // 1000)]
    assert [driver.answer(line) for line in lines] == [["OK"]] * len(lines)
    assert driver.answer(f'AT+MHTTPCFG="header",0,"Y: {"y" * 990}"') == ["+CME ERROR: 23"]
    assert driver.answer('AT+MHTTPCFG="header",0,"X-0000: short"') == ["OK"]
    driver.ask('AT+MHTTPREQUEST=0,1,0,"/"')
    head = driver.world.got(KEY)
    assert (head.count(b"\r\nX-"), b"X-0000: short\r\n" in head, b"\r\nY: " in head) == (len(lines), True, False)


@pytest.mark.parametrize("path", [b"/\r", b"/\n", b"/ HTTP/1.1\r\nX: y"])
def test_a_path_with_a_line_end(path: bytes) -> None:
    driver = Driver("ML307R").boot()
    driver.ask('AT+MHTTPCREATE="http://h"')
    driver.ask('AT+MHTTPCFG="encoding",0,1')
    assert driver.answer(f'AT+MHTTPREQUEST=0,1,0,"{path.hex()}"') == ["+CME ERROR: 50"]
    assert driver.ask(f"AT+MHTTPREQUEST=0,1,{len(path)}") == b"\r\n>"
    driver.wait(0.1)
    driver.type(path)
    assert driver.take() == b"\r\n+CME ERROR: 50\r\n"
    assert KEY not in driver.world.peers


def test_a_line_end_in_a_url_is_none() -> None:
    """An LF means nothing in a string, as anywhere in a line (V.250 5.2.2)."""
    driver = Driver("ML307R").boot()
    assert driver.answer('AT+MHTTPCREATE="http://h\n/"') == ["+MHTTPCREATE: 0", "OK"]
    assert driver.answer('AT+MHTTPDLFILE="http://h/a\nb","/f"') == ["OK"]
    assert driver.world.got(("httpid", 1)).startswith(b"GET /ab HTTP/1.1\r\nHost: h\r\n")


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ('AT+MHTTPCREATE="http://h h"', 654), ('AT+MHTTPCREATE="http://h:99999999999999999999"', 654),
        ('AT+MHTTPCREATE="http://' + "h" * 256 + '"', 654), ("AT+MHTTPCREATE=1", 654),
        ("AT+MHTTPDEL=99999999999999999999", 50), ("AT+MHTTPDEL=-1", 50), ('AT+MHTTPDEL="0"', 50),
        ('AT+MHTTPREQUEST=0,0,0,"/"', 50), ('AT+MHTTPREQUEST=0,1,4097,"/"', 50), ('AT+MHTTPREQUEST=0,1,3,"/"', 50),
        ("AT+MHTTPREQUEST=0,1,4097", 50), ("AT+MHTTPCONTENT=0,3", 50), ("AT+MHTTPCONTENT=0,1,4097", 50),
        ('AT+MHTTPCONTENT=0,1,2,"a"', 50), ('AT+MHTTPCONTENT=0,1,0,""', 50), ("AT+MHTTPREAD=0,2", 50),
        ("AT+MHTTPREAD=0,0,65536", 50), ('AT+MHTTPCFG="cached",0,1,8193', 50), ('AT+MHTTPCFG="nonsense",0', 50),
        ('AT+MHTTPCFG="timeout",0,181', 50), ('AT+MHTTPCFG="fragment",0,2048,1', 50), ('AT+MHTTPCFG="ssl",0,1,6', 50),
        ("AT+MHTTPREAD=0,0", 3), ("AT+MHTTPREAD=1,0", 652), ("AT+MHTTPTERM=3", 652), ("AT+MHTTPTERM=4", 50),
        ('AT+MHTTPCONTENT=0,1,1,"' + "a" * 9000 + '"', None),
    ],
)  # fmt: skip
def test_numbers_of_a_command_that_is_wrong(line: str, number: int | None) -> None:
    driver = Driver("ML307R").boot()
    driver.ask('AT+MHTTPCREATE="http://h"')
    assert driver.answer(line) == ["ERROR" if number is None else f"+CME ERROR: {number}"]
    assert driver.answer("AT+MHTTPDEL=0") == ["OK"]
