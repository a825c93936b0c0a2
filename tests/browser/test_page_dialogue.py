"""The dialogue on the page: errors in words, the time of day, search, filter with what is around, downloads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from selenium.webdriver.common.keys import Keys

from tests.browser.fake import STARTED, FakePort
from tests.browser.page import Page

Serve = Callable[[FakePort], str]


def dialogue(port: FakePort, commands: int = 30) -> None:
    """Commands, a tenth of which fail, and what a network does meanwhile."""
    for number in range(commands):
        port.entry("ML307R", from_="dte", to="module", data=f"AT+N={number}", kind="command")
        answer = "+CME ERROR: 552" if number % 10 == 5 else "ERROR" if number % 10 == 7 else "OK"
        port.entry("ML307R", from_="module", to="dte", data=answer, kind="answer", took=0.002)
    payload = "POST /a/long/path/that/wants/room HTTP/1.1\r\nHost: www.example.com\r\nContent-Type: text/plain\r\n\r\n"
    port.entry("ML307R", event="opened", connect_id=0, detail="198.51.100.7:8883 TLS for a.long.name.example.com:8883")
    port.entry("ML307R", from_="module", to="network", connect_id=0, data=payload, kind="payload")
    port.entry("ML307R", from_="network", to="module", connect_id=0, data="ok", kind="payload")


def hits(page: Page) -> int:
    return int(page.run("return document.querySelectorAll('.entry.hit').length"))


def test_errors_are_told_in_words(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    dialogue(port)
    page.open(serve(port))
    page.shows("+CME ERROR: 5522.0 ms TCP/IP already in use")
    failed = page.run("return [...document.querySelectorAll('.failed')].map((row) => row.entry.data)")
    assert failed == ["+CME ERROR: 552", "ERROR"] * 3
    colours = (
        "const of = (row) => getComputedStyle(document.querySelector(row + ' .arrow')).color;"
        "return [of('.failed'), of('.answer')]"
    )
    assert len(set(page.run(colours))) == 2
    page.type("find-text", "552")
    page["find-next"].click()
    page.until("the words in full", lambda: "TCP/IP already in use" in page.text("detail-head"))


def test_the_time_of_day_stands_beside_the_seconds(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    dialogue(port)
    page.open(serve(port))
    moment = datetime.fromtimestamp(STARTED)
    page.shows(moment.strftime("%H:%M:%S"))
    page["chart-list"].send_keys(Keys.HOME)
    assert moment.strftime("· %Y-%m-%d %H:%M:%S.000") in page.text("detail-head")


def test_search_goes_from_one_to_the_next(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    dialogue(port, 900)
    page.open(serve(port))
    page.shows("AT+N=899")
    page.press("s")
    assert page.focused() == "find-text"
    page.press("at+n=89")
    page.until("all that was read", lambda: page.text("find-count") == "10 found")
    assert hits(page) == 10
    page.press(Keys.ENTER)
    page.until("the newest", lambda: page.text("find-count") == "10 of 10")
    assert page.text("detail-text") == "AT+N=899"
    page.press(Keys.ENTER)
    page.until("the first again", lambda: page.text("find-count") == "1 of 10")
    assert page.text("detail-text") == "AT+N=890"
    page.press(Keys.ESCAPE, "n")
    page.until("the second by its key", lambda: page.text("detail-text") == "AT+N=891")
    page.press("N", "N")
    page.until("and back", lambda: page.text("detail-text") == "AT+N=899")
    around = (
        "const row = document.querySelector('[aria-selected=true]');"
        "return [row.previousElementSibling, row.nextElementSibling].map((one) => one.entry.data)"
    )
    page.press("N")
    assert page.run(around) == ["ERROR", "OK"], "what is around is there"
    page.type("find-text", "at+n=x")
    assert page.text("find-count") == "None"
    page["find-next"].click()
    assert page.text("find-count") == "None"
    page["find-text"].send_keys(Keys.CONTROL, "a", Keys.NULL, Keys.DELETE)
    page.until("nothing is marked", lambda: hits(page) == 0)
    assert page.text("find-count") == ""


def test_search_finds_what_is_not_drawn_any_more(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    page.open(serve(port))
    dialogue(port, 700)
    page.shows("AT+N=699")
    page.type("find-text", "at+n=3")
    page["find-previous"].click()
    page.until("the newest of them", lambda: page.text("find-count") == "111 of 111")
    assert page.text("detail-text") == "AT+N=399"
    page.press("p")
    page.until("the newest alone again", lambda: "AT+N=699" in "".join(page.rows()))
    page["find-text"].send_keys("3", Keys.ENTER)
    page.until("one far above", lambda: page.text("detail-text") == "AT+N=339")
    assert len(page.rows()) == 500


def test_a_filter_shows_what_is_around(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    dialogue(port)
    page.open(serve(port))
    page.type("chart-filter", "+n=12")
    page.until("that alone", lambda: [row[-7:] for row in page.rows()] == ["AT+N=12"])
    page.choose("chart-context", "1")
    page.until("the rows beside it", lambda: len(page.rows()) == 3)
    assert page.run("return [...document.querySelectorAll('.beside')].map((row) => row.entry.data)") == ["OK", "OK"]
    page.type("find-text", "ok")
    for dark in (True, False):
        page.dark(dark)
        assert page.flaws() == []
    port.entry("ML307R", from_="module", to="dte", data="+N=12 late", kind="urc")
    page.until("what comes, with the row before it", lambda: len(page.rows()) == 5)
    port.entry("ML307R", from_="module", to="dte", data="behind it", kind="urc")
    page.until("and the row behind it", lambda: len(page.rows()) == 6)
    page.type("chart-filter", "")
    page.choose("chart-context", "0")


def test_the_dialogue_is_downloaded(page: Page, serve: Serve, tmp_path: Path) -> None:
    port = FakePort("me/ter", "ML307R")
    dialogue(port)
    page.open(serve(port) + "#ML307R")
    page.shows("AT+N=29")
    got = tmp_path / "got"
    page.chromium.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(got)})
    for format_, suffix in (("transcript", "txt"), ("jsonl", "jsonl"), ("pcapng", "pcapng")):
        summary = page["download"].find_element("tag name", "summary")
        summary.send_keys(Keys.ENTER)
        page["download"].find_element("css selector", f"[value={format_}]").send_keys(Keys.ENTER)
        file = got / f"ML307R.{suffix}"
        page.until("it is there", lambda file=file: file.exists())  # type: ignore[misc]
        assert file.read_text() == f"format={format_}"
        page.until("the focus is back", lambda: page.focused().startswith("Download"))
        page.until("a reader is told", lambda suffix=suffix: f"ML307R.{suffix} is downloaded." in page.text("say"))  # type: ignore[misc]
    summary.send_keys(Keys.ENTER)
    assert page.run("return document.getElementById('download').open")
    page.press(Keys.ESCAPE)
    assert not page.run("return document.getElementById('download').open")


def test_it_looks_right(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    dialogue(port)
    page.open(serve(port))
    page.until("its words", lambda: "TCP/IP already in use" in "".join(page.rows()))
    page.type("find-text", "552")
    page["find-next"].click()
    page["download"].find_element("tag name", "summary").click()
    page.look_at("chart-title", "dialogue")
    page.press(Keys.ESCAPE)
    page["detail-close"].click()
    page.press("p")
    page.until("the newest", lambda: "POST" in "".join(page.rows()))
    for width in (1440, 390):
        page.width(width)
        page.run("document.getElementById('chart-scroller').scrollIntoView({block: 'end'})")
        wide = (
            "const of = (name) => document.querySelector(name).getBoundingClientRect();"
            "const [text, row, time, lane] = ['.out .data', '.out', '.out .time', '.out .arrow'].map(of);"
            "return [text.left >= time.right, text.right <= row.right, text.width / lane.width]"
        )
        left, right, share = page.run(wide)
        assert (left, right) == (True, True), "it stays in its row"
        assert share > 1, "and has more of it than its lane"
        page.picture(f"network-{width}")
    page.width(1440)


def test_a_line_uses_the_room_there_is(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    long = 'AT+MHTTPREQUEST=0,1,0,"/a/path/of/it/and/more"'
    port.entry("ML307R", from_="dte", to="module", data=long, kind="command")
    port.entry("ML307R", from_="module", to="dte", data="+COPS: " + "x" * 90, kind="answer", took=2.004)
    port.entry("ML307R", from_="module", to="dte", data="+CME ERROR: 552", kind="answer", console=1, took=0.0123)
    page.open(serve(port))
    page.until("its words", lambda: "TCP/IP already in use" in "".join(page.rows()))
    places = """return [...document.querySelectorAll('.entry')].map((row) => {
        const of = (name) => row.querySelector(name)?.getBoundingClientRect();
        const [data, lane, note, words] = ['.data', '.arrow', '.note', '.meaning'].map(of);
        const ends = Math.max(data.right, note?.width ? note.right : 0, words?.right ?? 0);
        return { share: data.width / lane.width, over: ends - row.getBoundingClientRect().right,
            apart: words ? words.left - data.right : note?.width ? note.left - data.right : 1 };
    })"""
    for width in (1440, 390):
        page.width(width)
        rows = page.run(places)
        assert [row["over"] <= 0 and row["apart"] >= 0 for row in rows] == [True] * 3, (width, rows)
        assert rows[0]["share"] > 1.1, "it has more of its row than its lane"
        page.run("document.getElementById('chart-scroller').scrollIntoView({block: 'end'})")
        page.picture(f"lines-{width}")
    page.width(1440)


def test_each_console_has_a_transcript(page: Page, serve: Serve, tmp_path: Path) -> None:
    port = FakePort("ML307R")
    dialogue(port)
    page.open(serve(port))
    page.shows("AT+N=29")
    got = tmp_path / "got"
    page.chromium.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(got)})
    summary = page["download"].find_element("tag name", "summary")
    summary.send_keys(Keys.ENTER)
    page.until("it is open", lambda: page["download"].get_attribute("open") is not None)
    assert page.text("download-lines") == ""
    page.press(Keys.ESCAPE)
    port.entry("ML307R", from_="dte", to="module", data="AT+CSQ", kind="command", console=1)
    page.shows("1> AT+CSQ")
    summary.send_keys(Keys.ENTER)
    page.until("that of the AT entry is offered", lambda: page.text("download-lines") == "Transcript of console 1")
    assert page.flaws() == []
    page["download-lines"].find_element("tag name", "button").click()
    page.until("it is there", (got / "ML307R-1.txt").exists)
    assert (got / "ML307R-1.txt").read_text() == "format=transcript&console=1"


def test_what_a_connection_carried(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    dialogue(port)
    port.entry("ML307R", event="opened", connect_id=0, detail="198.51.100.7:8883")
    port.entry("ML307R", from_="network", to="module", connect_id=0, data="hello", kind="payload")
    port.entry("ML307R", from_="network", to="module", connect_id=1, data="other", kind="payload")
    page.open(serve(port))
    page.shows("other")
    only = page["connections"].find_element("tag name", "button")
    assert only.accessible_name == "Only connection 0 in the dialogue"
    only.send_keys(Keys.ENTER)
    page.until("its entries", lambda: page.rows() and all("#0 " in row for row in page.rows()))
    page.shows("hello")
    port.carried = {"received": 2048}
    port.state("ML307R", connections=1)
    page.until("it is drawn anew", lambda: "2,048" in page.text("connections"))
    assert page.focused() == "0"
    page.press(Keys.ENTER)
    page.shows("other")
    assert page["chart-filter"].get_attribute("value") == ""
    page.look_at("connections-title", "connections")
