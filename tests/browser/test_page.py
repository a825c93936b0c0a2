"""The page on a control port that says what a test wants: keys, screen readers, bad bytes, a flood."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.fake import FakePort
from tests.browser.page import Page

Serve = Callable[[FakePort], str]


def dialogue(port: FakePort, name: str) -> None:
    """One entry of each sort."""
    port.entry(name, from_="dte", to="module", data='AT+MIPOPEN=0,"TCP","198.51.100.7",8883', kind="command")
    port.entry(name, from_="module", to="dte", data='AT+MIPOPEN=0,"TCP","198.51.100.7",8883', kind="echo")
    port.entry(name, from_="module", to="dte", data="OK", kind="answer", took=0.0123)
    port.entry(name, event="opened", connect_id=0, detail="198.51.100.7:8883", kind="event")
    port.entry(name, from_="module", to="dte", data="+MIPOPEN: 0,0", kind="urc")
    port.entry(name, from_="module", to="network", connect_id=0, data="\x10\x0c\x00\x04MQTT", kind="payload")
    port.entry(name, from_="network", to="module", connect_id=0, data="\r\n" + "x" * 900, kind="payload")
    port.entry(name, event="fault", detail="net-reset operation=send", kind="event")
    port.entry(name, event="broken", connect_id=0, detail="reset by the peer", kind="event")


def test_every_sort_of_entry_is_told_in_words(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    url = serve(port)
    dialogue(port, "ML307R")
    page.open(url)
    page.shows("broken")
    answered = ["DTE to module: ", "echo, module to DTE: ", "module to DTE: ", "network: ", "URC, module to DTE: "]
    assert page.ways() == [*answered, "module to network: ", "network to module: ", "fault: ", "network: "]
    rows = page.rows()
    assert "12 ms" in rows[2]
    assert r"#0 \x10\x0C\x00\x04MQTT" in rows[5]
    assert r"\r\nxxx" in rows[6]
    assert "902 B" in rows[6]
    page["chart-hex"].click()
    page.shows("10 0C 00 04 4D 51 54 54")
    page["chart-hex"].click()
    page.choose("chart-side", "urc")
    page.until("URCs alone", lambda: len(page.rows()) == 1)
    page.choose("chart-side", "")
    page.type("chart-filter", "mqtt")
    page.until("what is searched alone", lambda: len(page.rows()) == 1)


def test_requests_and_packets_are_told_in_words(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    url = serve(port)
    dialogue(port, "ML307R")
    port.entry("ML307R", from_="module", to="network", httpid=1, data="GET /x HTTP/1.1\r\n\r\n", kind="payload")
    port.entry("ML307R", event="sent", httpid=1, detail="GET /x", kind="event")
    port.entry("ML307R", event="received", mqtt_id=0, detail="PUBLISH a/b, 8 bytes: <b>21</b>", kind="event")
    port.entry("ML307R", event="received", other_id=2, detail="2.05 Content", kind="event")
    page.open(url)
    page.shows("OTHER 2 2.05 Content")
    ways = ["module to network: ", "module to network: ", "network to module: ", "network to module: "]
    assert page.ways()[-4:] == ways
    rows = page.rows()
    assert rows[-4].endswith(r"HTTP 1 GET /x HTTP/1.1\r\n\r\n")
    assert rows[-3].endswith("module to network: HTTP 1 GET /x")
    assert rows[-2].endswith("network to module: MQTT 0 PUBLISH a/b, 8 bytes: <b>21</b>")
    for dark in (True, False):
        page.dark(dark)
        assert page.flaws() == []
        page.picture(f"words-{'dark' if dark else 'light'}")
    page.choose("chart-side", "note")
    page.until("events and faults alone", lambda: len(page.rows()) == 3)
    page.choose("chart-side", "network")
    page.until("the network alone", lambda: len(page.rows()) == 8)
    page["chart-list"].send_keys(Keys.END)
    assert page.text("detail-text") == "received 2.05 Content"


def test_another_console_than_the_first_is_marked(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    url = serve(port)
    port.entry("ML307R", from_="dte", to="module", data="ATI", kind="command")
    port.entry("ML307R", from_="dte", to="module", data="AT+CSQ", kind="command", console=1)
    port.entry("ML307R", from_="module", to="dte", data="+MIPOPEN: 0,0", kind="urc", console=1)
    page.open(url)
    page.shows("1< URC", "+MIPOPEN")
    assert page.ways() == ["DTE to module: ", "DTE to module, console 1: ", "URC, module to DTE, console 1: "]
    page.type("chart-filter", "1> at")
    page.until("what was typed there alone", lambda: len(page.rows()) == 1)
    assert page.rows()[0].endswith("1> AT+CSQ")


def test_what_went_before_is_shown_on_request(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    for number in range(1, 1201):
        port.entry("ML307R", from_="module", to="dte", data=f"+N: {number}.", kind="urc")
    page.open(serve(port))
    page.shows("+N: 1200.")
    for rows, oldest in ((500, 701), (1000, 201), (1200, 1)):
        page.until(f"{rows} rows", lambda rows=rows: len(page.rows()) == rows)  # type: ignore[misc]
        assert f"+N: {oldest}." in page.rows()[0]
        if rows < 1200:
            page.run("document.getElementById('chart-older').click()")
    assert not page["chart-older"].is_displayed()
    page.press("p")
    page.until("the newest alone again", lambda: len(page.rows()) == 500)


def test_the_keyboard_reaches_all(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R", "MN316", "ML302A")
    dialogue(port, "MN316")
    page.open(serve(port) + "#MN316")
    assert page.chromium.title == "MN316 · OneMO emulator"
    page.shows("broken")
    page.press("/")
    assert page.focused() == "chart-filter"
    page.press(Keys.ESCAPE)
    assert page.focused() == "chart-list"
    page.press(Keys.ARROW_UP, Keys.ARROW_UP, Keys.ARROW_UP)
    page.until("the third from below in full", lambda: "902 bytes" in page.text("detail-head"))
    assert "0000  0D 0A 78" in page.text("detail-hex")
    assert page.text("chart-held") == "Paused"
    port.entry("MN316", from_="module", to="dte", data="+LATE: 1", kind="urc")
    page.until("what came since is counted", lambda: page.text("chart-held") == "Paused, 1 more came")
    page.press("p")
    page.shows("+LATE: 1")
    assert not page["detail"].is_displayed()
    page.press("k")
    page.until("the module before", lambda: page.text("who-name") == "ML307R")
    assert page.chromium.current_url.endswith("#ML307R")
    page.press("m")
    page.press("302", Keys.ENTER)
    page.until("the one that is searched", lambda: page.text("who-name") == "ML302A")
    page["chart-list"].send_keys("?")
    page.until("the keys", lambda: page["help"].is_displayed())
    page.press(Keys.ESCAPE)
    page.until("the keys are gone", lambda: not page["help"].is_displayed())


def test_nothing_stands_in_the_way_of_a_screen_reader(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R", "MN316")
    port.modules["MN316"] |= {"registration": "denied", "faults": 2}
    dialogue(port, "ML307R")
    page.open(serve(port))
    page.shows("broken")
    page.until("the state", lambda: "CHINA MOBILE" in page.text("facts"))
    page["chart-list"].send_keys(Keys.ARROW_UP)
    page.run("document.querySelectorAll('details').forEach((details) => details.open = true)")
    for dark in (True, False):
        page.dark(dark)
        assert page.flaws() == []
        page.picture(f"detail-{'dark' if dark else 'light'}")
    page["chart-list"].send_keys("?")
    for dark in (True, False):
        page.dark(dark)
        assert page.flaws() == []


def test_what_is_data_is_never_markup(page: Page, serve: Serve) -> None:
    bad = "<img src=x onerror='window.broken=1'>"
    port = FakePort(bad, "ML307R")
    port.modules[bad] |= {"model": bad, "port": bad}
    port.entry(bad, from_="dte", to="module", data=f"AT+X={bad}", kind="command")
    port.entry(bad, event=bad, detail=bad)
    page.open(serve(port))
    page.shows(bad, "AT+X=")
    page["chart-list"].send_keys(Keys.HOME)
    assert page.text("detail-text") == f"AT+X={bad}"
    assert page.text("who-name") == bad
    assert page.run("return [document.images.length, window.broken ?? 0]") == [0, 0]


def test_the_fields_write_the_words_that_are_sent(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    page.open(serve(port))
    page.form("urc-replace")
    page.type("key-text", "it's +CEREG: 2")
    page.type("key-urc", "MIPOPEN")
    words = """urc-replace text='it'"'"'s +CEREG: 2' urc=MIPOPEN"""
    assert page["fault-text"].get_attribute("value") == words
    page["fault-arm"].click()
    page.until("it is sent", lambda: port.posted == [("/v1/modules/ML307R/faults", {"fault": words})])
    page.type("urc-text", "+CEREG: 2\n")
    page.until(
        "the URC is sent",
        lambda: port.posted[1:] == [("/v1/modules/ML307R/events", {"event": "urc", "text": "+CEREG: 2"})],
    )
    page.happen("sim-remove")
    page.until("the event is sent", lambda: port.posted[2:] == [("/v1/modules/ML307R/events", {"event": "sim-remove"})])
    page["fault-presets"].find_element(By.CSS_SELECTOR, "[value=open-twice]").click()
    assert (page.text("fault-made"), page["fault-when"].is_displayed()) == ("urc-duplicate urc=MIPOPEN times=1", False)
    page["fault-arm"].click()
    page.until(
        "the preset is sent", lambda: port.posted[3:] == [("/v1/modules/ML307R/faults", {"fault": "open-twice"})]
    )
    page.until("the active context", lambda: "Deactivate 3" in page.text("events"))
    assert "Deactivate 1" not in page.text("events")
    page.happen("pdp-deactivate")
    down = ("/v1/modules/ML307R/events", {"event": "pdp-deactivate", "cid": 3})
    page.until("it is taken down", lambda: port.posted[4:] == [down])


def test_short_messages_come_and_go(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    page.open(serve(port))
    page.until("its own", lambda: page.text("texts-own") == "+8614400000001 · ME 1 of 50 · SM 0 of 50 · 2 waiting")
    assert page.text("texts-out") == "13900000000: long 2 of 3 parts, delivered\n10086: <b>cxye</b>"
    assert (page.text("texts-in-none"), page["texts-out-none"].is_displayed()) == ("None.", False)
    for text in ("first", "second: <i>"):
        port.entry("ML307R", event="sms received", detail=f"from 10086: {text}")
    page.until("both, the newest first", lambda: page.text("texts-in") == "10086: second: <i>\n10086: first")
    page.type("texts-from", "Bank")
    page["texts-text"].send_keys("Code 4711")
    page["texts-send"].click()
    sent = ("/v1/modules/ML307R/sms", {"from": "Bank", "text": "Code 4711"})
    page.until("it is sent", lambda: port.posted == [sent])
    page.until("it is told", lambda: page.text("say") == "The text is on its way.")
    assert page["texts-text"].get_attribute("value") == ""
    port.entry("ML307R", from_="dte", to="module", data="AT", kind="command")
    page.shows("DTE to module: ", "AT")
    page.look_at("texts", "texts")


def test_files_come_and_go(page: Page, serve: Serve, tmp_path: Path) -> None:
    port = FakePort("ML307R")
    dialogue(port, "ML307R")
    page.open(serve(port))
    page.until("their room", lambda: page.text("files-room") == "1 file, 131,070 of 131,072 bytes free")
    page.unfold("files")
    page.until("each", lambda: page.text("files-list").split() == [
        "/usr/", "directory", "Delete", "/usr/a.txt", "2", "bytes", "Download", "Delete"])  # fmt: skip
    assert page["files-list-none"].is_displayed() is False
    content = bytes(range(256)) * 400
    (tmp_path / "b ü.bin").write_bytes(content)
    page["files-file"].send_keys(str(tmp_path / "b ü.bin"))
    assert page["files-path"].get_attribute("value") == "/b ü.bin"
    page["files-put"].click()
    page.until("it is told", lambda: page.text("say") == "/b ü.bin is there.")
    assert port.files["/b ü.bin"] == content
    page.until("it is listed", lambda: "102,400 bytes" in page.text("files-list"))
    assert page["files-file"].get_attribute("value") == ""
    page.look_at("files", "files")
    got = tmp_path / "got"
    page.chromium.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(got)})
    page["files-list"].find_element(By.CSS_SELECTOR, '[aria-label="Download /b ü.bin"]').send_keys(Keys.ENTER)
    page.until("it is there", lambda: [file.read_bytes() for file in got.glob("*.bin")] == [content])
    folder = page["files-list"].find_element(By.CSS_SELECTOR, '[aria-label="Delete /usr/"]')
    folder.send_keys(Keys.ENTER)
    page.chromium.switch_to.alert.dismiss()
    folder.send_keys(Keys.ENTER)
    assert page.chromium.switch_to.alert.text == "Delete /usr/ and all that is below?"
    page.chromium.switch_to.alert.accept()
    page.until("it is gone", lambda: list(port.files) == ["/b ü.bin"] and "usr" not in page.text("files-list"))
    assert page.focused() == "files-list"
    page.run("window.confirm = () => true")
    page["files-list"].find_elements(By.TAG_NAME, "button")[1].click()
    page.until("the last one, too", lambda: page["files-list-none"].is_displayed())


def test_requests_of_the_module_and_answers_of_ones_own(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    dialogue(port, "ML307R")
    bad = "<img src=x onerror='window.broken=1'>"
    port.answers["web/requests"] = [
        {"method": "GET", "host": "h", "path": f"/{n}", "headers": {}, "body": "", "size": 0, "status": 404}
        for n in range(99)
    ] + [{"method": "POST", "host": "h", "path": "/post", "headers": {}, "body": bad, "size": 5124, "status": 200}]
    page.open(serve(port))
    page.until("it is offered", lambda: page["web"].is_displayed())
    page.unfold("web")
    page.until("the newest first", lambda: page.text("web-list").startswith("POST h/post 200 · body of 5,124 bytes"))
    assert bad in page.text("web-list")
    assert page.run("return document.querySelectorAll('#web-list > li').length") == 100
    page.type("web-path", "/ota")
    page["web-body"].send_keys('{"version": 7}')
    page["web-answer"].send_keys(Keys.ENTER)
    plain = {"path": "/ota", "body": '{"version": 7}', "status": 200}
    page.until("it is sent", lambda: port.posted == [("/v1/modules/ML307R/web/answers", plain)])
    page.until("it is told", lambda: page.text("say") == "/ota is answered so from now on.")
    page["web-form"].find_element(By.TAG_NAME, "summary").click()
    page.choose("web-method", "PUT")
    page.type("web-host", "ota.example.com")
    page.type("web-type", "application/json")
    page.type("web-status", "503")
    page.look_at("web", "web")
    page["web-answer"].click()
    whole = plain | {"status": 503, "method": "PUT", "host": "ota.example.com", "type": "application/json"}
    page.until("it is sent, too", lambda: port.posted[1:] == [("/v1/modules/ML307R/web/answers", whole)])


def test_the_broker_and_what_is_published_there(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    dialogue(port, "ML307R")
    port.operations["/v1/modules/{name}/broker/publish"] = {}
    bad = "<img src=x onerror='window.broken=1'>"
    sent = {"client_id": "meter-1", "topic": "a/b", "payload": bad, "qos": 1, "retain": True, "size": len(bad)}
    port.answers |= {
        "broker/clients": [
            {"client_id": "meter-1", "connected": True, "clean": True, "subscriptions": 1, "waiting": 0},
            {"client_id": "meter-2", "connected": False, "clean": False, "subscriptions": 0, "waiting": 3},
        ],
        "broker/subscriptions": [{"client_id": "meter-1", "filter": "lamp/#", "qos": 2}],
        "broker/published": [
            sent,
            sent | {"client_id": "", "topic": "c", "payload": "", "qos": 0, "retain": False, "size": 0},
        ],
    }
    page.open(serve(port))
    page.until("it is offered", lambda: page["broker"].is_displayed())
    page.unfold("broker")
    clients = "meter-1 connected · clean session\nmeter-2 away · 3 waiting"
    page.until("the clients", lambda: page.text("broker-clients") == clients)
    assert page.text("broker-subscriptions") == "lamp/# QoS 2 · meter-1"
    assert page.text("broker-published") == f"c QoS 0 · empty\na/b QoS 1 · retained · from meter-1\n{bad}"
    page.type("broker-topic", "lamp/set")
    page["broker-payload"].send_keys("on")
    page.choose("broker-qos", "2")
    page["broker-retain"].send_keys(Keys.SPACE)
    page.look_at("broker", "broker")
    page["broker-publish"].send_keys(Keys.ENTER)
    body = {"topic": "lamp/set", "payload": "on", "qos": 2, "retain": 1}
    page.until("it is sent", lambda: port.posted == [("/v1/modules/ML307R/broker/publish", body)])
    page.until("it is told", lambda: page.text("say") == "Published to lamp/set.")


def test_a_port_without_the_broker_does_not_offer_it(page: Page, serve: Serve) -> None:
    page.open(serve(FakePort("ML307R")))
    page.until("what it has", lambda: page["web"].is_displayed())
    assert not page["broker"].is_displayed()
    assert not page["lwm2m"].is_displayed()


def test_a_lost_connection_is_told_and_comes_back(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    page.open(serve(port))
    port.entry("ML307R", from_="dte", to="module", data="AT", kind="command")
    page.shows("AT")
    port.away = True
    port.hang_up()
    page.until("it is told", lambda: "lost" in page.text("link"))
    port.entry("ML307R", from_="module", to="dte", data="OK meanwhile", kind="answer")
    port.away = False
    page.shows("OK meanwhile")
    assert page.text("link") == "Connected"
    port.state("ML307R", condition="failed")
    page.until("a screen reader is told of the module", lambda: "ML307R: failed" in page.text("say"))


def test_the_token_is_asked_for_and_not_left_in_the_address(page: Page, serve: Serve) -> None:
    url = serve(FakePort("ML307R", "MN316", token="secret"))
    page.chromium.get(url)
    page.until("it asks", lambda: page["login"].is_displayed())
    page.type("login-token", "wrong\n")
    page.until("it asks again", lambda: page["login"].is_displayed())
    page.type("login-token", "secret\n")
    page.until("it is in", lambda: page.text("who-name") == "ML307R")
    page.run("sessionStorage.clear()")
    page.forget()
    page.chromium.get(url + "#token=%zz")
    page.until("what is no token is asked for again", lambda: page["login"].is_displayed())
    assert "%zz" not in page.chromium.current_url
    page.forget()
    page.open(url + "#MN316&token=secret")
    page.until("it is in", lambda: page.text("who-name") == "MN316")
    assert "secret" not in page.chromium.current_url
    page.run("sessionStorage.clear()")


def test_fifty_modules_that_talk_at_once_stay_fluid(page: Page, serve: Serve) -> None:
    names = [f"meter-{number:02}" for number in range(50)]
    port = FakePort(*names)
    page.open(serve(port) + "#meter-07")
    page.until("the list", lambda: page.text("lab-count") == "50 modules")
    page.run("""window.frames_ = []; let last = performance.now();
        (function frame(now) { frames_.push(now - last); last = now; requestAnimationFrame(frame); })(last)""")
    before = page.metrics()
    for turn in range(8):  # a thousand entries each time that the page has shown the last: some ten thousand a second
        for name in names * 10:
            port.entry(name, from_="dte", to="module", data=f'AT+MIPSEND=0,5,"{turn:05}"', kind="command")
            port.entry(name, from_="module", to="dte", data="OK", kind="answer")
        port.entry("meter-07", from_="module", to="dte", data=f"+LAST: {turn}.", kind="urc")
        page.shows(f"+LAST: {turn}.")
    after = page.metrics()
    frames = sorted(page.run("return frames_.slice(1)"))
    drawn = after["LayoutCount"] - before["LayoutCount"]
    assert drawn <= 2 * len(frames) + 20, "no layout but for a frame"
    assert (after["TaskDuration"] - before["TaskDuration"]) / drawn < 0.05, "seconds of processor for a frame"
    assert frames[len(frames) // 2] < 50, f"ms of {len(frames)} frames, whatever else the machine does: {frames}"
    assert len(page.rows()) <= 500
    below = "const s = document.getElementById('chart-scroller'); return s.scrollHeight - s.scrollTop - s.clientHeight"
    assert page.run(below) < 2, "the newest are seen"
