"""Whatever is sent through whatever mode, in whatever pieces: nothing is lost, reordered or invented."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from onemo.families.sockets.connections import Connections

from tests.support.driver import Driver

# Much of what is special to some mode, in every place.
SPECIAL = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b"\x1a", b"\x1b", b"+", b"+++", b"OK\r\n", b"AT\r", b"\0", b"\xff", b'"']
)
PIECE = st.one_of(SPECIAL, st.binary(min_size=1, max_size=40), st.integers(1, 2500).map(lambda count: b"x" * count))
PIECES = st.lists(PIECE, min_size=1, max_size=12)
GAP = st.sampled_from([0.0, 0.05, 0.15, 0.199, 0.21, 0.5])
BUFFERING = st.sampled_from(["MN316", "ML307R"])


def opened(series: str, protocol: str, mode: int) -> Driver:
    driver = Driver(series).boot()
    # With the line feed, for it is the one byte that is swallowed.
    driver.type(f'AT+MIPOPEN=0,"{protocol}","h",80,,{mode}\r\n'.encode())
    driver.take()
    return driver


def lines_with(pattern: bytes, told: bytes) -> list[tuple[int, bytes]]:
    """(the first number, HEX data) of each line of that pattern, which is all that was told."""
    found = re.findall(pattern, told)
    assert re.fullmatch(b"(?:" + pattern + b")*", told)
    return [(int(number), bytes.fromhex(data.decode())) for number, data in found]


@given(st.sampled_from(["MN316", "ML307R"]), PIECES, st.sampled_from(["TCP", "UDP"]))
def test_normal_mode_down(series: str, pieces: list[bytes], protocol: str) -> None:
    driver = opened(series, protocol, 0)
    driver.ask('AT+MIPCFG="encoding",0,1,1')
    driver.world.peer_sends(0, *pieces)
    kind = b"rtcp" if protocol == "TCP" else b"rudp"
    told = lines_with(rb'\r\n\+MIPURC: "' + kind + rb'",0,(\d+),([0-9A-F]*)\r\n', driver.take())
    assert all(length == len(data) for length, data in told)
    if protocol == "UDP":
        assert [data for _, data in told] == pieces
    else:
        assert b"".join(data for _, data in told) == b"".join(pieces)


@given(
    st.sampled_from(["MN316", "ML307R"]), st.lists(st.binary(min_size=1, max_size=1460), max_size=6), st.integers(1, 60)
)
def test_normal_mode_up(series: str, pieces: list[bytes], chunk: int) -> None:
    driver = Driver(series, chunk=chunk).boot()
    driver.ask('AT+MIPOPEN=0,"TCP","h",80')
    driver.ask('AT+MIPCFG="encoding",0,1,0')
    for piece in pieces:
        assert driver.answer(f'AT+MIPSEND=0,{len(piece)},"{piece.hex()}"') == [f"+MIPSEND: 0,{len(piece)}", "OK"]
    assert driver.world.got(0) == b"".join(pieces)


@given(PIECES, st.integers(1, 3000), st.booleans(), st.integers(0, 9000))
def test_the_prompt_with_a_length(pieces: list[bytes], chunk: int, linefeed: bool, taken: int) -> None:
    driver = Driver("ML307R", chunk=chunk).boot()
    driver.ask('AT+MIPOPEN=0,"TCP","h",80')
    data = b"".join(pieces)[:8192]
    count = min(taken, len(data))
    driver.world.take_only(0, count)
    driver.type(b"AT+MIPSEND=0,%d\r" % len(data) + b"\n" * linefeed)
    assert driver.take() == b"\r\n>"
    # Without its line feed a line feed in front would be taken for it.
    data = data if linefeed or not data.startswith(b"\n") else b"x" + data[1:]
    driver.type(data + b"AT\r")
    result = b"\r\n+MIPSEND: 0,%d\r\n\r\nOK\r\n" % count if count else b"\r\n+CME ERROR: 560\r\n"
    assert driver.take() == result + b"\r\nOK\r\n"
    assert driver.world.got(0) == data[:count]


@given(
    st.binary(max_size=1600).map(lambda data: data.replace(b"\x1a", b"").replace(b"\x1b", b"")), st.integers(1, 2000)
)
def test_the_prompt_without_a_length(data: bytes, chunk: int) -> None:
    driver = Driver("ML307R", chunk=chunk).boot()
    driver.ask('AT+MIPOPEN=0,"TCP","h",80')
    driver.type(b"AT+MIPSEND=0\r\n")
    driver.take()
    driver.type(data[:1460] + b"\x1a" * (len(data) < 1460))
    sent = min(len(data), 1460)
    assert driver.take() == (b"\r\n+MIPSEND: 0,%d\r\n" % sent if sent else b"") + b"\r\nOK\r\n"
    assert driver.world.got(0) == data[:1460]


def typed_online(driver: Driver, pieces: list[tuple[bytes, float]]) -> tuple[bytes, bool]:
    """Type pieces, each after its gap of silence; (what was typed before +++ got through, whether it did)."""
    typed = b""
    for piece, gap in pieces:
        driver.wait(gap)
        if not driver.modem.first.online:
            return typed[:-3], True
        driver.type(piece)
        typed += piece
    driver.wait(1)
    return (typed, False) if driver.modem.first.online else (typed[:-3], True)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(PIECE, GAP), min_size=1, max_size=10),
    st.integers(1, 3000),
    st.lists(st.integers(0, 2000), max_size=4),
)
def test_transparent_mode_up(pieces: list[tuple[bytes, float]], chunk: int, rooms: list[int]) -> None:
    driver = opened("ML307R", "TCP", 1)
    driver._chunk = chunk
    if rooms:
        driver.world.take_more(0, 0)
    typed, left = typed_online(driver, pieces)
    assert driver.take() == (b"\r\nOK\r\n" if left else b"")
    got = driver.world.got(0)
    assert typed.startswith(got)
    for room in rooms:
        driver.world.take_more(0, room)
        more = driver.world.got(0)
        assert len(more) <= room
        got += more
    driver.world.take_more(0, None)
    assert got + driver.world.got(0) == typed
    assert driver.modem.part(Connections)[0].queued == 0
    assert driver.modem.part(Connections)[0].sent == len(typed)


@given(st.lists(st.tuples(PIECE, GAP), min_size=1, max_size=10))
def test_datagrams_of_transparent_mode(pieces: list[tuple[bytes, float]]) -> None:
    driver = opened("ML307R", "UDP", 1)
    typed, _ = typed_online(driver, pieces)
    datagrams = list(driver.world.last_peers[0].got)
    assert b"".join(datagrams) == typed
    assert all(0 < len(datagram) <= 1024 for datagram in datagrams)


@given(PIECES, st.sampled_from(["TCP", "UDP"]), st.one_of(st.none(), st.integers(1, 3000)))
def test_transparent_mode_down(pieces: list[bytes], protocol: str, step: int | None) -> None:
    driver = opened("ML307R", protocol, 1)
    if step is not None:
        driver.line_room = 0
    driver.world.peer_sends(0, *pieces)
    received = driver.take()
    while step is not None and driver.modem.first.transmitter.peek():
        driver.read_more(step)
        received += driver.take()
    assert received == b"".join(pieces)


READS = st.lists(st.integers(1, 1460), min_size=1, max_size=8)


@given(BUFFERING, PIECES, READS)
def test_stream_buffered(series: str, pieces: list[bytes], reads: list[int]) -> None:
    driver = opened(series, "TCP", 2)
    driver.ask('AT+MIPCFG="encoding",0,0,1')
    read, turn = b"", 0
    for piece in pieces:
        driver.world.peer_sends(0, piece)
        told, ok = read_line(driver, f"AT+MIPRD=0,{reads[turn % len(reads)]}")
        assert ok
        read, turn = read + told, turn + 1
    while told := read_line(driver, "AT+MIPRD=0,0")[0]:
        read += told
    assert read == b"".join(pieces)


def read_line(driver: Driver, command: str) -> tuple[bytes, bool]:
    """(the data of the MIPRD lines, whether OK came); lengths and URCs are looked at, too."""
    driver.take()
    told = driver.ask(command)
    data = b""
    for length, text in re.findall(rb"\+MIPRD: 0,\d+,(\d+),([0-9A-F]*)\r\n", told):
        piece = bytes.fromhex(text.decode())
        assert len(piece) == int(length)
        data += piece
    return data, b"\r\nOK\r\n" in told


@given(BUFFERING, st.lists(st.tuples(st.binary(max_size=1400), st.integers(0, 3)), max_size=20))
def test_packet_buffered(series: str, packets: list[tuple[bytes, int]]) -> None:
    """Packets that are not told to be dropped are read, whole and in order."""
    driver = opened(series, "UDP", 3)
    driver.ask('AT+MIPCFG="encoding",0,0,1')
    driver.take()
    kept: list[bytes] = []
    read: list[bytes] = []
    for packet, count in packets:
        driver.world.peer_sends(0, packet)
        told = driver.take()
        unread = len(kept) - len(read)
        if told == b'\r\n+MIPURC: "drop",0,%d\r\n' % len(packet):
            assert unread == 12 or sum(map(len, kept[len(read) :])) + len(packet) > 4096
        else:
            assert told == b'\r\n+MIPURC: "rudp",0,%d\r\n' % (unread + 1)
            kept.append(packet)
        if count:
            lines = re.findall(rb"\+MIPRD: 0,(\d+),\d+,([0-9A-F]*)\r\n", driver.ask(f"AT+MIPRD=0,{count}"))
            for left, text in lines:
                read.append(bytes.fromhex(text.decode()))
                assert int(left) == len(kept) - len(read)
    driver.ask('AT+MIPCFG="encoding",0,0,1')
    rest = re.findall(rb"\+MIPRD: 0,\d+,\d+,([0-9A-F]*)\r\n", driver.ask("AT+MIPMODE=0,0"))
    assert read + [bytes.fromhex(text.decode()) for text in rest] == kept
