"""What outlives a boot cycle and a process: the messages of the module and of its card, and the count of messages."""

from __future__ import annotations

import json

import pytest
from onemo.families.sms.mailbox import Mailbox, MailboxFull, WaitingMessage
from onemo.families.sms.stores import MessageStore, memory_of

from tests.support.driver import Driver

SUBMIT = "0011000D91683109000000F00008AA044F60597D"


def filled() -> Driver:
    """A module with a message in each store, a message sent, and a centre of its own."""
    driver = Driver("ML302A").boot()
    driver.ask('AT+CNMI=2,1;+CSCA="+8613800210500"')
    driver.world.centre.text("10086", "你好")
    driver.world.centre.text("10086", "to the card", message_class=2)
    driver.ask("AT+CMGS=19")
    driver.type(f"{SUBMIT}\x1a".encode())
    driver.wait(1)
    driver.take()
    return driver


def restarted(stored: object) -> tuple[Driver, list[str]]:
    """Another process with that NV; what of it was refused."""
    driver = Driver("ML302A")
    refused = driver.modem.restore(json.loads(json.dumps(stored)))
    return driver.boot(), refused


def test_another_process_has_it_all() -> None:
    driver, refused = restarted(filled().modem.memory.snapshot())
    assert refused == []
    assert driver.answer("AT+CSCA?")[0] == '+CSCA: "+8613800210500",145'
    assert driver.answer('AT+CPMS="SM"')[0] == "+CPMS: 1,50,1,50,1,50"
    assert driver.ask("AT+CMGR=1").startswith(b"\r\n+CMGR: 0,,26\r\n")
    assert driver.answer('AT+CPMS="ME"')[0] == "+CPMS: 1,50,1,50,1,50"
    assert driver.ask("AT+CMGR=1").endswith(b"044F60597D\r\n\r\nOK\r\n")
    driver.ask("AT+CMGS=19")
    driver.type(f"{SUBMIT}\x1a".encode())
    driver.wait(1)
    assert driver.take() == b"\r\n+CMGS: 2\r\n\r\nOK\r\n"


def test_nothing_is_written_down_of_a_module_that_had_no_message() -> None:
    driver = Driver("ML302A").boot()
    driver.ask("AT+CPMS?")
    assert "sms" not in driver.modem.memory.snapshot()


@pytest.mark.parametrize(
    ("damage", "refused"),
    [
        ("", ["sms"]),
        ({}, ["sms.reference", "sms.messages"]),
        ({"reference": 1}, ["sms.messages"]),
        ({"reference": 1, "messages": {}, "x": 1}, ["sms.x"]),
        ({"reference": 256, "messages": {}}, ["sms.reference"]),
        ({"reference": True, "messages": {}}, ["sms.reference"]),
        ({"reference": 1, "messages": []}, ["sms.messages"]),
        ({"reference": 1, "messages": {"0": "03"}}, ["sms.messages.0"]),
        ({"reference": 1, "messages": {"x": "03"}}, ["sms.messages.x"]),
        ({"reference": 1, "messages": {"51": "03000405810180F60000621182327400230161"}}, ["sms.messages.51"]),
        ({"reference": 1, "messages": {"1": "03zz"}}, ["sms.messages.1"]),
        ({"reference": 1, "messages": {"1": "0300040581"}}, ["sms.messages.1"]),
        ({"reference": 1, "messages": {"1": "09000405810180F60000621182327400230161"}}, ["sms.messages.1"]),
        ({"reference": 1, "messages": {"1": 3}}, ["sms.messages.1"]),
    ],
)
def test_a_damaged_entry_is_left_out(damage: object, refused: list[str]) -> None:
    stored = filled().modem.memory.snapshot()
    driver, told = restarted({**stored, "sms": damage})
    assert told == refused
    assert driver.answer("AT+CPMS?")[0] == '+CPMS: "ME",0,50,"ME",0,50,"ME",0,50'
    assert driver.answer('AT+CPMS="SM"')[0] == "+CPMS: 1,50,0,50,0,50"


def test_what_is_whole_beside_a_damaged_message_is_kept() -> None:
    stored = filled().modem.memory.snapshot()
    (entry,) = [entry for name, entry in stored.items() if name == "sms"]
    assert isinstance(entry, dict)
    driver, told = restarted({**stored, "sms": {**entry, "messages": {**entry["messages"], "7": "00"}}})
    assert told == ["sms.messages.7"]
    assert driver.answer("AT+CMGD=?")[0] == "+CMGD: (1),(0-4)"


def test_messages_are_kept_where_the_count_is_not() -> None:
    stored = filled().modem.memory.snapshot()
    entry = stored["sms"]
    assert isinstance(entry, dict)
    driver, told = restarted({**stored, "sms": {"messages": entry["messages"]}})
    assert told == ["sms.reference"]
    assert driver.answer("AT+CMGD=?")[0] == "+CMGD: (1),(0-4)"


def card_with(damage: object) -> tuple[Driver, list[str]]:
    """Another process in which this stands for the subscriber's part of the card, whose PIN was changed."""
    driver = filled()
    driver.ask('AT+CLCK="SC",1,"1234"')
    driver.ask('AT+CPWD="SC","1234","4321"')
    stored = dict(driver.modem.memory.snapshot())
    sim = stored["sim"]
    assert isinstance(sim, dict)
    subscriber = {**sim["subscriber"], **damage} if isinstance(damage, dict) else damage
    driver, told = restarted({**stored, "sim": {**sim, "subscriber": subscriber}})
    assert driver.answer('AT+CPIN="4321"') == ["OK"]
    driver.wait(5)
    driver.take()
    return driver, told


@pytest.mark.parametrize(
    ("damage", "refused", "number", "places"),
    [
        (1, "", "30500", ""),
        ([], "", "30500", ""),
        ({"x": 1}, ".x", "10500", "1"),
        ({"files": {"6F42": "91"}}, ".files.6F42", "30500", "1"),
        ({"files": {"6F42": "zz"}}, ".files.6F42", "30500", "1"),
        ({"centre": "91"}, ".centre", "10500", "1"),
        ({"messages": []}, ".messages", "10500", ""),
        ({"messages": {"1": "x", "3": "03000405810180F60000621182327400230161"}}, ".messages.1", "10500", "3"),
        ({"messages": {"1": "03" * 178}}, ".messages.1", "10500", ""),
    ],
)
def test_of_a_damaged_card_the_rest_is_kept(damage: object, refused: str, number: str, places: str) -> None:
    driver, told = card_with(damage)
    assert told == [f"sim.subscriber{refused}"]
    assert driver.answer("AT+CSCA?")[0] == f'+CSCA: "+86138002{number}",145'
    driver.ask('AT+CPMS="SM"')
    assert driver.answer("AT+CMGD=?")[0] == f"+CMGD: ({places}),(0-4)"


@pytest.mark.parametrize("record", ["02000405810180F60000621182327400230161", "0300040581", "03FF"])
def test_a_record_of_the_card_that_is_no_message_is_an_empty_place(record: str) -> None:
    driver, told = card_with({"messages": {"1": record, "2": "03000405810180F60000621182327400230161"}})
    assert told == []
    driver.ask("AT+CMEE=1")
    assert driver.answer('AT+CPMS="SM","SM","SM"')[0] == "+CPMS: 1,50,1,50,1,50"
    assert driver.ask("AT+CMGL=4").startswith(b"\r\n+CMGL: 2,0,,17\r\n")
    assert driver.answer("AT+CMGR=1") == ["+CMS ERROR: 321"]
    driver.world.centre.text("10086", "a")
    assert driver.answer("AT+CMGD=?")[0] == "+CMGD: (1,2),(0-4)"
    assert driver.answer("AT+CMGD=1,4") == ["OK"]
    assert driver.answer("AT+CPMS?")[0] == '+CPMS: "SM",0,50,"SM",0,50,"SM",0,50'


@pytest.mark.parametrize("store", ["ME", "SM"])
def test_the_longest_message_outlives_a_process(store: str) -> None:
    driver = Driver("ML302A").boot()
    driver.ask(f'AT+CSCA="+8613800210500";+CPMS="{store}","{store}","{store}"')
    address = "91" + "21436587" * 2 + "2143"
    tpdu = "1900" + "14" + address[:2] + address[2:] + "0004" + "62118232740023" + "8C" + "41" * 140
    driver.ask(f"AT+CMGW={len(tpdu) // 2}")
    driver.type(f"0B{address}{tpdu}\x1a".encode())
    assert driver.take() == b"\r\n+CMGW: 1\r\n\r\nOK\r\n"
    driver, told = restarted(driver.modem.memory.snapshot())
    assert told == []
    assert driver.answer("AT+CSCA?")[0] == '+CSCA: "+8613800210500",145'
    driver.ask(f'AT+CPMS="{store}"')
    assert driver.answer("AT+CMGD=?")[0] == "+CMGD: (1),(0-4)"


def test_a_card_from_before_there_were_messages() -> None:
    stored = dict(filled().modem.memory.snapshot())
    sim = stored["sim"]
    assert isinstance(sim, dict)
    _, told = restarted({"sim": {key: value for key, value in sim.items() if key != "subscriber"}})
    assert told == []


def test_places_beyond_the_model_are_not_seen() -> None:
    driver = Driver("ML302A").boot()
    memory_of(driver.modem).places[60] = b"\x03"
    assert MessageStore(driver.modem, "ME").used == 0


def test_a_mailbox_takes_all_or_none() -> None:
    mailbox = Mailbox(3, 3, 60.0)
    mailbox.put([WaitingMessage(b"1", 0.0), WaitingMessage(b"2", 0.0)])
    with pytest.raises(MailboxFull):
        mailbox.put([WaitingMessage(b"3", 0.0), WaitingMessage(b"4", 0.0)])
    mailbox.put([WaitingMessage(b"3", 0.0)])
    held = [mailbox.hold(), mailbox.hold()]
    assert (len(mailbox), mailbox.room) == (3, 0)
    mailbox.let_go(held[0])
    mailbox.return_held()
    assert [mailbox.take().tpdu for _ in range(2)] == [b"2", b"3"]
    assert mailbox.next(0.0) is None


def test_a_mailbox_keeps_the_order_in_which_messages_are_at_the_module() -> None:
    mailbox = Mailbox(9, 3, 60.0)
    mailbox.put([WaitingMessage(b"late", 2.0)])
    mailbox.put([WaitingMessage(b"a", 1.0), WaitingMessage(b"b", 1.0)])
    assert mailbox.due == 1.0
    assert mailbox.next(0.5) is None
    assert [mailbox.take().tpdu for _ in range(3)] == [b"a", b"b", b"late"]
