"""The AT entry of the page, and what is copied from it, on a control port that says what a test wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.fake import FakePort
from tests.browser.page import Page
from tests.browser.test_page import dialogue

Serve = Callable[[FakePort], str]
BAD = "<img src=x onerror='window.broken=1'>"
COMMANDS = {"AT+CSQ": "+CSQ: (0-31,99),(0-7,99)", "AT+CSCA": "", "AT+CSCS": BAD, "AT+MIPSEND": "+MIPSEND: (0-5)"}
WHERE = "/v1/modules/ML307R/console"


def answer(*lines: str, state: str = "command", problem: str = "") -> tuple[int, dict[str, Any]]:
    ok = not problem and lines[-1:] != ("ERROR",)
    return 200, {"console": 1, "lines": [*lines], "ok": ok, "state": state, "problem": problem}


@pytest.fixture
def port() -> FakePort:
    port = FakePort("ML307R", "MN316")
    port.operations[f"{WHERE.replace('ML307R', '{name}')}"] = {}
    port.answers["console/commands"] = [
        {"name": name, "forms": ["=?"], "test": [test] if test else []} for name, test in COMMANDS.items()
    ]
    dialogue(port, "ML307R")
    return port


@pytest.fixture
def page(page: Page, port: FakePort, serve: Serve) -> Page:
    page.open(serve(port))
    page.until("it is offered", lambda: page["console"].is_displayed())
    page.shows("broken")
    return page


def typed(page: Page) -> str:
    return str(page["console-text"].get_attribute("value"))


def says(page: Page, said: str, error: str = "") -> None:
    page.until(f"the answer {said!r}", lambda: (page.text("console-said"), page.text("console-error")) == (said, error))


def offered(page: Page) -> list[str]:
    return [option.text.split()[0] for option in page["console-list"].find_elements(By.TAG_NAME, "li")]


def test_a_command_and_its_answer(page: Page, port: FakePort) -> None:
    failed = 200, answer("+CME ERROR: 552")[1] | {"ok": False}
    port.replies["console"] = [answer("+CSQ: 20,99", "OK"), answer("ERROR"), failed, (409, {"error": "it has ended"})]
    page.press("a")
    assert page.focused() == "console-text"
    page.press("AT+CSQ", Keys.ENTER)
    says(page, "+CSQ: 20,99\nOK")
    assert port.posted == [(WHERE, {"command": "AT+CSQ", "timeout": 120})]
    assert typed(page) == ""
    page.press("AT+NONE=1", Keys.ENTER)
    says(page, "ERROR")
    assert "error" in str(page["console-said"].get_attribute("class"))
    page.press("AT+MIPOPEN=0", Keys.ENTER)
    says(page, "+CME ERROR: 552", "TCP/IP already in use")
    page.press("AT", Keys.ENTER)
    says(page, "", "it has ended")
    assert typed(page) == "AT", "to be sent again"
    page.press(Keys.BACKSPACE * 2, Keys.ENTER, "   ", Keys.ENTER)
    assert len(port.posted) == 4, "an empty line is none"
    page.press("k")
    assert typed(page).endswith("k"), "what is typed there is no key of the page"


def test_pasted_lines_are_sent_one_after_the_other(page: Page, port: FakePort) -> None:
    paste = """const data = new DataTransfer(); data.setData('text', arguments[0]);
        const how = { clipboardData: data, cancelable: true, bubbles: true };
        document.activeElement.dispatchEvent(new ClipboardEvent('paste', how))"""
    asks = answer(">", state="entry", problem="it asks for data")
    port.replies["console"] = [answer("OK"), answer("ERROR"), asks, answer("OK")]
    page.press("a")
    page.run(paste, "ATE0\r\n\nAT+NONE\nAT+MIPSEND=0\nAT+CSQ\n")
    says(page, ">", "it asks for data")
    sent = [body.get("command") for _, body in port.posted]
    assert sent == ["ATE0", "AT+NONE", "AT+MIPSEND=0"], "the rest is no data"
    page.press(Keys.ESCAPE)
    says(page, "OK")
    page.run(paste, "AT+CSQ\n")
    assert len(port.posted) == 4, "one line waits for Enter"


def test_what_was_typed_before(page: Page, port: FakePort) -> None:
    port.replies["console"] = [answer("OK")] * 3
    page.press("a")
    for number, command in enumerate(("ATE0", "AT+CSQ=1", "AT+CSQ=1"), 1):
        page.press(command, Keys.ENTER)
        page.until("it is sent", lambda number=number: len(port.posted) == number and typed(page) == "")  # type: ignore[misc]
    page.press("ATI=", Keys.ARROW_UP)
    assert typed(page) == "AT+CSQ=1"
    page.press(Keys.ARROW_UP, Keys.ARROW_UP)
    assert typed(page) == "ATE0", "the same twice is once"
    page.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert typed(page) == "ATI=", "what was being typed"
    page.press(Keys.ESCAPE)
    page["chart-list"].click()
    page.press("j")
    page.until("another module", lambda: page.text("who-name") == "MN316")
    page.press("a", Keys.ARROW_UP)
    assert typed(page) == "", "each has its own"
    page.open(page.chromium.current_url.partition("#")[0] + "?again#ML307R")
    page.until("it is offered", lambda: page["console"].is_displayed())
    page.press("a", Keys.ARROW_UP, Keys.ARROW_UP)
    assert typed(page) == "ATE0", "it outlives a reload"
    page.run("sessionStorage.clear()")


def test_commands_are_offered(page: Page, port: FakePort) -> None:
    page.press("a")
    page.press("at+c")
    page.until("they are offered", lambda: offered(page))
    assert offered(page) == ["AT+CSQ", "AT+CSCA", "AT+CSCS"]
    assert page["console-text"].get_attribute("aria-expanded") == "true"
    assert BAD in page.text("console-list")
    assert page.run("return [document.images.length, window.broken ?? 0]") == [0, 0]
    page.press(Keys.ARROW_UP)
    assert page["console-text"].get_attribute("aria-activedescendant") == "console-option-2"
    for dark in (True, False):
        page.dark(dark)
        assert page.flaws() == []
        page.picture(f"offered-{'dark' if dark else 'light'}")
    page.press(Keys.ARROW_DOWN, Keys.ENTER)
    assert typed(page) == "AT+CSQ"
    assert page.text("console-hint") == "+CSQ: (0-31,99),(0-7,99)"
    assert not page["console-list"].is_displayed()
    page.press("=")
    assert page.text("console-hint") == "+CSQ: (0-31,99),(0-7,99)", "while its parameters are typed"
    page.press(Keys.BACKSPACE * 7, "at+csc")
    page.press(Keys.ESCAPE)
    assert not page["console-list"].is_displayed()
    page.press(Keys.BACKSPACE)
    page["console-list"].find_elements(By.TAG_NAME, "li")[1].click()
    assert (typed(page), page.focused()) == ("AT+CSCA", "console-text")
    assert port.posted == [], "nothing was sent"


def test_the_data_of_an_entry(page: Page, port: FakePort) -> None:
    asks = answer(">", state="entry", problem="it asks for data")
    port.replies["console"] = [asks, answer("OK"), asks, answer("OK"), asks, answer("+MIPSEND: 0,5", "OK")]
    assert not page["console-end"].is_displayed()
    page.press("a")
    page.press("AT+MIPSEND=0", Keys.ENTER)
    says(page, ">", "it asks for data")
    assert page.text("console-label") == "Data of the entry"
    page.look_at("console", "entry")
    page["console-text"].send_keys("größe\\r")
    page["console-end"].click()
    says(page, "OK")
    assert not page["console-end"].is_displayed()
    page["console-text"].send_keys("AT+MIPSEND=0", Keys.ENTER)
    page.until("it asks again", lambda: page["console-esc"].is_displayed())
    page["console-esc"].click()
    says(page, "OK")
    page["console-text"].send_keys("AT+MIPSEND=0,5", Keys.ENTER)
    page.until("it asks again", lambda: page["console-esc"].is_displayed())
    page["console-text"].send_keys("hello", Keys.ENTER)
    says(page, "+MIPSEND: 0,5\nOK")
    sent = [body["data"] for _, body in port.posted if "data" in body]
    assert sent == [r"gr\xc3\xb6\xc3\x9fe\r\x1a", r"\x1b", "hello"]


def test_keys_end_an_entry_and_the_focus_stays(page: Page, port: FakePort) -> None:
    asks = answer(">", state="entry", problem="it asks for data")
    port.replies["console"] = [asks, answer("OK"), asks, answer("OK"), asks, answer("OK"), asks, answer("OK")]
    endings: list[tuple[Callable[[], None], str]] = [
        (lambda: page["console-text"].send_keys(Keys.CONTROL + "z"), r"hi\x1a"),
        (lambda: page.press(Keys.ESCAPE), r"\x1b"),
        (page["console-end"].click, r"hi\x1a"),
        (page["console-esc"].click, r"\x1b"),
    ]
    page.press("a")
    for end, data in endings:
        page.press("AT+MIPSEND=0", Keys.ENTER)
        page.until("it asks", lambda: page["console-end"].is_displayed() and page["console-end"].is_enabled())
        page.press("hi")
        end()
        says(page, "OK")
        assert port.posted[-1] == (WHERE, {"data": data, "timeout": 120})
        assert (typed(page), page.focused()) == ("", "console-text")
        assert not page["console-end"].is_displayed()


def test_transparent_mode(page: Page, port: FakePort) -> None:
    online = answer(state="transparent")
    port.replies["console"] = [answer("OK", "CONNECT", state="transparent"), online, answer("OK")]
    page.press("a")
    page.press("AT+MIPMODE=0,1", Keys.ENTER)
    says(page, "OK\nCONNECT")
    page.press("hello", Keys.ENTER)
    page.until("it is sent", lambda: port.posted[1:] == [(WHERE, {"data": "hello", "timeout": 120})])
    page.until("it is free", lambda: page["console-leave"].is_enabled())
    page["console-leave"].click()
    says(page, "OK")
    assert page.focused() == "console-text", "the button is gone"
    assert port.posted[-1] == (WHERE, {"command": "+++", "timeout": 120})
    assert page.text("console-label") == "AT entry"


def test_a_port_without_it_does_not_offer_it(chromium: Any, port: FakePort, page: Page, serve: Serve) -> None:
    page.open(serve(FakePort("ML307R")))
    page.until("what it has", lambda: page["web"].is_displayed())
    assert not page["console"].is_displayed()


def test_what_is_copied(page: Page, port: FakePort) -> None:
    granted = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    page.chromium.execute_cdp_cmd("Browser.grantPermissions", granted)

    def copied() -> str:
        read = "const done = arguments[0]; navigator.clipboard.readText().then(done, (why) => done(String(why)))"
        return str(page.chromium.execute_async_script(read))

    page["who-copy"].click()
    page.until("the port", lambda: copied() == "/dev/pts/0")
    page.until("it is told", lambda: page.text("who-copy") == "Copied")
    page["chart-list"].send_keys(Keys.HOME)
    page["detail-copy"].click()
    page.until("the line", lambda: copied() == 'AT+MIPOPEN=0,"TCP","198.51.100.7",8883')
    page["chart-list"].send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_DOWN, "c")
    page.until("an event", lambda: copied() == "opened 198.51.100.7:8883")
    page["chart-list"].send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, "c")
    page.until("bytes", lambda: copied() == r"\x10\x0C\x00\x04MQTT")
    page.run("navigator.clipboard.writeText = () => Promise.reject()")
    page["chart-list"].send_keys(Keys.HOME, "c")
    page.until("it is told, too", lambda: page.text("detail-copy") in ("Copied", "Not permitted"))
    assert page.focused() == "chart-list"
