"""Texts from outside: the plugin's object, and the operation of the control API and ctl."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import serial
from onemo import Hosted
from onemo.control.api import Control, endpoint_of
from onemo.control.endpoints import ApiRequest, Refused
from onemo.errors import FaultError, UsageError
from onemo.runtime.desk.sms import TEXT
from onemo.runtime.hosted import HostedModule

DELIVER = "0405810180F6000862118232740023044F60597D"
"""From 10086, 26/11/28,23:47:00+32: two Chinese characters."""


@pytest.fixture
def lab() -> Iterator[Hosted]:
    with Hosted() as hosted:
        yield hosted


@pytest.fixture
def module(lab: Hosted) -> HostedModule:
    return lab.start("ML307R", name="relay", msisdn="+8614400000001", speed=100)


def asked(module: HostedModule, *lines: str, end: str = "OK") -> str:
    """Type lines; return what is read up to the end behind the last."""
    read = ""
    with serial.serial_for_url(module.url, timeout=10) as port:
        for line in lines:
            port.write(line.encode())
            expected = b"> " if line.startswith("AT+CMGS") else f"\r\n{end}\r\n".encode()
            read = port.read_until(expected).decode()
            assert read.endswith(expected.decode()), read
    return read


def test_a_text_in_and_out(module: HostedModule) -> None:
    assert (module.sms.number, module.sms.waiting, module.sms.sent) == ("+8614400000001", 0, ())
    asked(module, "ATE0\r", "AT+CMGF=1\r", "AT+CNMI=2,2\r")
    module.sms.receive("10086", "Hello!")
    assert module.trace.wait_for('< +CMT: "10086"')
    assert module.trace.wait_for("< Hello!")
    assert module.trace.wait_for("sms received from 10086: Hello!")
    module.sms.receive("10086", "\u4f60\u597d,\r\n\u2603")
    assert module.trace.wait_for("10086: \u4f60\u597d,\\r\\n\u2603")
    asked(module, 'AT+CMGS="+8613900000000"\r', "hi\x1a")
    (sent,) = module.sms.sent
    assert (sent.to, sent.text, sent.encoding, sent.parts, sent.report) == ("+8613900000000", "hi", "7bit", 1, None)
    assert module.trace.wait_for("sms sent to +8613900000000: hi")


def test_what_waits_is_counted(module: HostedModule) -> None:
    module.lose_network()
    module.sms.receive("Bank", "\U0001f600" * 200)
    module.sms.receive_pdu(DELIVER)
    assert module.sms.waiting == 7 + 1  # 33 pairs a part


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"from": "", "text": "hi"}, "from= cannot be. The sender: up to 20 digits"),
        *(
            ({"from": sender, "text": "hi"}, "cannot be. The sender: up to 20 digits.* a name of up to 11")
            for sender in (
                "a\r\nOK",
                'a"b,c',
                "+",
                "++1",
                "+86 138",
                "138-0013",
                "+a",
                "   ",
                "a name too long",
                "1" * 21,
            )
        ),
        ({"from": "\u4f60", "text": "hi"}, "the GSM alphabet lacks it"),
        ({"from": "10086"}, "event sms: text is missing"),
        ({}, "event sms: from is missing, or a whole message as pdu"),
        ({"pdu": DELIVER, "from": "1"}, "give pdu alone"),
        ({"text": "hi"}, "from is missing"),
        ({"from": "12 34 56 78 90 12", "text": "hi"}, "cannot be. The sender"),
        ({"from": "1", "text": "hi", "class": 4}, "class=4 is out of range: a whole number from 0 to 3"),
        ({"from": "1", "text": "hi", "encoding": "utf8"}, "encoding=utf8 is none of 7bit, 8bit, ucs2"),
        ({"from": "1", "text": "\u4f60", "encoding": "7bit"}, "encoding ucs2 has every character"),
        ({"from": "1", "text": "\ud83d"}, "half a surrogate pair"),
        ({"from": "1", "text": "x" * 40000}, "more than 255 parts"),
        ({"pdu": "04"}, "no DELIVER"),
        ({"pdu": "xx"}, "is no hex"),
        ({"pdu": DELIVER, "text": "hi"}, "give pdu alone"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    lab: Hosted, module: HostedModule, values: dict[str, object], says: str
) -> None:
    module.lose_network()
    control, request = Control(lab.lab.modules), ApiRequest({"name": "relay"}, {}, values, {})
    with pytest.raises(Refused, match=says) as refused:
        lab.call(lambda: endpoint_of(TEXT).answer(control, request))
    assert refused.value.status == 422
    assert module.sms.waiting == 0
    assert "event sms" not in module.trace


def test_a_model_without_short_messages(lab: Hosted) -> None:
    module = lab.start("ML307R-DL")
    with pytest.raises(FaultError, match="ML307R-DL has no short messages: choose a model"):
        module.sms.receive("10086", "hi")
    with pytest.raises(UsageError, match="ML307R-DL has no short messages: choose a model"):
        _ = module.sms.sent


def test_the_mailbox_has_an_end(module: HostedModule) -> None:
    module.lose_network()
    for _ in range(40):
        module.sms.receive("1", "x" * 153 * 250)
    assert module.sms.waiting == 10000
    with pytest.raises(FaultError, match="10000 messages wait for the module already: let it read them first"):
        module.sms.receive("1", "x")
    assert module.sms.waiting == 10000
