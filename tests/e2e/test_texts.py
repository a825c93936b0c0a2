"""Texts of a running emulator: ``ctl sms``, what the trace tells, and what the centre does wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import httpx
import pytest
from onemo.cli.main import app
from onemo.errors import EmulatorError

from tests.e2e.conftest import Start
from tests.e2e.dte import Dte
from tests.e2e.started import Started

Ctl = Callable[..., str]
SEND = 'AT+CMGS="13888888888"'


@pytest.fixture
def relay(start: Start, monkeypatch: pytest.MonkeyPatch) -> Started:
    """A module with a control port, which the environment tells ctl."""
    relay = start("ML307R", "--control", "127.0.0.1:0", "--json", "--speed", "100", "--msisdn", "+8614400000001")
    monkeypatch.setenv("ONEMO_CONTROL", str(json.loads(relay.ready)["control"]).removeprefix("http://"))
    return relay


@pytest.fixture
def ctl(relay: Started, capsys: pytest.CaptureFixture[str]) -> Ctl:
    """Runs a command of ctl in this process, and returns what it prints."""

    def run(*words: str, status: int = 0) -> str:
        capsys.readouterr()
        assert app(["ctl", *words], result_action="return_value") == status
        return capsys.readouterr().out

    return run


def dte_of(relay: Started) -> Dte:
    return relay.awake(json.loads(relay.ready)["port"])


def send(dte: Dte, text: str, *answer: str, to: str = SEND) -> None:
    dte.line(to)
    dte.reads(b"\r\n> ")
    dte.write(text.encode() + b"\x1a")
    dte.hears(*answer)


def test_in_and_out(relay: Started, ctl: Ctl) -> None:
    with dte_of(relay) as dte:
        dte.ask("AT+CNMI=2,2,0,1", "OK")
        assert ctl("sms", "--from", "10086", "Hello!").split() == ["Number", "Waiting", "+8614400000001", "0"]
        assert b"C8329BFD0E01" in dte.until(rb"\+CMT: ,22\r\n0891683108200305F0[0-9A-F]+\r\n")
        ctl("sms", "ML307R", "--from", "10086", "--class", "0", "--encoding", "ucs2", "\u4f60\u597d")
        dte.until(rb"\+CMT: ,20\r\n0891683108200305F00405810180F60018[0-9A-F]{14}044F60597D\r\n")
        ctl("sms", "--pdu", "0405810180F6000862118232740023044F60597D")
        dte.until(rb"0008621182327400" + rb"23044F60597D\r\n")
        dte.ask("AT+CMGF=1", "OK")
        dte.ask("AT+CSMP=49", "OK")
        send(dte, "Hello!", "+CMGS: 1", "OK")
        dte.until(rb'\+CDS: 6,1,"13888888888",129,"[^"]+","[^"]+",0\r\n')
    received = ("--step", "event:sms received from 10086*\u4f60\u597d", "--step", "0*event:sms received from 1008611")
    assert ctl("verify", *received, "--step", "event:sms sent to 13888888888*Hello").endswith("\nmatched\n")
    told = json.loads(ctl("show", "--json"))["sms"]
    (sent,) = told.pop("sent")
    assert told == {
        "number": "+8614400000001",
        "centre": "+8613800230500",
        "stores": {"ME": {"used": 0, "total": 50}, "SM": {"used": 0, "total": 50}},
        "waiting": 0,
    }
    assert abs(sent.pop("time") - time.time()) < 60
    assert sent == {"to": "13888888888", "text": "Hello!", "encoding": "7bit", "parts": 1, "of": 1, "report": 0}
    shown = ctl("show")
    assert "\nShort messages\n" in shown
    assert "ME 0 of 50, SM 0 of 50" in shown
    assert "13888888888  Hello!" in shown


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("sms", "hi"), "event sms: from is missing, or a whole message as pdu. The sender: up to 20 digits"),
        (("sms", "--from", "", "hi"), "from= cannot be"),
        (("sms", "--from", "a\r\nOK", "hi"), r"sms: from='a\r\nOK' cannot be. The sender: up to 20 digits"),
        (("do", "sms from=138-0013 text=hi"), "event sms: from=138-0013 cannot be. The sender"),
        (("do", "sms from=10086"), "event sms: text is missing"),
        (("do", "sms from"), "event sms: 'from' has no value"),
        (("do", "sms-full store=MT"), "event sms-full: store=MT is none of ME, SM"),
        (("sms", "--from", "10086", "\udcff\udcfe"), r"'\udcff\udcfe' is no valid text: give it in UTF-8"),
        (("do", "sms from=10086 text=\udcff"), "is no valid text"),
        (("fault", "urc-drop urc=\udcff"), "is no valid text"),
        (("show", "\udcff"), "is no valid text"),
        (("trace", "--contains", "\udcff"), "is no valid text"),
        (("verify", "--step", "sent:\udcff"), "is no valid text"),
        (("sms", "--from", "10086"), "give TEXT; before it the name of the module, if there are several"),
        (("sms", "--from", "1", "a", "b", "c"), "give TEXT; before it"),
        (("sms", "other", "--from", "1", "hi"), "there is no module 'other'; there are ML307R"),
        (("sms", "--from", "1", "--class", "4", "hi"), "class=4 is out of range: a whole number from 0 to 3"),
        (("sms", "--from", "1", "--encoding", "7bit", "\u4f60"), "encoding ucs2 has every character"),
        (("sms", "--from", "1", "x" * 40000), "more than 255 parts: shorten it, or send several"),
        (("sms", "--pdu", "04"), "no DELIVER"),
        (("sms", "--pdu", "04", "--from", "1"), "give pdu alone"),
    ],
)
def test_what_is_wrong_is_told(ctl: Ctl, words: tuple[str, ...], says: str) -> None:
    with pytest.raises(EmulatorError) as error:
        ctl(*words)
    assert says in str(error.value)
    state = json.loads(ctl("show", "--json"))["sms"]
    assert (state["waiting"], state["stores"]["ME"]["used"]) == (0, 0)


def test_a_module_without_short_messages(start: Start) -> None:
    module = start("ML307R-DL", "--control", "127.0.0.1:0", "--json")
    url = json.loads(module.ready)["control"]
    assert httpx.get(f"{url}/v1/modules/ML307R-DL").json()["sms"] is None
    refused = httpx.post(f"{url}/v1/modules/ML307R-DL/sms", json={"from": "10086", "text": "hi"})
    assert refused.status_code == 422
    assert refused.json()["error"].endswith("ML307R-DL has no short messages: choose a model with AT+CMGS")
    event = httpx.post(f"{url}/v1/modules/ML307R-DL/events", json={"event": "sms", "from": "10086", "text": "hi"})
    assert (event.status_code, event.json()) == (422, refused.json())


def test_a_text_of_megabytes_is_refused(relay: Started) -> None:
    url = f"{json.loads(relay.ready)['control']}/v1/modules/ML307R/sms"
    for size, status in ((2_000_000, 422), (36_000, 200)):
        answer = httpx.post(url, json={"from": "10086", "text": "x" * size}, timeout=30)
        assert answer.status_code == status
        assert ("more than 255 parts: shorten it" in answer.text) is (status == 422)
    assert httpx.get(url.removesuffix("/sms")).json()["sms"]["stores"]["ME"]["used"] == 50


@pytest.mark.parametrize(
    ("encoding", "character", "most"),
    [
        ("7bit", "x", 255 * 153),
        ("ucs2", "\u4f60", 255 * 67),
        ("ucs2", "\U0001f600", 255 * 33),
        ("8bit", "7F", 255 * 134),
    ],
)
def test_as_many_parts_as_there_can_be(ctl: Ctl, encoding: str, character: str, most: int) -> None:
    """They come through ctl and its request, and one more is refused for their number."""
    ctl("do", "registration-lost")
    with pytest.raises(EmulatorError, match="more than 255 parts: shorten it, or send several"):
        ctl("sms", "--from", "10086", "--encoding", encoding, character * (most + 1))
    assert ctl("sms", "--from", "10086", "--encoding", encoding, character * most).split()[-1] == "255"
    ctl("do", f"sms from=10086 encoding={encoding} text='{character * most}'")
    assert json.loads(ctl("show", "--json"))["sms"]["waiting"] == 2 * 255


def test_an_empty_text_is_one_that_was_given(ctl: Ctl) -> None:
    ctl("do", "registration-lost")
    ctl("do", "sms from=10086 text=''")
    assert json.loads(ctl("show", "--json"))["sms"]["waiting"] == 1


def test_a_silent_centre_and_one_that_refuses(relay: Started, ctl: Ctl) -> None:
    with dte_of(relay) as dte:
        dte.ask("AT+CMEE=1;+CMGF=1", "OK")
        ctl("fault", "sms-silence times=1")
        began = time.monotonic()
        send(dte, "hi", "+CMS ERROR: 332")
        assert time.monotonic() - began > 0.6, "a minute, divided by --speed"
        dte.ask("AT", "OK")
        ctl("fault", "sms-refuse cms=38 to=138*")
        send(dte, "hi", "+CMS ERROR: 38")
        send(dte, "hi", "+CMGS: 3", "OK", to='AT+CMGS="10010"')
        ctl("fault", "sms-silence")
        ctl("unfault", "--all")
        ctl("fault", "line-slice direction=to-dte contains='+CMS ERROR' size=8 gap=50ms")
        ctl("fault", "command-answer command=CMGS cms=332 at=prompt")
        send(dte, "hi", "+CMS ERROR: 332")
    assert [sent["to"] for sent in json.loads(ctl("show", "--json"))["sms"]["sent"]] == ["10010"]


def test_a_restart_ends_a_silence(relay: Started, ctl: Ctl) -> None:
    with dte_of(relay) as dte:
        dte.ask("AT+CMGF=1", "OK")
        ctl("fault", "sms-silence")
        dte.line(SEND)
        dte.reads(b"\r\n> ")
        dte.write(b"hi\x1a")
        ctl("do", "reboot")
        dte.wake()
        assert dte.lull(0.8) == b"", "no answer of the cycle before"
