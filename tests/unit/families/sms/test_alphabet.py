"""The alphabets of short messages, and what a TP-DCS says of them."""

from __future__ import annotations

import pytest
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

GSM7, OCTETS, UCS2 = Alphabet.GSM7, Alphabet.OCTETS, Alphabet.UCS2


@pytest.mark.parametrize(
    ("text", "septets"),
    [
        ("@£$¥", "00010203"),
        ("_§`", "115F3F"),  # the alphabet has no grave accent
        ("{}[]~\\|^€\f", "1B281B291B3C1B3E1B3D1B2F1B401B141B651B0A"),
        ("a\r\nb", "610D0A62"),
        ("你\x1b", "3F3F"),
    ],
)
def test_characters_and_septets(text: str, septets: str) -> None:
    assert to_septets(text).hex().upper() == septets


@pytest.mark.parametrize(
    ("septets", "text"),
    [("1B65", "€"), ("1B61", "a"), ("1B", " "), ("611B1B62", "a b"), ("1B1B", " "), ("00", "@")],
)
def test_an_escape_that_means_nothing_loses_nothing(septets: str, text: str) -> None:
    assert from_septets(bytes.fromhex(septets)) == text


def test_the_first_character_that_is_lacking() -> None:
    assert lacking("a{你") == "你"
    assert lacking("€ und ß") == ""


@pytest.mark.parametrize(
    ("text", "packed"),
    [
        ("test_pdu7", "F4F29C1E8193EB37"),
        ("36", "331B"),
        ("Hello!", "C8329BFD0E01"),
        ("hellohello", "E8329BFD4697D9EC37"),
        ("", ""),
    ],
)
def test_packing(text: str, packed: str) -> None:
    septets = to_septets(text)
    assert pack(septets).hex().upper() == packed
    assert unpack(bytes.fromhex(packed), len(septets)) == septets


def test_fill_bits_come_first_and_are_zero() -> None:
    assert pack(b"\x7f", 1) == b"\xfe"
    assert pack(b"\x7f", 6) == b"\xc0\x1f"
    assert unpack(b"\x00\x02", 2) == b"\x00\x04"


def test_ucs2_has_surrogate_pairs() -> None:
    assert to_ucs2("你😀").hex().upper() == "4F60D83DDE00"
    assert from_ucs2(bytes.fromhex("4F60D83DDE00")) == "你😀"
    assert from_ucs2(bytes.fromhex("4F60D83D")) == "你\ufffd"
    assert from_ucs2(bytes.fromhex("4F60DE")) == "你\ufffd"
    assert to_ucs2("\ud83d") == to_ucs2("?")


@pytest.mark.parametrize(
    ("dcs", "alphabet", "message_class"),
    [
        (0x00, GSM7, None),
        (0x01, GSM7, None),  # class bits without meaning
        (0x04, OCTETS, None),
        (0x08, UCS2, None),
        (0x0C, GSM7, None),  # reserved
        (0x10, GSM7, 0),
        (0x15, OCTETS, 1),
        (0x1A, UCS2, 2),
        (0x20, OCTETS, None),  # compressed
        (0x33, OCTETS, 3),
        (0x40, GSM7, None),  # deletes itself
        (0x5B, UCS2, 3),
        (0x80, GSM7, None),  # reserved
        (0xB8, GSM7, None),
        (0xC8, GSM7, None),  # a message waits
        (0xD8, GSM7, None),
        (0xE8, UCS2, None),
        (0xF0, GSM7, 0),
        (0xF6, OCTETS, 2),
        (0xFB, GSM7, 3),
    ],
)
def test_coding_schemes(dcs: int, alphabet: Alphabet, message_class: int | None) -> None:
    assert coding(dcs) == (alphabet, message_class)


@pytest.mark.parametrize("alphabet", Alphabet)
@pytest.mark.parametrize("message_class", [None, 0, 1, 2, 3])
def test_a_coding_scheme_is_read_as_it_was_written(alphabet: Alphabet, message_class: int | None) -> None:
    assert coding(dcs_of(alphabet, message_class)) == (alphabet, message_class)
