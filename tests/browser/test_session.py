"""A session at the bench: a module boots, its firmware opens a connection, a fault is added on the page and fires."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from onemo.net.firmware import make_package
from selenium.webdriver.common.keys import Keys

from tests.browser.page import Page
from tests.e2e.driver import Driver, connect, registered
from tests.e2e.dte import WAIT
from tests.e2e.peers import IPV4, Echo
from tests.e2e.started import AT_ONCE, Started


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A module with a control port of its own."""
    arguments = ["ML307R", "--json", "--control", "127.0.0.1:0", *AT_ONCE]
    with Started(arguments, tmp_path_factory.mktemp("session") / "stderr") as module:
        yield module.wait_ready()


def test_a_session(page: Page, module: Started) -> None:
    ready = json.loads(module.ready)
    page.open(ready["control"])
    page.until("the module is there", lambda: page.text("who-name") == "ML307R" and "boot 1" in page.text("facts"))
    assert page.text("who-port") == ready["port"]
    with Driver(ready["port"], module.transcript) as driver, Echo() as echo:
        host, port = IPV4, echo.port("TCP", IPV4)
        connect(driver, host, port, call=True)
        page.shows("#0 opened", f"{host}:{port}")
        page.shows("URC", '+MIPURC: "rtcp",0,5,68656C6C6F')
        page.until(
            "its counters",
            lambda: f"{host}:{port}" in page.text("connections") and "\t5\t5\t" in page.text("connections"),
        )
        page.picture("connected")

        page.form("net-reset")
        page.choose("key-operation", "send")
        page["fault-arm"].click()
        page.until("the fault is armed", lambda: "waits" in page.text("faults"))
        assert driver.refusal('AT+MIPSEND=0,2,"6869"') == "+CME ERROR: 560"
        assert driver.urc('+MIPURC: "disconn"') == '+MIPURC: "disconn",0,2'
        page.shows("fault: ", "net-reset operation=send")
        page.until("it has fired", lambda: "fired once" in page.text("faults"))
        page.until("and the connection is gone", lambda: page.text("connections") == "")
        page.picture("fired")
        page["faults"].find_element("tag name", "button").click()
        page.until("it is disarmed", lambda: page.text("faults") == "")

        page.happen("registration-lost")
        page.until("no coverage", lambda: "searching" in page.text("facts") and "searching" in page.text("lab-list"))
        page.happen("registration-back")
        driver.until("AT+CEREG?", registered)
        page.happen("sim-remove")
        page.until("no card", lambda: "absent" in page.text("facts"))
        assert driver.refusal("AT+CPIN?") == "+CME ERROR: 10"
        page.happen("sim-insert")
        page.type("urc-text", "+CREG: 2\n")
        assert driver.urc("+CREG: 2")
        page.shows("URC", "+CREG: 2")

        page.happen("power-off")
        page.until("it is off", lambda: "off" in page.text("lab-list"))
        driver.urcs.clear()
        page.happen("power-on")
        driver.wake()  # it listens for the speed of the line first
        assert driver.urc("+MATREADY")
        page.shows("+MATREADY")
        page.until("its second boot", lambda: "boot 2" in page.text("facts"))
        page.picture("rebooted")


def test_a_text_in_and_one_out(page: Page, module: Started) -> None:
    ready = json.loads(module.ready)
    page.open(ready["control"])
    page.until("the module has short messages", lambda: "ME 0 of 50" in page.text("texts-own"))
    page.type("texts-from", "a name too long")
    page["texts-text"].send_keys("\u4f60\u597d \u2603")
    page["texts-send"].click()
    page.until("why not", lambda: page.text("texts-error") != "")
    page.type("texts-from", "10086")
    with Driver(ready["port"], module.transcript) as driver:
        driver.command("AT+CMGF=1")
        driver.command("AT+CNMI=2,1")
        page.run("arguments[0].scrollIntoView()", page["texts-send"])  # which what was wrong has moved away
        page["texts-send"].click()
        assert driver.urc("+CMTI") == '+CMTI: "ME",1'
        page.until("it came", lambda: page.text("texts-in") == "10086: \u4f60\u597d \u2603")
        page.until("it is stored", lambda: "ME 1 of 50 · SM 0 of 50 · 0 waiting" in page.text("texts-own"))
        assert page.text("texts-error") == ""
        assert page.text("texts-out") == ""
        driver.serial.timeout = WAIT
        driver.serial.write(b'AT+CMGS="13900000000"\r')
        assert driver.serial.read_until(b"\r\n> ").endswith(b"> ")
        driver.serial.write(b"On my way\x1a")
        assert driver.serial.read_until(b"\r\nOK\r\n").endswith(b"OK\r\n")
        page.until("it went", lambda: page.text("texts-out") == "13900000000: On my way")
        page.picture("texts")


@pytest.fixture(scope="module")
def sandboxed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A module in the sandbox, with a control port of its own."""
    arguments = ["ML307R", "--json", "--sandbox", "--control", "127.0.0.1:0", *AT_ONCE]
    with Started(arguments, tmp_path_factory.mktemp("sandboxed") / "stderr") as module:
        yield module.wait_ready()


def test_a_file_in_and_out(page: Page, sandboxed: Started, tmp_path: Path) -> None:
    ready = json.loads(sandboxed.ready)
    page.open(ready["control"])
    page.until("there is none", lambda: page.text("files-room").startswith("0 files"))
    page.unfold("files")
    content = bytes(range(256)) * 200
    (tmp_path / "a.bin").write_bytes(content)
    page["files-file"].send_keys(str(tmp_path / "a.bin"))
    page["files-put"].click()
    page.until("it is there", lambda: "/a.bin\n51,200 bytes" in page.text("files-list"))
    with sandboxed.awake(ready["port"]) as dte:
        dte.ask('AT+MFSIZE="/a.bin"', "+MFSIZE: 51200", "OK")
        dte.ask('AT+MFDELETE="/a.bin"', "OK")
    page.until("it is gone", lambda: page["files-list-none"].is_displayed())
    page["files-file"].send_keys(str(tmp_path / "a.bin"))
    page.type("files-path", "/" + "x" * 500)
    page["files-put"].click()
    page.until("why not", lambda: "is no path of a file here" in page.text("files-error"))


def test_a_file_by_ftp_and_the_firmware(page: Page, sandboxed: Started, tmp_path: Path) -> None:
    ready = json.loads(sandboxed.ready)
    page.open(ready["control"])
    page.until("what it has", lambda: page["ftp"].is_displayed())
    page.unfold("ftp")
    (tmp_path / "fw.bin").write_bytes(make_package("ML307R", "*", "V2"))
    page["ftp-file"].send_keys(str(tmp_path / "fw.bin"))
    page["ftp-put"].click()
    page.until("it is there", lambda: "/fw.bin\n49,630 bytes" in page.text("ftp-list"))
    with sandboxed.awake(ready["port"]) as dte:
        dte.ask('AT+MFTPCONN=0,"ftp.example.com"', "OK", "+MFTPCONN: 0,0")
        page.until("the session", lambda: page.text("ftp-sessions") == "0 ftp.example.com:21 connected")
        dte.ask('AT+MFTPMKD=0,"/log"', "OK", "+MFTPMKD: 0,0")
        dte.ask("AT+MFTPDISC=0", "OK", "+MFTPDISC: 0,0", '+MFTPURC: 0,"conn",0')
        dte.ask('AT+MFWCFG="url","ftp://ftp.example.com/fw.bin"', "OK")
        dte.ask("AT+MFWDLOAD", "OK", "+MFWDLOAD: 2,49630,49630")
        page.until("the package", lambda: "downloaded, 49,630 of 49,630 bytes" in page.text("firmware-facts"))
        page.run("window.confirm = () => true")
        page["ftp-list"].find_element("css selector", '[aria-label="Delete /log/"]').click()
        page.until("it is gone", lambda: "/log/" not in page.text("ftp-list"))
        dte.ask("AT+MFWERASE", "OK")
        page.shows("module to network: ", "RETR fw.bin")
        page.picture("ftp")


def test_a_request_and_its_answer(page: Page, sandboxed: Started) -> None:
    ready = json.loads(sandboxed.ready)
    page.open(ready["control"])
    page.until("it is offered", lambda: page["web"].is_displayed())
    page.unfold("web")
    page.type("web-path", "ota")
    page["web-body"].send_keys("seven")
    page["web-answer"].click()
    page.until("why not", lambda: "it begins with /" in page.text("web-error"))
    page.type("web-path", "/ota")
    page["web-answer"].click()
    page.until("it is taken", lambda: "/ota is answered so" in page.text("say") and not page.text("web-error"))
    with sandboxed.awake(ready["port"]) as dte:
        dte.ask('AT+MHTTPCREATE="http://ota.example.com"', "+MHTTPCREATE: 0", "OK")
        dte.ask('AT+MHTTPREQUEST=0,1,0,"/ota"', "OK")
        dte.until(rb'"content",0,5,5,5,seven')
    page.until("it is listed", lambda: page.text("web-list").startswith("GET ota.example.com/ota 200"))
    page.shows("module to network: ", "HTTP 0 GET /ota")
    page.shows("network to module: ", "HTTP 0 200, 5 bytes")
    page.picture("asked")


def test_a_message_to_the_module_and_one_from_it(page: Page, sandboxed: Started) -> None:
    ready = json.loads(sandboxed.ready)
    page.open(ready["control"])
    page.until("what it has", lambda: page["broker"].is_displayed())
    page.unfold("broker")
    with sandboxed.awake(ready["port"]) as dte:
        dte.ask('AT+MQTTCONN=0,"mqtt.example.com",1883,"meter-1","me","sesame"', "OK", '+MQTTURC: "conn",0,0')
        dte.ask('AT+MQTTSUB=0,"lamp/#",1', "+MQTTSUB: 0,1", "OK", '+MQTTURC: "suback",0,1,1')
        page.until("it is there", lambda: page.text("broker-clients").startswith("meter-1 connected"))
        page.until("so is its filter", lambda: page.text("broker-subscriptions") == "lamp/# QoS 1 · meter-1")
        page.type("broker-topic", "lamp/+")
        page["broker-payload"].send_keys("on")
        page["broker-publish"].click()
        page.until("why not", lambda: page.text("broker-error") != "")
        page.type("broker-topic", "lamp/set")
        page["broker-publish"].click()
        dte.until(rb'"publish",0,0,"lamp/set",2,2,on\r\n')
        page.until("it is listed", lambda: page.text("broker-published") == "lamp/set QoS 0\non")
        page.shows("network to module: ", "MQTT 0 PUBLISH lamp/set, 2 bytes: on")
        dte.ask('AT+MQTTPUB=0,"a/b",0,0,0,4,"21.5"', "+MQTTPUB: 0,2,11", "OK")
        page.until(
            "the one from it", lambda: page.text("broker-published").startswith("a/b QoS 0 · from meter-1\n21.5")
        )
        page.shows("module to network: ", "MQTT 0 PUBLISH a/b, 4 bytes: 21.5")
        page.shows("MQTT 0 CONNECT meter-1", "password ***")
        assert "sesame" not in "".join(page.rows())


def test_a_platform_that_reads(page: Page, sandboxed: Started) -> None:
    ready = json.loads(sandboxed.ready)
    page.open(ready["control"])
    page.until("what it has", lambda: page["lwm2m"].is_displayed())
    page.unfold("lwm2m")
    with sandboxed.awake(ready["port"]) as dte:
        dte.ask('AT+MIPLCREATEEX="iot.example.com",0', "+MIPLCREATEEX: 0", "OK")
        dte.ask('AT+MIPLADDOBJ=0,3303,1,"1",0,0', "OK")
        dte.ask("AT+MIPLOPEN=0,3000,30", "OK", "+MIPLEVENT: 0,6")
        page.until("it is there", lambda: "/3/0 /3303/0" in page.text("lwm2m-clients"))
        page.type("lwm2m-path", "/3/0/0")
        page["lwm2m-ask"].click()
        page.until("the answer", lambda: page.text("lwm2m-answer") == "2.05 CMCC")
        page.type("lwm2m-path", "/9/0")
        page["lwm2m-ask"].click()
        page.until("why not", lambda: "answered 4.04 for /9/0" in page.text("lwm2m-error"))
        page.choose("lwm2m-what", "observe")
        page.type("lwm2m-path", "/3303/0/5700")
        page["lwm2m-ask"].click()
        page.until("it is observed", lambda: "observed /3303/0/5700" in page.text("lwm2m-clients"))
        dte.until(rb"\+MIPLOBSERVE: 0,\d+,1,3303,0,5700\r\n")
        dte.ask('AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,"21.5",0,0', "OK")
        page.until("the notification", lambda: page.text("lwm2m-notifications").endswith("\n21.5"))


def test_what_the_port_refuses_is_said(page: Page, module: Started) -> None:
    page.open(json.loads(module.ready)["control"])
    page.type("fault-text", "net-reset operation=sing")
    page["fault-arm"].click()
    page.until("why", lambda: "operation" in page.text("fault-error"))
    assert page.text("faults") == ""
    page.type("fault-text", "urc-drop urc=MIPOPEN")
    page["fault-arm"].click()
    page.until("it is armed", lambda: "urc-drop urc=MIPOPEN" in page.text("faults"))
    assert page.text("fault-error") == ""
    page["faults"].find_element("tag name", "button").click()
    page.until("the second is disarmed, too", lambda: page.text("faults") == "")


def test_the_pins_of_the_board(page: Page, module: Started) -> None:
    ready = json.loads(module.ready)
    page.open(ready["control"])
    page.until("the board", lambda: "100/1900" in page.text("board-facts") and "B" not in page.text("board-pins"))
    with Driver(ready["port"], module.transcript) as driver:
        driver.command("AT+MGPIO=0,2")
        page.until("a pin that the firmware drives", lambda: "0\tout\t●high" in page.text("board-pins"))
        page.shows("pin", "0 high")
        driver.command("AT+MLED=0,0")
        page.until("a light that it switched off", lambda: "network off" in page.text("board-facts"))
        driver.command("AT+MPWMDATA=1,1000,50")
        driver.command("AT+MPWMCTRL=1,1")
        page.until("a duty", lambda: "on, 1000 µs 50 %" in page.text("board-facts"))
        page.chromium.find_element("css selector", "[data-pin='1'][data-to='1']").click()
        page.until("a pin that is driven", lambda: "1\tin\t●high" in page.text("board-pins"))
        assert driver.value("AT+MGPIO=1,0") == "1,1"
        page.until("the focus stays", lambda: "high" in page.focused())
        page.chromium.find_element("css selector", "[data-pin='1'][data-to='none']").click()
        page.until("it is let go", lambda: "1\tin\t○low" in page.text("board-pins"))
        assert page.text("board-error") == ""
        page.look_at("board", "board")
        assert page.complaints() == []


def test_commands_at_a_console_of_its_own(page: Page, sandboxed: Started) -> None:
    ready = json.loads(sandboxed.ready)
    with sandboxed.awake(ready["port"]) as dte:
        page.open(ready["control"])
        page.until("it is offered", lambda: page["console"].is_displayed())
        page.press("a")
        page.press("AT+CSQ", Keys.ENTER)
        page.until("the answer", lambda: page.text("console-said") == "+CSQ: 20,99\nOK")
        page.shows("DTE to module, console 1: ", "1> AT+CSQ")
        page.press("AT+MIPOPEN=", Keys.HOME, Keys.END)
        page.until("what it takes", lambda: page.text("console-hint").startswith("+MIPOPEN: (0-5),"))
        page.press('5,"TCP","www.example.com",7', Keys.ENTER)
        page.shows("URC, module to DTE, console 1: ", "+MIPOPEN: 5,0")
        page.press("AT+MIPSEND=5", Keys.ENTER)
        page.until("it asks", lambda: page["console-end"].is_displayed())
        page.press("hello")
        page["console-end"].click()
        page.until("it went", lambda: page.text("console-said") == "+MIPSEND: 5,5\nOK")
        page.shows("network to module: ", "#5 hello")
        dte.hears('+MIPURC: "rtcp",5,5,hello')
        dte.alive()
        for width in (1440, 390):
            page.width(width)
            page.run("document.getElementById('main').scrollTo(0, 0)")
            page.picture(f"console-{width}")
        page.width(1440)
        page["console-text"].send_keys("AT+MIPCLOSE=5", Keys.ENTER)
        page.shows("1< OK")


def test_an_error_in_words_and_the_dialogue_as_a_file(page: Page, module: Started, tmp_path: Path) -> None:
    ready = json.loads(module.ready)
    page.open(ready["control"])
    page.until("the module is there", lambda: page.text("who-name") == "ML307R")
    with Driver(ready["port"], module.transcript) as driver:
        assert driver.refusal("AT+MIPCLOSE=3") == "+CME ERROR: 551"
    page.shows("+CME ERROR: 551", "TCP/IP not used")
    got = tmp_path / "got"
    page.chromium.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(got)})
    page["download"].find_element("tag name", "summary").click()
    page["download"].find_element("css selector", "[value=transcript]").click()
    file = got / "ML307R.txt"
    page.until("it is there", file.exists)
    lines = file.read_text().splitlines()
    assert lines.index("> AT+MIPCLOSE=3") < lines.index("< +CME ERROR: 551")
