"""The network's side of a trace as packets."""

from __future__ import annotations

from collections.abc import Iterator

import dns.message
import pytest
from onemo.dialogue.capture import Capture, openings_missing
from onemo.dialogue.export import journal_packets, packet_file, transcript_file
from onemo.dialogue.lines import TracedLine, network_line
from onemo.dialogue.packets import TcpFlags, endpoint_of, tcp_packet, udp_packet
from onemo.families import SERVERS
from onemo.profile.index import Label

from tests.support.labels import socket_label
from tests.support.pcapng import ACK, FIN, PSH, RST, SYN, CaptureRead, read_capture, streams

ZERO, ONE = socket_label(0), socket_label(1)
START = 1_700_000_000.0
_Told = tuple[str, Label | None, bytes | str]


def lines(*told: _Told) -> list[TracedLine]:
    return [network_line(event, label, detail, number / 4) for number, (event, label, detail) in enumerate(told)]


def captured(*told: _Told) -> CaptureRead:
    return read_capture(b"".join(packet_file(lines(*told), "meter", START)))


def flags(read: CaptureRead) -> list[tuple[bool, int]]:
    return [(packet.outgoing, packet.flags) for packet in read.packets]


def test_a_connection_from_its_handshake_to_its_end() -> None:
    read = captured(
        ("opened", ZERO, "198.18.1.0:80"),
        ("sent", ZERO, b"GET"),
        ("received", ZERO, b"x" * 1401),
        ("closed", ZERO, "198.18.1.0:80"),
    )
    assert flags(read) == [
        (True, SYN), (False, SYN | ACK), (True, ACK),
        (True, PSH | ACK), (False, ACK),
        (False, PSH | ACK), (False, PSH | ACK), (True, ACK),
        (True, FIN | ACK), (False, FIN | ACK), (True, ACK),
    ]  # fmt: skip
    assert list(streams(read.packets).items()) == [
        (("192.0.2.1:49152", "198.18.1.0:80"), b"GET"),
        (("198.18.1.0:80", "192.0.2.1:49152"), b"x" * 1401),
    ]
    assert {packet.comment for packet in read.packets} == {"connect_id 0"}
    assert [packet.time for packet in read.packets[::5]] == [START, START + 0.5, START + 0.75]
    assert (read.section, read.interface) == ({4: b"onemo-emulator"}, {2: b"meter", 9: b"\x06"})


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ([("closed", ZERO, "198.18.1.0:80 by the peer")], [(False, FIN | ACK), (True, FIN | ACK), (False, ACK)]),
        ([("closed", ZERO, "198.18.1.0:80 with a reset")], [(True, RST | ACK)]),
        ([("broken", ZERO, "reset"), ("closed", ZERO, "198.18.1.0:80")], [(False, RST | ACK)]),
        ([], []),
    ],
)
def test_who_ends_it(end: list[_Told], expected: list[tuple[bool, int]]) -> None:
    assert flags(captured(("opened", ZERO, "198.18.1.0:80"), *end))[3:] == expected


def test_the_clients_of_a_server() -> None:
    """They begin the handshake, with the port that they asked for, and each is a connection of its own."""
    read = captured(
        ("accepted", ZERO, "198.18.1.0:40123 at port 8080"),
        ("received", ZERO, b"one"),
        ("closed", ZERO, "198.18.1.0:40123 by the peer"),
        ("accepted", ZERO, "[2001:db8::7]:40124 at port 8080"),
        ("received", ZERO, b"two"),
        ("sent", ZERO, b"back"),
    )
    assert flags(read)[:3] == [(False, SYN), (True, SYN | ACK), (False, ACK)]
    assert list(streams(read.packets).items()) == [
        (("198.18.1.0:40123", "192.0.2.1:8080"), b"one"),
        (("192.0.2.1:8080", "198.18.1.0:40123"), b""),
        (("[2001:db8::7]:40124", "[fd00::1]:8080"), b"two"),
        (("[fd00::1]:8080", "[2001:db8::7]:40124"), b"back"),
    ]


def test_a_server_over_udp() -> None:
    """It has datagrams, of whomever."""
    server = Label(SERVERS, 1)
    read = captured(
        ("accepted", server, "127.0.0.1:18098 UDP at port 125"),
        ("received", server, b"one"),
        ("received", server, b"two"),
        ("closed", server, "127.0.0.1:18098 UDP"),
    )
    assert [(packet.source, packet.target, packet.payload) for packet in read.packets] == [
        ("192.0.2.254:9", "192.0.2.1:125", b"one"),
        ("192.0.2.254:9", "192.0.2.1:125", b"two"),
    ]
    assert {packet.comment for packet in read.packets} == {"sid 1, whose peers are not known"}


def test_datagrams_and_what_is_inside_tls() -> None:
    read = captured(
        ("opened", ZERO, "[2001:db8::7]:5683 UDP"),
        ("opened", ONE, "198.18.1.0:443 TLS"),
        ("sent", ZERO, b"\x40\x01"),
        ("received", ZERO, b""),
        ("sent", ONE, b"GET /"),
        ("closed", ZERO, "[2001:db8::7]:5683 UDP"),
    )
    datagrams = [packet for packet in read.packets if packet.protocol == 17]
    assert [(packet.source, packet.target, packet.payload) for packet in datagrams] == [
        ("[fd00::1]:49152", "[2001:db8::7]:5683", b"\x40\x01"),
        ("[2001:db8::7]:5683", "[fd00::1]:49152", b""),
    ]
    assert {packet.comment for packet in read.packets} == {"connect_id 0", "connect_id 1, inside TLS"}


@pytest.mark.parametrize(
    ("opened", "target"),
    [
        ("127.0.0.1:4711 for www.example.com:80", "127.0.0.1:80"),
        ("127.0.0.1:4711 for a.example:80", "198.18.1.0:80"),
        ("[::1]:4711 for a.example:80", "[2001:db8::7]:80"),
        ("127.0.0.1:4711 TLS for 198.18.1.0:443", "198.18.1.0:443"),
        ("[::1]:4711 UDP for [2001:db8::7]:5683", "[2001:db8::7]:5683"),
        ("h for by the peer:9", "192.0.2.254:9"),
    ],
)
def test_the_host_and_port_that_were_asked_for(opened: str, target: str) -> None:
    read = captured(
        ("resolved", None, "a.example: 2001:db8::7, 198.18.1.0"), ("opened", ZERO, opened), ("sent", ZERO, b"x")
    )
    packet = next(packet for packet in read.packets if packet.payload == b"x")
    assert packet.target == target


def test_names_that_were_looked_up() -> None:
    read = captured(
        ("resolved", None, "a.example: 198.18.1.0, 2001:db8::7, 198.18.1.1"),
        ("not resolved", None, "b.example: name_timed_out: no answer"),
        ("resolved", None, "198.18.1.0: 198.18.1.0"),
        ("resolved", None, f"{'x' * 70}.example: 198.18.1.0"),
        ("echo reply", None, "198.18.1.0"),
    )
    asked = [dns.message.from_wire(packet.payload) for packet in read.packets]
    assert [str(one.question[0]) for one in asked] == [
        "a.example. IN A", "a.example. IN A", "a.example. IN AAAA", "a.example. IN AAAA", "b.example. IN A"
    ]  # fmt: skip
    assert [[str(each) for each in one.answer] for one in asked[1:4:2]] == [
        ["a.example. 0 IN A 198.18.1.0\na.example. 0 IN A 198.18.1.1"], ["a.example. 0 IN AAAA 2001:db8::7"]
    ]  # fmt: skip
    assert [packet.outgoing for packet in read.packets] == [True, False, True, False, True]
    assert {packet.target for packet in read.packets if packet.outgoing} == {"192.0.2.53:53"}
    assert read.packets[-1].comment == "not resolved: name_timed_out: no answer"


def test_connections_in_vain() -> None:
    read = captured(
        ("open failed", ZERO, "refused: 127.0.0.1:1: Connection refused"),
        ("open failed", ONE, "timed_out: [::1]:2"),
        ("open failed", ONE, "name: no.example"),
    )
    assert flags(read) == [(True, SYN), (False, RST | ACK), (True, SYN)]
    assert [packet.target for packet in read.packets[::2]] == ["127.0.0.1:1", "[::1]:2"]


def test_the_start_of_a_journal_may_be_missing() -> None:
    told = lines(
        ("sent", ZERO, b"late"),
        ("received", ONE, b"later"),
        ("closed", ZERO, "198.18.1.0:7 UDP"),
        ("opened", ZERO, "198.18.1.0:80"),
    )
    assert openings_missing(told) == {ZERO: "198.18.1.0:7 UDP", ONE: ""}
    read = read_capture(b"".join(journal_packets(told, "meter", START, 5)))
    assert read.section[1] == b"the journal keeps the newest entries: 5 before these are gone"
    first, second, _, *handshake = read.packets
    assert (first.target, first.payload, first.protocol) == ("198.18.1.0:7", b"late", 17)
    assert first.comment == "connect_id 0, whose opening is no longer in the journal"
    assert (second.source, second.comment) == (
        "192.0.2.254:9", "connect_id 1, whose opening is no longer in the journal, nor is its peer known"
    )  # fmt: skip
    assert [packet.comment for packet in handshake] == ["connect_id 0"] * 3


def test_what_no_capture_has() -> None:
    capture = Capture("m" * 2000, START)
    line = TracedLine(0, "dte", b"AT")
    assert capture.take(line) == b""
    assert capture.take(network_line("fault", None, "net-reset", 0)) == b""
    assert capture.take(network_line("closed", ZERO, "198.18.1.0:80", 0)) == b""
    assert capture.take(network_line("sent", ZERO, "GET /", 0)) == b""
    assert read_capture(capture.opening).interface[2] == b"m" * 1000


def test_a_checksum_of_zero_is_zero_but_over_udp() -> None:
    """There it would stand for none (RFC 768); over TCP tshark takes 0xFFFF for a fault."""
    own, peer = endpoint_of("192.0.2.1:1"), endpoint_of("198.18.1.0:80")

    def tcp(payload: bytes) -> bytes:
        return tcp_packet(own, peer, 0, 0, TcpFlags.ACK, payload)[36:38]

    def udp(payload: bytes) -> bytes:
        return udp_packet(own, peer, payload)[26:28]

    assert tcp(tcp(bytes(2))) == b"\x00\x00"
    assert udp(udp(bytes(2))) == b"\xff\xff"


def test_a_transcript_of_any_length_is_made_as_it_is_read() -> None:
    """Nothing is held but what an LF may still belong to."""
    taken = 0

    def dialogue() -> Iterator[TracedLine]:
        nonlocal taken
        for number in range(10_000):
            taken += 1
            yield TracedLine(number, "dte", b"AT", after=b"\r")
            yield TracedLine(number, "module", b"OK", "answer", before=b"\r\n", after=b"\r\n")

    for number, line in enumerate(transcript_file(dialogue()), 1):
        assert line in (b"> AT\n", b"< OK\n")
        assert taken <= number // 2 + 3
    assert number == 20_000


def test_an_lf_that_comes_late_is_of_its_line() -> None:
    told = [
        TracedLine(0, "dte", b"AT", after=b"\r"),
        TracedLine(1, "module", b"OK", "answer", before=b"\r\n", after=b"\r\n"),
        TracedLine(2, "dte", b"ATI", before=b"\n", after=b"\r"),
        TracedLine(3, "module", b"RING", "urc", before=b"\r\n", after=b"\r\n"),
    ]
    assert b"".join(transcript_file(told)) == b">> AT\\r\\n\n< OK\n> ATI\n< RING\n"
