"""The buffered modes: what MIPRD reads, limits that the peer feels, and ends while something is unread."""

from __future__ import annotations

import re
import socket

import pytest

from tests.e2e.conftest import Lend, Start
from tests.e2e.dte import Dte
from tests.e2e.peers import Peers, reset
from tests.e2e.sinks import GUARD, MEGABYTE, MOST_GROWTH, open_as, payload, take, take_all
from tests.e2e.started import Started
from tests.e2e.test_connections import bind_udp
from tests.e2e.test_slow_dte import few_buffers, sending, stuff

WINDOW = 64240
"""<tcp window> of the Cat.1 models (manual 3.1)."""
_NEWS = re.compile(rb'\r\n\+MIPURC: "rtcp",0,(\d+),(\d+)\r\n')


def fill(dte: Dte, size: int) -> None:
    """Hear of size bytes, and of no more."""
    heard, told = b"", 0
    while told < size:
        heard = dte.until(_NEWS.pattern)
        found = _NEWS.fullmatch(heard)
        assert found is not None, f"{heard!r} is no news of connection 0"
        told += int(found[1])
        assert int(found[2]) == told
        assert 0 < int(found[1]) <= 1460
    assert told == size
    assert dte.lull(GUARD) == b""


def bind_buffered(dte: Dte, peers: Peers) -> socket.socket:
    """A UDP connection in packet-buffered mode; returns the peer, which may answer."""
    peer = bind_udp(dte, peers)
    dte.ask("AT+MIPMODE=0,3", "OK")
    return peer


# A stream.


@pytest.mark.parametrize(("model", "window"), [("ML307R", WINDOW), ("MN318", 2048)])
def test_the_window_shuts_and_nothing_is_lost(start: Start, peers: Peers, model: str, window: int) -> None:
    module = start(model)
    with module.awake() as dte:
        peer, data = few_buffers(open_as(dte, peers, 2)), payload(MEGABYTE if model == "ML307R" else MEGABYTE // 4)
        before = module.status("VmRSS")
        stuck = stuff(peer, data)
        assert window < stuck < MEGABYTE // 4, "the window was to shut"
        fill(dte, window)
        dte.ask("AT+MIPRD=0", f"+MIPRD: 0,{window}", "OK")
        with sending(peer, data[stuck:]):
            assert take_all(dte, len(data)) == data
        assert module.status("VmRSS") - before < MOST_GROWTH
        dte.ask("AT+MIPRD=0", "+MIPRD: 0,0", "OK")
        dte.ask("AT+MIPRD=0,0", "OK")
        dte.alive()


def test_little_by_little(dte: Dte, peers: Peers) -> None:
    peer, data = open_as(dte, peers, 2), payload(5000)
    peer.sendall(data)
    fill(dte, 5000)
    unread, position = 5000, 0
    for length in (1, 255, 1460, 4096):
        count = min(length, unread)
        unread -= count
        dte.line(f"AT+MIPRD=0,{length}")
        part = data[position : position + count]
        dte.reads(b"\r\n+MIPRD: 0,%d,%d,%b\r\n\r\nOK\r\n" % (unread, count, part))
        position += count
    assert unread == 0
    dte.ask("AT+MIPRD=0,1", "OK")
    dte.ask("AT+MIPRD=0,4097", "+CME ERROR: 50")


def test_small_pieces_fill_it_as_well(dte: Dte, peers: Peers) -> None:
    """256 receptions at most, whatever their size."""
    peer = open_as(dte, peers, 2)
    for number in range(256):
        peer.sendall(b"%03d" % number)
        dte.hears(f'+MIPURC: "rtcp",0,3,{3 * number + 3}')
    peer.sendall(b"one more")
    assert dte.lull(GUARD) == b""
    lines, _ = take(dte, "AT+MIPRD=0,0")
    assert lines == [b"".join(b"%03d" % number for number in range(256))]
    dte.hears('+MIPURC: "rtcp",0,8,8')
    dte.ask("AT+MIPRD=0,0", "+MIPRD: 0,0,8,one more", "OK")


def test_in_hex(dte: Dte, peers: Peers) -> None:
    dte.ask('AT+MIPCFG="encoding",0,0,1', "OK")
    peer = open_as(dte, peers, 2)
    peer.sendall(bytes(range(256)))
    fill(dte, 256)
    dte.ask("AT+MIPRD=0,3", "+MIPRD: 0,253,3,000102", "OK")
    dte.ask("AT+MIPRD=0,0", f"+MIPRD: 0,0,253,{bytes(range(3, 256)).hex().upper()}", "OK")


def test_leaving_it_with_unread_data(dte: Dte, peers: Peers) -> None:
    peer = open_as(dte, peers, 2)
    peer.sendall(b"unread")
    fill(dte, 6)
    dte.ask("AT+MIPMODE=0,0", "+MIPRD: 0,0,6,unread", "OK")
    peer.sendall(b"normal")
    dte.hears('+MIPURC: "rtcp",0,6,normal')
    dte.ask("AT+MIPRD=0", "+MIPRD: 0,0", "OK")
    dte.ask("AT+MIPMODE=0,2", "OK")
    peer.sendall(b"buffered")
    dte.hears('+MIPURC: "rtcp",0,8,8')


# A stream that ends.


@pytest.mark.parametrize("autofree", [0, 1])
def test_a_reset_while_it_is_full(dte: Dte, peers: Peers, autofree: int) -> None:
    dte.ask(f'AT+MIPCFG="autofree",0,{autofree}', "OK")
    peer, data = few_buffers(open_as(dte, peers, 2)), payload(MEGABYTE)
    assert stuff(peer, data) < MEGABYTE
    fill(dte, WINDOW)
    reset(peer)
    dte.hears('+MIPURC: "disconn",0,2')
    if autofree:
        assert take_all(dte, WINDOW, 4096) == data[:WINDOW]
        dte.ask("AT+MIPRD=0", "+MIPRD: 0,0", "OK")
        dte.ask("AT+MIPCLOSE=0", "OK", "+MIPCLOSE: 0")
    else:
        dte.ask("AT+MIPSTATE=0", '+MIPSTATE: 0,,,,"INITIAL"', "OK")
        dte.ask("AT+MIPRD=0,0", "OK")


def test_a_fin_while_it_is_full(dte: Dte, peers: Peers) -> None:
    """The end is told after the last byte was buffered, and what is buffered can be read after it."""
    dte.ask('AT+MIPCFG="autofree",0,1', "OK")
    peer, data = open_as(dte, peers, 2), payload(WINDOW + 5000)
    peer.sendall(data)
    peer.close()
    fill(dte, WINDOW)
    lines, _ = take(dte, "AT+MIPRD=0,4096")
    heard = b"".join(lines)
    assert heard == data[:4096]
    assert b"disconn" not in dte.lull(GUARD), "904 bytes were to wait outside the buffer"
    lines, urcs = take(dte, "AT+MIPRD=0,0")
    heard += b"".join(lines)
    end = b"".join(urcs) + dte.until(rb'"disconn",0,1\r\n')
    assert b'"rtcp",0,904,904\r\n\r\n+MIPURC: "disconn"' in end, "the end was to be told after the last byte"
    heard += take_all(dte, 904)
    assert heard == data
    dte.ask("AT+MIPRD=0,0", "OK")
    dte.ask("AT+MIPSEND=0,,a", "+CME ERROR: 550")
    dte.ask("AT+MIPCLOSE=0", "OK", "+MIPCLOSE: 0")


# Packets.


@pytest.mark.parametrize(("model", "limit"), [("MN316", 12), ("ML307R", 256), ("ML305M", 128)])
def test_so_many_packets_and_no_more(lend: Lend, peers: Peers, model: str, limit: int) -> None:
    with lend(model) as dte:
        peer = bind_buffered(dte, peers)
        for number in range(1, limit + 1):
            peer.send(b"%03d" % number)
            dte.hears(f'+MIPURC: "rudp",0,{number}')
        peer.send(b"too much")
        dte.hears('+MIPURC: "drop",0,8')
        dte.ask("AT+MIPRD=0", f"+MIPRD: 0,{limit}", "OK")
        dte.ask("AT+MIPRD=0,1", f"+MIPRD: 0,{limit - 1},3,001", "OK")
        peer.send(b"fits again")
        dte.hears(f'+MIPURC: "rudp",0,{limit}')
        lines, _ = take(dte, "AT+MIPRD=0,0")
        assert lines == [b"%03d" % number for number in range(2, limit + 1)] + [b"fits again"]
        dte.ask("AT+MIPRD=0,0", "OK")


def test_so_many_bytes_and_no_more(dte: Dte, peers: Peers) -> None:
    dte.ask('AT+MIPCFG="rcvbuf",0,3000', "OK")
    peer, data = bind_buffered(dte, peers), payload(1500)
    for number in (1, 2):
        peer.send(data)
        dte.hears(f'+MIPURC: "rudp",0,{number}')
    peer.send(b"a")
    dte.hears('+MIPURC: "drop",0,1')
    peer.send(b"")
    dte.hears('+MIPURC: "rudp",0,3')
    peer.send(bytes(65507))
    dte.hears('+MIPURC: "drop",0,65507')
    lines, _ = take(dte, "AT+MIPRD=0,3")
    assert lines == [data, data, b""]


@pytest.mark.parametrize("model", ["MN316A", "MN319"])
def test_models_that_read_one_packet_at_a_time(lend: Lend, peers: Peers, model: str) -> None:
    with lend(model) as dte:
        peer = bind_buffered(dte, peers)
        for number in (1, 2):
            peer.send(b"packet %d" % number)
            dte.hears(f'+MIPURC: "rudp",0,{number}')
        for length in (0, 2, 1461):
            dte.ask(f"AT+MIPRD=0,{length}", "+CME ERROR: 50")
        dte.ask("AT+MIPRD=0,1", "+MIPRD: 0,1,8,packet 1", "OK")
        dte.ask("AT+MIPRD=0,1", "+MIPRD: 0,0,8,packet 2", "OK")
        dte.ask("AT+MIPRD=0,1", "OK")


def test_leaving_it_with_unread_packets(dte: Dte, peers: Peers) -> None:
    peer = bind_buffered(dte, peers)
    for number in (1, 2):
        peer.send(b"packet %d" % number)
        dte.hears(f'+MIPURC: "rudp",0,{number}')
    dte.ask("AT+MIPMODE=0,0", "+MIPRD: 0,1,8,packet 1", "+MIPRD: 0,0,8,packet 2", "OK")
    peer.send(b"normal")
    dte.hears('+MIPURC: "rudp",0,6,normal')


def test_a_flood_of_packets_that_nobody_reads(module: Started, dte: Dte, peers: Peers) -> None:
    peer = bind_buffered(dte, peers)
    before = module.status("VmRSS")
    for number in range(3000):
        peer.send(b"%04d" % number)
    told = dte.until(rb'"rudp",0,256\r\n')
    dte.line("AT+CGMM")
    dte.until(rb"\r\nML307R\r\n\r\nOK\r\n")
    dte.lull(GUARD)
    assert told.count(b'"rudp"') == 256
    assert module.status("VmRSS") - before < MOST_GROWTH
    lines, _ = take(dte, "AT+MIPRD=0,0")
    numbers = [int(line) for line in lines]
    assert len(numbers) == 256
    assert numbers == sorted(set(numbers)), "in order, none twice"
    dte.alive()
