"""Faults of short messages: what the centre does with those of a module, and with those for it."""

from __future__ import annotations

import pytest
from onemo.errors import FaultError
from onemo.families.sms.state import SmsInfo, told
from onemo.faults.kinds_sms import SMS_KINDS
from onemo.faults.seams.sms import FaultyCentre

from tests.support.faulty import FaultyDriver

SEND = 'AT+CMGS="+8613900000000"'
LONG = "a" * 153 + "b" * 153 + "c"


@pytest.fixture
def driver() -> FaultyDriver:
    driver = FaultyDriver("ML307R").boot()
    driver.wait(1.0)
    assert driver.answer("AT+CMGF=1") == ["OK"]
    assert driver.answer("AT+CNMI=2,2,0,1") == ["OK"]
    driver.take()
    return driver


def send(driver: FaultyDriver, text: bytes = b"hi", command: str = SEND) -> list[str]:
    """Send a text; return what comes behind the prompt, within two seconds."""
    driver.type(command.encode() + b"\r")
    assert driver.take().endswith(b"\r\n> ")
    driver.type(text + b"\x1a")
    driver.wait(2.0)
    return lines(driver)


def lines(driver: FaultyDriver) -> list[str]:
    return [line for line in driver.take().decode().split("\r\n") if line]


def state(driver: FaultyDriver) -> SmsInfo:
    driver.modem.now = driver.now
    found = told(driver.modem)
    assert found is not None
    return found


def texts(driver: FaultyDriver) -> str:
    """The first letters of the texts that were told, in order."""
    return "".join(line[0] for line in lines(driver) if not line.startswith("+CMT"))


def test_refused_by_the_centre(driver: FaultyDriver) -> None:
    driver.arm("sms-refuse cms=42 to=13900000000 times=1")
    assert send(driver, command='AT+CMGS="10000"') == ["+CMGS: 1", "OK"]
    assert send(driver) == ["+CMS ERROR: 42"]
    assert send(driver) == ["+CMGS: 3", "OK"], "the reference counts all the same"
    assert [sent.to for sent in state(driver).sent] == ["10000", "+8613900000000"]
    assert driver.told == ["sms-refuse cms=42 to=13900000000 times=1"]


@pytest.mark.parametrize(("to", "refused"), [("139*", True), ("+86139*", True), ("138*", False), ("10086", False)])
def test_whose_number(driver: FaultyDriver, to: str, refused: bool) -> None:
    driver.arm(f"sms-refuse to={to}")
    assert send(driver) == (["+CMS ERROR: 38"] if refused else ["+CMGS: 1", "OK"])


def test_a_command_is_refused_too(driver: FaultyDriver) -> None:
    driver.arm("sms-refuse cms=41")
    assert send(driver, b"", 'AT+CMGC=2,0,0,0,"10086"') == ["+CMS ERROR: 41"]


@pytest.mark.parametrize(
    ("fault", "states", "last"),
    [
        ("", [0], 0),
        ("sms-report", [], None),
        ("sms-report st=70", [70], 70),
        ("sms-report st=32 seconds=30s", [32], 32),
        ("sms-report st=0 seconds=30s", [], None),
        ("sms-report to=10086", [0], 0),
    ],
)
def test_reports(driver: FaultyDriver, fault: str, states: list[int], last: int | None) -> None:
    assert driver.answer("AT+CSMP=49") == ["OK"]
    if fault:
        driver.arm(fault)
    answer = send(driver)
    assert answer[:2] == ["+CMGS: 1", "OK"]
    assert [int(line.rpartition(",")[2]) for line in answer[2:]] == states
    assert state(driver).sent[-1].report == last
    driver.wait(30.0)
    late = lines(driver)
    assert [line[:8] for line in late] == (["+CDS: 6,"] if "seconds" in fault else [])
    assert state(driver).sent[-1].report == (0 if "seconds" in fault else last)


@pytest.mark.parametrize(
    ("order", "told"),
    [("reverse", "cba"), ("drop:2", "ac"), ("drop:9", "abc"), ("twice:1", "aabc"), ("twice:3", "abcc")],
)
def test_parts(driver: FaultyDriver, order: str, told: str) -> None:
    driver.arm(f"sms-parts order={order} times=1")
    driver.world.centre.text("10086", "short")
    assert texts(driver) == "s", "a text without parts is no match"
    driver.world.centre.text("10086", "".join(LONG), encoding="7bit")
    hexed = [line for line in lines(driver) if not line.startswith("+CMT")]
    numbers = [int(line[10:12]) for line in hexed]
    assert "".join("abc"[number - 1] for number in numbers) == told
    driver.world.centre.text("10086", LONG)
    assert len(lines(driver)) == 6, "the fault is spent"


def test_late_texts_are_overtaken_and_come_when_the_fault_is_gone(driver: FaultyDriver) -> None:
    armed = driver.arm("sms-delay seconds=60s times=2")
    driver.world.centre.text("10086", "first")
    driver.wait(30.0)
    driver.world.centre.text("10086", "second")
    driver.world.centre.text("10086", "third")
    assert texts(driver) == "t"
    driver.wait(31.0)
    assert texts(driver) == "f"
    assert state(driver).waiting == 1
    driver.disarm(armed)
    driver.wait(0.1)
    assert texts(driver) == "s"


@pytest.mark.parametrize("store", ["ME", "SM"])
def test_a_full_store(driver: FaultyDriver, store: str) -> None:
    driver.ask(f'AT+CPMS="{store}","{store}","{store}"')
    driver.ask("AT+CNMI=2,0")
    driver.arm(f"sms-full store={store}")
    assert driver.answer("AT+CPMS?")[0].startswith(f'+CPMS: "{store}",50,50,')
    driver.world.centre.text("10086", "hi")
    assert state(driver).waiting == 1
    assert driver.answer('AT+CMGW="1"') == ["+CMS ERROR: 322"]
    assert driver.answer("AT+CMGD=7") == ["OK"]
    assert state(driver).waiting == 0
    assert driver.ask("AT+CMGR=7").startswith(b'\r\n+CMGR: "REC UNREAD","10086"')


def test_the_settings_are_gone(driver: FaultyDriver) -> None:
    driver.arm("sms-reset on=command:CSQ")
    driver.ask("AT+CSQ")
    assert driver.answer("AT+CNMI?") == ["+CNMI: 0,0,0,0,0", "OK"]
    assert driver.answer("AT+CMGF?") == ["+CMGF: 0", "OK"]


def test_answered_behind_the_prompt(driver: FaultyDriver) -> None:
    driver.arm("command-answer command=CMGS cms=332 at=prompt")
    assert send(driver) == ["+CMS ERROR: 332"]
    driver.type(SEND.encode() + b"\r")
    driver.take()
    driver.type(b"hi\x1b")
    assert lines(driver) == ["OK"], "an entry that is given up"
    assert driver.answer('AT+CMGS="x"') == ["+CMS ERROR: 305"], "no prompt"
    driver.faults.reset()
    assert send(driver) == ["+CMGS: 1", "OK"]
    driver.arm("command-answer command=CMGS cms=332")
    assert driver.answer(SEND) == ["+CMS ERROR: 332"]


def test_a_late_prompt_is_answered_too(driver: FaultyDriver) -> None:
    driver.arm("command-answer command=CMGS cms=41 at=prompt")
    driver.arm("command-delay command=CMGS seconds=1s")
    driver.type(SEND.encode() + b"\r")
    assert driver.take() == b""
    driver.wait(1.0)
    driver.type(b"hi\x1a")
    assert lines(driver) == ["> ", "+CMS ERROR: 41"]


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ("prompt", b'\r\n> \r\n+CMT: "10086",,"%s"\r\nhey\r\n'),
        ("before-answer", b'\r\n+CMT: "10086",,"%s"\r\nhey\r\n\r\n> '),
    ],
)
def test_a_text_comes_in_the_middle_of_an_entry(driver: FaultyDriver, point: str, said: bytes) -> None:
    driver.arm(f"urc-place urc=CMT at={point}")
    driver.world.centre.text("10086", "hey")
    assert driver.take() == b""
    driver.type(SEND.encode() + b"\r")
    assert driver.take() == said % b"26/11/28,23:47:00+32"
    driver.type(b"hi\x1a")
    driver.wait(1.0)
    assert lines(driver) == ["+CMGS: 1", "OK"]


def test_a_text_comes_in_the_middle_of_an_answer(driver: FaultyDriver) -> None:
    driver.arm("urc-place urc=CMT at=before-final")
    driver.world.centre.text("10086", "hey")
    driver.type(b"AT+CSQ\r")
    assert lines(driver) == ["+CSQ: 20,99", '+CMT: "10086",,"26/11/28,23:47:00+32"', "hey", "OK"]


@pytest.mark.parametrize("kind", SMS_KINDS, ids=lambda kind: kind.name)
def test_a_model_without_short_messages_takes_none(kind: object) -> None:
    driver = FaultyDriver("ML307R-DL").boot()
    with pytest.raises(FaultError, match="ML307R-DL has no short messages: choose a model with AT"):
        driver.arm(kind.example)  # type: ignore[attr-defined]


@pytest.mark.parametrize("order", ["forward", "drop", "drop:0", "twice:256", "reverse:1", ""])
def test_no_such_order(driver: FaultyDriver, order: str) -> None:
    with pytest.raises(FaultError, match=r"cannot be\. reverse: .* parts 1 to 255"):
        driver.arm(f"sms-parts order='{order}'")


def test_it_is_put_in_place_once(driver: FaultyDriver) -> None:
    driver.arm("sms-delay times=1 seconds=1s")
    driver.arm("sms-parts order=reverse")
    mailbox = driver.modem.keeping.keeper("sms").mailbox
    assert isinstance(mailbox.put.__self__, FaultyCentre)


def test_a_reset_takes_the_caller_identity_along() -> None:
    driver = FaultyDriver("ML302A-DSLM").boot()
    driver.ask("AT+CLIP=1;+CNMI=2,1")
    driver.arm("sms-reset on=command:CSQ")
    driver.ask("AT+CSQ")
    driver.take()
    assert driver.answer("AT+CLIP?;+CNMI?") == ["+CLIP: 0,1", "+CNMI: 0,0,0,0,0", "OK"]
