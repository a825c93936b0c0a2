"""CoAP and the formats of LwM2M: what is written is read back, and no bytes end in anything but their one error."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from onemo.net.coap.blocks import CoapBlock, CoapUpload, cut_block, decode_block
from onemo.net.coap.exchange import OBSERVE_COUNTS, CoapAnswers, CoapFlights, CoapPatience, is_newer
from onemo.net.coap.message import CoapCode, CoapMalformed, CoapMessage, CoapType, decode, encode, label, uint_option
from onemo.net.lwm2m.links import Lwm2mLink, decode_links, encode_links, object_path
from onemo.net.lwm2m.tlv import Tlv, TlvKind, decode_tlv, encode_tlv
from onemo.net.lwm2m.values import (
    Lwm2mMalformed,
    Lwm2mType,
    Lwm2mValue,
    from_text,
    from_tlv_value,
    plain_number,
    to_text,
    to_tlv_value,
    typed_value,
)

OPTIONS = st.lists(st.tuples(st.integers(0, 65535), st.binary(max_size=300)), max_size=6).map(
    lambda options: tuple(sorted(options, key=lambda option: option[0]))
)
MESSAGES = st.builds(
    CoapMessage,
    type=st.sampled_from((CoapType.CON, CoapType.NON, CoapType.ACK)),
    code=st.integers(1, 255),
    mid=st.integers(0, 65535),
    token=st.binary(max_size=8),
    options=OPTIONS,
    payload=st.binary(max_size=1300),
)
IDS = st.integers(0, 65535)
VALUES = st.binary(max_size=300)
RESOURCES = st.one_of(
    st.builds(Tlv, st.just(TlvKind.RESOURCE), IDS, VALUES),
    st.builds(
        Tlv,
        st.just(TlvKind.MULTIPLE_RESOURCE),
        IDS,
        st.lists(st.builds(Tlv, st.just(TlvKind.RESOURCE_INSTANCE), IDS, VALUES), max_size=3).map(tuple),
    ),
)
ENTRIES = st.lists(
    st.one_of(
        RESOURCES,
        st.builds(Tlv, st.just(TlvKind.OBJECT_INSTANCE), IDS, st.lists(RESOURCES, max_size=3).map(tuple)),
    ),
    max_size=4,
).map(tuple)


@given(MESSAGES)
def test_a_message_is_read_back(message: CoapMessage) -> None:
    assert decode(encode(message)) == message


@given(st.binary(max_size=80))
@example(b"\x40\x01\x00\x01\xff")
@example(b"\x40\x01\x00\x01\xf0")
@example(b"\x4f\x01\x00\x01")
@example(b"\x40\x00\x00\x01\x00")
@example(b"\x70\x01\x00\x01")
def test_bytes_are_a_message_or_malformed(data: bytes) -> None:
    with contextlib.suppress(CoapMalformed):
        message = decode(data)
        assert decode(encode(message)) == message


def test_malformed_confirmable_messages_are_to_be_reset() -> None:
    with pytest.raises(CoapMalformed) as told:
        decode(b"\x40\x01\x12\x34\xff")
    assert told.value.mid == 0x1234
    with pytest.raises(CoapMalformed) as told:
        decode(b"\x50\x01\x12\x34\xff")
    assert told.value.mid is None


def test_codes_are_written_as_people_do() -> None:
    assert [label(code) for code in (0, 1, 2, 0x45, 0x84, 0xA3)] == ["empty", "GET", "POST", "2.05", "4.04", "5.03"]


@given(st.builds(CoapBlock, st.integers(0, (1 << 20) - 1), st.booleans(), st.sampled_from([16 << e for e in range(7)])))
def test_a_block_is_read_back(block: CoapBlock) -> None:
    assert decode_block(block.encode()) == block


@given(st.binary(max_size=5))
def test_bytes_are_a_block_or_malformed(value: bytes) -> None:
    with contextlib.suppress(CoapMalformed):
        decode_block(value)


@given(st.binary(max_size=2000), st.sampled_from([16, 64, 512, 1024]))
def test_what_is_cut_into_blocks_comes_together(payload: bytes, size: int) -> None:
    upload, number = CoapUpload(len(payload)), 0
    while found := cut_block(payload, CoapBlock(number, False, size)):
        data, block = found
        answer = upload.take(block, data)
        assert answer is (CoapCode.CONTINUE if block.more else None)
        number += 1
    assert bytes(upload.payload) == payload


def test_blocks_that_miss_one_or_are_too_many_are_refused() -> None:
    upload = CoapUpload(32)
    assert upload.take(CoapBlock(1, True, 16), b"a" * 16) is CoapCode.INCOMPLETE
    assert upload.take(CoapBlock(0, True, 16), b"a" * 16) is CoapCode.CONTINUE
    assert upload.take(CoapBlock(1, True, 16), b"b" * 16) is CoapCode.CONTINUE
    assert upload.take(CoapBlock(2, False, 16), b"c") is CoapCode.TOO_LARGE
    assert upload.take(CoapBlock(0, False, 16), b"d") is None
    assert upload.payload == b"d"


@given(st.integers(0, OBSERVE_COUNTS - 1), st.integers(1, 1000))
def test_notifications_count_around(last: int, more: int) -> None:
    number = (last + more) % OBSERVE_COUNTS
    assert is_newer(number, 1.0, last, 0.0)
    assert not is_newer(last, 1.0, number, 0.0)
    assert is_newer(last, 200.0, number, 0.0)


def test_a_confirmable_message_is_repeated_with_longer_waits_and_given_up() -> None:
    flights: CoapFlights[int] = CoapFlights()
    flights.begin(7, b"x", CoapPatience(2.0, 4), 0.0)
    times = []
    while flights:
        times.append(flights.deadline)
        again, given_up = flights.due(flights.deadline)
        assert (again, given_up) == (([b"x"], []) if len(times) < 5 else ([], [7]))
    assert times == [2.0, 6.0, 14.0, 30.0, 62.0]


def test_answers_are_kept_for_a_while_and_not_too_many() -> None:
    answers: CoapAnswers[int] = CoapAnswers(2, 10.0)
    for mid in range(3):
        answers.keep(mid, bytes([mid]), float(mid))
    assert [answers.find(mid, 5.0) for mid in range(4)] == [None, b"\1", b"\2", None]
    assert answers.find(2, 12.0) is None


@given(ENTRIES)
def test_entries_are_read_back(entries: tuple[Tlv, ...]) -> None:
    assert decode_tlv(encode_tlv(entries)) == entries


@given(st.binary(max_size=60))
def test_bytes_are_entries_or_malformed(data: bytes) -> None:
    with contextlib.suppress(Lwm2mMalformed):
        entries = decode_tlv(data)
        assert decode_tlv(encode_tlv(entries)) == entries


def test_entries_are_as_the_manual_has_them() -> None:
    entries = decode_tlv(bytes.fromhex("e1157c00e1157df4e4167674657374"))
    assert entries == (
        Tlv(TlvKind.RESOURCE, 5500, b"\0"),
        Tlv(TlvKind.RESOURCE, 5501, b"\xf4"),
        Tlv(TlvKind.RESOURCE, 5750, b"test"),
    )
    assert from_tlv_value(Lwm2mType.INTEGER, b"\xf4").data == b"-12"


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_an_integer_is_read_back(number: int) -> None:
    value = typed_value(Lwm2mType.INTEGER, b"%d" % number)
    data = to_tlv_value(value)
    assert len(data) in (1, 2, 4, 8)
    assert from_tlv_value(Lwm2mType.INTEGER, data) == value == from_text(Lwm2mType.INTEGER, to_text(value))


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(24.5)
@example(0.1)
@example(5e-324)
@example(3.4028235e38)
@example(1e300)
def test_a_float_is_read_back(number: float) -> None:
    value = typed_value(Lwm2mType.FLOAT, repr(number).encode())
    data = to_tlv_value(value)
    back = from_tlv_value(Lwm2mType.FLOAT, data)
    assert len(data) in (4, 8)
    assert Decimal(back.data.decode()) == Decimal(repr(number))
    assert b"e" not in back.data.lower()


def test_a_float_is_single_where_that_keeps_what_was_typed() -> None:
    sizes = {text: len(to_tlv_value(typed_value(Lwm2mType.FLOAT, text))) for text in (b"24.5", b"0.1", b"30.6",
             b"0.123456789012", b"24", b"1e39")}  # fmt: skip
    assert sizes == {b"24.5": 4, b"0.1": 4, b"30.6": 4, b"0.123456789012": 8, b"24": 4, b"1e39": 8}
    assert plain_number("24.0") == "24"
    assert plain_number("100") == "100"


@given(st.sampled_from(Lwm2mType), st.binary(max_size=20))
def test_bytes_are_a_value_or_malformed(kind: Lwm2mType, data: bytes) -> None:
    for read in (from_tlv_value, from_text, typed_value):
        with contextlib.suppress(Lwm2mMalformed):
            assert read(kind, data).type is kind


@given(st.binary(max_size=50))
def test_opaque_data_is_base64_as_text(data: bytes) -> None:
    value = Lwm2mValue(Lwm2mType.OPAQUE, data)
    assert from_text(Lwm2mType.OPAQUE, to_text(value)) == value


NAMES = st.text("abcdefghijklmnop", min_size=1, max_size=6)
LINKS = st.lists(
    st.builds(
        Lwm2mLink,
        st.text("/0123456789", max_size=12),
        st.lists(
            st.tuples(NAMES, st.one_of(st.none(), NAMES, NAMES.map(lambda name: f'"{name}, {name};"'))), max_size=3
        ).map(tuple),
    ),
    max_size=5,
).map(tuple)


@given(LINKS)
def test_links_are_read_back(links: tuple[Lwm2mLink, ...]) -> None:
    assert decode_links(encode_links(links)) == links


@given(st.one_of(st.binary(max_size=40), st.text('</0>;,"= r', max_size=30).map(str.encode)))
def test_bytes_are_links_or_malformed(data: bytes) -> None:
    with contextlib.suppress(Lwm2mMalformed):
        decode_links(data)


def test_paths_of_objects() -> None:
    assert object_path(("3200", "0", "5500")) == (3200, 0, 5500)
    assert [object_path(path) for path in ((), ("rd",), ("1", "-1"), ("65536",), ("1",) * 5, ("²",))] == [None] * 6


def test_numbers_of_options_are_short() -> None:
    assert uint_option(6, 0) == (6, b"")
    assert uint_option(12, 11542) == (12, b"\x2d\x16")
