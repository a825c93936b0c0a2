"""Messages made of texts: alphabets, parts, what cannot be; what is passed on and reported."""

from __future__ import annotations

from typing import Any

import pytest
from onemo.families.sms.alphabet import Alphabet, to_septets
from onemo.families.sms.compose import (
    Concatenation,
    coding_of,
    compose,
    concatenation_of,
    content_of,
    relayed,
    reported,
    text_of,
)
from onemo.families.sms.fields import Address, TimeStamp, TpduError
from onemo.families.sms.tpdu import HAS_HEADER, Deliver, StatusReport, Submit, UserData

LATE = TimeStamp(26, 11, 28, 23, 47, 0, 32)


def parts_of(text: str, **options: Any) -> list[Deliver]:
    return compose("10086", text, reference=1, time=LATE, **options)


def test_a_short_text() -> None:
    (part,) = parts_of("Hello!")
    assert part.encode().hex().upper() == "0405810180F600006211823274002306C8329BFD0E01"
    (part,) = parts_of("你好")
    assert part.encode().hex().upper() == "0405810180F6000862118232740023044F60597D"
    (part,) = parts_of("")
    assert part.user_data == UserData(b"", 0)


def test_two_hundred_chinese_characters() -> None:
    parts = parts_of("好" * 200)
    assert [len(part.encode()) for part in parts] == [156, 156, 154]
    assert [part.user_data.octets[:6].hex() for part in parts] == ["050003010301", "050003010302", "050003010303"]
    assert {part.fo for part in parts} == {0x44}
    assert text_of(*parts) == "好" * 200


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("a" * 306, [153, 153]),
        ("a" * 307, [153, 153, 1]),
        ("{" * 80, [160]),
        ("{" * 81, [152, 10]),
        ("a" + "{" * 80, [153, 8]),
        ("好" * 70, [140]),
        ("好" * 71, [134, 8]),
        ("😀" * 35, [140]),
        ("😀" * 36, [132, 12]),
        ("好" + "😀" * 35, [134, 8]),
    ],
)
def test_where_a_text_is_cut(text: str, sizes: list[int]) -> None:
    parts = parts_of(text)
    assert [len(content_of(part)) for part in parts] == sizes
    assert "".join(map(text_of, parts)) == text
    places = [concatenation_of(part) for part in parts]
    total = len(sizes)
    assert places == ([None] if total == 1 else [Concatenation(1, total, number) for number in range(1, total + 1)])


@pytest.mark.parametrize(
    ("text", "encoding", "size"),
    [("a" * 200, Alphabet.GSM7, 152), ("a" * 200, Alphabet.UCS2, 132), ("AB" * 200, Alphabet.OCTETS, 133)],
)
def test_a_reference_of_16_bits(text: str, encoding: Alphabet, size: int) -> None:
    parts = compose("10086", text, reference=0x1234, time=LATE, encoding=encoding, wide=True)
    assert parts[0].user_data.octets[:7] == bytes((6, 8, 4, 0x12, 0x34, len(parts), 1))
    assert len(content_of(parts[0])) == size
    assert concatenation_of(parts[0]) == Concatenation(0x1234, len(parts), 1, wide=True)
    assert text_of(*parts) == text


def test_references_go_round() -> None:
    first = compose("10086", "a" * 161, reference=257, time=LATE)[0]
    assert concatenation_of(first) == Concatenation(1, 2, 1)


def test_a_class_and_an_encoding() -> None:
    (part,) = parts_of("Hello!", encoding=Alphabet.UCS2, message_class=0)
    assert (part.dcs, coding_of(part), text_of(part)) == (0x18, (Alphabet.UCS2, 0), "Hello!")
    (part,) = parts_of("00 ff", encoding=Alphabet.OCTETS, message_class=2)
    assert (part.dcs, text_of(part)) == (0x16, "00FF")


@pytest.mark.parametrize("sender", ["+8613800138000", "10086", "Mobile", "Design@Home"])
def test_senders(sender: str) -> None:
    (part,) = compose(sender, "x", reference=1, time=LATE)
    assert Deliver.decode(part.encode()).originator.text == sender


@pytest.mark.parametrize(
    ("sender", "text", "encoding", "words"),
    [
        ("", "x", None, "the sender is empty"),
        ("1" * 21, "x", None, "20 are allowed"),
        ("中国移动", "x", None, "the GSM alphabet lacks it"),
        ("10086", "a你", Alphabet.GSM7, "'你'"),
        ("10086", "abc", Alphabet.OCTETS, "hex"),
        ("10086", "\ud83d", None, "half a surrogate pair"),
        ("10086", "a" * (255 * 153 + 1), None, "255 parts"),
        ("10086", "好" * (255 * 67 + 1), None, "255 parts"),
        ("10086", "a" * 2_000_000, None, "255 parts"),
    ],
)
def test_what_is_refused(sender: str, text: str, encoding: Alphabet | None, words: str) -> None:
    with pytest.raises(TpduError, match=words):
        compose(sender, text, reference=1, time=LATE, encoding=encoding)


def test_the_longest_text() -> None:
    parts = parts_of("a" * 255 * 153)
    assert len(parts) == 255
    assert concatenation_of(parts[-1]) == Concatenation(1, 255, 255)


@pytest.mark.parametrize(
    ("header", "place"),
    [
        ("050003010201", (1, 2, 1, False)),
        ("06080401020201", (0x102, 2, 1, True)),
        ("0B7004AABBCCDD0003010201", (1, 2, 1, False)),
        ("050003010200", None),  # parts begin with 1
        ("050003010203", None),
        ("050003010000", None),
        ("0500040102017F", None),  # an element past the header
        ("0100", None),
        ("00", None),
    ],
)
def test_places_of_parts(header: str, place: tuple[int, int, int, bool] | None) -> None:
    octets = bytes.fromhex(header)
    message = Deliver(Address("1", 129), LATE, UserData.whole(octets, 4, 0x44), 0x44, dcs=4)
    assert concatenation_of(Deliver.decode(message.encode())) == place
    assert concatenation_of(message._replace(fo=0x04)) is None


def test_a_pair_that_another_cut_is_whole_again() -> None:
    half = [UserData.of(Alphabet.UCS2, bytes.fromhex(each)) for each in ("D83D", "DE00")]
    assert text_of(*(Submit(Address("1", 129), each, dcs=8) for each in half)) == "😀"
    half = [UserData.of(Alphabet.GSM7, bytes.fromhex(each)) for each in ("611B", "65")]
    assert text_of(*(Submit(Address("1", 129), each) for each in half)) == "a€"


def test_what_is_passed_on() -> None:
    header = Concatenation(9, 2, 1).encode()
    data = UserData.of(Alphabet.GSM7, to_septets("hi b"), header)
    submit = Submit(Address("10086", 129), data, 167, 0x11 | HAS_HEADER | 0x80 | 0x20 | 0x04, 7, 0x41, 0x10)
    sender = Address("8614400000001", 145)
    deliver = relayed(submit, sender, LATE)
    assert deliver == Deliver(sender, LATE, data, 0xC4, 0x41, 0x10)
    assert (text_of(deliver), concatenation_of(deliver)) == ("hi b", Concatenation(9, 2, 1))
    assert reported(submit, LATE, LATE, 70) == StatusReport(7, Address("10086", 129), LATE, LATE, 70)
