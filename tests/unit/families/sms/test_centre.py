"""The centre: texts in, texts out, and what becomes of very many."""

from __future__ import annotations

import re
import tracemalloc
from typing import Any

import pytest
from gsmmodem.pdu import decodeSmsPdu
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onemo.errors import UsageError
from onemo.families.sms.alphabet import Alphabet
from onemo.families.sms.compose import relayed, text_of
from onemo.families.sms.fields import Address, TimeStamp
from onemo.families.sms.operator import Exchange, inject, inject_pdu
from onemo.families.sms.state import told
from onemo.families.sms.stores import memory_of
from onemo.families.sms.tpdu import Submit, UserData
from onemo.modem.intents import MessageRefusal
from onemo.modem.modem import Modem
from onemo.modem.sim import plain_number
from smspdudecoder.easy import read_incoming_sms

from tests.support.driver import Driver

PDU = re.compile(rb"\+CMT: ,\d+\r\n([0-9A-F]+)\r\n")
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


def tell(driver: Driver) -> Any:
    state = told(driver.modem)
    assert state is not None
    return state


@given(ANY_TEXT)
@settings(max_examples=60)
@example("€{}[]~\\|^" * 40)
@example("😀" * 100)
@example("a\fb")
@example("a" * 153 + "{" * 10)
@example("§")
def test_any_text_is_read_by_others_from_what_the_dte_was_told(text: str) -> None:
    driver = Driver("ML307R").boot()
    driver.ask("AT+CNMI=2,2")
    driver.world.centre.text("10086", text)
    pdus = [pdu.decode() for pdu in PDU.findall(driver.take())]
    if any(character > "\uffff" or character in "\f§" for character in text):  # python-gsmmodem fails on these
        assert "".join(read_incoming_sms(pdu)["content"] for pdu in pdus) == text
    else:
        assert "".join(decodeSmsPdu(pdu)["text"] for pdu in pdus) == text
    assert tell(driver).waiting == 0


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"sender": ""}, "the sender is empty"),
        ({"sender": "123456789012345678901"}, "20 are allowed"),
        ({"sender": "twelve chars"}, "11 are allowed"),
        ({"sender": "你"}, "cannot have '你'"),
        ({"text": "你", "encoding": "7bit"}, "lacks '你'"),
        ({"text": "xyz", "encoding": "8bit"}, "is hex"),
        ({"text": "\ud800"}, "half a surrogate pair"),
        ({"text": "你" * (255 * 67 + 1)}, "more than 255 parts"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_a_sentence(keys: dict[str, str], said: str) -> None:
    driver = Driver("ML307R").boot()
    given: dict[str, Any] = {"sender": "10086", "text": "x", "utc": 0.0, "now": driver.now, **keys}
    with pytest.raises(UsageError, match=re.escape(said)):
        inject(driver.modem, **given)
    assert tell(driver).waiting == 0


@pytest.mark.parametrize("pdu", ["", "0", "zz", "01", "0405810180F6000062118232740023"])
def test_what_is_no_deliver_is_refused(pdu: str) -> None:
    driver = Driver("ML307R").boot()
    with pytest.raises(UsageError):
        inject_pdu(driver.modem, pdu, driver.now)


def test_a_module_without_messages() -> None:
    driver = Driver("ML307R-DL").boot()
    assert told(driver.modem) is None
    with pytest.raises(UsageError, match="ML307R-DL has no short messages"):
        inject(driver.modem, "1", "x", utc=0.0, now=driver.now)


def test_ten_thousand_wait_and_the_next_is_refused() -> None:
    """A message that waits costs what its text costs."""
    driver = Driver("ML307R").boot()
    driver.ask("AT+CFUN=4")
    inject(driver.modem, "10086", "first", utc=0.0, now=driver.now)
    tracemalloc.start()
    for number in range(1, 10_000):
        inject(driver.modem, "10086", f"{number}", utc=0.0, now=driver.now)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size / 10_000 < 300
    with pytest.raises(UsageError, match="10000 messages wait"):
        inject(driver.modem, "10086", "x", utc=0.0, now=driver.now)
    assert tell(driver).waiting == 10_000


@pytest.mark.slow
def test_ten_thousand_are_read_and_deleted_and_none_is_lost() -> None:
    driver = Driver("ML307R").boot()
    driver.ask("AT+CMGF=1;+CNMI=2,1")
    for number in range(10_000):
        inject(driver.modem, "10086", f"text {number}", utc=0.0, now=driver.now)
    driver.report(lambda: None)
    driver.wait(0)
    found: list[bytes] = []
    told_of = re.findall(rb'\+CMTI: "ME",(\d+)', driver.take())
    most = 0
    while told_of:
        place = told_of.pop(0)
        read = driver.ask(b"AT+CMGR=" + place)
        found += re.findall(rb"\r\n(text \d+)\r\n", read)
        told_of += re.findall(rb'\+CMTI: "ME",(\d+)', driver.ask(b"AT+CMGD=" + place))
        most = max(most, memory_of(driver.modem).places.__len__())
    assert found == [b"text %d" % number for number in range(10_000)]
    assert most <= 50
    assert tell(driver).waiting == 0


def test_a_dte_that_does_not_read_is_told_no_more_than_the_line_holds() -> None:
    driver = Driver("ML307R").boot()
    driver.ask("AT+CNMI=2,2")
    driver.line_room = 0
    for _ in range(2_000):
        inject(driver.modem, "10086", "x" * 160, utc=0.0, now=driver.now)
    driver.report(lambda: None)
    driver.wait(0)
    transmitter = driver.modem.first.transmitter
    assert transmitter.size < 80_000
    assert tell(driver).waiting > 1_500
    driver.read_more(10_000_000)
    driver.wait(0)
    assert driver.take().count(b"+CMT: ") == 2_000


# Out.


def submit(to: str, text: str, header: bytes = b"", reference: int = 1) -> Submit:
    data = UserData.of(Alphabet.UCS2, text.encode("utf-16-be"), header)
    return Submit(Address.of(to), data, fo=0x51 if header else 0x11, reference=reference, dcs=8, validity=167)


def test_parts_are_remembered_as_one_message() -> None:
    mailbox = memory_of(Driver("ML307R").modem).mailbox
    for number in (2, 1):
        mailbox.note(submit("10086", f"<{number}>", bytes((5, 0, 3, 9, 3, number))), 5.0, 0.0)
        assert mailbox.sent(1.0) == ()
    mailbox.note(submit("10010", "other", bytes((5, 0, 3, 9, 2, 1))), 6.0, 1.0)
    mailbox.note(submit("10086", "<3>", bytes((5, 0, 3, 9, 3, 3)), reference=7), 7.0, 2.0)
    (whole,) = mailbox.sent(2.0)
    assert (whole.to, whole.text, whole.parts, whole.of, whole.encoding, whole.time) == (
        "10086", "<1><2><3>", 3, 3, "ucs2", 5.0,
    )  # fmt: skip
    mailbox.reported(7, 0)
    assert [(sent.text, sent.parts, sent.of, sent.report) for sent in mailbox.sent(62.0)] == [
        ("<1><2><3>", 3, 3, 0),
        ("other", 1, 2, None),
    ]


def test_the_newest_hundred_are_remembered() -> None:
    mailbox = memory_of(Driver("ML307R").modem).mailbox
    for number in range(150):
        mailbox.note(submit("10086", str(number)), 0.0, 0.0)
    assert [sent.text for sent in mailbox.sent(0.0)] == [str(number) for number in range(50, 150)]


@pytest.mark.parametrize("number", ["+8614400000001", "008614400000001", "8614400000001", "14400000001"])
def test_a_number_is_the_same_in_all_its_forms(number: str) -> None:
    assert plain_number(number) == "14400000001"


def test_a_sender_is_refused_while_too_much_waits_at_the_other_end() -> None:
    one, other = Driver("ML307R").boot(), Driver("ML302A").boot()
    other.ask("AT+CFUN=4")
    for _ in range(10_000):
        inject(other.modem, "1", "", utc=0.0, now=0.0)
    roused: list[Modem] = []
    exchange = Exchange(lambda number: other.modem if number == "5" else None, roused.append)
    assert exchange.take(one.modem, submit("5", "x").encode(), 0.0, 0.0) == MessageRefusal(42)
    assert (roused, tell(one).sent) == ([], ())


def test_a_text_to_a_module_without_messages_is_kept_as_sent() -> None:
    one, other = Driver("ML307R").boot(), Driver("ML307R-DL").boot()
    exchange = Exchange(lambda number: other.modem, lambda modem: None)
    assert exchange.take(one.modem, submit("5", "x").encode(), 0.0, 0.0) is None
    assert [sent.text for sent in tell(one).sent] == ["x"]


def test_what_is_passed_on_is_as_it_was_sent() -> None:
    sent = submit("5", "你", bytes((5, 0, 3, 9, 3, 1)))
    passed = relayed(sent, Address.of("+8614400000001"), TimeStamp(26, 1, 1, 0, 0, 0, 32))
    assert (passed.user_data, passed.dcs, text_of(passed)) == (sent.user_data, sent.dcs, "你")
