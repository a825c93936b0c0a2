"""Any body, in any pieces and any form, arrives whole: from the server at the DTE, and the other way."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onemo.families.http.answer import AnswerReader
from onemo.families.http.request import coded_path, read_url
from onemo.families.sockets.connection import Loss
from onemo.modem.filestore import store_of

from tests.support.driver import Driver
from tests.support.httpurcs import told

KEY = ("httpid", 0)
BODIES = st.one_of(st.binary(max_size=200), st.binary(min_size=1400, max_size=6000))
SIZES = st.lists(st.integers(1, 2000), min_size=1, max_size=5)
FRAMINGS = ("length", "chunked", "close")


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """Cut data into pieces of these sizes, again and again."""
    position = turn = 0
    while position < len(data):
        size = sizes[turn % len(sizes)]
        yield data[position : position + size]
        position, turn = position + size, turn + 1


def framed(body: bytes, framing: str, sizes: list[int]) -> tuple[bytes, bytes]:
    """Return the header of an answer, without its empty line, and the body as it is sent."""
    start = b"HTTP/1.1 200 OK\r\nX-A: b\r\n"
    if framing == "length":
        return start + b"Content-Length: %d\r\n" % len(body), body
    if framing == "close":
        return start, body
    chunks = b"".join(b"%x;e=f\r\n%b\r\n" % (len(piece), piece) for piece in cut(body, sizes[::-1]))
    return start + b"Transfer-Encoding: chunked\r\n", chunks + b"0\r\nTrailer: x\r\n\r\n"


def asked(*lines: str) -> Driver:
    """A module that has sent a GET, set up by these lines before it."""
    driver = Driver("ML307R").boot()
    for line in ('AT+MHTTPCREATE="http://h"', *lines, 'AT+MHTTPREQUEST=0,1,0,""'):
        assert driver.ask(line).endswith(b"\r\nOK\r\n"), line
    return driver


@settings(max_examples=60, deadline=None)
@given(BODIES, SIZES, SIZES, st.sampled_from(FRAMINGS), st.sampled_from((0, 1, 7, 1024)), st.booleans())
def test_any_answer_arrives_whole(
    body: bytes, sizes: list[int], chunks: list[int], framing: str, most: int, hexadecimal: bool
) -> None:
    driver = asked(f'AT+MHTTPCFG="encoding",0,0,{int(hexadecimal)}', f'AT+MHTTPCFG="fragment",0,{most}')
    header, sent = framed(body, framing, chunks)
    for piece in cut(header + b"\r\n" + sent, sizes):
        driver.world.peer_sends(KEY, piece)
    if framing == "close":
        driver.world.peer_ends(KEY, Loss.PEER_CLOSED)
    first, *rest = told(driver.take(), hexadecimal=hexadecimal)
    assert first[:3] == ("header", 0, (200, len(header)))
    assert first.data == header
    assert b"".join(each.data for each in rest) == body
    total = 0
    for each in rest:
        total += len(each.data)
        assert each[:3] == ("content", 0, (len(body) if framing == "length" else 0, total, len(each.data)))
        assert len(each.data) <= (most or 1460)
    if framing != "length":
        assert rest[-1].data == b""
        assert all(each.data for each in rest[:-1])
    elif body:
        assert rest[-1].data
    assert KEY not in driver.world.peers
    assert driver.answer('AT+MHTTPREQUEST=0,1,0,"/again"') == ["OK"]


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=3000), SIZES, st.sampled_from(FRAMINGS), SIZES)
def test_any_kept_answer_is_read_whole(body: bytes, sizes: list[int], framing: str, reads: list[int]) -> None:
    driver = asked('AT+MHTTPCFG="cached",0,1,3000')
    header, sent = framed(body, framing, sizes)
    for piece in cut(header + b"\r\n" + sent, sizes):
        driver.world.peer_sends(KEY, piece)
    if framing == "close":
        driver.world.peer_ends(KEY, Loss.PEER_CLOSED)
    assert [each[:3] for each in told(driver.take())] == [("recv", 0, (200, len(header), len(body)))]
    for kind, expected in enumerate((header, body)):
        read, turn = b"", 0
        while len(read) < len(expected):
            answer = driver.ask(f"AT+MHTTPREAD=0,{kind},{reads[turn % len(reads)]}")
            match = re.match(rb"\r\n\+MHTTPREAD: 0,%d,(\d+),(\d+)," % kind, answer)
            assert match is not None
            data = answer[match.end() : match.end() + int(match[2])]
            assert answer == match[0] + data + b"\r\n\r\nOK\r\n"
            read, turn = read + data, turn + 1
            assert int(match[1]) == len(expected) - len(read)
        assert read == expected


@settings(max_examples=60, deadline=None)
@given(BODIES, SIZES, SIZES, st.sampled_from(FRAMINGS), st.integers(0, 3000), st.booleans())
def test_any_answer_is_stored_whole(
    body: bytes, sizes: list[int], chunks: list[int], framing: str, every: int, download: bool
) -> None:
    """In a file, of a request and of a download; on a model that has no commands for files, too."""
    driver = Driver("ML305M").boot()
    driver.ask('AT+MHTTPCREATE="http://h"')
    key = ("httpid", int(download))
    driver.ask(f'AT+MHTTPDLFILE="http://h","/f",{every}' if download else 'AT+MHTTPREQUEST=0,1,0,"/","/f"')
    header, sent = framed(body, framing, chunks)
    for piece in cut(header + b"\r\n" + sent, sizes):
        driver.world.peer_sends(key, piece)
    if framing == "close":
        driver.world.peer_ends(key, Loss.PEER_CLOSED)
    start = b'\r\n+MHTTPURC: "header",%d,200,%d,%b\r\n' % (download, len(header), header)
    taken = driver.take()
    assert taken.startswith(start)
    name = r"\+MHTTPDLFILE: " if download else r'\+MHTTPURC: "download",'
    lines = re.findall(rf"\r\n{name}(\d+),(\d+)(?:,(\d+))?\r\n", taken[len(start) :].decode())
    done = [int(line[0]) for line in lines]
    assert done == sorted(done)
    store = store_of(driver.modem.keeping)
    assert store.content("/f") == body
    assert not store.is_open("/f")
    if framing == "length" and not body:
        assert not lines
        return
    assert lines[-1] == (str(len(body)), str(len(body)), "100" if download else "")
    assert all(line[1] == str(len(body) if framing == "length" else 0) for line in lines[:-1])
    if download:
        steps = [after - before for before, after in zip([0, *done], done, strict=False)]
        assert all(step >= max(every, 1) for step in steps[:-1])
        assert every or len(lines) == 1
    assert driver.answer(f"AT+MHTTPDEL={int(download)}") == ["+CME ERROR: 652" if download else "OK"]


def typed(piece: bytes, form: int) -> bytes:
    """Write a piece as it stands between quotes in a form."""
    if form == 1:
        return piece.hex().encode()
    return b"".join(b"\\x%02x" % byte if byte < 0x20 or byte in b'"\\' else bytes((byte,)) for byte in piece)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=900), st.sampled_from((1, 2, 3))), min_size=1, max_size=6),
    st.booleans(),
)
def test_any_body_is_sent_whole(pieces: list[tuple[bytes, int]], chunked: bool) -> None:
    """Each piece in HEX, escaped, or (3) after the prompt."""
    driver = Driver("ML305M").boot()
    driver.ask('AT+MHTTPCREATE="http://h"')
    driver.ask(f'AT+MHTTPCFG="chunked",0,{int(chunked)}')
    if chunked:
        driver.ask("AT+MHTTPREQUEST=0,2,0,/up")
    for number, (piece, form) in enumerate(pieces):
        eof = int(number < len(pieces) - 1)
        driver.ask(f'AT+MHTTPCFG="encoding",0,{form % 3}')
        if form == 3:
            assert driver.ask(f"AT+MHTTPCONTENT=0,{eof},{len(piece)}") == b"\r\n>"
            driver.wait(0.1)  # an LF at once would still be the line's
            driver.type(piece)
            assert driver.take() == b"\r\nOK\r\n"
        else:
            text = typed(piece, form)
            length = len(text) // 2 if form == 1 else len(text)
            assert driver.ask(b'AT+MHTTPCONTENT=0,%d,%d,"%b"' % (eof, length, text)) == b"\r\nOK\r\n"
    if not chunked:
        driver.ask('AT+MHTTPCFG="encoding",0,0')
        driver.ask("AT+MHTTPREQUEST=0,2,0,/up")
    head, _, sent = b"".join(driver.world.peers[KEY].got).partition(b"\r\n\r\n")
    body = b"".join(piece for piece, _ in pieces)
    assert head.split(b"\r\n")[:2] == [b"POST /up HTTP/1.1", b"Host: h"]
    if not chunked:
        assert head.endswith(b"\r\nContent-Length: %d" % len(body))
        assert sent == body
        return
    assert head.endswith(b"\r\nTransfer-Encoding: chunked")
    assert sent == b"".join(b"%X\r\n%b\r\n" % (len(piece), piece) for piece, _ in pieces) + b"0\r\n\r\n"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from((b"HTTP/1.1 200 OK\r\n", b"\r\n", b"a: b\r\n",
       b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"HTTP/1.1 100 \r\n\r\n", b"5\r\n")))))  # fmt: skip
def test_whatever_a_server_sends_ends_in_an_answer_or_none(pieces: list[bytes]) -> None:
    """Never in an exception; and in any other pieces it is the same."""

    def result(parts: list[bytes]) -> tuple[object, ...]:
        reader = AnswerReader(100, bodiless=False)
        body = b"".join([reader.feed(part) for part in parts])
        reader.end()
        return reader.code, reader.header, reader.length, body, reader.complete

    whole = b"".join(pieces)
    assert result(pieces) == result([whole[place : place + 1] for place in range(len(whole))])


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 ", b"HTTP/1.1 200 OK\r\nX: "])
def test_endless_headers_end(start: bytes) -> None:
    reader = AnswerReader(8192, bodiless=False)
    reader.feed(start)
    fed = 0
    while not reader.failed:
        reader.feed(b"a" * 100)
        fed += 100
        assert fed <= 8300


def test_an_endless_size_of_a_chunk_ends() -> None:
    reader = AnswerReader(8192, bodiless=False)
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    fed = 0
    while not reader.failed:
        reader.feed(b"0" * 100)
        fed += 100
        assert fed <= 20000


@given(st.binary(max_size=300))
def test_a_coded_path_has_only_what_a_url_has(path: bytes) -> None:
    assert re.fullmatch(rb"(?:[A-Za-z0-9\-_.!~*'();/?:@&=+$,#]|%[0-9A-F]{2})*", coded_path(path))


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_none(text: str) -> None:
    for prefix in ("", "http://", "https://[", "http://h:"):
        url = read_url(prefix + text)
        assert url is None or (url.host and 1 <= url.port <= 65535)
