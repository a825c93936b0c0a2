"""The sandbox's LwM2M server from outside: from any thread, and as the operations of the API and ctl have it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Iterator
from threading import Thread
from typing import Any

import pytest
import serial
from onemo.errors import FaultError, UsageError
from onemo.runtime.desk.lwm2m import OPERATIONS
from onemo.runtime.desk.lwm2m_desk import Lwm2mErrorAnswer, payload_of
from onemo.runtime.desk.lwm2m_results import Lwm2mAnswer, Lwm2mReport
from onemo.runtime.hosted import Hosted, HostedModule

BY_NAME = {operation.command.removeprefix("lwm2m "): operation for operation in OPERATIONS}
NAME = "001017000000011;460001234567890"


@pytest.fixture
def hosted() -> Iterator[Hosted]:
    with Hosted() as hosted:
        yield hosted


@pytest.fixture
def module(hosted: Hosted) -> HostedModule:
    return hosted.start("MN316", sandbox=True)


class Firmware:
    """A firmware's end of the line."""

    def __init__(self, port: serial.Serial) -> None:
        self.port = port

    def ask(self, line: str, *ends: bytes) -> None:
        self.port.write(line.encode() + b"\r")
        self.hears(*(ends or (b"OK",)))

    def hears(self, *ends: bytes) -> bytes:
        said = b""
        for end in ends:
            said = self.port.read_until(end + b"\r\n")
            assert said.endswith(end + b"\r\n"), said
        return said


@pytest.fixture
def firmware(module: HostedModule) -> Iterator[Firmware]:
    """One with a device that is registered."""
    with serial.serial_for_url(module.url, timeout=10) as port:
        firmware = Firmware(port)
        for line in (
            'AT+MIPLCREATEEX="server:5683",0',
            'AT+MIPLADDOBJ=0,3200,1,"1",0,1',
            'AT+MIPLDISCOVERRSP=0,3200,1,14,"5500;5501;5750"',
        ):
            firmware.ask(line)
        firmware.ask("AT+MIPLOPEN=0,3000,30", b"OK", b"+MIPLEVENT: 0,6")
        yield firmware


def operate(hosted: Hosted, module: HostedModule, word: str, **given: object) -> Any:
    """Do what an operation does, with the controls that the API has."""
    operation = BY_NAME[word]

    async def act() -> object:
        from onemo.runtime.controls import ModuleControls

        result = operation.act(ModuleControls(module._running), operation.read(given))
        return await result if isinstance(result, Awaitable) else result

    return hosted.wait(act)


def test_who_is_registered(hosted: Hosted, module: HostedModule, firmware: Firmware) -> None:
    (client,) = module.lwm2m.clients
    assert (client.endpoint, client.lifetime, client.version, client.binding) == (NAME, 3000, "1.0", "U")
    assert (client.paths, client.observed) == (["/3/0", "/3200/0"], [])
    assert 2990 <= client.left <= 3000
    assert re.fullmatch(r"127\.0\.0\.1:\d+", client.address)
    assert [each.endpoint for each in operate(hosted, module, "list")] == [NAME]
    firmware.ask("AT+MIPLCLOSE=0", b"OK", b"+MIPLEVENT: 0,15")
    assert module.lwm2m.clients == []
    with pytest.raises(UsageError, match="is not registered at the sandbox's LwM2M server; registered is nobody"):
        module.lwm2m.read("/3/0")
    with pytest.raises(UsageError, match="other is not registered"):
        module.lwm2m.read("/3/0", endpoint="other")


def test_what_the_module_answers_by_itself(hosted: Hosted, module: HostedModule, firmware: Firmware) -> None:
    assert module.lwm2m.read("/3/0/0") == "CMCC"
    assert "/3/0/9 100\n" in module.lwm2m.read("/3/0")
    assert module.lwm2m.read("/3/0/9", format="tlv") == "100"
    assert '{"n":"9","v":100}' in module.lwm2m.read("/3/0", format="json")
    assert module.lwm2m.discover("/3200") == "</3200>,</3200/0>,</3200/0/5500>,</3200/0/5501>,</3200/0/5750>"
    answer = operate(hosted, module, "read", path="/3/0/0", format="text", endpoint=NAME)
    assert answer == Lwm2mAnswer(NAME, "/3/0/0", "2.05", "text", "CMCC")
    with pytest.raises(Lwm2mErrorAnswer, match=f"{NAME} answered 4.04 for /9/0") as refused:
        module.lwm2m.read("/9/0")
    assert refused.value.code == "4.04"
    with pytest.raises(UsageError, match=r"answered 4\.04"):
        operate(hosted, module, "read", path="/9/0")
    module.lwm2m.attributes("/3200/0/5501", "pmin=18&pmax=90")
    firmware.hears(b'"pmin=18;pmax=90"')
    assert "</3200/0/5501>;pmin=18;pmax=90" in operate(hosted, module, "discover", path="/3200/0").text


def test_an_observation(hosted: Hosted, module: HostedModule, firmware: Firmware) -> None:
    assert module.lwm2m.observe("/3200/0") == ""
    firmware.hears(b",1,3200,0,-1")
    assert module.lwm2m.clients[0].observed == ["/3200/0"]
    firmware.ask('AT+MIPLNOTIFY=0,0,3200,0,5501,3,3,"-12",0,0,7', b"OK", b"+MIPLEVENT: 0,26,7")
    report = Lwm2mReport(NAME, "/3200/0", 1, True, "tlv", "/3200/0/5501 -12")
    assert module.lwm2m.notifications == [report]
    assert operate(hosted, module, "notifications") == (report,)
    module.lwm2m.cancel("/3200/0")
    firmware.hears(b",0,3200,0,-1")
    with pytest.raises(UsageError, match=r"/3200/0 of .* is not observed; observed is nothing"):
        operate(hosted, module, "cancel", path="/3200/0")
    operate(hosted, module, "observe", path="/3200/0/5750", format="tlv")
    firmware.ask('AT+MIPLNOTIFY=0,0,3200,0,5750,1,2,"hi",0,0')
    assert module.lwm2m.read("/3/0/0") == "CMCC"  # so the notification is there
    assert module.lwm2m.notifications[-1].text == "hi"


def test_a_firmware_that_is_silent(module: HostedModule, firmware: Firmware) -> None:
    with pytest.raises(TimeoutError, match=f"{NAME} did not answer within 0.3 s"):
        module.lwm2m.read("/3200/0/5750", timeout=0.3)


@pytest.mark.parametrize(
    ("given", "payload", "number"),
    [
        ({"value": "test"}, b"test", 0),
        ({"value": "34 35", "encoding": "hex"}, b"45", 0),
        ({"value": "3435", "encoding": "hex", "format": "opaque"}, b"45", 42),
        ({"value": "test", "format": "opaque"}, b"test", 42),
        ({"value": "1860", "format": "tlv", "type": "integer"}, bytes.fromhex("e2157d0744"), 11542),
        ({"value": "test", "format": "tlv"}, bytes.fromhex("e4157d74657374"), 11542),
        ({"value": "e2157d0744", "format": "tlv", "encoding": "hex"}, bytes.fromhex("e2157d0744"), 11542),
    ],
)
def test_what_is_written(given: dict[str, str], payload: bytes, number: int) -> None:
    values = BY_NAME["write"].read({"path": "/3200/0/5501", **given})
    assert payload_of(values) == (payload, number)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"value": "0g", "encoding": "hex"}, "'0g' is no hex"),
        ({"value": "x", "format": "tlv", "type": "integer"}, "'x' is no integer"),
        ({"value": "x", "type": "integer"}, "type=integer is for format=tlv"),
        ({"value": "x", "format": "tlv", "path": "/3200/0"}, "of an instance is given whole"),
        ({"value": "x", "path": "3200/0"}, "cannot be"),
        ({"value": "\ud800"}, "cannot be"),
        ({"value": "x", "timeout": "0"}, "timeout=0 is out of range"),
    ],
)
def test_what_cannot_be_written(given: dict[str, str], problem: str) -> None:
    with pytest.raises(FaultError, match=problem):
        payload_of(BY_NAME["write"].read({"path": "/3200/0/5501", **given}))


def test_mistakes_in_python(module: HostedModule, firmware: Firmware) -> None:
    with pytest.raises(UsageError, match="'cbor': give one of text, opaque"):
        module.lwm2m.read("/3/0", format="cbor")
    with pytest.raises(UsageError, match="no number"):
        module.lwm2m.write("/3200/0/5501", float("nan"))
    with pytest.raises(UsageError, match="'/x' is no path"):
        module.lwm2m.read("/x")


def test_without_a_sandbox_there_is_none(hosted: Hosted) -> None:
    module = hosted.start()
    with pytest.raises(UsageError, match="nothing leads to the sandbox"):
        module.lwm2m.read("/3/0")
    with pytest.raises(UsageError, match="nothing leads to the sandbox"):
        _ = module.lwm2m.clients
    with pytest.raises(UsageError, match="nothing leads to the sandbox"):
        operate(hosted, module, "notifications")


def test_a_firmware_that_answers(module: HostedModule, firmware: Firmware) -> None:
    """WRITE, EXECUTE and READ go to the firmware; here it answers in a thread, as a device does."""
    heard: list[bytes] = []

    def answers(count: int) -> None:
        for _ in range(count):
            urc = firmware.port.read_until(b"\r\n").strip() or firmware.port.read_until(b"\r\n").strip()
            heard.append(urc)
            name, _, fields = urc.partition(b": ")
            mid = fields.split(b",")[1].decode()
            if name == b"+MIPLREAD":
                firmware.ask(f'AT+MIPLREADRSP=0,{mid},1,3200,0,5750,1,4,"test",0,0')
            else:
                word = name.decode().removeprefix("+MIPL")
                firmware.ask(f"AT+MIPL{word}RSP=0,{mid},2")

    firmware.ask("ATE0")
    thread = Thread(target=answers, args=(5,))
    thread.start()
    try:
        assert module.lwm2m.read("/3200/0/5750") == "test"
        module.lwm2m.write("/3200/0/5750", "auf")
        module.lwm2m.write("/3200/0/5501", b"\x00\xff")
        module.lwm2m.execute("/3200/0/5505", "now")
        module.lwm2m.execute("/3200/0/5505")
    finally:
        thread.join()
    assert [re.sub(rb"(: 0,)\d+", rb"\1m", each) for each in heard] == [
        b"+MIPLREAD: 0,m,3200,0,5750",
        b"+MIPLWRITE: 0,m,3200,0,5750,1,3,auf,0",
        b"+MIPLWRITE: 0,m,3200,0,5501,6,4,00FF,0",
        b'+MIPLEXECUTE: 0,m,3200,0,5505,3,"now"',
        b"+MIPLEXECUTE: 0,m,3200,0,5505",
    ]


@pytest.mark.parametrize("number", [65536, 99999])
def test_a_resource_that_has_no_id_is_not_written(number: int) -> None:
    values = BY_NAME["write"].read({"path": f"/3200/0/{number}", "value": "5", "format": "tlv", "type": "integer"})
    with pytest.raises(FaultError, match=f"lwm2m write /3200/0/{number}: a resource has an id from 0 to 65535"):
        payload_of(values)


def test_a_text_that_is_no_unicode_is_sent_all_the_same(module: HostedModule, firmware: Firmware) -> None:
    with pytest.raises(TimeoutError):
        module.lwm2m.execute("/3200/0/5505", "\ud800", timeout=0.3)
    firmware.hears(b'5505,3,"\xed\xa0\x80"')


def test_values_that_lwm2m_has_not_are_told(module: HostedModule) -> None:
    for value in ({70000: 1}, {-1: 1}, {"5": 1}, {5: 10**5000}, {10**5000: 1}, 1 << 63, -(10**5000)):
        with pytest.raises(UsageError, match=r"^write /3200/0/5: "):
            module.lwm2m.write("/3200/0/5", value)  # type: ignore[arg-type]
