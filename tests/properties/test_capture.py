"""Whatever a trace tells: its packets have right checksums, and the bytes of a connection can be put together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from onemo.dialogue.export import journal_packets
from onemo.dialogue.lines import Lines, network_line
from onemo.dialogue.packets import checksum

from tests.support.labels import socket_label
from tests.support.pcapng import read_capture, streams, sums_up

PEERS = st.sampled_from(("198.18.1.0:80", "[2001:db8::7]:443", "198.18.1.0:443 TLS", "peer:80", "", "1.2.3.4:99999"))
PAYLOADS = st.binary(max_size=40) | st.integers(0, 5000).map(lambda size: b"ab\r" * size)
TOLD = st.lists(
    st.tuples(st.just("opened"), PEERS)
    | st.tuples(st.sampled_from(("sent", "received")), PAYLOADS)
    | st.tuples(st.sampled_from(("closed", "broken", "open failed", "sent", "resolved")), PEERS | st.text(max_size=9)),
    max_size=12,
)


@given(st.lists(st.tuples(st.integers(0, 2), TOLD), max_size=3), st.integers(0, 9))
def test_any_trace(told: list[tuple[int, list[tuple[str, bytes | str]]]], gone: int) -> None:
    lines = [
        network_line(event, None if event == "resolved" else socket_label(number), detail, place / 7)
        for number, events in told
        for place, (event, detail) in enumerate(events)
    ]
    read = read_capture(b"".join(journal_packets(lines, "meter", 1e9, gone)))
    sent = b"".join(line.data for line in lines if line.event.startswith("sent") and line.kind == "payload")
    carried = [packet.payload for packet in read.packets if packet.outgoing and packet.target != "192.0.2.53:53"]
    assert b"".join(carried) == sent
    ports = [line for line in lines if line.event == "opened"]
    assert len(streams(read.packets)) <= 2 * (len(ports) + 6)


@given(st.binary(min_size=2, max_size=99))
def test_the_checksum(data: bytes) -> None:
    even = data + bytes(len(data) % 2)
    whole = even + checksum(even).to_bytes(2, "big")
    assert (sums_up(whole), checksum(whole)) == (0xFFFF, 0)


@given(
    st.lists(
        st.tuples(st.sampled_from(("dte", "echo", "answer")), st.sampled_from((b"\r", b"\n", b"A", b"BC\r\n", b">")))
    )
)
def test_a_line_keeps_the_ends_around_it(crossed: list[tuple[str, bytes]]) -> None:
    """All that crossed is in the lines, or still to come: of each kind, in order."""
    lines, stream, joined = Lines(), dict[str, bytes](), dict[str, bytes]()
    for kind, data in crossed:
        stream[kind] = stream.get(kind, b"") + data
        for told in lines.sent(data, 0.0) if kind == "dte" else lines.received(data, 0.0, kind):
            of = told.kind or told.source
            joined[of] = joined.get(of, b"") + told.before + told.data + told.after
    rest = {told.kind or told.source: told.before + told.data for told in lines.begun(0.0)}
    for kind, data in stream.items():
        assert (joined.get(kind, b"") + rest.get(kind, b"")).rstrip(b"\r\n") == data.rstrip(b"\r\n")
