"""The page's faults, events and lab: what is first, what is disabled and why, many modules at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.fake import FakePort, Json
from tests.browser.page import Page
from tests.browser.test_page import dialogue

Serve = Callable[[FakePort], str]
EVENTS = "/v1/modules/{}/events"


def armed(number: int, fault: str, fired: int, *, spent: bool = False) -> Json:
    first = 1.5 if fired else None
    return {"id": number, "fault": fault, "kind": fault.split()[0], "matches": fired, "fired": fired,
            "first_fired": first, "last_fired": first, "spent": spent, "disarmed": False}  # fmt: skip


def value(page: Page, name: str) -> str:
    return str(page[name].get_property("value"))


def test_presets_and_the_text_come_first(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    dialogue(port, "ML307R")
    page.open(serve(port))
    page.until("the presets", lambda: "open-late" in page.text("fault-presets"))
    assert not page["fault-kind"].is_displayed()
    assert page["fault-arm"].is_displayed()
    late = page["fault-presets"].find_element(By.CSS_SELECTOR, "[value=open-late]")
    late.send_keys(Keys.SPACE)
    assert (value(page, "fault-text"), late.get_attribute("aria-pressed")) == ("open-late", "true")
    assert page.text("fault-about") == "The result of AT+MIPOPEN comes late."
    page["fault-arm"].send_keys(Keys.ENTER)
    page.until("it is armed", lambda: port.posted == [("/v1/modules/ML307R/faults", {"fault": "open-late"})])
    page["chart-list"].send_keys("f")
    assert page.focused() == "fault-text"
    assert page.run("return [...document.getElementById('fault-names').options].map((o) => o.value)")[:1] != []


def test_the_form_shows_what_is_typed_and_writes_it(page: Page, serve: Serve) -> None:
    page.open(serve(FakePort("ML307R")))
    page.type("fault-text", """urc-replace text='a "b" \\x41' urc=MIPOPEN module=x times=2""")
    page.unfold("fault-fields")
    assert value(page, "fault-kind") == "urc-replace"
    assert (value(page, "key-text"), value(page, "key-urc")) == ('a "b" \\x41', "MIPOPEN")
    assert "gone" not in page.text("fault-about")
    page.type("key-urc", "rtcp")
    assert value(page, "fault-text") == """urc-replace text='a "b" \\x41' urc=rtcp times=2 module=x"""
    page.type("fault-text", "nonsense")
    assert (value(page, "fault-kind"), page.text("fault-keys"), page.text("fault-about")) == ("", "", "")


def test_arm_stays_in_sight_below_a_long_form(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    dialogue(port, "ML307R")
    page.open(serve(port))
    page.form("urc-replace")
    page["fault-when"].find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
    for width in (1440, 390):
        page.width(width)
        last = page["fault-more"].find_elements(By.CSS_SELECTOR, "input, select")[-1]
        page.run("arguments[0].scrollIntoView({block: 'end'})", last)
        within = """const place = document.getElementById('fault-arm').getBoundingClientRect();
            const on = document.elementFromPoint(place.x + place.width / 2, place.y + place.height / 2);
            return on?.id"""
        assert page.run(within) == "fault-arm"
        page.picture(f"form-{width}")
    page.width(1440)
    page.look_at("fault-form", "form")


def test_spent_ones_are_grey_and_can_be_removed(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    dialogue(port, "ML307R")
    port.armed = [armed(1, "net-reset operation=send", 1, spent=True), armed(2, "urc-drop urc=MIPOPEN", 2),
                  armed(3, "urc-delay urc=rtcp seconds=1", 0)]  # fmt: skip
    page.open(serve(port))
    page.until("all", lambda: len(page["faults"].find_elements(By.TAG_NAME, "li")) == 3)
    rows = page["faults"].find_elements(By.TAG_NAME, "li")
    assert [row.find_element(By.TAG_NAME, "button").text for row in rows] == ["Remove", "Disarm", "Disarm"]
    assert "fired once, after 1.500 s, spent" in rows[0].text
    colours = page.run("return [...document.querySelectorAll('#faults li')].map((li) => getComputedStyle(li).color)")
    assert colours[0] != colours[1] == colours[2]
    page.look_at("faults", "spent")
    rows[0].find_element(By.TAG_NAME, "button").click()
    page.until("it is asked", lambda: port.disarmed == ["/v1/modules/ML307R/faults/1"])
    page["faults-clear"].send_keys(Keys.ENTER)
    port.armed = []
    port.state("ML307R", faults=0)
    page.until("all are gone", lambda: page["faults-none"].is_displayed())
    assert page.focused() == "fault-text", "the button is gone"


def test_an_event_without_sense_is_disabled_and_says_why(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    dialogue(port, "ML307R")
    port.pointless |= {"urc": "the module is not up, and says nothing", "reboot": "the supply is off"}
    page.open(serve(port))
    put_in = page["events"].find_element(By.CSS_SELECTOR, "[data-event=sim-insert]")
    page.until("it is disabled", lambda: put_in.get_attribute("aria-disabled") == "true")
    assert put_in.get_attribute("title") == "the card is in"
    assert (
        page["events"].find_element(By.CSS_SELECTOR, "[data-event=sim-remove]").get_attribute("aria-disabled") is None
    )
    put_in.send_keys(Keys.ENTER)
    page.until("why not", lambda: page.text("events-why") == "SIM card: Put in: the card is in.")
    page.type("urc-text", "+X\n")
    page.until("why not", lambda: page.text("events-why") == "URC: the module is not up, and says nothing.")
    page.look_at("events", "events")
    page.type("fault-text", "reboot")
    assert page["fault-now"].get_attribute("aria-disabled") == "true"
    page["fault-now"].click()
    page.until("why not", lambda: page.text("fault-error") == "reboot: the supply is off.")
    assert port.posted == []
    del port.pointless["sim-insert"]
    put_in.click()
    page.until("it has come to make sense", lambda: port.posted == [(EVENTS.format("ML307R"), {"event": "sim-insert"})])
    port.pointless = {}
    port.state("ML307R", power="ready")
    page.until("it makes sense again", lambda: put_in.get_attribute("aria-disabled") is None)
    page["fault-now"].click()
    page.until("it happens", lambda: port.posted[1:] == [(EVENTS.format("ML307R"), {"event": "reboot"})])


def lab_of(*counts: tuple[str, int]) -> FakePort:
    names = [(f"{model.lower()}-{number}", model) for model, count in counts for number in range(count)]
    port = FakePort(*(name for name, _ in names))
    for name, model in names:
        port.modules[name]["model"] = model
    return port


def test_a_lab_by_model_with_counts_by_state(page: Page, serve: Serve) -> None:
    port = lab_of(("ML307R", 4), ("MN316", 3))
    port.modules["ml307r-1"]["registration"] = "searching"
    port.modules["mn316-0"] |= {"condition": "failed", "power": None}
    dialogue(port, "ml307r-3")
    page.open(serve(port))
    page.until("the counts", lambda: "searching" in page.text("lab-list"))
    heads = page["lab-list"].find_elements(By.TAG_NAME, "summary")
    assert [head.text for head in heads] == ["ML307R●3 registered◐1 searching", "MN316▲1 failed●2 registered"]
    port.state("ml307r-2", registration="denied")
    page.until("it is counted", lambda: "1 denied" in page.text("lab-list"))
    page.type("lab-filter", "mn316")
    page.until("one model", lambda: [head.is_displayed() for head in heads] == [False, True])
    page.type("lab-filter", " ")
    page["lab-filter"].send_keys(Keys.BACKSPACE)
    heads[0].send_keys(Keys.ENTER)
    page.press("j")
    page.until("what is folded is not walked", lambda: page.text("who-name") == "mn316-0")
    page.press("m")
    page.press("ml307r-3", Keys.ENTER)
    assert page.text("who-name") == "mn316-0", "nor found"
    page["lab-filter"].send_keys(Keys.BACKSPACE * 8)
    heads[0].send_keys(Keys.ENTER)
    page.press("k")
    page.until("what is unfolded is walked", lambda: page.text("who-name") == "ml307r-3")
    page.shows("broken")
    for name, width, dark in (("wide", 1440, False), ("dark", 1440, True), ("narrow", 390, False)):
        page.width(width)
        page.dark(dark)
        assert page.flaws() == []
        page.picture(f"lab-{name}")
    page.width(1440)


def test_many_modules_are_selected_and_acted_on(page: Page, serve: Serve, tmp_path: Path) -> None:
    port = lab_of(("ML307R", 4), ("MN316", 3))
    dialogue(port, "ml307r-0")
    page.open(serve(port))
    page.until("the list", lambda: page.text("lab-count") == "7 modules")
    assert not page["many"].is_displayed()
    boxes = page["lab-list"].find_elements(By.CSS_SELECTOR, "input")
    boxes[1].click()
    page.until("one", lambda: page.text("many-title") == "1 module selected")
    ActionChains(page.chromium).key_down(Keys.SHIFT).click(boxes[4]).key_up(Keys.SHIFT).perform()
    page.until("up to there", lambda: page.text("many-title") == "4 modules selected")
    assert page.run("return document.getElementById('lab-all').indeterminate") is True
    page.run("document.querySelector('#lab-list a').focus()")
    page.press(Keys.SPACE)
    page.until("by the keyboard", lambda: page.text("many-title") == "5 modules selected")
    page["many-reboot"].click()
    page.until("it is told", lambda: page.text("many-told") == "Reboot: done on 5 modules.")
    meant = ["ml307r-0", "ml307r-1", "ml307r-2", "ml307r-3", "mn316-0"]
    assert sorted(port.posted, key=str) == [(EVENTS.format(name), {"event": "reboot"}) for name in meant]
    port.posted.clear()
    port.replies["events"] = [(409, {"error": "not now"}), (409, {"error": "not now"}), (409, {"error": "not now"})]
    page.type("many-text", "sim-insert")
    page["many-now"].click()
    page.until("why not", lambda: page.text("many-told") == "sim-insert: done on 0 of 5 modules.")
    assert (page.text("many-error"), port.posted) == ("5 modules: the card is in", [])
    page.type("many-text", "signal rssi=3")
    page["many-now"].click()
    page.until("not on all", lambda: page.text("many-told") == "signal rssi=3: done on 2 of 5 modules.")
    assert page.text("many-error") == "3 modules: not now"
    for name, width, dark in (("wide", 1440, False), ("dark", 1440, True), ("narrow", 390, False)):
        page.width(width)
        page.dark(dark)
        assert page.flaws() == []
        page.picture(f"many-{name}")
    page.width(1440)
    page["many-text"].send_keys(Keys.ENTER)
    page.until("it is armed", lambda: page.text("many-told") == "Arm signal rssi=3: done on 5 modules.")
    page["many-disarm"].click()
    page.until("all", lambda: sorted(port.disarmed) == [f"/v1/modules/{name}/faults" for name in meant])
    got = tmp_path / "got"
    page.chromium.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(got)})
    page.choose("many-format", "jsonl")
    page["many-fetch"].click()
    page.until("each", lambda: sorted(f.name for f in got.glob("*.jsonl")) == [f"{name}.jsonl" for name in meant])
    page.type("lab-filter", "MN316")
    page["lab-all"].click()
    page.until("what is shown, too", lambda: page.text("many-title") == "7 modules selected")
    page["many-clear"].send_keys(Keys.ENTER)
    page.until("none", lambda: not page["many"].is_displayed())
    page.until("the focus is somewhere", lambda: "ml307r-0" in page.focused())


def test_one_module_alone_has_no_list_to_act_on(page: Page, serve: Serve) -> None:
    port = FakePort("ML307R")
    dialogue(port, "ML307R")
    page.open(serve(port))
    page.until("its state", lambda: "CHINA MOBILE" in page.text("facts"))
    assert not page["lab-all"].is_displayed()
    assert page.text("version") == "1.2.3"
    assert str(page["docs"].get_attribute("href")).endswith("/docs/")
    for name in ("wide", "narrow"):
        page.width(1440 if name == "wide" else 390)
        page.picture(f"alone-{name}")
        over = "return document.documentElement.scrollWidth - innerWidth"
        assert page.run(over) <= 0
    page.width(1440)
