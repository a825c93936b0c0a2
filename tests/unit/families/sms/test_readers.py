"""Independent libraries read what is written here, and what they write is read here.

gsmmodem (python-gsmmodem-new) has DELIVER, SUBMIT and reports, nothing beyond the BMP, reads no extended characters and
not every ``@`` at the end, and has a grave accent for the section sign. smspdudecoder has DELIVER and SUBMIT, looks at
bits 2 and 3 of a TP-DCS alone, and counts characters for septets.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from io import StringIO

import pytest
from gsmmodem import pdu as gsmmodem
from hypothesis import given
from hypothesis import strategies as st
from onemo.families.sms.alphabet import ESCAPE, Alphabet, from_septets, pack, to_septets, to_ucs2, unpack
from onemo.families.sms.compose import Concatenation, coding_of, compose, concatenation_of, text_of
from onemo.families.sms.fields import Address, TimeStamp, decode_centre, encode_centre, lifetime
from onemo.families.sms.tpdu import HAS_HEADER, Deliver, StatusReport, Submit, UserData
from smspdudecoder.codecs import GSM, UCS2
from smspdudecoder.fields import SMSDeliver, SMSSubmit

CENTRE = Address("8613800230500", 145)
LONG = Address("8613900000000", 145)
LATE = TimeStamp(26, 11, 28, 23, 47, 0, 32)
BASIC = "".join(from_septets(bytes([septet])) for septet in range(128) if septet != 0x1B)
EXTENDED = "^{}\\[~]|€\f"
plain = st.text(BASIC.replace("§", ""))
gsm_texts = st.text(BASIC + EXTENDED)
any_texts = st.one_of(st.text(), gsm_texts).flatmap(lambda text: st.integers(1, 40).map(lambda times: text * times))
bmp_texts = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]))
stamps = st.builds(
    lambda moment, zone: TimeStamp.at((moment - datetime(1970, 1, 1)).total_seconds(), zone),
    st.datetimes(datetime(2001, 1, 1), datetime(2067, 1, 1)),
    st.integers(-79, 79),
)
numbers = st.text("0123456789", min_size=1, max_size=20)
senders = st.one_of(numbers, numbers.map("+".__add__))


def moment(stamp: TimeStamp) -> datetime:
    year, month, day, hour, minute, second, quarters = stamp
    zone = timezone(timedelta(minutes=15 * quarters))
    return datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone)


def typed(message: Deliver | Submit | StatusReport) -> str:
    return (encode_centre(CENTRE) + message.encode()).hex().upper()


def number_of(found: dict[str, object]) -> str:
    ton = found["toa"]["ton"]  # type: ignore[index]
    return ("+" if ton == "international" else "") + str(found["number"])


# ---- smspdudecoder


def is_shown(part: Deliver | Submit, text: str, shown: str) -> bool:
    """Tell whether this library shows a text, as well as it can.

    Where a character has two septets it takes 7 bits that are left over for one more; and a header in whose bits it
    sees an escape is a character too short for it.
    """
    octets, length = part.user_data
    header = (8 * (octets[0] + 1) + 6) // 7 if part.fo & HAS_HEADER else 0
    if coding_of(part).alphabet is Alphabet.UCS2:
        return shown == text
    if ESCAPE in unpack(octets, header):
        return text[1:] in shown
    return shown == text or (shown == text + "@" and length % 8 == 7)


@given(senders, any_texts, stamps, st.integers(0, 255), st.booleans())
def test_smspdudecoder_reads_any_text(sender: str, text: str, time: TimeStamp, reference: int, wide: bool) -> None:
    parts = compose(sender, text, reference=reference, time=time, wide=wide)
    read = [SMSDeliver.decode(StringIO(typed(part))) for part in parts]
    for number, (part, each) in enumerate(zip(parts, read, strict=True), 1):
        assert is_shown(part, text_of(part), each["user_data"]["data"])
        assert number_of(each["sender"]) == sender
        assert number_of(each["smsc"]) == CENTRE.text
        assert each["scts"] == moment(time).astimezone(UTC)
        assert each["header"]["mti"] == "deliver"
        if len(parts) > 1:
            (element,) = each["user_data"]["header"]["elements"]
            assert element["iei"] == (8 if wide else 0)
            assert element["data"] == {"reference": reference, "parts_count": len(parts), "part_number": number}


@given(st.text(BASIC.replace("@", ""), min_size=1, max_size=11))
def test_smspdudecoder_reads_letters_that_send(sender: str) -> None:
    read = SMSDeliver.decode(StringIO(typed(Deliver(Address(sender, 0xD0), LATE, UserData(b"", 0)))))
    assert read["sender"]["toa"]["ton"] == "alphanumeric"
    assert read["sender"]["number"].removesuffix("@") == sender  # it takes 7 bits that are left over for one more


@given(senders, gsm_texts, st.integers(0, 255), st.integers(0, 255))
def test_smspdudecoder_reads_a_submit(destination: str, text: str, reference: int, validity: int) -> None:
    text = text[:80]
    data = UserData.of(Alphabet.GSM7, to_septets(text))
    message = Submit(Address.of(destination), data, validity, reference=reference)
    read = SMSSubmit.decode(StringIO(typed(message)))
    assert number_of(read["recipient"]) == destination
    assert (read["message-ref"], read["vp"]) == (reference, validity)
    assert is_shown(message, text, read["user_data"]["data"])


@given(gsm_texts)
def test_the_alphabet_is_that_of_smspdudecoder(text: str) -> None:
    assert pack(to_septets(text)).hex().upper() == GSM.encode(text)


@given(st.text())
def test_ucs2_is_that_of_smspdudecoder(text: str) -> None:
    assert to_ucs2(text).hex().upper() == UCS2.encode(text)


# ---- gsmmodem


@given(senders, st.one_of(plain.map(lambda text: text * 9), bmp_texts.map(lambda text: text * 9)), stamps)
def test_gsmmodem_reads_a_text(sender: str, text: str, time: TimeStamp) -> None:
    text = "".join(character for character in text if character not in EXTENDED + "§")
    parts = compose(sender, text, reference=7, time=time)
    for number, part in enumerate(parts, 1):
        read = gsmmodem.decodeSmsPdu(typed(part))
        assert read["type"] == "SMS-DELIVER"
        assert (read["number"], read["smsc"], read["time"]) == (sender, CENTRE.text, moment(time))
        assert read["tpdu_length"] == len(part.encode())
        shown = text_of(part)
        assert read["text"][: len(shown)].rstrip("@") == shown.rstrip("@")
        if len(parts) > 1:
            (element,) = read["udh"]
            assert (element.reference, element.parts, element.number) == (7, len(parts), number)


@given(senders, stamps, stamps, st.integers(0, 255), st.sampled_from((0, 32, 70)))
def test_gsmmodem_reads_a_report(to: str, sent: TimeStamp, discharged: TimeStamp, reference: int, status: int) -> None:
    read = gsmmodem.decodeSmsPdu(typed(StatusReport(reference, Address.of(to), sent, discharged, status)))
    assert read["type"] == "SMS-STATUS-REPORT"
    assert (read["reference"], read["number"], read["status"]) == (reference, to, status)
    assert (read["time"], read["discharge"]) == (moment(sent), moment(discharged))


@given(
    numbers.map("+".__add__),
    st.one_of(st.text(BASIC.replace("§", "") + "^{}\\[~]|€"), bmp_texts).map(lambda text: text * 9),
    st.integers(0, 255),
    st.one_of(st.none(), st.integers(0, 255)),
)
def test_what_gsmmodem_submits_is_read(to: str, text: str, reference: int, validity: int | None) -> None:
    text = text.replace("\x1b", "").replace("`", "").replace("ÿ", "")
    lasts = None if validity is None else timedelta(seconds=lifetime(validity) or 0)
    parts = []
    for written in gsmmodem.encodeSmsSubmitPdu(to, text, reference, lasts):
        centre, tpdu = decode_centre(bytes(written.data))
        message = Submit.decode(tpdu)
        assert (centre, len(tpdu)) == (None, written.tpduLength)
        assert (message.destination.text, message.reference, message.validity) == (to, reference, validity)
        assert message.encode() == tpdu
        parts.append(message)
    assert text_of(*parts) == text
    if len(parts) > 1:
        total = len(parts)
        assert [concatenation_of(part) for part in parts] == [
            Concatenation(reference, total, n + 1) for n in range(total)
        ]


@pytest.mark.parametrize("quarters", [-48, -1, 0, 1, 9, 10, 32, 56])
def test_zones_are_those_of_gsmmodem(quarters: int) -> None:
    stamp = LATE._replace(quarters=quarters)
    assert stamp.encode() == bytes(gsmmodem._encodeTimestamp(moment(stamp)))


@given(st.text(BASIC.replace("§", ""), max_size=160))
def test_packing_is_that_of_gsmmodem(text: str) -> None:
    assert pack(to_septets(text)) == bytes(gsmmodem.packSeptets(gsmmodem.encodeGsm7(text)))
