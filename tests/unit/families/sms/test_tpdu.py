"""TPDUs of known octets, both ways, and those that cannot be."""

from __future__ import annotations

import pytest
from onemo.families.sms.alphabet import Alphabet, dcs_of, to_septets
from onemo.families.sms.compose import concatenation_of, content_of, text_of
from onemo.families.sms.fields import (
    Address,
    Flaw,
    Reader,
    TimeStamp,
    TpduError,
    decode_centre,
    encode_centre,
    lifetime,
)
from onemo.families.sms.tpdu import (
    HAS_HEADER,
    Deliver,
    SmsCommand,
    StatusReport,
    Submit,
    UserData,
    decode_received,
)

CENTRE = Address("8613800230500", 145)
SHORT = Address("10086", 129)
LONG = Address("8613900000000", 145)
LATE = TimeStamp(26, 11, 28, 23, 47, 0, 32)
HELLO = UserData.of(Alphabet.GSM7, to_septets("Hello!"))
HI = UserData.of(Alphabet.UCS2, bytes.fromhex("4F60597D"))


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


@pytest.mark.parametrize(
    ("pdu", "centre", "message", "text"),
    [
        (  # from the field: the centre's type is 81
            "0881683108200305F0040D91683109000000F000001280319044602302331B",
            Address("8613800230500", 0x81),
            Deliver(LONG, TimeStamp(21, 8, 13, 9, 44, 6, 32), UserData(octets("331B"), 2)),
            "36",
        ),
        (
            "0891683108200305F00405810180F600006211823274002306C8329BFD0E01",
            CENTRE,
            Deliver(SHORT, LATE, HELLO),
            "Hello!",
        ),
        (
            "0891683108200305F00405810180F6000862118232740023044F60597D",
            CENTRE,
            Deliver(SHORT, LATE, HI, dcs=8),
            "你好",
        ),
    ],
)
def test_deliver(pdu: str, centre: Address, message: Deliver, text: str) -> None:
    found, tpdu = decode_centre(octets(pdu))
    assert found == centre
    assert Deliver.decode(tpdu) == decode_received(tpdu) == message
    assert encode_centre(found) + message.encode() == octets(pdu)
    assert text_of(message) == text


@pytest.mark.parametrize(
    ("pdu", "message", "text"),
    [
        (
            "11000D91683109000000F00000AA09F4F29C1E8193EB37",
            Submit(LONG, UserData(octets("F4F29C1E8193EB37"), 9), 0xAA, 0x11),
            "test_pdu7",
        ),
        ("0011000D91683109000000F00008AA044F60597D"[2:], Submit(LONG, HI, 0xAA, 0x11, dcs=8), "你好"),
        ("01070581 0180F6 00 00 06 C8329BFD0E01", Submit(SHORT, HELLO, reference=7), "Hello!"),
        ("19070581 0180F6 00 00 62118232740023 00", Submit(SHORT, UserData(b"", 0), LATE, 0x19, 7), ""),
        (
            "09070581 0180F6 00 04 02050000000000 01 AB",
            Submit(SHORT, UserData(b"\xab", 1), octets("02050000000000"), 9, 7, 0, 4),
            "AB",
        ),
    ],
)  # fmt: skip
def test_submit(pdu: str, message: Submit, text: str) -> None:
    assert Submit.decode(octets(pdu)) == message
    assert message.encode() == octets(pdu)
    assert text_of(message) == text


def test_status_report() -> None:
    pdu = octets("06070D91683109000000F0621182327400236211823274012300")
    message = StatusReport(7, LONG, LATE, LATE._replace(second=10), 0)
    assert StatusReport.decode(pdu) == decode_received(pdu) == message
    assert message.encode() == pdu
    assert len(pdu) == 26
    assert StatusReport.decode(pdu + b"\x01\x00") == message._replace(parameters=b"\x01\x00")
    assert message._replace(parameters=b"\x01\x00").encode() == pdu + b"\x01\x00"


def test_command() -> None:
    pdu = octets("22 05 00 02 07 0D91683109000000F0 02 ABCD")
    message = SmsCommand(5, 2, 7, LONG, b"\xab\xcd", 0x22)
    assert SmsCommand.decode(pdu) == message
    assert message.encode() == pdu
    assert SmsCommand.decode(octets("0205000207008100")).destination == Address("", 0x81)


@pytest.mark.parametrize(
    ("typed", "address", "written"),
    [
        ("10086", ("10086", 129), "05810180F6"),
        ("+8613900000000", ("8613900000000", 145), "0D91683109000000F0"),
        ("*100#", ("*100#", 129), "0581 1A00FB"),
        ("12345678901234567890", ("12345678901234567890", 129), "148121436587092143658709"),
        ("MMoney", ("MMoney", 208), "0BD0CDE6DB5DCE03"),
        ("Design@Home", ("Design@Home", 208), "14D0C4F23C7D760390EF7619"),
        ("abc", ("abc", 208), "06D0 61F118"),
        ("+", ("+", 208), "02D0 2B"),
        ("", ("", 129), "0081"),
    ],
)
def test_addresses(typed: str, address: tuple[str, int], written: str) -> None:
    assert Address.of(typed) == address
    assert Address.of(typed).text == typed
    assert Address.of(typed).encode() == octets(written)
    assert Address.decode(Reader(octets(written))) == address


def test_addresses_with_a_type() -> None:
    assert Address.of("+8613900000000", 129) == ("8613900000000", 129)
    assert Address.of("8613900000000", 145).text == "+8613900000000"
    assert Address.of("10086", 0xD0) == ("10086", 0xD0)
    assert Address("1abc", 129).encode() == octets("0481 C1ED")
    assert Address.decode(Reader(octets("0581 C1EDF0"))) == ("1abc0", 129)
    assert Address.decode(Reader(octets("0681 C1EDFF"))) == ("1abc", 129)  # it ends at the fill digit


@pytest.mark.parametrize(
    ("typed", "toa"),
    [
        ("123456789012345678901", None),
        ("Twelve chars", None),
        ("中国移动", None),
        ("{{{{{{", None),
        ("12a4x", 129),
        ("1", 256),
    ],
)
def test_addresses_that_cannot_be(typed: str, toa: int | None) -> None:
    with pytest.raises(TpduError) as caught:
        Address.of(typed, toa)
    assert caught.value.flaw is Flaw.VALUE


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("26/11/28,23:47:00+32", "62118232740023"),
        ("13/03/25,23:01:56-28", "3130523210658A"),
        ("00/01/01,00:00:00+00", "00101000000000"),
        ("99/12/31,23:59:59-48", "9921133295958C"),
    ],
)
def test_time_stamps(text: str, written: str) -> None:
    stamp = TimeStamp.of(text)
    assert stamp.text == text
    assert stamp.encode() == octets(written)
    assert TimeStamp.decode(octets(written)) == stamp


def test_a_moment_in_a_zone() -> None:
    assert TimeStamp.at(1795880820.9, 32).text == "26/11/28,23:47:00+32"
    assert TimeStamp.at(1795880820, -5).text == "26/11/28,14:32:00-05"


@pytest.mark.parametrize(
    "text", ["", "26/11/28", "26/02/30,00:00:00+00", "26/11/28,24:00:00+00", "26/11/28,00:00:00+80"]
)
def test_times_that_cannot_be(text: str) -> None:
    with pytest.raises(TpduError):
        TimeStamp.of(text)


@pytest.mark.parametrize(
    ("validity", "seconds"),
    [
        (0, 300), (143, 43200), (144, 45000), (167, 86400), (168, 172800), (196, 2592000), (197, 3024000),
        (255, 38102400), (None, None), (LATE, None),
        (octets("00000000000000"), None), (octets("01A70000000000"), 86400), (octets("020A0000000000"), 10),
        (octets("02000000000000"), None), (octets("03102030000000"), 3723), (octets("82000A00000000"), 10),
    ],
)  # fmt: skip
def test_validity_periods(validity: int | TimeStamp | bytes | None, seconds: int | None) -> None:
    assert lifetime(validity) == seconds


DELIVER = "0405810180F600006211823274002306C8329BFD0E01"
SUBMIT = "11000D91683109000000F00000AA09F4F29C1E8193EB37"


@pytest.mark.parametrize(
    ("kind", "pdu", "flaw"),
    [
        (Deliver, "", Flaw.CUT_SHORT),
        (Deliver, DELIVER[:-2], Flaw.CUT_SHORT),
        (Deliver, DELIVER + "00", Flaw.TOO_LONG),
        (Deliver, "01" + DELIVER[2:], Flaw.TYPE),
        (Deliver, "03" + DELIVER[2:], Flaw.TYPE),
        (Deliver, "4405810180F600006211823274002306C8329BFD0E01", Flaw.CUT_SHORT),  # a header past the end
        (Deliver, "0405810180F6000062118232740023A1" + "00" * 141, Flaw.TOO_LONG),
        (Deliver, "0405810180F60004621182327400238D" + "00" * 141, Flaw.TOO_LONG),
        (Deliver, "0405810180F60000621182327400A200", Flaw.VALUE),
        (Deliver, "0405810180F600002A11823274002300", Flaw.VALUE),
        (Deliver, "0415810180F6", Flaw.VALUE),
        (Submit, DELIVER, Flaw.TYPE),
        (Submit, SUBMIT[:-2], Flaw.CUT_SHORT),
        (Submit, SUBMIT[:20], Flaw.CUT_SHORT),
        (SmsCommand, SUBMIT, Flaw.TYPE),
        (SmsCommand, "0205000207008101", Flaw.CUT_SHORT),
        (SmsCommand, "02050002070081FE", Flaw.TOO_LONG),
        (SmsCommand, "020500020700810000", Flaw.TOO_LONG),
        (StatusReport, "06", Flaw.CUT_SHORT),
    ],
)
def test_what_is_no_tpdu(kind: type[Deliver | Submit | SmsCommand | StatusReport], pdu: str, flaw: Flaw) -> None:
    with pytest.raises(TpduError) as caught:
        kind.decode(octets(pdu))
    assert caught.value.flaw is flaw
    assert str(caught.value)


@pytest.mark.parametrize("pdu", ["", "08916831", "0D91000000000000000000000000"])
def test_what_is_no_centre(pdu: str) -> None:
    with pytest.raises(TpduError):
        decode_centre(octets(pdu))


def test_a_pdu_without_a_centre() -> None:
    assert decode_centre(b"\x00\x11") == (None, b"\x11")
    assert encode_centre(None) == b"\x00"


@pytest.mark.parametrize(
    "message",
    [
        Deliver(SHORT, LATE, HELLO, pid=256),
        Deliver(SHORT, LATE._replace(quarters=80), HELLO),
        Submit(SHORT, HELLO, 256),
        Submit(SHORT, HELLO, b"\x00"),
        Submit(SHORT, HELLO, reference=-1),
        SmsCommand(0, 0, 0, SHORT, bytes(158)),
    ],
)
def test_what_cannot_be_written(message: Deliver | Submit | SmsCommand) -> None:
    with pytest.raises(TpduError):
        message.encode()


@pytest.mark.parametrize(("alphabet", "most"), [(Alphabet.GSM7, 160), (Alphabet.OCTETS, 140), (Alphabet.UCS2, 140)])
def test_how_much_a_message_holds(alphabet: Alphabet, most: int) -> None:
    assert UserData.of(alphabet, bytes(most)).length == most
    assert len(UserData.of(alphabet, bytes(most)).octets) == 140
    assert UserData.whole(bytes(140), dcs_of(alphabet), 1).length == most
    with pytest.raises(TpduError) as caught:
        UserData.of(alphabet, bytes(most + 1))
    assert caught.value.flaw is Flaw.TOO_LONG
    with pytest.raises(TpduError) as caught:
        UserData.whole(bytes(141), dcs_of(alphabet), 1)
    assert caught.value.flaw is Flaw.TOO_LONG


@pytest.mark.parametrize("typed", ["", "0500030102"])
def test_a_header_that_is_announced_is_there(typed: str) -> None:
    with pytest.raises(TpduError) as caught:
        UserData.whole(octets(typed), 0, HAS_HEADER)
    assert caught.value.flaw is Flaw.CUT_SHORT


@pytest.mark.parametrize("length", range(2, 10))
def test_a_header_is_filled_up_to_a_septet(length: int) -> None:
    header = bytes((length, 0x70, length - 2)) + bytes(length - 2)
    data = UserData.of(Alphabet.GSM7, to_septets("Hello!"), header)
    fill = -8 * len(header) % 7
    assert data.length == (8 * len(header) + fill) // 7 + 6
    assert data.octets[: len(header)] == header
    message = Deliver.decode(Deliver(SHORT, LATE, data, 0x04 | HAS_HEADER).encode())
    assert content_of(message) == to_septets("Hello!")
    assert concatenation_of(message) is None
