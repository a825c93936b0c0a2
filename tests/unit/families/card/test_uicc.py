"""The card: whatever is sent ends in a status word, faults and events, what outlives a restart, its state."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onemo.errors import FaultError, UsageError
from onemo.families.card import CardInfo, ChannelInfo, _state
from onemo.families.card.apdu import Sw, tlv
from onemo.families.card.isdr import AID as ISDR
from onemo.families.card.uicc import Uicc
from onemo.faults.say import parse_fault
from onemo.faults.seams.events import happen
from onemo.modem.cardfiles import imsi_file, imsi_of, number_of, number_record, plmn_file, plmn_of, swapped, unswapped
from onemo.modem.modem import Modem
from onemo.profile.card import misfits, with_card_file
from onemo.runtime.models import Overrides, individual

from tests.support.driver import Driver, model_named
from tests.support.faulty import FaultyDriver

MODEL = model_named("ML307R")
EID = "89033023001211360000000000000001"
ESIM = MODEL._replace(profile=MODEL.profile._replace(card=MODEL.profile.card._replace(eid=EID)))
INSTRUCTIONS = "00A4 00B0 00B2 00D6 00DC 00C0 80F2 0088 0070 0020 0024 0026 0028 002C 80E2 80C2 8012 8014 8010 80AA"
KNOWN = [bytes.fromhex(text) for text in INSTRUCTIONS.split()]
ANYTHING = st.binary(min_size=4, max_size=255)
LIKELY = st.builds(lambda head, tail: head + tail, st.sampled_from(KNOWN), st.binary(min_size=2, max_size=40))
digits = st.text("0123456789", min_size=1, max_size=20)


@settings(max_examples=300)
@example(bytes.fromhex("00A40004"), 0, False)
@example(bytes.fromhex("00700000"), 1, True)
@example(bytes.fromhex("80E29100025A00"), 2, True)
@given(ANYTHING | LIKELY, st.integers(0, 3), st.booleans())
def test_any_bytes_are_answered_with_a_status_word(octets: bytes, number: int, own_class: bool) -> None:
    driver = Driver(ESIM).boot()
    driver.ask('AT+CCHO="A0000000871002"')
    driver.ask(f'AT+CCHO="{ISDR.hex()}"')
    if own_class:
        octets = bytes((octets[0] & 0x80 | number & 3,)) + octets[1:]
    text = octets.hex().upper()
    command = f"AT+CGLA={number}," if number else "AT+CSIM="
    lines = driver.answer(f'{command}{len(text)},"{text}"')
    if number == 3:
        assert lines == ["+CME ERROR: 50"]
        return
    found = re.fullmatch(r'\+(?:CGLA|CSIM): (\d+),"([0-9A-F]*)"', lines[0])
    assert found is not None, lines
    assert int(found[1]) == len(found[2]) >= 4
    assert int(found[2][-4:], 16) >> 8 in {*(word >> 8 for word in Sw)}


@settings(max_examples=200)
@given(st.lists(st.sampled_from(["", "176", "178", "192", "214", "220", "242", "12258", "28423", "28476", "28480", "0",
       "1", "4", "255", "65535", '"00"', '"FF"', '"3F00"', '"7FFF"', "-1", "x"]), max_size=8))  # fmt: skip
def test_any_restricted_access_is_answered(fields: list[str]) -> None:
    lines = Driver(MODEL).boot().answer("AT+CRSM=" + ",".join(fields))
    assert re.fullmatch(r'\+CRSM: \d+,\d+(,"[0-9A-F]+")?|\+CME ERROR: 50|ERROR', lines[0])


@given(digits.filter(lambda text: len(text) <= 15))
def test_what_is_coded_is_read(text: str) -> None:
    assert unswapped(swapped(text)) == text
    assert imsi_of(imsi_file(text)) == text
    assert number_of(number_record(f"+{text}", 28)) == f"+{text}"
    assert number_of(number_record(text, 28)) == text


@pytest.mark.parametrize("plmn", ["46000", "310410"])
def test_a_network_s_number(plmn: str) -> None:
    assert plmn_of(plmn_file(plmn)) == plmn


@given(st.binary(max_size=40))
def test_a_file_may_hold_anything(content: bytes) -> None:
    imsi_of(content)
    number_of(content.rjust(14, b"\xff"))


def test_a_long_object_has_a_long_length() -> None:
    assert tlv(0x5A, bytes(128)) == b"\x5a\x81\x80" + bytes(128)


# Faults and events.


def faulty(*said: str) -> FaultyDriver:
    driver = FaultyDriver("ML307R").boot()
    for text in said:
        driver.arm(text)
    return driver


def test_a_fault_answers_in_the_place_of_the_card() -> None:
    driver = faulty("card-answer sw=6F00 file=6f07")
    assert driver.answer("AT+CRSM=176,28423,0,0,9") == ["+CRSM: 111,0", "OK"]
    assert driver.answer("AT+CIMI") == ["+CME ERROR: 13"]
    assert driver.answer("AT+CRSM=176,12258,0,0,10")[0].startswith("+CRSM: 144,0")
    assert driver.answer("AT+ICCID")[-1] == "OK"
    assert driver.answer('AT+CSIM=14,"00A40004026F07"') == ['+CSIM: 4,"6F00"', "OK"]


def test_a_fault_of_one_instruction() -> None:
    driver = faulty("card-answer sw=9862 ins=88", "card-answer sw=6581 ins=D6 times=1")
    driver.ask('AT+CCHO="A0000000871002"')
    assert driver.answer('AT+CGLA=1,10,"8188008100"') == ['+CGLA: 4,"9862"', "OK"]
    assert driver.answer('AT+CRSM=214,28539,0,0,3,"64F010"') == ["+CRSM: 101,129", "OK"]
    assert driver.answer('AT+CRSM=214,28539,0,0,3,"64F010"') == ["+CRSM: 144,0", "OK"]


def test_a_card_that_does_not_open_a_channel() -> None:
    driver = faulty("card-answer sw=6A81 ins=A4 times=1")
    assert driver.answer('AT+CCHO="A0000000871002"') == ["+CME ERROR: 4"]
    assert driver.answer('AT+CCHO="A0000000871002"') == ["1", "OK"]


def test_a_slow_card() -> None:
    driver = faulty("card-slow seconds=5s")
    assert driver.ask("AT+CRSM=176,12258,0,0,10") == b""
    driver.wait(4.0)
    assert driver.take() == b""
    driver.wait(1.5)
    assert b"+CRSM: 144,0" in driver.take()


@pytest.mark.parametrize(
    "command",
    [
        'AT+CGLA=1,10,"01F2000000"',
        'AT+CCHO="A0000000871002"',
        'AT+CSIM=10,"00F2000000"',
        "AT+CRSM=176,12258,0,0,10",
        'AT+CRSM=214,28539,0,0,3,"64F010"',
    ],
)
def test_a_card_that_is_gone_or_was_reset_answers_nothing_more(command: str) -> None:
    for happens, error in (("sim-remove", 10), ("sim-insert", 13)):
        driver = faulty()
        driver.ask('AT+CCHO="A0000000871002"')
        driver.arm("card-slow seconds=5s")
        assert driver.ask(command) == b""
        event(driver, "sim-remove")
        event(driver, happens)
        driver.take()
        driver.wait(5.1)
        assert driver.take().endswith(b"\r\n+CME ERROR: %d\r\n" % error)
        assert driver.modem.part(Uicc).channels.keys() == {0}


def test_a_channel_that_was_closed_on_another_line_answers_nothing_more() -> None:
    driver = FaultyDriver("ML307R", consoles=2).boot()
    driver.ask('AT+CCHO="A0000000871002"')
    driver.arm("card-slow seconds=5s")
    assert driver.ask('AT+CGLA=1,10,"01F2000000"') == b""
    driver.go_to(1)
    assert driver.answer("AT+CCHC=1") == ["+CCHC", "OK"]
    driver.go_to(0)
    driver.wait(5.1)
    assert driver.take() == b"\r\n+CME ERROR: 50\r\n"


def test_a_list_that_the_card_does_not_write() -> None:
    driver = faulty("card-answer sw=6581 ins=D6 times=1")
    assert driver.answer('AT+CPOL=1,2,"46001"') == ["+CME ERROR: 13"]
    assert driver.answer("AT+CPOL?") == ["OK"]
    assert driver.answer('AT+CPOL=1,2,"46001"') == ["OK"]


def event(driver: Driver, text: str) -> None:
    driver.report(lambda: happen(driver.modem, parse_fault(text), driver.now))


def test_a_file_from_outside() -> None:
    driver = Driver("ML307R").boot()
    event(driver, "card-file id=6F07 data=084906103254769810")
    assert driver.answer("AT+CIMI") == ["460012345678901", "OK"]
    event(driver, "card-file id=2fe2 data=98680021436587092183")
    with pytest.raises(FaultError, match=r"6F07 has 9 octets, not 2; give as many"):
        event(driver, "card-file id=6F07 data=0849")
    with pytest.raises(FaultError):
        parse_fault("card-file id=6F0 data=08")
    with pytest.raises(FaultError, match=r"3F00 is a directory"):
        event(driver, "card-file id=3F00 data=08")
    event(driver, f"card-file id=6F99 data={'00' * 0x7FFF}")
    assert driver.answer("AT+CRSM=192,28569")[0].endswith('80027FFF"')
    with pytest.raises(FaultError, match=r"6F42 has 40 octets, not 10200"):
        event(driver, f"card-file id=6F42 data={'00' * 40 * 255}")
    event(driver, "card-file id=6F07 data=FFFFFFFFFFFFFFFFFF")
    assert driver.answer("AT+CIMI") == ["+CME ERROR: 13"]


# What lasts.


def test_what_was_written_outlives_the_process() -> None:
    first = Driver("ML307R").boot()
    first.ask('AT+CPOL=1,2,"46001"')
    first.ask('AT+CCHO="A0000000871002"')
    assert first.modem.sim.snapshot() is not None
    first.modem.sim.advance(7)
    second = Driver("ML307R")
    assert second.modem.restore(dict(first.modem.memory.snapshot())) == []
    second.boot()
    assert second.answer("AT+CPOL?") == ['+CPOL: 1,2,"46001",0,0,0,1', "OK"]
    assert second.modem.sim.card.sqn == 7
    assert list(second.modem.part(Uicc).channels) == [0]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ({"files": []}, "files"),
        ({"files": {"6F07": "00"}}, "files.6F07"),
        ({"files": {"6f07": "084906103254769810"}}, "files.6f07"),
        ({"files": {"6F40": "00" * 27}}, "files.6F40"),
        ({"files": {"6F99": "00" * 0x8000}}, "files.6F99"),
        ({"files": {"6F42": "00" * 40 * 255}}, "files.6F42"),
        ({"files": {"6F3C": "00" * 176}}, "files.6F3C"),
        ({"files": {"3F00": "00"}}, "files.3F00"),
        ({"files": {"7FFF": "00"}}, "files.7FFF"),
        ({"sqn": -1}, "sqn"),
        ({"sqn": True}, "sqn"),
    ],
)
def test_what_does_not_fit_is_left(damage: dict[str, object], told: str) -> None:
    card = Driver("ML307R").modem.sim.card
    assert card.restore(damage) == [told]
    assert (card.imsi, card.sqn) == ("460001234567890", 0)


# The state.


def state_of(modem: Modem) -> CardInfo:
    found = _state(modem)
    assert found is not None
    return found


def test_the_state_tells_files_and_channels_and_no_key() -> None:
    driver = Driver("ML307R").boot()
    driver.ask('AT+CCHO="A0000000871002"')
    driver.ask('AT+CGLA=1,14,"01A4000C026F07"')
    told = state_of(driver.modem)
    aid = driver.modem.profile.card.usim
    assert told.channels == (ChannelInfo(0, aid, ""), ChannelInfo(1, aid, "6F07"))
    assert told.files["6F07"] == "084906002143658709"
    assert (told.pin_tries, told.puk_tries) == (3, 10)
    assert driver.modem.profile.card.k not in str(told)
    driver.modem.radio.remove_card()
    assert _state(driver.modem) is None


# The file of a user.


def write(folder: Path, text: str) -> Path:
    file = folder / f"{abs(hash(text))}.toml"
    file.write_text(text)
    return file


def test_a_file_is_laid_over_the_profile(tmp_path: Path) -> None:
    file = write(tmp_path, f'eid = "{EID}"\n[files]\n6F07 = "084906103254769810"\n6F3E = "0A"\n')
    driver = Driver(individual(MODEL, Overrides(card=file, iccid="89860000000000000001", name="node"))).boot()
    assert driver.answer("AT+CIMI") == ["460012345678901", "OK"]
    assert driver.answer("AT+ICCID") == ["+ICCID: 89860000000000000001", "OK"]
    assert driver.answer(f'AT+CCHO="{ISDR.hex()}"') == ["1", "OK"]
    assert driver.answer("AT+CRSM=176,28478,0,0,1") == ['+CRSM: 144,0,"0A"', "OK"]
    said = individual(MODEL, Overrides(card=file, imsi="460009999999999"))
    assert Driver(said).boot().answer("AT+CIMI") == ["460009999999999", "OK"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ki = 1", "ki: is unknown here; did you mean k?|ki: is unknown here; there are eid, k, opc, files"),
        ('k = "00"', "k: is not 32 hex digits"),
        ('eid = "12"', "eid: is '12', not 32 digits"),
        ("[files]\n6F7 = '00'", "files.6F7: is '6F7', not a file's identifier: four hex digits in upper case"),
        ("[files]\n6F07 = '0'", "files.6F07: is '0', not 1 to 32767 octets in hex"),
        ("[files]\n6F40 = '00'", "files.6F40: is 1 octets, not 1 to 254 records of 28"),
        ("[files]\n6F3C = '00'", "files.6F3C: is where the messages are"),
        ("[files]\n3F00 = '00'", "files.3F00: is a directory: give a file's identifier"),
        ("[files]\n6F07 = 7", "files.6F07: is 7, not a string"),
        ("[files", "is not TOML"),
    ],
)
def test_a_mistake_says_what_is_allowed(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        with_card_file(MODEL.profile, write(tmp_path, text))
    assert any(part in str(caught.value) for part in told.split("|")), caught.value


def test_a_mistake_shows_no_key(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        with_card_file(MODEL.profile, write(tmp_path, 'k = "5EC2E7"'))
    assert "5EC2E7" not in str(caught.value)


def test_a_record_is_large_enough_for_what_is_in_it() -> None:
    card = MODEL.profile.card._replace(records={"6F42": 27, "6F40": 28}, usim="A0")
    assert dict(misfits(card)) == {
        "card.usim": "is 1 octets, not 5 to 16",
        "card.records.6F3C": "is missing, not 176 to 255",
        "card.records.6F42": "is 27, not 28 to 255",
    }
