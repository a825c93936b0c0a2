"""The codec of short messages: what is written is read back, and any octets end in a message or in TpduError."""

from __future__ import annotations

from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st
from onemo.families.sms.alphabet import (
    Alphabet,
    coding,
    dcs_of,
    from_septets,
    from_ucs2,
    lacking,
    pack,
    to_septets,
    to_ucs2,
    unpack,
)
from onemo.families.sms.compose import compose, concatenation_of, content_of, text_of
from onemo.families.sms.fields import Address, TimeStamp, TpduError, Validity, decode_centre, encode_centre, lifetime
from onemo.families.sms.tpdu import Deliver, SmsCommand, StatusReport, Submit, UserData, decode_received

AnyMessage: TypeAlias = Deliver | Submit | StatusReport | SmsCommand
KINDS: tuple[type[AnyMessage], ...] = (Deliver, Submit, StatusReport, SmsCommand)
OCTET = st.integers(0, 255)
GSM = "".join(from_septets(bytes([septet])) for septet in range(128) if septet != 0x1B) + "^{}\\[~]|€\f"
gsm_texts = st.text(GSM)
texts = st.text()
digits = st.text("0123456789*#abc", max_size=20)
addresses = st.one_of(
    st.builds(Address, digits, st.sampled_from((0x81, 0x91, 0xA1, 0xFF))),
    st.builds(Address, st.text(GSM, max_size=11).filter(lambda text: len(to_septets(text)) <= 11), st.just(0xD0)),
)
two_digits = st.integers(0, 99)
stamps = st.builds(TimeStamp, *[two_digits] * 6, st.integers(-79, 79))
validities: st.SearchStrategy[Validity] = st.one_of(st.none(), OCTET, stamps, st.binary(min_size=7, max_size=7))


@st.composite
def user_data(draw: st.DrawFn, dcs: int, fo: int) -> UserData:
    """What a message of this coding and first octet can hold."""
    alphabet = coding(dcs).alphabet
    header = b""
    if fo & 0x40:
        inside = draw(st.binary(max_size=60))
        header = bytes([len(inside)]) + inside
    most = 160 - (8 * len(header) + 6) // 7 if alphabet is Alphabet.GSM7 else 140 - len(header)
    content = draw(st.binary(max_size=most))
    if alphabet is Alphabet.GSM7:
        content = bytes(septet & 0x7F for septet in content)
    data = UserData.of(alphabet, content, header)
    assert content_of(Submit(Address("", 129), data, None, fo, dcs=dcs)) == content
    return data


@st.composite
def delivers(draw: st.DrawFn) -> Deliver:
    fo, dcs = draw(OCTET) & 0xFC, draw(OCTET)
    return Deliver(draw(addresses), draw(stamps), draw(user_data(dcs, fo)), fo, draw(OCTET), dcs)


@st.composite
def submits(draw: st.DrawFn) -> Submit:
    validity, dcs = draw(validities), draw(OCTET)
    form = 0 if validity is None else 0x10 if isinstance(validity, int) else 0x08
    form = 0x18 if isinstance(validity, TimeStamp) else form
    fo = draw(OCTET) & 0xE4 | 0x01 | form
    return Submit(draw(addresses), draw(user_data(dcs, fo)), validity, fo, draw(OCTET), draw(OCTET), dcs)


second_kind = OCTET.map(lambda octet: octet & 0xFC | 2)
reports = st.builds(StatusReport, OCTET, addresses, stamps, stamps, OCTET, second_kind, st.binary(max_size=100))
commands = st.builds(SmsCommand, OCTET, OCTET, OCTET, addresses, st.binary(max_size=157), second_kind, OCTET)


@given(st.one_of(delivers(), submits(), reports, commands))
def test_a_message_is_read_as_it_was_written(message: AnyMessage) -> None:
    assert type(message).decode(message.encode()) == message


@given(st.one_of(st.none(), addresses), st.binary())
def test_a_centre_is_read_as_it_was_written(address: Address | None, tpdu: bytes) -> None:
    found, rest = decode_centre(encode_centre(address) + tpdu)
    assert rest == tpdu
    if address is None or address.toa == 0xD0:  # letters have as many septets as the octets hold
        assert (found is None) == (address is None)
    else:
        assert found == address


def check(tpdu: bytes) -> None:
    """Any octets end in a message that can be used whole, or in TpduError."""
    for kind in KINDS:
        try:
            message = kind.decode(tpdu)
        except TpduError:
            continue
        assert kind.decode(message.encode()) == message
        if isinstance(message, Submit):
            lifetime(message.validity)
        if isinstance(message, Deliver | Submit):
            concatenation_of(message)
            text_of(message, message).encode()


@given(st.binary(max_size=200))
def test_any_octets(tpdu: bytes) -> None:
    check(tpdu)
    for read in (decode_centre, decode_received):
        try:
            read(tpdu)
        except TpduError:
            pass


@given(st.one_of(delivers(), submits(), reports, commands), st.data())
def test_any_octets_that_nearly_are_a_message(message: AnyMessage, data: st.DataObject) -> None:
    tpdu = bytearray(message.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        tpdu[data.draw(st.integers(0, len(tpdu) - 1))] = data.draw(OCTET)
    check(bytes(tpdu))
    check(bytes(tpdu[: data.draw(st.integers(0, len(tpdu)))]))


@given(st.binary().map(lambda octets: bytes(octet & 0x7F for octet in octets)), st.integers(0, 6))
def test_septets_come_back(septets: bytes, fill: int) -> None:
    assert unpack(pack(septets), len(septets)) == septets
    shifted = int.from_bytes(pack(septets, fill), "little") >> fill
    assert shifted == int.from_bytes(pack(septets), "little")
    from_septets(septets).encode()


@given(gsm_texts)
def test_characters_of_the_alphabet_come_back(text: str) -> None:
    assert lacking(text) == ""
    assert from_septets(to_septets(text)) == text


@given(texts)
def test_any_text(text: str) -> None:
    assert from_ucs2(to_ucs2(text)) == text
    assert len(from_septets(to_septets(text))) == len(text)


@given(st.one_of(gsm_texts, texts).flatmap(lambda text: st.integers(1, 100).map(lambda times: text * times)), OCTET)
def test_any_text_arrives_in_its_parts(text: str, reference: int) -> None:
    parts = compose("10086", text, reference=reference, time=TimeStamp(26, 1, 1, 0, 0, 0, 0))
    read = [Deliver.decode(part.encode()) for part in parts]
    assert read == parts
    assert "".join(map(text_of, read)) == text_of(*read) == text  # no part ends in half a character
    assert all(part.dcs == dcs_of(Alphabet.UCS2 if lacking(text) else Alphabet.GSM7) for part in parts)
    places = [concatenation_of(part) for part in parts]
    if len(parts) > 1:
        assert places == [(reference, len(parts), number, False) for number in range(1, len(parts) + 1)]
